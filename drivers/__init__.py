"""Shipped drivers, one folder each; loaded by file, never imported by the program by name."""
