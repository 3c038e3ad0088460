"""``goto``: go on with another step, but not for ever."""

from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Jumps, StepId


@step
class Goto(Step):
    """Go on with another step."""

    shorthand = "target"
    companions = ("max",)
    is_control = True
    uses_channel = False
    takes_time = False
    target: Annotated[StepId, Field(description="id of a step in this list or one around it")]
    max: Annotated[Jumps, Field(description="how often in one run; then the next step comes")]

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Go to {self.target}, at most {self.max} ×"

    async def run(self, context: StepContext) -> None:
        """Jump, as often as it may."""
        context.goto(self.target, self.max)
