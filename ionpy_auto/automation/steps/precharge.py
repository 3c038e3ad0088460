"""``precharge``: bring a deeply discharged cell up with a small current."""

from typing import Annotated

from pydantic import Field

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import PositiveAmps, PositiveVolts, Seconds
from ionpy_auto.automation.steps._precharge import Precharging, of_cell
from ionpy_auto.core.errors import Rejected


@step
class Precharge(Step):
    """Charge a cell that is below a voltage with a small current, up to that voltage.

    What is not given stands in the cell file. A cell above the voltage is left alone. One that does
    not get there in time breaks the run off.
    """

    below: PositiveVolts | None = None
    current: PositiveAmps | None = None
    longest: Annotated[Seconds | None, Field(alias="max", description="longest time")] = None

    def drives(self) -> tuple[Drive, ...]:
        """A small charge."""
        return (Drive("charge", current=self.current),)

    def figures(self) -> tuple[str, ...]:
        """How long it took."""
        return ("precharged",)

    async def run(self, context: StepContext) -> None:
        """Look, and charge if it is needed.

        Raises:
            Rejected: Neither step nor cell file says how, or the cell does not come up.
        """
        how = self._how(of_cell(context))
        await context.channel.rest()
        if not how.is_needed(context):
            context.end("not_needed")
        elif await how.run(context, Drive("charge", current=how.current)):
            context.end("done")

    def _how(self, cell: Precharging | None) -> Precharging:
        below = self.below or (cell.below if cell else None)
        current = self.current or (cell.current if cell else None)
        longest = self.longest or (cell.seconds if cell else None)
        if below is None or current is None or longest is None:
            msg = "precharge needs below, current and max"
            hint = "give them in the step, or precharge: in the cell file"
            raise Rejected(msg, code="NO_PRECHARGE", hint=hint)
        return Precharging(below, current, longest)
