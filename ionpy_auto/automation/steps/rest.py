"""``rest``: leave the cell alone."""

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext
from ionpy_auto.automation.fields import Seconds, YesNo
from ionpy_auto.language import format_duration


@step
class Rest(Step):
    """Leave the cell alone, outputs off.

    After a pause or a power loss a rest begins anew; with ``resume`` it goes on where it was.
    """

    shorthand = "duration"
    duration: Seconds | None = None
    resume: YesNo = False

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Rest {format_duration(self.duration)}" if self.duration else "Rest"

    async def run(self, context: StepContext) -> None:
        """Outputs off, then wait for the end."""
        await context.channel.rest()
        await context.until_end(self.duration)
