"""Formats of reports, one per file; see the room's own first lines."""
