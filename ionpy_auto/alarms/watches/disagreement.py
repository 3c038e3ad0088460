"""``disagreement``: two meters that measure the same do not say the same."""

from ionpy_auto.alarms.watches._apart import read_apart
from ionpy_auto.alarms.watches._part import Part, Rung

KEYS = ("disagreement",)


def read(part: Part) -> Rung | None:
    """``{with: DMM_02.volt, at: 20 mV}``."""
    return read_apart(part, "with", "disagrees by")
