"""The rule engine: which rules a sample concerns, when they fire, what they do, and why."""
