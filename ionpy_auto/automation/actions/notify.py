"""``notify``: tell somebody."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message


@action
class Notify(Action):
    """Send a message."""

    shorthand = "message"
    message: Message
    to: Annotated[str, Field(description="a receiver, log, or a webhook's URL")] = "log"
    title: Message | None = None

    def sentence(self) -> str:
        """As a person would say it."""
        return f"tell {self.to} {self.message.source!r}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Hand the message over; delivery is retried behind it."""
        title = self.title.render(context.env) if self.title else context.origin.id
        return await context.lab.notify(self.to, title, self.message.render(context.env))
