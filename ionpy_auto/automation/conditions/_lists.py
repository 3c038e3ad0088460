"""Lists of conditions inside a condition."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from ionpy_auto.automation.blocks import ConditionBlock
from ionpy_auto.automation.context import RuleContext
from ionpy_auto.automation.fields import PlacedText, Plain, Reading, fail, noted
from ionpy_auto.automation.flow_reader import FlowReader
from ionpy_auto.language import UNKNOWN, Expression, Node, Value

Check = Expression | ConditionBlock


class _Checks(Plain):
    schema: Mapping[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/check"}}

    def read(self, value: object, reading: Reading) -> tuple[Check, ...]:
        node: Node | None = getattr(value, "node", None)
        if not isinstance(reading.reader, FlowReader) or node is None:
            raise fail("wrong_type", "a list of conditions is needed here")
        if isinstance(value, PlacedText) and not value.strip():
            raise fail("wrong_type", "a list of conditions is needed here")
        before = len(reading.findings)
        checks = reading.reader.checks(node)
        if not checks:
            if len(reading.findings) == before:
                raise fail("wrong_type", "at least one condition is needed here")
            raise noted()
        return checks


Checks = Annotated[tuple[Check, ...], _Checks()]


def values_of(checks: Sequence[Check], context: RuleContext) -> list[Value]:
    """What each holds now."""
    return [
        check.evaluate(context.env) if isinstance(check, Expression) else check.holds(context)
        for check in checks
    ]


def watched_by(checks: Sequence[Check]) -> tuple[Expression, ...]:
    """All expressions inside."""
    return tuple(
        expression
        for check in checks
        for expression in ((check,) if isinstance(check, Expression) else check.watched())
    )


def text_of(check: Check) -> str:
    """A condition in words."""
    return check.source if isinstance(check, Expression) else check.sentence()


def kleene_any(values: Sequence[Value]) -> Value:
    """True if one is, false if all are, else unknown."""
    if any(value is True for value in values):
        return True
    return False if all(value is False for value in values) else UNKNOWN


def kleene_all(values: Sequence[Value]) -> Value:
    """False if one is, true if all are, else unknown."""
    if any(value is False for value in values):
        return False
    return True if all(value is True for value in values) else UNKNOWN
