"""Bringing a deeply discharged cell up with a small current, as its cell file says."""

from dataclasses import dataclass
from typing import Final

from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import format_duration, format_quantity

LOOK_S: Final = 0.5
LONGEST_LOOK_S: Final = 20.0
APPROACH: Final = 0.25
"""Share of the time the cell still needs, as fast as it rises now, until it is looked at again."""
ENOUGH_LOOKS: Final = 2


@dataclass(frozen=True)
class Precharging:
    """How a cell is precharged.

    Attributes:
        below: Only a cell below this voltage [V] needs it.
        current: A.
        seconds: Longest time it may take.
    """

    below: float
    current: float
    seconds: float

    def is_needed(self, context: StepContext) -> bool:
        """Whether the cell is below the voltage now; one that cannot be seen is not charged."""
        volts = context.meter.voltage
        return volts is not None and volts < self.below

    async def run(self, context: StepContext, drive: Drive) -> bool:
        """Charge until the voltage holds; the outputs are on afterwards.

        The ends of the step are not looked at: a taper's current is not what ends this.

        Args:
            context: Of the step.
            drive: What comes next, for the protections and the voltage that is held.

        Returns:
            False when the step has ended meanwhile.

        Raises:
            Rejected: The voltage was not reached in time: the cell is not to be charged.
        """
        context.phase("precharge")
        try:
            return await self._until_up(context, drive)
        finally:
            context.phase("")

    async def _until_up(self, context: StepContext, drive: Drive) -> bool:
        clock = context.lab.clock
        began, looks, drives = clock.monotonic(), 0, False
        pace = Approach(self.below)
        while looks < ENOUGH_LOOKS:
            if not drives:
                drives = await context.channel.drive(self._drive(drive))
                if not drives:
                    return False
            held = await context.hold(pace.wait_s(context, clock.monotonic()), ends=False)
            if held == "ended":
                return False
            drives = held != "paused"
            looks = 0 if self.is_needed(context) or not drives else looks + 1
            taken = clock.monotonic() - began
            context.meter.keep({"precharged": taken})
            if taken > self.seconds and looks < ENOUGH_LOOKS:
                raise self._refusal(context)
        return True

    def _drive(self, drive: Drive) -> Drive:
        return Drive(
            "charge",
            current=min(self.current, drive.current or self.current),
            voltage=drive.voltage,
            peak=drive.current,
        )

    def _refusal(self, context: StepContext) -> Rejected:
        volts = context.meter.voltage
        seen = "unknown" if volts is None else format_quantity(volts, "V")
        below, longest = format_quantity(self.below, "V"), format_duration(self.seconds)
        msg = f"precharge did not reach {below} within {longest}: the cell is at {seen}"
        return Rejected(msg, code="PRECHARGE_TIMEOUT", hint="the cell is damaged or not connected")


@dataclass
class Approach:
    """When to look next at a cell that rises.

    Attributes:
        below: The voltage it has to reach, V.
    """

    below: float
    _volts: float | None = None
    _mono: float = 0.0

    def wait_s(self, context: StepContext, now: float) -> float:
        """Seconds until the next look; few where the voltage is near, unknown or does not rise."""
        volts, passed = context.meter.voltage, now - self._mono
        before, self._volts, self._mono = self._volts, volts, now
        if volts is None or before is None or volts >= self.below or volts <= before:
            return LOOK_S
        left_s = (self.below - volts) * passed / (volts - before)
        return min(max(APPROACH * left_s, LOOK_S), LONGEST_LOOK_S)


def of_cell(context: StepContext) -> Precharging | None:
    """As the cell file says; None when it says nothing."""
    value = context.env.value
    found = [value(f"cell.precharge_{name}") for name in ("below", "current", "max")]
    numbers = [float(one) for one in found if isinstance(one, int | float)]
    return Precharging(*numbers) if len(numbers) == len(found) else None


async def before_charge(context: StepContext, drive: Drive) -> bool:
    """What a charge does first with a deeply discharged cell; False when the step has ended."""
    how = of_cell(context)
    if how is None or not how.is_needed(context):
        return True
    return await how.run(context, drive)
