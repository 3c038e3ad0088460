"""One watched thing of a definition as written, and what comes of reading it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ionpy_auto.alarms.delays import Delays
from ionpy_auto.core.errors import Severity
from ionpy_auto.language import (
    UNKNOWN,
    Environment,
    Expression,
    Fields,
    Scope,
    UnitError,
    find_unit,
)


class Seen(NamedTuple):
    """What a probe found.

    Attributes:
        result: Whether it is so; None: nobody knows.
        value: For the record.
    """

    result: bool | None
    value: float | None = None


Probe = Callable[[Environment, bool], Seen]
"""Looks at the values now; told whether the alarm is so already, for the deadband."""


@dataclass(frozen=True)
class Settings:
    """What stands beside a watched thing, or in the definition for all of its things."""

    delays: Delays = field(default_factory=Delays)
    severity: str = ""
    priority: int = 0
    realarm_s: float = 0.0
    latching: bool = False
    guidance: str = ""
    text: str = ""
    active_when: Expression | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def applies(self, env: Environment) -> bool:
        """Whether the alarm applies now; it does while nobody knows."""
        if self.active_when is None:
            return True
        value = self.active_when.evaluate(env)
        return value is UNKNOWN or value is not False


@dataclass(frozen=True, eq=False)
class Rung:
    """One thing to watch.

    Attributes:
        what: Ends the alarm's key; empty for limits, which share one alarm.
        source: Kind of the alarm.
        word: LOLO to HIHI for limits, else empty.
        severity: Without one in the settings.
        probe: Looks.
        shown: What people read, without the value.
        points: Whose samples concern it.
        unit: Of the value.
        at: The limit itself, where there is one.
        by_time: Changes without a sample.
    """

    what: str
    source: str
    severity: str
    probe: Probe
    shown: str
    settings: Settings
    points: frozenset[str]
    word: str = "NORMAL"
    unit: str = ""
    at: float | None = None
    by_time: bool = False


@dataclass(frozen=True)
class Part:
    """One key of a definition, ready to be read.

    Attributes:
        key: ``hi``, ``rate`` …
        fields: Its map; what was written alone stands under ``at``.
        point: What the definition is about.
        unit: Of the point.
        scope: Names and units.
        settings: Of this part.
        deadband: In the unit of the point's differences.
    """

    key: str
    fields: Fields
    point: str
    unit: str
    scope: Scope
    settings: Settings
    deadband: float = 0.0

    def error(self, message: str, hint: str = "") -> None:
        """Note what is wrong with it."""
        self.fields.add("wrong-value", message, self.fields.get("at"), hint)

    def warn(self, message: str, hint: str = "") -> None:
        """Note what a person should look at."""
        self.fields.add("look", message, self.fields.get("at"), hint, Severity.WARNING)


def difference(unit: str) -> str:
    """The unit of differences of a unit: K for °C."""
    return "K" if unit == "°C" else unit


def per_second(unit: str) -> str:
    """The unit of a rate, or none where the language has no word for it."""
    wanted = f"{difference(unit)}/s"
    try:
        find_unit(wanted)
    except UnitError:
        return ""
    return wanted


def number(env: Environment, point: str) -> float | None:
    """A known number of a point."""
    value = env.value(point)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
