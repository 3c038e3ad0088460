"""Alarms: their states, their history and the ways they take to people."""
