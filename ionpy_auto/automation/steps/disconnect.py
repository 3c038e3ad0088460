"""``disconnect``: open the relay between cell and instruments."""

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import StepContext


@step
class Disconnect(Step):
    """Disconnect the cell: outputs off, then the channel's relay open."""

    async def run(self, context: StepContext) -> None:
        """Outputs off, less than 10 mA, then the relay."""
        await context.channel.disconnect()
