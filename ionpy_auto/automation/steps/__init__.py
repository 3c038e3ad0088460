"""What a sequence runs through: one file per step."""
