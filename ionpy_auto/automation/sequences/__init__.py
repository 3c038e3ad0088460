"""The run engine: channels, runs, ends, limits and figures."""
