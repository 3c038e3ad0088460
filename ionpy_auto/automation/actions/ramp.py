"""``ramp``: bring a setting to a value in small steps."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import ValidationInfo, WithJsonSchema, model_validator

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext, PointRange
from ionpy_auto.automation.fields import PlacedDict, PlacedText, Reading, Seconds, fail
from ionpy_auto.automation.rules.values import Setting, read_point, read_setting
from ionpy_auto.core.errors import BadInput, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import ANY_UNIT, Expression, format_duration, parse_quantity

SHORTEST_S = 0.5
"""Between two steps: an instrument also has to be read."""
MOST_STEPS = 50_000
LONGEST_S = 86_400.0


@action
class Ramp(Action):
    """Bring a setting to a value in small steps."""

    interruption = "restart"
    point: Annotated[str, WithJsonSchema({"type": "string", "x-point": "writable"})]
    to: Annotated[Setting, WithJsonSchema({"type": "string"})]
    rate: Annotated[float | None, WithJsonSchema({"type": "string", "examples": ["0.1 A/s"]})] = (
        None  # [unit of the point per second]
    )
    over: Seconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: object, info: ValidationInfo) -> Mapping[str, Any]:
        """Type the target and the rate in the unit of the point."""
        reading = info.context
        if not isinstance(reading, Reading) or not isinstance(data, PlacedDict):
            raise fail("wrong_type", "a map is needed here", "{point: …, to: …, over: 10 s}")
        name, target = data.get("point"), data.get("to")
        if not isinstance(name, PlacedText) or not isinstance(target, PlacedText):
            key, hint = "point" if name is None else "to", "{point: …, to: …, over: 10 s}"
            raise fail("missing_key", "ramp needs point and to", hint, key=key)
        if ("rate" in data) == ("over" in data):
            raise fail("wrong_value", "ramp takes one of rate and over", "over: 10 s")
        address, unit, _ = read_point(name, reading)
        setting = read_setting(name, target, reading)
        _check_range(address, setting, reading)
        typed = {**data, "point": address, "to": setting}
        if "rate" in data:
            typed["rate"] = _rate(data["rate"], unit)
        return typed

    def sentence(self) -> str:
        """As a person would say it."""
        how = f" over {format_duration(self.over)}" if self.over is not None else ""
        return f"ramp {self.to.point} to {self.to.text}{how}"

    def writes(self) -> tuple[str, ...]:
        """The point."""
        return (self.point,)

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Write step after step, never steeper than asked; a refused write ends it.

        Raises:
            Rejected: Where it stands now is not known, or it cannot be ramped.
            IonpyError: A write was refused.
        """
        point = context.resolve(self.point)
        begin, end = _number(context.env.value(point), point), self._target(context)
        found = context.lab.range_of(point)
        if found is None:
            msg = f"{point} has no range to ramp in"
            raise Rejected(msg, code="NO_RANGE", hint="only numbers that can be written ramp")
        values, pause = plan(begin, end, self._duration(abs(end - begin)), found)
        clock = context.lab.clock
        started = clock.monotonic()
        for value in values:
            await clock.sleep(pause)
            await context.write(point, value)
        took = clock.monotonic() - started
        return {"from": begin, "to": end, "steps": len(values), "took_s": took}

    def _target(self, context: ActionContext) -> float:
        return _number(self.to.evaluate(context.env), self.to.text)

    def _duration(self, distance: float) -> float:
        seconds = self.over if self.over is not None else distance / cast("float", self.rate)
        if seconds > LONGEST_S:
            msg = f"the ramp would take {format_duration(seconds)}"
            raise Rejected(msg, hint="a ramp takes at most one day")
        return seconds


def plan(begin: float, end: float, seconds: float, found: PointRange) -> tuple[list[float], float]:
    """Values of a ramp and the pause between them: no step below the resolution, none too soon.

    Example:
        >>> plan(0.0, 1.0, 2.0, PointRange(0.0, 5.0, 0.001))
        ([0.25, 0.5, 0.75, 1.0], 0.5)
        >>> plan(0.0, 0.02, 10.0, PointRange(0.0, 5.0, 0.01))
        ([0.01, 0.02], 5.0)
    """
    distance = end - begin
    most = MOST_STEPS if found.grain <= 0 else math.floor(abs(distance) / found.grain + 1e-6)
    count = max(min(math.floor(seconds / SHORTEST_S + 1e-9), most, MOST_STEPS), 1)
    values = [begin + distance * number / count for number in range(1, count)]
    if found.grain > 0:
        values = [float(f"{round(value / found.grain) * found.grain:.12g}") for value in values]
    return [*values, end], seconds / count


def _number(value: Scalar | None, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{what} is not known"
        raise Rejected(msg, code="VALUE_UNKNOWN", hint="a ramp begins where the setting stands")
    return float(value)


def _rate(text: object, unit: str) -> float:
    """A slope in the point's unit per second; raises a pydantic error."""
    if not isinstance(text, PlacedText):
        raise fail("wrong_type", "a rate is needed here", "rate: 0.1 A/s")
    try:
        quantity = parse_quantity(text)
        if unit == ANY_UNIT:
            rate = quantity.coherent
        else:
            per = "K" if unit == "°C" else unit
            rate = quantity.to(f"{per}/s") if per else quantity.value
    except BadInput as error:
        raise fail("unit", error.message, error.hint or f"rate: 0.1 {unit}/s") from None
    if not 0 < rate < math.inf:
        raise fail("range", "a rate is above zero", "the direction comes from the target")
    return rate


def _check_range(address: str, setting: Setting, reading: Reading) -> None:
    """Only a number that can be written has a way to go; raises a pydantic error."""
    site = getattr(reading.reader, "site", None)
    if site is None or address.startswith("channel."):
        return
    if not site.is_writable(address):
        msg = f"{address} cannot be written"
        raise fail("read_only", msg, "only RW and WO entities can be set")
    found = site.range_of(address)
    if found is None:
        msg = f"{address} is no number with a range"
        raise fail("no_range", msg, "set writes switches and modes")
    value = setting.value
    if isinstance(value, Expression):
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{setting.text!r} is no number"
        raise fail("wrong_type", msg)
    if not found.low <= value <= found.high:
        msg = f"{setting.text} is outside {found.low:g} … {found.high:g} {setting.unit}"
        raise fail("range", msg)
