"""Revisions of the project database."""
