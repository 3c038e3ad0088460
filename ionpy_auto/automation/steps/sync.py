"""``sync``: wait for the runs of other channels."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Meeting, StepContext
from ionpy_auto.automation.fields import (
    Count,
    PlacedList,
    PlacedText,
    Plain,
    Reading,
    Seconds,
    Word,
    fail,
)
from ionpy_auto.automation.steps._timeouts import OnTimeout, Verdict, too_late


class _Channels(Plain):
    """Ids of channels."""

    schema: Mapping[str, Any] = {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    }

    def read(self, value: object, reading: Reading) -> tuple[str, ...]:
        del reading
        items = value if isinstance(value, PlacedList) else [value]
        if not all(isinstance(item, PlacedText) and item.strip() for item in items):
            raise fail("wrong_type", "ids of channels are needed here", "with: [CH2, CH3]")
        return tuple(str(item).strip() for item in items)


@step
class Sync(Step):
    """Wait until the runs of other channels have come to the same place."""

    shorthand = "name"
    companions = ("with", "count", "timeout", "on_timeout", "verdict")
    uses_channel = False
    name: Word
    channels: Annotated[
        Annotated[tuple[str, ...], _Channels()], Field(alias="with", description="channels")
    ] = ()
    count: Annotated[Count | None, Field(description="runs in all, this one counted")] = None
    timeout: Annotated[Seconds, Field(description="the longest wait")]
    on_timeout: OnTimeout = "abort"
    verdict: Annotated[Verdict, Field(description="when the time was over")] = "inconclusive"

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if bool(self.channels) == (self.count is not None):
            raise fail("wrong_value", "sync takes with or count", "with: [CH2], or count: 2")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        whom = ", ".join(self.channels) or f"{self.count} runs"
        return f"Wait at {self.name} for {whom}"

    async def run(self, context: StepContext) -> None:
        """Go on together with the last one.

        Raises:
            Rejected: The time was over, with ``on_timeout: abort``.
        """
        meeting = Meeting(
            name=self.name,
            channels=self.channels,
            count=self.count or 1,
            timeout_s=self.timeout,
        )
        if not await context.meet(meeting):
            what = f"not all have come to {self.name}"
            too_late(context, what, self.timeout, self.on_timeout, self.verdict)
