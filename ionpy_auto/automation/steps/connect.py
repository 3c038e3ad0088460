"""``connect``: close the relay between cell and instruments."""

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext


@step
class Connect(Step):
    """Connect the cell: the channel's relay stays closed, also at rest."""

    async def run(self, context: StepContext) -> None:
        """Outputs off, less than 10 mA, then the relay."""
        await context.channel.connect()
