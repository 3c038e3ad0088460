"""``lolo``, ``lo``, ``hi``, ``hihi``: a number at or beyond a limit, left beyond the deadband."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen, number
from ionpy_auto.language import Environment

KEYS = ("lolo", "lo", "hi", "hihi")


def read(part: Part) -> Rung | None:
    """A limit in the unit of the point."""
    limit = part.fields.quantity("at", part.unit, required=True)
    if limit is None:
        return None
    sign = 1.0 if part.key in {"hi", "hihi"} else -1.0
    point, back = part.point, part.deadband

    def probe(env: Environment, met: bool) -> Seen:
        value = number(env, point)
        if value is None:
            return Seen(None)
        beyond = sign * (value - limit)
        return Seen(beyond >= 0 if not met or not back else beyond > -back, value)

    return Rung(
        what="",
        source="limit",
        severity="critical" if part.key in {"lolo", "hihi"} else "warning",
        probe=probe,
        shown=part.key.upper(),
        settings=part.settings,
        points=frozenset({point}),
        word=part.key.upper(),
        unit=part.unit,
        at=limit,
    )
