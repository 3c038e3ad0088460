"""``event``: tell something that other rules listen to."""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.automation.actions._values import Fields, values_now
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Word
from ionpy_auto.core.bus import Event


@action
class TellEvent(Action):
    """Tell an event that rules may listen to."""

    shorthand = "name"
    name: Word
    fields: Fields = ()

    def sentence(self) -> str:
        """As a person would say it."""
        return f"tell event {self.name}"

    def needs_intent(self) -> bool:
        """Nobody outside hears it; rules that act on it leave intents of their own."""
        return False

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Tell it with the present values; what is unknown is left open."""
        clock = context.lab.clock
        payload = {
            "name": self.name,
            "by": context.origin.id,
            "fields": values_now(self.fields, context.env),
        }
        event = Event("custom", payload, clock.now(), clock.monotonic(), context.origin.cause)
        context.lab.bus.publish(event)
        return payload
