"""``discharge``: take charge out of the cell with the channel's load."""

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import PositiveAmps
from ionpy_auto.language import format_quantity


@step
class Discharge(Step):
    """Discharge the cell at constant current."""

    shorthand = "current"
    needs_end = True
    current: PositiveAmps

    def drives(self) -> tuple[Drive, ...]:
        """One discharge."""
        return (Drive("discharge", current=self.current),)

    def sentence(self) -> str:
        """As a person would say it."""
        return f"Discharge {format_quantity(self.current, 'A')} (CC)"

    async def run(self, context: StepContext) -> None:
        """Switch the load on in the safe order, then wait for an end."""
        await context.channel.drive(self.drives()[0])
        await context.until_end()
