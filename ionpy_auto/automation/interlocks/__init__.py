"""Interlocks of a project: conditions that deny writes and drive devices to their safe state."""

from ionpy_auto.automation.interlocks.manager import Interlocks
from ionpy_auto.automation.interlocks.reader import InterlockText, read_interlocks

__all__ = ["InterlockText", "Interlocks", "read_interlocks"]
