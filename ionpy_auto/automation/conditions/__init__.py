"""What a rule checks besides expressions: one file per condition block."""
