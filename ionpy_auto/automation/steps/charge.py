"""``charge``: put charge into the cell with the channel's supply."""

from pydantic import model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import PositiveAmps, PositiveVolts, PositiveWatts, fail
from ionpy_auto.automation.steps._precharge import before_charge
from ionpy_auto.language import format_quantity


@step
class Charge(Step):
    """Charge the cell.

    With ``current`` alone at constant current, with ``voltage`` alone at constant voltage, with
    both first the one and then the other (phases ``cc`` and ``cv``). With ``power`` at constant
    power (phase ``cp``), up to ``voltage`` and with at most ``current``. What is not given is
    bounded by the limits in force.
    """

    needs_end = True
    current: PositiveAmps | None = None
    voltage: PositiveVolts | None = None
    power: PositiveWatts | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> "Charge":
        if self.current is None and self.voltage is None and self.power is None:
            raise fail("missing-key", "charge needs a current, a voltage, both, or a power")
        return self

    def drives(self) -> tuple[Drive, ...]:
        """One charge."""
        drive = Drive("charge", current=self.current, voltage=self.voltage, power=self.power)
        return (drive,)

    def sentence(self) -> str:
        """As a person would say it."""
        volts = "" if self.voltage is None else format_quantity(self.voltage, "V")
        if self.power is not None:
            top = f" up to {volts}" if volts else ""
            return f"Charge {format_quantity(self.power, 'W')}{top} (CP)"
        if self.current is None:
            return f"Charge at {volts} (CV)"
        amps = format_quantity(self.current, "A")
        return f"Charge {amps} to {volts} (CC-CV)" if volts else f"Charge {amps} (CC)"

    def figures(self) -> tuple[str, ...]:
        """How long a deeply discharged cell was precharged."""
        return ("precharged",)

    async def run(self, context: StepContext) -> None:
        """Switch the supply on in the safe order, then wait for an end."""
        drive = self.drives()[0]
        if await before_charge(context, drive):
            await context.channel.drive(drive)
            await context.until_end()
