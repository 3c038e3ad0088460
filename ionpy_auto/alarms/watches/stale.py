"""``stale``: a point brought nothing to believe for a while."""

from ionpy_auto.alarms.watches._part import Part, Rung, Seen
from ionpy_auto.language import Environment

KEYS = ("stale",)


def read(part: Part) -> Rung | None:
    """``stale: 10 s``."""
    after = part.fields.duration("at", required=True)
    if after is None:
        return None
    point = part.point

    def probe(env: Environment, met: bool) -> Seen:
        del met
        age = env.age(point)
        # Without any sample its device is not there, and that is another alarm.
        return Seen(None) if age is None else Seen(age > after, age)

    return Rung(
        what="stale",
        source="stale",
        severity="warning",
        probe=probe,
        shown="brings nothing new; seconds:",
        settings=part.settings,
        points=frozenset({point}),
        unit="s",
        by_time=True,
    )
