"""``call``: run the sequence of another flow in place of this step."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import PlacedDict, PlacedText, Plain, Reading, Word, fail
from ionpy_auto.automation.flow import Flow, StepNode
from ionpy_auto.automation.flow_reader import FlowReader
from ionpy_auto.core.errors import Rejected


class _Values(Plain):
    """Values of parameters, as written."""

    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }

    def read(self, value: object, reading: Reading) -> Mapping[str, str]:
        del reading
        if not isinstance(value, PlacedDict):
            raise fail("wrong_type", "a map of values is needed here", "parameters: {cycles: 3}")
        if not all(isinstance(one, PlacedText) for one in value.values()):
            raise fail("wrong_type", "plain values are needed here", "parameters: {cycles: 3}")
        return {name: str(one) for name, one in value.items()}


@step
class Call(Step):
    """Run the steps of another flow, with parameters of its own."""

    shorthand = "sequence"
    companions = ("parameters",)
    is_control = True
    uses_channel = False
    sequence: Annotated[
        Word, Field(description="id of the flow", json_schema_extra={"x-flow": True})
    ]
    parameters: Annotated[Mapping[str, str], _Values()] = Field(default_factory=dict)
    _flow: Flow | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        reader = info.context.reader if isinstance(info.context, Reading) else None
        if isinstance(reader, FlowReader):
            self._flow = reader.called(self.sequence, self.parameters)
        return self

    @property
    def flow(self) -> Flow | None:
        """The called flow, bound to the channel of the caller; None where it cannot be known."""
        return self._flow

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Run {self.flow.title if self.flow is not None else self.sequence}"

    def parts(self) -> tuple[tuple[str, tuple[StepNode, ...]], ...]:
        """The called steps."""
        if self.flow is None:
            return ()
        return ("sequence", self.flow.sequence), ("finally", self.flow.closing)

    async def run(self, context: StepContext) -> None:
        """Run its sequence, then its ``finally``.

        Raises:
            Rejected: The flow was not found when this one was read.
        """
        if self.flow is None:
            msg = f"flow {self.sequence!r} was not found"
            raise Rejected(msg, code="UNKNOWN_FLOW", hint="call the id of another flow")
        await context.call(self.flow.sequence, self.flow.closing)
