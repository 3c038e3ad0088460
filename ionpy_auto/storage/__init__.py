"""Storage: what was measured, kept safely, read back fast and handed out as files."""
