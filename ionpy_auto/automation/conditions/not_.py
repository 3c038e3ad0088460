"""``not``: none of the conditions holds."""

from ionpy_auto.automation.blocks import ConditionBlock, condition
from ionpy_auto.automation.conditions._lists import (
    Checks,
    kleene_any,
    text_of,
    values_of,
    watched_by,
)
from ionpy_auto.automation.context import RuleContext
from ionpy_auto.language import UNKNOWN, Expression, Value

NAME = "not"


@condition
class NoneOf(ConditionBlock):
    """A condition does not hold; of several, none does."""

    shorthand = "of"
    of: Checks

    def sentence(self) -> str:
        """As a person would say it."""
        return "not (" + " or ".join(text_of(check) for check in self.of) + ")"

    def watched(self) -> tuple[Expression, ...]:
        """All expressions inside."""
        return watched_by(self.of)

    def holds(self, context: RuleContext) -> Value:
        """The opposite; unknown stays unknown."""
        value = kleene_any(values_of(self.of, context))
        return UNKNOWN if value is UNKNOWN else value is False
