"""``marker``: somebody sets a marker."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.triggers._events import on_event, scalars
from ionpy_auto.core.bus import Event


@trigger
class MarkerTrigger(Trigger):
    """A marker is set."""

    shorthand = "label"
    label: Annotated[str | None, Field(description="only with exactly this label")] = None

    def sentence(self) -> str:
        """As a person would say it."""
        return f"marker {self.label!r} is set" if self.label else "a marker is set"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to ``marker`` events of new markers."""

        def look(event: Event) -> Firing | None:
            payload = event.payload
            if payload.get("action", "added") != "added":
                return None
            if self.label is not None and payload.get("label") != self.label:
                return None
            return Firing("marker", scalars(payload), event.cause)

        return on_event(context, "marker", look, fire)
