"""``alarm``: something happens to an alarm: it comes, goes, is acknowledged or shelved."""

from collections.abc import Callable
from typing import Annotated, Final, Literal

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.triggers._events import matches, on_event, scalars
from ionpy_auto.core.bus import Event

SAID: Final = {"worse": "becomes worse", "realarm": "has waited too long"}


@trigger
class AlarmTrigger(Trigger):
    """An alarm is raised, cleared, acknowledged, becomes worse or is shelved."""

    shorthand = "transition"
    transition: Literal[
        "raised",
        "worse",
        "cleared",
        "acknowledged",
        "unacknowledged",
        "realarm",
        "shelved",
        "unshelved",
        "reset",
    ]
    severity: Literal["info", "warning", "critical"] | None = None
    device: Annotated[str | None, Field(description="only alarms of this device")] = None
    key: Annotated[str | None, Field(description="only the alarm with this key")] = None

    def sentence(self) -> str:
        """As a person would say it."""
        kind = f"{self.severity} " if self.severity else ""
        of = f" of {self.key or self.device}" if self.key or self.device else ""
        return f"a {kind}alarm{of} {SAID.get(self.transition, f'is {self.transition}')}"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to ``alarm`` events."""
        wanted = (
            ("transition", self.transition),
            ("severity", self.severity),
            ("device_id", self.device),
            ("key", self.key),
        )

        def look(event: Event) -> Firing | None:
            if all(matches(value, event.payload.get(name)) for name, value in wanted):
                return Firing("alarm", scalars(event.payload), event.cause)
            return None

        return on_event(context, "alarm", look, fire)
