"""``panic``: all outputs off, latched until a person re-arms."""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message


@action
class Panic(Action):
    """Switch all outputs off until a person re-arms."""

    shorthand = "reason"
    reason: Message | None = None

    def sentence(self) -> str:
        """As a person would say it."""
        return "press panic: all outputs off"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Press it."""
        reason = self.reason.render(context.env) if self.reason else ""
        await context.lab.panic(context.origin.id, reason)
        return {"reason": reason}
