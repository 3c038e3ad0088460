"""``any``: at least one of several conditions holds."""

from ionpy_auto.automation.blocks import ConditionBlock, condition
from ionpy_auto.automation.conditions._lists import (
    Checks,
    kleene_any,
    text_of,
    values_of,
    watched_by,
)
from ionpy_auto.automation.context import RuleContext
from ionpy_auto.language import Expression, Value

NAME = "any"


@condition
class AnyOf(ConditionBlock):
    """At least one of several conditions holds."""

    shorthand = "of"
    of: Checks

    def sentence(self) -> str:
        """As a person would say it."""
        return " or ".join(f"({text_of(check)})" for check in self.of)

    def watched(self) -> tuple[Expression, ...]:
        """All expressions inside."""
        return watched_by(self.of)

    def holds(self, context: RuleContext) -> Value:
        """By Kleene logic."""
        return kleene_any(values_of(self.of, context))
