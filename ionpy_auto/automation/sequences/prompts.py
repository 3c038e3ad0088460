"""Questions a run asks a person, and what an answer may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionpy_auto.automation.context import Question
from ionpy_auto.automation.sequences.track import Track
from ionpy_auto.core.errors import Conflict, NotFound, Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import UnitError, parse_quantity
from ionpy_auto.language.units import coherent_name

CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said.

    Attributes:
        value: Kept as ``prompt.<step>``: the choice, the number in its coherent unit, or true.
        ended_by: How the step has ended.
        verdict: Of the step.
        shown: As written.
    """

    value: Scalar
    ended_by: str
    verdict: str
    shown: str


@dataclass(frozen=True)
class Prompt:
    """One open question.

    Attributes:
        track: The line of steps that waits for it.
        question: What is asked.
        since: UTC.
    """

    track: Track
    question: Question
    since: float

    @property
    def step_id(self) -> str:
        """The step that asks."""
        step = self.track.step
        return step.node.id if step is not None else ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        question = self.question
        kind = "choice" if question.choices else "confirm" if question.unit is None else "value"
        return {
            "step": self.step_id,
            "text": question.text,
            "kind": kind,
            "choices": list(question.choices),
            "unit": question.unit,
            "min": question.low,
            "max": question.high,
            "since": self.since,
            "timeout_s": question.timeout_s,
        }

    def read(self, given: Scalar | None) -> Answer:
        """Take an answer.

        Raises:
            Rejected: It is none of the choices, no number, or outside the range.
        """
        question = self.question
        if question.choices:
            if given not in question.choices:
                raise _refused(f"{given!r} is none of the choices", ", ".join(question.choices))
            choice = str(given)
            return Answer(choice, choice, question.choices[choice], choice)
        if question.unit is None:
            if given not in {None, True, "ok", "yes"}:
                raise _refused(f"{given!r} does not confirm", 'answer with true, "ok" or nothing')
            return Answer(True, CONFIRMED, "pass", "ok")
        return self._number(given, question.unit)

    def _number(self, given: Scalar | None, unit: str) -> Answer:
        if given is None or isinstance(given, bool):
            raise _refused("a number is needed", f"in {unit}" if unit else "")
        is_bare = isinstance(given, int | float) or given.strip().lstrip("+-")[-1:].isdigit()
        text = f"{given} {unit}".strip() if is_bare else str(given)
        try:
            quantity = parse_quantity(text)
            number = quantity.to(unit) if unit else quantity.value
        except UnitError as error:
            raise _refused(error.message, error.hint) from None
        low, high = self.question.low, self.question.high
        if (low is not None and number < low) or (high is not None and number > high):
            span = f"{'…' if low is None else low} to {'…' if high is None else high} {unit}"
            raise _refused(f"{text} is outside {span}", "look again")
        return Answer(quantity.coherent, "answered", "pass", text)


def coherent_unit(unit: str) -> str:
    """In which unit an answer is kept."""
    if not unit:
        return ""
    found = parse_quantity(f"1 {unit}").unit
    return coherent_name(found.dimension, absolute=found.absolute)


def _refused(message: str, hint: str) -> Rejected:
    return Rejected(message, code="BAD_ANSWER", hint=hint)


def find_prompt(prompts: Mapping[str, Prompt], step_id: str) -> Prompt:
    """The question a person means.

    Args:
        prompts: Open ones, by step.
        step_id: Empty for the only one.

    Raises:
        NotFound: Nothing is asked, or not by this step.
        Conflict: Several are open.
    """
    if step_id in prompts:
        return prompts[step_id]
    if step_id or not prompts:
        msg = f"step {step_id!r} asks nothing" if step_id else "nothing is asked"
        raise NotFound(msg, code="NO_PROMPT", hint="it has been answered, or its time was over")
    if len(prompts) > 1:
        hint = f"give step: one of {', '.join(prompts)}"
        raise Conflict("several questions are open", code="SEVERAL_PROMPTS", hint=hint)
    return next(iter(prompts.values()))
