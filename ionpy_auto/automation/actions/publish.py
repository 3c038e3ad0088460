"""``publish``: send a message to a broker."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Message, Seconds, Word, YesNo, fail
from ionpy_auto.automation.triggers.mqtt import Qos
from ionpy_auto.connections import Publication
from ionpy_auto.connections.topics import topic_problem
from ionpy_auto.language import Template

LONGEST_S = 60.0


@action
class Publish(Action):
    """Send a message to a broker."""

    shorthand = "topic"
    topic: Message
    payload: Annotated[Message | None, Field(description="text or JSON; empty by default")] = None
    broker: Annotated[
        Word | None, Field(description="a connection; needed when there are several")
    ] = None
    qos: Annotated[Qos, Field(description="1: the broker must acknowledge it")] = 0
    retain: Annotated[YesNo, Field(description="the broker keeps it for later")] = False
    timeout: Annotated[Seconds, Field(description="for the acknowledgement")] = 10.0

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, topic: Template) -> Template:
        # Only what stands there as text can be judged before it is rendered.
        fixed = "".join(piece for piece in topic.pieces if isinstance(piece, str))
        if (problem := topic_problem(fixed or "x")) and fixed:
            raise fail("bad_topic", f"{fixed[:80]!r}: {problem}", "write lab/oven/set")
        return topic

    @field_validator("timeout")
    @classmethod
    def _in_time(cls, seconds: float) -> float:
        if not 0 < seconds <= LONGEST_S:
            raise fail("range", "timeout is above 0 and at most 1 min")
        return seconds

    def sentence(self) -> str:
        """As a person would say it."""
        what = repr(self.payload.source) if self.payload else "an empty message"
        to = f" at {self.broker}" if self.broker else ""
        return f"publish {what} to {self.topic.source}{to}"

    def needs_intent(self) -> bool:
        """With QoS 0 nobody promises that it arrives; what is acknowledged or kept is promised."""
        return self.qos > 0 or self.retain

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Send it now; what cannot be sent is never sent later.

        Raises:
            IonpyError: No such broker, offline, or not acknowledged in time.
        """
        text = self.payload.render(context.env) if self.payload else ""
        what = Publication(
            topic=self.topic.render(context.env),
            payload=text.encode("utf-8", "replace"),
            connection=self.broker,
            qos=self.qos,
            retain=self.retain,
            timeout_s=self.timeout,
        )
        return await context.lab.topics.publish(what, context.origin.cause)
