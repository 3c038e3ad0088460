"""``quality``: a point has samples, but none to believe: implausible, not decodable, missing."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen
from ionpy_auto.language import Environment

KEYS = ("quality",)


def read(part: Part) -> Rung | None:
    """``quality: bad``."""
    part.fields.choice("at", ("bad",), required=True)
    point = part.point

    def probe(env: Environment, met: bool) -> Seen:
        del met
        if env.age(point) is None:
            return Seen(None)
        return Seen(env.value(point) is None)

    return Rung(
        what="quality",
        source="quality",
        severity="warning",
        probe=probe,
        shown="has no value to believe",
        settings=part.settings,
        points=frozenset({point}),
    )
