"""``marker``: label this moment of the recording."""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message


@action
class Marker(Action):
    """Set a marker."""

    shorthand = "label"
    label: Message
    device: str | None = None
    color: str | None = None
    notes: Message | None = None

    def sentence(self) -> str:
        """As a person would say it."""
        return f"set marker {self.label.source!r}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Set it now."""
        return await context.lab.marker(
            self.label.render(context.env),
            device=self.device,
            color=self.color,
            notes=self.notes.render(context.env) if self.notes else "",
        )
