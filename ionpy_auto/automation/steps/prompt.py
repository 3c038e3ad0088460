"""``prompt``: ask a person, and wait for the answer."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Question, StepContext
from ionpy_auto.automation.fields import (
    Message,
    Number,
    PlacedDict,
    PlacedList,
    PlacedText,
    Plain,
    Reading,
    Seconds,
    YesNo,
    fail,
)
from ionpy_auto.automation.steps._timeouts import OnTimeout, Verdict, too_late
from ionpy_auto.language import UnitError, parse_quantity

VERDICTS = ("pass", "inconclusive", "fail")
MAX_CHOICES = 20
NUMBER = "number"
"""Written as unit of what has none."""


class _Choices(Plain):
    """Words, or words with the verdict each means."""

    schema: Mapping[str, Any] = {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "additionalProperties": {"enum": list(VERDICTS)}},
        ]
    }

    def read(self, value: object, reading: Reading) -> Mapping[str, str]:
        del reading
        hint = "choices: [good, bad], or choices: {good: pass, bad: fail}"
        if isinstance(value, PlacedDict):
            found: dict[str, object] = dict(value)
        elif isinstance(value, PlacedList) and all(isinstance(v, PlacedText) for v in value):
            found = dict.fromkeys(map(str, value), "pass")
        else:
            raise fail("wrong_type", "choices are words", hint)
        if any(verdict not in VERDICTS for verdict in found.values()):
            raise fail("wrong_value", f"a verdict is one of {', '.join(VERDICTS)}", hint)
        if not 1 <= len(found) <= MAX_CHOICES or not all(word.strip() for word in found):
            raise fail("range", f"1 to {MAX_CHOICES} choices, none of them empty", hint)
        return {word: str(verdict) for word, verdict in found.items()}


class _AnyUnit(Plain):
    """A unit, or ``number``."""

    schema: Mapping[str, Any] = {"type": "string", "examples": ["°C", "mV", NUMBER]}

    def read(self, value: object, reading: Reading) -> str:
        del reading
        text = str(value).strip()
        if text == NUMBER:
            return ""
        try:
            if parse_quantity(f"1 {text}").unit.name == "C":
                raise fail("unit", "C is a rate of current; a temperature is written °C")
        except UnitError as error:
            raise fail("unit", error.message, error.hint) from None
        return text


@step
class PromptStep(Step):
    """Ask a person to confirm, to choose or to enter a value."""

    shorthand = "text"
    companions = ("choices", "unit", "min", "max", "timeout", "on_timeout", "verdict", "keep_on")
    uses_channel = False
    text: Message
    choices: Annotated[Mapping[str, str], _Choices()] = Field(default_factory=dict)
    unit: Annotated[
        Annotated[str, _AnyUnit()] | None, Field(description="of the value that is asked for")
    ] = None
    min: Annotated[Number | None, Field(description="lowest value, in unit")] = None
    max: Annotated[Number | None, Field(description="highest value, in unit")] = None
    timeout: Annotated[Seconds | None, Field(description="the longest wait")] = None
    on_timeout: OnTimeout = "abort"
    verdict: Annotated[Verdict, Field(description="when the time was over")] = "inconclusive"
    keep_on: Annotated[YesNo, Field(description="leave the outputs as they are")] = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.choices and self.unit is not None:
            hint = "remove choices or unit"
            msg = "a prompt asks for a choice or for a value, not for both"
            raise fail("wrong_value", msg, hint)
        if self.unit is None and (self.min is not None or self.max is not None):
            hint = "unit: °C, or unit: number"
            raise fail("missing_key", "min and max need a unit", hint, key="unit")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Ask: {self.text.source}"

    async def run(self, context: StepContext) -> None:
        """Wait for the answer.

        Raises:
            Rejected: The time was over, with ``on_timeout: abort``.
        """
        question = Question(
            text=self.text.render(context.env),
            choices=self.choices,
            unit=self.unit,
            low=self.min,
            high=self.max,
            timeout_s=self.timeout,
            keep_on=self.keep_on,
        )
        if not await context.ask(question):
            seconds = self.timeout or 0.0
            too_late(context, "nobody answered", seconds, self.on_timeout, self.verdict)
