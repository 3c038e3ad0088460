"""What can be wrong with a flow that reads well: one file per topic, each with a ``check``."""
