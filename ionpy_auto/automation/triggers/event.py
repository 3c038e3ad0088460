"""``event``: something was told by the ``event`` action of a rule, or by a plugin."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import Word
from ionpy_auto.automation.rules.values import same_value
from ionpy_auto.automation.triggers._events import on_event, scalars
from ionpy_auto.core.bus import Event
from ionpy_auto.core.samples import Scalar

KIND = "custom"
"""On the bus; the payload is ``{name, by, fields}``."""


@trigger
class EventTrigger(Trigger):
    """An event of this name is told."""

    shorthand = "name"
    name: Word
    fields: Annotated[
        dict[str, str], Field(default_factory=dict, description="only with these values")
    ]

    def sentence(self) -> str:
        """As a person would say it."""
        wanted = ", ".join(f"{name} {value}" for name, value in self.fields.items())
        return f"event {self.name}" + (f" with {wanted}" if wanted else "") + " is told"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen to events of this name; their fields become ``trigger.*``."""

        def look(event: Event) -> Firing | None:
            if event.payload.get("name") != self.name:
                return None
            fields = event.payload.get("fields")
            values = scalars(fields) if isinstance(fields, Mapping) else {}
            if not all(_fits(wanted, values.get(name)) for name, wanted in self.fields.items()):
                return None
            told = {"name": self.name, "by": str(event.payload.get("by", ""))}
            return Firing("event", {**values, **told}, event.cause)

        return on_event(context, KIND, look, fire)


def _fits(wanted: str, value: Scalar | None) -> bool:
    return value is not None and same_value(wanted, value)
