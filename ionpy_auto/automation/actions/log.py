"""``log``: write a line into the server's log."""

from collections.abc import Mapping
from typing import Any, Literal

import structlog

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message

log = structlog.get_logger(__name__)


@action
class Log(Action):
    """Write a line into the log."""

    shorthand = "message"
    message: Message
    level: Literal["info", "warning", "error"] = "info"

    def sentence(self) -> str:
        """As a person would say it."""
        return f"log {self.message.source!r}"

    def needs_intent(self) -> bool:
        """The line itself says that it was written."""
        return False

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Write it."""
        text = self.message.render(context.env)
        getattr(log, self.level)(text, by=context.origin.id)
        return {"message": text}
