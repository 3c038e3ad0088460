"""Values for points as people write them: a quantity, an expression, a word, true or false.

A `Setting` knows its point's declared unit, so that ``500 mA`` reaches an entity in mA as 500 and
one in A as 0.5; ``0.5 C`` becomes a current through the cell's capacity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ionpy_auto.automation.fields import PlacedDict, PlacedText, Plain, Reading, fail
from ionpy_auto.core.errors import BadInput, Finding, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import (
    ANY_UNIT,
    UNKNOWN,
    Environment,
    Expression,
    UnitError,
    find_unit,
    parse_quantity,
)

BOOLS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for a point.

    Attributes:
        point: Address.
        value: Fixed, in the point's unit; or an expression.
        unit: The point's declared unit, `ANY_UNIT` when nobody knows.
        text: As written.
    """

    point: str
    value: Scalar | Expression
    unit: str
    text: str

    def evaluate(self, env: Environment) -> Scalar:
        """The value now, in the point's unit.

        Raises:
            Rejected: Something it needs is not known.
        """
        if not isinstance(self.value, Expression):
            return self.value
        found = self.value.evaluate(env)
        if found is UNKNOWN:
            parts = ", ".join(p.text for p in self.value.explain(env) if p.value is UNKNOWN)
            msg = f"{self.point} was not set: {parts or self.text} is not known"
            raise Rejected(msg, code="VALUE_UNKNOWN", hint="a stale or missing value sets nothing")
        if isinstance(found, float) and self.unit != ANY_UNIT:
            return found / find_unit(self.unit).factor
        return found if isinstance(found, float | bool) else str(found)


def read_setting(name: str, value: PlacedText, reading: Reading) -> Setting:
    """Type one ``point: value``; raises a pydantic error at its place."""
    address, unit, kind = read_point(name, reading)
    return Setting(address, read_value(value, unit, kind, reading), unit, str(value))


def read_point(name: str, reading: Reading) -> tuple[str, str, str]:
    """Address, unit and kind of a written name; raises a pydantic error when there is none."""
    address = reading.scope.resolve(name.strip())
    unit = reading.scope.units_of(address)
    if unit is None:
        msg = f"there is no point {name.strip()!r}"
        hint = "points are written device.entity"
        raise fail("unknown_point", msg, hint, wanted=name.strip())
    return address, unit, reading.scope.kind_of(address)


def read_value(value: PlacedText, unit: str, kind: str, reading: Reading) -> Scalar | Expression:
    """Type the text of a value for a point of this unit and kind."""
    text = value.strip()
    if kind == "text":
        return text
    if text in BOOLS and kind != "number":
        return BOOLS[text]
    if kind != "bool":
        number = _number(text, unit, reading)
        if number is not None:
            return number
    return _expression(value, unit, kind, reading)


def _number(text: str, unit: str, reading: Reading) -> float | None:
    """A quantity in the point's unit; None when the text is no quantity."""
    try:
        quantity = parse_quantity(text)
    except UnitError:
        return None
    try:
        if unit == ANY_UNIT:
            return _coherent(text, reading)
        return (
            quantity.to(unit, reading.scope.capacity)
            if quantity.unit.dimension
            else (quantity.value)
        )
    except BadInput as error:
        raise fail("unit", error.message, error.hint, **error.arguments) from None


def _coherent(text: str, reading: Reading) -> float:
    """For a point nobody has declared: the coherent value, C-rates as a current."""
    quantity = parse_quantity(text)
    if quantity.unit.name == "C":
        return quantity.to("A", reading.scope.capacity)
    return quantity.coherent


def _expression(value: PlacedText, unit: str, kind: str, reading: Reading) -> Expression:
    found: list[Finding] = []
    want = "bool" if kind == "bool" else "number" if kind == "number" else ""
    expression = Expression.parse(value.node, reading.scope, found, want)
    if expression is None:
        first = found[0] if found else None
        message = first.message if first else f"{value!r} is no value"
        raise fail("value", message, first.hint if first else "", text=str(value))
    wanted = find_unit("" if unit == ANY_UNIT else unit)
    given = expression.declared_unit
    if unit != ANY_UNIT and given.dimension and given.dimension != wanted.dimension:
        msg = f"{value!s} is in {given.name}, the point is in {unit or 'no unit'}"
        args: dict[str, Any] = {"text": str(value), "given_unit": given.name, "unit": unit}
        raise fail("unit", msg, problem="other-unit", **args)
    return expression


class _Settings(Plain):
    schema: Mapping[str, Any] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "string"},
        "propertyNames": {"x-point": "writable"},
    }

    def read(self, value: object, reading: Reading) -> tuple[Setting, ...]:
        if not isinstance(value, PlacedDict) or not value:
            hint = "write set: {PSU_01.i_set: 0.5 A}"
            raise fail("wrong_type", "a map is needed here", hint, wanted="a map")
        made = []
        for name, text in value.items():
            if not isinstance(text, PlacedText):
                msg = f"{name} takes one value"
                raise fail("wrong_type", msg, key=name, wanted="a value")
            setting = read_setting(name, text, reading)
            site = getattr(reading.reader, "site", None)
            if site is not None and not setting.point.startswith("channel."):
                _require_writable(setting.point, site)
            made.append(setting)
        return tuple(made)


def _require_writable(point: str, site: Any) -> None:  # noqa: ANN401 - the reader's Site
    if not site.is_writable(point):
        msg = f"{point} cannot be written"
        raise fail("read_only", msg, "only RW and WO entities can be set", point=point)


Settings = Annotated[tuple[Setting, ...], _Settings()]


def same_value(written: str | None, value: Scalar) -> bool:
    """Whether a written value (None: any) is this one; numbers may carry a unit."""
    if written is None:
        return True
    if isinstance(value, bool):
        return BOOLS.get(written) is value
    if isinstance(value, str):
        return written == value
    try:
        return abs(parse_quantity(written).coherent - value) <= 1e-9 * max(1.0, abs(value))
    except UnitError:
        return False
