"""``session``: a recording starts or stops."""

from collections.abc import Callable
from typing import Literal

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.triggers._events import on_event, scalars
from ionpy_auto.core.bus import Event


@trigger
class SessionTrigger(Trigger):
    """A recording starts or stops."""

    shorthand = "action"
    action: Literal["started", "stopped"]

    def sentence(self) -> str:
        """As a person would say it."""
        return f"a recording is {self.action}"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to ``session`` events."""

        def look(event: Event) -> Firing | None:
            if event.payload.get("action") != self.action:
                return None
            return Firing("session", scalars(event.payload), event.cause)

        return on_event(context, "session", look, fire)
