"""``rule``: switch another rule on or off, or trigger it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.core.bus import Event


@action
class RuleSwitch(Action):
    """Switch a rule on or off, or trigger it."""

    shorthand = "id"
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9_-]+$", description="flow/rule")]
    do: Literal["enable", "disable", "trigger"] = "enable"

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{self.do} rule {self.id}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Tell the rule engine, wherever it is."""
        clock = context.lab.clock
        kind, payload = "rule_switch", {"rule": self.id, "enabled": self.do == "enable"}
        if self.do == "trigger":
            kind, payload = "rule_trigger", {"rule": self.id, "by": context.origin.id}
        event = Event(kind, payload, clock.now(), clock.monotonic(), context.origin.cause)
        context.lab.bus.publish(event)
        return payload
