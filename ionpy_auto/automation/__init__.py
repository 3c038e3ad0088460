"""Automation: rules that react, sequences that run through, scripts that are free code."""
