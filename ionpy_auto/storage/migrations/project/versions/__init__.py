"""Numbered revisions of the project database, oldest first."""
