"""``session``: start or stop recording."""

from collections.abc import Mapping
from typing import Any, Literal

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message


@action
class SessionAction(Action):
    """Start or stop a recording."""

    shorthand = "do"
    do: Literal["start", "stop"]
    name: Message | None = None

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{self.do} recording"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Start or stop."""
        if self.do == "stop":
            return await context.lab.stop_session()
        name = self.name.render(context.env) if self.name else ""
        return await context.lab.start_session(name, {"started_by": context.origin.id})
