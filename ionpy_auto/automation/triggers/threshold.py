"""``threshold``: a point goes above or below a limit; sugar that becomes one condition."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, ValidationInfo, WithJsonSchema, model_validator

from ionpy_auto.automation.blocks import trigger
from ionpy_auto.automation.fields import PlacedDict, PlacedText, Reading, fail, noted
from ionpy_auto.automation.triggers.expr import Expr, followed
from ionpy_auto.core.errors import Finding
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import (
    CONDITION_KEYS,
    Entry,
    Environment,
    Expression,
    MapNode,
    Mark,
    TextNode,
    UnitError,
    UnknownPolicy,
    parse_quantity,
)

SIDES = {"above": (">", "<"), "below": ("<", ">")}
"""How a side is compared, and how its reset is."""


def _written(schema: dict[str, Any]) -> None:
    """The keys people write instead of the condition they make."""
    properties = schema["properties"]
    properties.pop("condition")
    value = {"type": "string", "x-expression": "number"}
    properties.update(
        {
            "above": value,
            "below": value,
            "reset": value,
            "hysteresis": {"type": "string"},
            "for": {"type": "string", "x-unit": "s"},
            "samples": {"type": "integer", "minimum": 1, "default": 1},
            "unknown": {"enum": [policy.value for policy in UnknownPolicy], "default": "hold"},
        }
    )
    schema["required"] = ["point"]


@trigger
class Threshold(Expr):
    """A point goes above or below a limit."""

    model_config = ConfigDict(json_schema_extra=_written)

    shorthand = "point"
    word: ClassVar[str] = "threshold"
    point: Annotated[Expression, WithJsonSchema({"type": "string", "x-expression": "number"})]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: object, info: ValidationInfo) -> dict[str, Any]:
        """Make the condition ``point > above`` with its reset of limits beside each other."""
        reading = info.context
        if not isinstance(reading, Reading) or not isinstance(data, PlacedDict):
            raise fail("wrong_type", "a point and a limit are needed here")
        point = _number(data, "point", reading)
        sides = [side for side in SIDES if side in data]
        if not sides:
            raise fail(
                "missing_key", "threshold needs above, below or both", "above: 60 °C", key="above"
            )
        if len(sides) == 2 and {"reset", "hysteresis"} & data.keys():
            raise fail("wrong_value", "a reset belongs to one limit", "write two triggers")
        parts = [_comparison(data, side, SIDES[side][0], reading) for side in sides]
        whole = parts[0] if len(parts) == 1 else _both(parts, reading)
        node = _condition_of(data, whole)
        if "reset" in data:
            _check_side(data, sides[0])
            reset = _comparison(data, "reset", SIDES[sides[0]][1], reading)
            node.entries["reset"] = Entry(reset, reset)
        rest = {key: value for key, value in data.items() if key not in (*SIDES, "point")}
        return {**followed(rest, node, reading), "point": point}

    def values(self, env: Environment, *, met: bool) -> Mapping[str, Scalar | None]:
        """The value that crossed the limit."""
        value = self.point.evaluate(env)
        return {"value": value if isinstance(value, float) else None, "met": met}


def _number(data: PlacedDict, key: str, reading: Reading) -> Expression:
    """The expression behind a key, which must be a number."""
    text = data.get(key)
    if not isinstance(text, PlacedText) or not text.strip():
        msg = f"{key} is a value" if key in data else f"{key!r} is missing"
        raise fail("missing_key", msg, "threshold: PSU_01.temp", key=key)
    found: list[Finding] = []
    expression = Expression.parse(_node(text), reading.scope, found, "number")
    if expression is None:
        reading.findings.extend(found)
        raise noted()
    return expression


def _node(text: PlacedText) -> TextNode:
    """Where a text stands, saying what it says with its parameter filled in."""
    node = text.node
    return node if str(text) == node.text else TextNode(str(text), node.start, node.end)


def _comparison(data: PlacedDict, key: str, sign: str, reading: Reading) -> TextNode:
    """``point > limit``, placed so that a finding about the limit points at the limit."""
    _number(data, key, reading)
    limit, point = data[key], str(data["point"]).strip()
    try:
        parse_quantity(limit)
        written, head = str(limit).strip(), f"{point} {sign} "
    except UnitError:
        written, head = f"({str(limit).strip()})", f"{point} {sign} "
    start = limit.node.start
    mark = Mark(start.line, start.column - len(head), start.offset - len(head))
    text = f"{head}{written}"
    return TextNode(text, mark, limit.node.end, "", text, limit.node.path)


def _both(parts: list[TextNode], reading: Reading) -> TextNode:
    """Outside a range; each side is checked alone, where it stands."""
    found: list[Finding] = []
    if None in [Expression.parse(part, reading.scope, found, "bool") for part in parts]:
        reading.findings.extend(found)
        raise noted()
    text = " or ".join(part.text for part in parts)
    return TextNode(text, parts[0].start, parts[-1].end, "", text, parts[0].path)


def _condition_of(data: PlacedDict, expression: TextNode) -> MapNode:
    """The map of a condition as people would have written it."""
    kept = {
        key: entry
        for key, entry in data.node.entries.items()
        if key in CONDITION_KEYS and key != "reset"
    }
    inner = next((e.node for e in data.node.entries.values() if isinstance(e.node, MapNode)), None)
    if inner is not None:  # ``threshold: {point: …, above: …}``
        kept |= {k: e for k, e in inner.entries.items() if k in CONDITION_KEYS and k != "reset"}
    entries = {**kept, "expr": Entry(expression, expression)}
    return MapNode(entries, data.node.start, data.node.end, data.node.path)


def _check_side(data: PlacedDict, side: str) -> None:
    """The reset must lie where the point comes back to."""
    try:
        limit, reset = parse_quantity(data[side]), parse_quantity(data["reset"])
    except UnitError:
        return
    beyond = reset.coherent > limit.coherent if side == "above" else reset.coherent < limit.coherent
    if beyond and reset.unit.dimension == limit.unit.dimension:
        msg = f"reset {data['reset']} is {side} the limit {data[side]}"
        raise fail("wrong_value", msg, "the reset lies where the point comes back to")
