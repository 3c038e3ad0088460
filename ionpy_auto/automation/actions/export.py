"""``export``: write the recording into a file."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Word


@action
class Export(Action):
    """Export the session that is recorded."""

    shorthand = "format"
    file_format: Annotated[Word, Field(alias="format")] = "csv"
    device: Annotated[Word | None, Field(description="only this device; channel.source works")] = (
        None
    )

    def sentence(self) -> str:
        """As a person would say it."""
        return f"export {self.device or 'the session'} as {self.file_format}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Write the file; ``device: channel.source`` is the supply of the channel."""
        device = self.device
        if device is not None and device.startswith("channel."):
            # A device is named through any of its points.
            device = context.resolve(f"{device}.x").rsplit(".", 1)[0]
        return await context.lab.export(
            file_format=self.file_format, device=device, session_id=None
        )
