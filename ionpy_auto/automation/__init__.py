"""What the lab does by itself: flow files with limits, sequences and rules, and their engines."""
