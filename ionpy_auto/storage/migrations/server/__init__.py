"""Revisions of the server database."""
