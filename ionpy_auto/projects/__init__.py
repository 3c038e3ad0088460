"""Projects: the folder that holds an experiment, its sessions, markers and workspaces."""
