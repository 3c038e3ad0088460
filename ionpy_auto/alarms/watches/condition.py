"""``when``: any condition of the language, for what has no key of its own."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen
from ionpy_auto.language import UNKNOWN, Environment

KEYS = ("when",)


def read(part: Part) -> Rung | None:
    """``when: DMM_01.temp > 50 °C and PSU_01.output``."""
    expression = part.fields.expression("at", part.scope, want="bool", required=True)
    if expression is None:
        return None

    def probe(env: Environment, met: bool) -> Seen:
        del met
        value = expression.evaluate(env)
        return Seen(None if value is UNKNOWN else value is True)

    return Rung(
        what="",
        source="condition",
        severity="warning",
        probe=probe,
        shown=expression.source,
        settings=part.settings,
        points=expression.points,
        by_time=True,
    )
