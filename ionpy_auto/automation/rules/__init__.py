"""The rule engine: indexed by the points rules read."""
