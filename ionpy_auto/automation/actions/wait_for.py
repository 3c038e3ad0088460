"""``wait_for``: wait until something is so, but not for ever."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ionpy_auto.automation.actions._waiting import Waiting
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.fields import Seconds, When
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import Expression, format_duration


@action
class WaitFor(Action):
    """Wait until a condition is met."""

    shorthand = "condition"
    companions = ("timeout", "on_timeout")
    interruption = "restart"
    condition: When
    timeout: Annotated[Seconds, Field(description="the longest wait")]
    on_timeout: Annotated[
        Literal["abort", "continue"], Field(description="abort ends the list with an error")
    ] = "abort"

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
            source = self.condition.expression.source
            msg = f"{source} was not so within {format_duration(self.timeout)}"
            hint = "on_timeout: continue goes on all the same"
            raise Rejected(msg, code="WAIT_TIMEOUT", hint=hint, args={"waited_s": waited})
        return {"met": met, "waited_s": waited}
