"""``alarm``: raise or clear an alarm of this rule or run, or acknowledge one."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext, AlarmCall
from ionpy_auto.automation.fields import AnyValue, Message, Word, fail


@action
class Alarm(Action):
    """Raise, clear or acknowledge an alarm."""

    shorthand = "text"
    text: Message | None = None
    severity: Literal["info", "warning", "critical"] = "warning"
    do: Literal["raise", "clear", "ack"] = "raise"
    key: Annotated[Word | None, Field(description="tells several alarms of one rule apart")] = None
    of: Annotated[
        Message | None, Field(description='with ack: key of the alarm, "{{ trigger.key }}"')
    ] = None
    device: Word | None = None
    value: AnyValue | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.of is not None and self.do != "ack":
            raise fail("wrong_value", "of belongs to do: ack", "a rule raises and clears its own")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        if self.do == "clear":
            return "clear its alarm"
        if self.do == "ack":
            return f"acknowledge alarm {self.of.source}" if self.of else "acknowledge its alarm"
        return f"raise a {self.severity} alarm {self.text.source if self.text else ''!r}"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Raise it; raising an active alarm again changes nothing but text and severity."""
        value = self.value.evaluate(context.env) if self.value else None
        # A rule of a run writes as the run, but its alarm is its own.
        owner = (context.origin.id, *context.origin.cause)[-1]
        owner = owner if owner.startswith("rule:") else context.origin.id
        key = f"{owner}/{self.key}" if self.key else owner
        if self.do == "ack":
            key = self.of.render(context.env) if self.of else key
            comment = self.text.render(context.env) if self.text else ""
            return await context.lab.acknowledge(key, owner, comment)
        return await context.lab.alarm(
            AlarmCall(
                key=key,
                active=self.do == "raise",
                severity=self.severity,
                text=self.text.render(context.env) if self.text else "",
                device=self.device,
                value=value if isinstance(value, float) else None,
                cause=context.origin.cause,
            )
        )
