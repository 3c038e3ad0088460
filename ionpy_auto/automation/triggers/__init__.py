"""What makes a rule look: one file per trigger."""
