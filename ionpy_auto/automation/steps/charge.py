"""``charge``: put charge into the cell with the channel's supply."""

from pydantic import model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import PositiveAmps, PositiveVolts, fail
from ionpy_auto.language import format_quantity


@step
class Charge(Step):
    """Charge the cell.

    With ``current`` alone at constant current, with ``voltage`` alone at constant voltage, with
    both first the one and then the other (phases ``cc`` and ``cv``). What is not given is bounded
    by the limits in force.
    """

    needs_end = True
    current: PositiveAmps | None = None
    voltage: PositiveVolts | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> "Charge":
        if self.current is None and self.voltage is None:
            raise fail("missing-key", "charge needs a current, a voltage or both")
        return self

    def drives(self) -> tuple[Drive, ...]:
        """One charge."""
        return (Drive("charge", current=self.current, voltage=self.voltage),)

    def sentence(self) -> str:
        """As a person would say it."""
        if self.voltage is None:
            return f"Charge {format_quantity(self.current or 0.0, 'A')} (CC)"
        if self.current is None:
            return f"Charge at {format_quantity(self.voltage, 'V')} (CV)"
        amps, volts = format_quantity(self.current, "A"), format_quantity(self.voltage, "V")
        return f"Charge {amps} to {volts} (CC-CV)"

    async def run(self, context: StepContext) -> None:
        """Switch the supply on in the safe order, then wait for an end."""
        await context.channel.drive(self.drives()[0])
        await context.until_end()
