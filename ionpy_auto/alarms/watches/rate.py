"""``rate``: a number changes faster than it should, up or down."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen, per_second
from ionpy_auto.language import Environment

KEYS = ("rate",)
OVER_S = 10.0


def read(part: Part) -> Rung | None:
    """``rate: 5 mV/s`` over ten seconds, or ``{at: 5 mV/s, over: 30 s}``."""
    unit = per_second(part.unit)
    limit = part.fields.quantity("at", unit, required=True)
    over = part.fields.duration("over", OVER_S) or 0.0
    if limit is None:
        return None
    if limit <= 0 or over <= 0:
        part.error("a rate and its time are positive", "it holds for both directions")
        return None
    point = part.point

    def probe(env: Environment, met: bool) -> Seen:
        rate = env.window("rate", point, over)
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            return Seen(None)
        return Seen(abs(rate) > limit * (0.9 if met else 1.0), float(rate))

    return Rung(
        what="rate",
        source="rate",
        severity="warning",
        probe=probe,
        shown="changes too fast:",
        settings=part.settings,
        points=frozenset({point}),
        unit=unit,
    )
