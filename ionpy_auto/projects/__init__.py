"""Projects: the folder of an experiment, its sessions and markers, and the library of them all."""
