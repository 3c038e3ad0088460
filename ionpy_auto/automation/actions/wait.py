"""``wait``: let some time pass."""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Seconds
from ionpy_auto.language import format_duration


@action
class Wait(Action):
    """Let some time pass before the next action."""

    shorthand = "duration"
    interruption = "restart"
    duration: Seconds

    def sentence(self) -> str:
        """As a person would say it."""
        return f"wait {format_duration(self.duration)}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Wait."""
        await context.lab.clock.sleep(self.duration)
        return {"waited_s": self.duration}
