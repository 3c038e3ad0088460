"""``device``: an instrument comes, goes or fails."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.triggers._events import matches, on_event, scalars
from ionpy_auto.core.bus import Event


@trigger
class DeviceTrigger(Trigger):
    """A device changes its state."""

    shorthand = "state"
    state: Literal["online", "offline", "error"]
    device: Annotated[str | None, Field(alias="of", description="only this device")] = None

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{self.device or 'a device'} is {self.state}"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to ``device_state`` events."""

        def look(event: Event) -> Firing | None:
            payload = event.payload
            if payload.get("state") != self.state:
                return None
            if not matches(self.device, payload.get("device_id")):
                return None
            return Firing("device", scalars(payload), event.cause)

        return on_event(context, "device_state", look, fire)
