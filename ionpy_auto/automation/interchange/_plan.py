"""A protocol between two formats: steps with amounts as they were written, and what was lost."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["lost", "changed", "added"]

HOUR_S: Final = 3600
_UNITS: Final = {"mA": ("A", 1000), "mW": ("W", 1000)}
_DAY_H: Final = 24.0


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that is not in the result as it was in the protocol.

    Attributes:
        kind: ``lost``, ``changed`` (says the same in most cases) or ``added`` (was not there).
        place: Where it stood: ``step 3``, ``safety``, ``sequence.2``.
        line: In the text it was read from; 0 when unknown.
    """

    kind: Kind
    place: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.place}, line {self.line}" if self.line else self.place
        return f"{where}: {self.kind}: {self.message}"

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "place": self.place,
            "line": self.line,
            "message": self.message,
        }


class Amount(NamedTuple):
    """A number with its unit, as it was written: ``50 mA``, ``0.5 C``."""

    value: float
    unit: str

    def __str__(self) -> str:
        """As a person writes it; reads back as exactly the same number."""
        value = Decimal(repr(self.value))
        unit, factor = _UNITS.get(self.unit, (self.unit, 1))
        if self.unit == "C":
            return _rate(self.value)
        if factor > 1 and abs(value) >= factor:
            return f"{number(value / factor)} {unit}"
        return f"{number(value)} {self.unit}"


def number(value: Decimal) -> str:
    """Without an exponent and without needless zeros.

    >>> number(Decimal("1E+2")), number(Decimal("2.50"))
    ('100', '2.5')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rate(value: float) -> str:
    """``0.5 C``; ``C/3`` where the number would be a long one."""
    text = number(Decimal(repr(value)))
    parts = round(1.0 / value) if value else 0
    if len(text) > 5 and parts > 1 and 1.0 / parts == value:
        return f"C/{parts}"
    return f"{text} C"


def duration(seconds: float) -> str:
    """In the largest unit that leaves a short number.

    >>> duration(1800.0), duration(5400.0), duration(3600.0), duration(0.5)
    ('30 min', '90 min', '1 h', '0.5 s')
    """
    value = Decimal(repr(seconds))
    for unit, factor in (("h", HOUR_S), ("min", 60)):
        if value >= factor and value % factor == 0:
            return f"{number(value / factor)} {unit}"
    return f"{number(value)} s"


@dataclass(slots=True)
class Ends:
    """What ends a step; the first that is met. ``added`` is a time nobody asked for."""

    time_s: float | None = None
    voltage: float | None = None
    current: Amount | None = None
    added_s: float | None = None


@dataclass(slots=True)
class Drive:
    """A charge or a discharge.

    Attributes:
        direction: Empty where the protocol does not say (a held voltage).
        level: Current or power; None when only a voltage is held.
        hold: Voltage to be held.
        place: Where it stood.
        id: Its name in the protocol.
    """

    direction: Literal["charge", "discharge", ""]
    level: Amount | None
    hold: float | None
    ends: Ends
    place: str
    id: str = ""


@dataclass(slots=True)
class Rest:
    """Outputs off for a time."""

    time_s: float
    place: str
    id: str = ""


@dataclass(slots=True)
class Mark:
    """A word in the recording."""

    text: str
    place: str


@dataclass(slots=True)
class Loop:
    """Steps that are run several times."""

    steps: "list[PlanStep]"
    count: int
    place: str
    id: str = ""


PlanStep = Drive | Rest | Mark | Loop


@dataclass(slots=True)
class Guard:
    """What breaks the whole protocol off: ``what`` above or below a bound."""

    id: str
    when: str


@dataclass(slots=True)
class Plan:
    """A whole protocol.

    Attributes:
        capacity_ah: What its rates count from.
        record: Keys and values of ``record``; empty for none.
        delay_s: How long a guard must hold.
    """

    steps: list[PlanStep]
    title: str = ""
    capacity_ah: float | None = None
    record: list[tuple[str, str]] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    delay_s: float | None = None

    def walk(self) -> Iterator[PlanStep]:
        """All steps in the order they stand, those of loops behind their loop."""
        yield from walk(self.steps)


def walk(steps: list[PlanStep]) -> Iterator[PlanStep]:
    """These steps and all inside them."""
    for step in steps:
        yield step
        if isinstance(step, Loop):
            yield from walk(step.steps)


def guard_time(level: Amount | None, capacity_ah: float | None) -> float:
    """A time in which a step must be over by any measure [s]: twice what its current needs.

    >>> guard_time(Amount(0.5, "C"), None), guard_time(Amount(1.0, "A"), 2.5)
    (14400.0, 18000.0)
    """
    hours = _hours(level, capacity_ah)
    half_hours = Decimal(str(round(hours * 4.0, 6))).to_integral_value(ROUND_CEILING)
    return max(1.0, float(half_hours)) * HOUR_S / 2


def _hours(level: Amount | None, capacity_ah: float | None) -> float:
    """Of a whole capacity at this level; half a day when nobody can know."""
    if level is None or not level.value:
        return _DAY_H / 2
    if level.unit == "C":
        return 1.0 / level.value
    amps = level.value / (1000.0 if level.unit == "mA" else 1.0)
    is_known = level.unit in {"A", "mA"} and capacity_ah
    return capacity_ah / amps if is_known and capacity_ah else _DAY_H / 2
