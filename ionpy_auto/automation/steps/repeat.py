"""``repeat``: run steps several times."""

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Count
from ionpy_auto.automation.flow_reader import StepList


@step
class Repeat(Step):
    """Run the steps below ``do`` several times."""

    shorthand = "count"
    companions = ("do",)
    count: Count
    do: StepList

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Repeat {self.count} ×"

    async def run(self, context: StepContext) -> None:
        """Count the loop, run its steps."""

        async def body(number: int) -> None:
            del number
            await context.steps(self.do)

        await context.each(self.count, body)
