"""``ramp``: drive the cell with a current, voltage or power that goes from one value to another."""

from collections.abc import Mapping
from dataclasses import replace
from math import floor
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, WithJsonSchema, model_validator

from ionpy_auto.automation.blocks import Block, Step, step
from ionpy_auto.automation.context import Drive, DriveDirection, StepContext
from ionpy_auto.automation.fields import (
    Physical,
    PlacedDict,
    PlacedList,
    PlacedText,
    Plain,
    Reading,
    Seconds,
    fail,
)
from ionpy_auto.core.errors import BadInput
from ionpy_auto.language import format_duration, format_quantity, parse_quantity

SHORTEST_S: Final = 0.5
LATENCIES: Final = 5.0
UNITS: Final = {"current": "A", "voltage": "V", "power": "W"}


class Span(Plain):
    """One value, or two: ``1 A``, ``{from: 0.1 A, to: 2 A}``, ``[0.1 A, 2 A]``."""

    def __init__(self, unit: str) -> None:
        self._one = Physical(unit, low=0.0)
        one = {"type": "string", "x-unit": unit}
        both = {"type": "object", "properties": {"from": one, "to": one}}
        self.schema: Mapping[str, Any] = {
            "anyOf": [
                one,
                {**both, "required": ["from", "to"], "additionalProperties": False},
                {"type": "array", "items": one, "minItems": 2, "maxItems": 2},
            ]
        }

    def read(self, value: object, reading: Reading) -> float | tuple[float, float]:
        """A number, or the pair."""
        if isinstance(value, PlacedText):
            return self._one.read(value, reading)
        if isinstance(value, PlacedDict) and set(value) == {"from", "to"}:
            return self._one.read(value["from"], reading), self._one.read(value["to"], reading)
        if isinstance(value, PlacedList) and len(value) == 2:
            return self._one.read(value[0], reading), self._one.read(value[1], reading)
        raise fail("wrong_type", "one value or two are needed here", "{from: 0.1 A, to: 2 A}")


class Course(Block):
    """What is held, and which of it goes from one value to another."""

    current: Annotated[float | tuple[float, float] | None, Span("A")] = None
    voltage: Annotated[float | tuple[float, float] | None, Span("V")] = None
    power: Annotated[float | tuple[float, float] | None, Span("W")] = None

    def moving(self) -> list[tuple[str, tuple[float, float]]]:
        """The ones with two values."""
        named = (("current", self.current), ("voltage", self.voltage), ("power", self.power))
        return [(name, value) for name, value in named if isinstance(value, tuple)]


@step
class Ramp(Step):
    """Drive the cell with a value that goes from one to another, at a rate or in a time.

    The output stays on; the value changes in small steps. A setting of any other device is ramped
    by the action of the same name (``point``, ``to``).
    """

    goes_on = False  # what it would have done meanwhile is missing
    instead: ClassVar[frozenset[str]] = frozenset({"point"})
    charge: Course | None = None
    discharge: Course | None = None
    rate: Annotated[str | None, WithJsonSchema({"type": "string", "examples": ["0.1 A/s"]})] = None
    over: Annotated[Seconds | None, Field(description="length")] = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Ramp":
        if (self.charge is None) == (self.discharge is None):
            raise fail("wrong_value", "ramp takes one of charge and discharge", _HINT)
        if len(self.course.moving()) != 1:
            raise fail("wrong_value", "one of current, voltage and power goes from … to …", _HINT)
        if (self.rate is None) == (self.over is None):
            raise fail("wrong_value", "ramp takes one of rate and over", "over: 10 min")
        name, (begin, end) = self.course.moving()[0]
        if begin == end:
            raise fail("wrong_value", f"the {name} does not change", _HINT)
        if name == "voltage" and (begin < end) != (self.charge is not None):
            text = "the voltage of a charge rises, that of a discharge falls"
            raise fail("wrong_value", text, _HINT)
        _ = self.seconds
        return self

    @property
    def course(self) -> Course:
        """What is held."""
        return self.charge or self.discharge or Course()

    @property
    def direction(self) -> DriveDirection:
        """Which way."""
        return "charge" if self.charge is not None else "discharge"

    @property
    def span(self) -> tuple[str, float, float]:
        """What moves, from where, to where."""
        name, (begin, end) = self.course.moving()[0]
        return name, begin, end

    @property
    def duration(self) -> float:
        """How long it takes, for the plan of the run."""
        return self.seconds

    @property
    def seconds(self) -> float:
        """How long it takes."""
        if self.over is not None:
            return self.over
        name, begin, end = self.span
        try:
            rate = parse_quantity(self.rate or "").to(f"{UNITS[name]}/s")
        except BadInput as error:
            raise fail("unit", error.message, error.hint or f"rate: 0.1 {UNITS[name]}/s") from None
        if rate <= 0.0:
            raise fail("range", "a rate is above zero", "the direction comes from the values")
        return abs(end - begin) / rate

    def at(self, level: float) -> Drive:
        """The drive at a value of what moves."""
        name, begin, end = self.span
        held = {key: _held(getattr(self.course, key)) for key in UNITS}
        peak = max(begin, end) if name == "current" else None
        drive = Drive(self.direction, held["current"], held["voltage"], held["power"], peak=peak)
        changed: dict[str, Any] = {name: level}
        return replace(drive, **changed)

    def drives(self) -> tuple[Drive, ...]:
        """At its strongest."""
        name, begin, end = self.span
        is_floor = name == "voltage" and self.direction == "discharge"
        return (self.at(min(begin, end) if is_floor else max(begin, end)),)

    def sentence(self) -> str:
        """As a person would say it."""
        name, begin, end = self.span
        first, last = format_quantity(begin, UNITS[name]), format_quantity(end, UNITS[name])
        length = format_duration(self.seconds)
        return f"{self.direction.capitalize()} with {first} to {last} in {length}"

    async def run(self, context: StepContext) -> None:
        """Step by step on one clock; a pause is left out of it."""
        _, begin, end = self.span
        channel, clock, seconds = context.channel, context.lab.clock, self.seconds
        gone, held = 0.0, "paused"
        while gone < seconds:
            share = gone / seconds
            if held == "paused":
                if not await channel.drive(self.at(begin + (end - begin) * share)):
                    return
                started = clock.monotonic() - gone
            else:
                await channel.relevel(self.at(begin + (end - begin) * share))
            pause = max(SHORTEST_S, LATENCIES * channel.write_latency_s)
            count = max(floor((seconds - gone) / pause), 1)
            due = started + gone + (seconds - gone) / count
            held = await context.hold(max(due - clock.monotonic(), 0.0))
            if held == "ended":
                return
            if held == "over":
                gone = min(max(due, clock.monotonic()) - started, seconds)
        await channel.relevel(self.at(end))
        await context.hold(SHORTEST_S)
        context.end("done")


_HINT: Final = "ramp: {discharge: {current: {from: 0.5 A, to: 2 A}}, over: 10 min}"


def _held(value: float | tuple[float, float] | None) -> float | None:
    return None if isinstance(value, tuple) else value
