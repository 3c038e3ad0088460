"""What the lab does by itself: rules, sequences and scripts."""
