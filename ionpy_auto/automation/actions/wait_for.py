"""``wait_for``: wait until something is so, but not for ever."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.actions._waiting import Waiting
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Count, Seconds, When, Word, fail
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import Expression, format_duration

MOST_JUMPS = 10_000


@action
class WaitFor(Action):
    """Wait until a condition is met."""

    shorthand = "condition"
    companions = ("timeout", "on_timeout", "goto", "max")
    interruption = "restart"
    condition: When
    timeout: Annotated[Seconds, Field(description="the longest wait")]
    on_timeout: Annotated[
        Literal["abort", "continue", "goto"],
        Field(description="abort ends the list with an error"),
    ] = "abort"
    goto: Annotated[
        Word | None, Field(description="id of the action in this list to go on with")
    ] = None
    max: Annotated[Count | None, Field(description="how often it goes there; then it aborts")] = (
        None
    )

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.on_timeout != "goto":
            if self.goto is not None or self.max is not None:
                raise fail("wrong_value", "goto and max belong to on_timeout: goto")
            return self
        if self.goto is None:
            hint = "goto: id of an action here"
            raise fail("missing_key", "on_timeout: goto needs goto", hint, key="goto")
        if self.max is None or self.max > MOST_JUMPS:
            msg = f"goto needs max, from 1 to {MOST_JUMPS}"
            raise fail("missing_max", msg, "max: 3", most=MOST_JUMPS)
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        longest = format_duration(self.timeout)
        return f"wait until {self.condition.expression.source}, at most {longest}"

    def watched(self) -> tuple[Expression, ...]:
        """The condition."""
        both = (self.condition.expression, self.condition.reset)
        return tuple(expression for expression in both if expression is not None)

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Wait; what is unknown is not met.

        Raises:
            Rejected: The time was over, with ``on_timeout: abort``.

        Returns:
            ``{met, waited_s}``, and ``goto`` when the list goes on elsewhere.
        """
        clock = context.lab.clock
        began = clock.monotonic()
        met = True
        try:
            async with clock.timeout(self.timeout):
                await Waiting(self.condition, context).until_met()
        except TimeoutError:
            met = False
        waited = clock.monotonic() - began
        if not met and self.on_timeout == "abort":
            raise self.timed_out("", waited)
        jump = {"goto": self.goto} if not met and self.on_timeout == "goto" else {}
        return {"met": met, "waited_s": waited, **jump}

    def timed_out(self, more: str, waited: float | None = None) -> Rejected:
        """The error that ends the list."""
        source = self.condition.expression.source
        msg = f"{source} was not so within {format_duration(self.timeout)}"
        return Rejected(
            f"{msg}, {more}" if more else msg,
            code="WAIT_TIMEOUT",
            hint="on_timeout: continue goes on all the same",
            args={"waited_s": self.timeout if waited is None else waited},
        )
