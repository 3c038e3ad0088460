"""``discharge``: take charge out of the cell with the channel's load."""

from pydantic import model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import (
    PositiveAmps,
    PositiveOhms,
    PositiveVolts,
    PositiveWatts,
    fail,
)
from ionpy_auto.language import format_quantity


@step
class Discharge(Step):
    """Discharge the cell.

    At constant ``current``, ``power`` or ``resistance``. With ``voltage`` the current is lowered
    so that the cell stays there (phase ``cv``), from ``current`` or from what the limits allow.
    """

    shorthand = "current"
    needs_end = True
    current: PositiveAmps | None = None
    voltage: PositiveVolts | None = None
    power: PositiveWatts | None = None
    resistance: PositiveOhms | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Discharge":
        led = self.power, self.resistance
        others = self.current, self.voltage
        given = sum(value is not None for value in led) + any(v is not None for v in others)
        if given == 0:
            text = "discharge needs a current, a voltage, a power or a resistance"
            raise fail("missing-key", text, "discharge: {current: 1 C}")
        if given > 1:
            text = "discharge holds one of current, power and resistance"
            raise fail("wrong-value", text, "only current and voltage go together")
        return self

    def drives(self) -> tuple[Drive, ...]:
        """One discharge."""
        led = self.current, self.voltage, self.power, self.resistance
        return (Drive("discharge", *led),)

    def sentence(self) -> str:
        """As a person would say it."""
        if self.power is not None:
            return f"Discharge {format_quantity(self.power, 'W')} (CP)"
        if self.resistance is not None:
            return f"Discharge into {format_quantity(self.resistance, 'Ω')} (CR)"
        volts = "" if self.voltage is None else format_quantity(self.voltage, "V")
        if self.current is None:
            return f"Discharge at {volts} (CV)"
        amps = format_quantity(self.current, "A")
        return f"Discharge {amps} to {volts} (CC-CV)" if volts else f"Discharge {amps} (CC)"

    async def run(self, context: StepContext) -> None:
        """Switch the load on in the safe order, then wait for an end."""
        await context.channel.drive(self.drives()[0])
        await context.until_end()
