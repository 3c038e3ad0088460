"""``deviation``: a value is too far from its set-point."""

from ionpy_auto.alarms.watches._apart import read_apart
from ionpy_auto.alarms.watches._part import Part, Rung

KEYS = ("deviation",)


def read(part: Part) -> Rung | None:
    """``{from: PSU_01.v_set, at: 50 mV}``."""
    return read_apart(part, "from", "is off its set-point by")
