"""What rules and steps do: one file per action."""
