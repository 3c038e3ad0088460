"""``set``: write values to points."""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.rules.values import Settings


@action
class Set(Action):
    """Write values to points, one after the other."""

    free_keys = "values"
    values: Settings

    def sentence(self) -> str:
        """As a person would say it."""
        return "set " + ", ".join(f"{one.point} to {one.text}" for one in self.values)

    def writes(self) -> tuple[str, ...]:
        """The points."""
        return tuple(setting.point for setting in self.values)

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Evaluate all values first, so that none is written when one is not known."""
        wanted = [(context.resolve(s.point), s.evaluate(context.env)) for s in self.values]
        results = {}
        for point, value in wanted:
            outcome = await context.write(point, value)
            results[point] = {"outcome": outcome.kind.value, "sent": outcome.sent}
        return results
