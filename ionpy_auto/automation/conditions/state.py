"""``state``: a point has one of some values."""

from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import ConditionBlock, condition
from ionpy_auto.automation.context import RuleContext
from ionpy_auto.automation.fields import AnyValue
from ionpy_auto.automation.rules.values import same_value
from ionpy_auto.language import UNKNOWN, Expression, Value


@condition
class State(ConditionBlock):
    """A point has a value, or one of several."""

    shorthand = "point"
    companions = ("is",)
    point: AnyValue
    values: Annotated[tuple[str, ...] | str, Field(alias="is")]

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{self.point.source} is {' or '.join(self._values)}"

    @property
    def _values(self) -> tuple[str, ...]:
        return (self.values,) if isinstance(self.values, str) else self.values

    def watched(self) -> tuple[Expression, ...]:
        """The point."""
        return (self.point,)

    def holds(self, context: RuleContext) -> Value:
        """Compare the present value."""
        now = self.point.evaluate(context.env)
        if not isinstance(now, float | bool | str):
            return UNKNOWN
        return any(same_value(written, now) for written in self._values)
