"""Rule-driven lab automation: instruments, sequences, rules, alarms and recordings."""

from typing import Final

__version__: Final = "0.1.0"
