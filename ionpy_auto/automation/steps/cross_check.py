"""``cross_check``: the current meters of supply and load against each other, without the cell."""

from statistics import fmean
from typing import Annotated, Final

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, StepContext
from ionpy_auto.automation.fields import Physical, PositiveAmps, Volts, fail
from ionpy_auto.core.errors import DeviceError, Rejected
from ionpy_auto.language import format_quantity

SETTLE_S: Final = 1.0
LOOKS: Final = 20
LOOK_S: Final = 0.1
Percent = Annotated[float, Physical("%", positive=True)]


@step
class CrossCheck(Step):
    """Let the supply feed the load with the cell disconnected and compare both at three currents.

    The supply stands at the voltage the cell has, the relay is open by read-back all the time. The
    result is ``I_charge = gain * I_discharge + offset``, kept per channel. It changes nothing
    unless the channel file says ``current: {…, corrected: true}``.
    """

    shorthand = "currents"
    currents: Annotated[
        tuple[PositiveAmps, PositiveAmps, PositiveAmps],
        Field(description="three currents, the lowest first"),
    ]
    tolerance: Annotated[Percent, Field(description="more than this is a fault, no error")] = 5.0
    moved: Annotated[Volts, Field(description="a cell that moves more is not disconnected")] = 0.010

    @model_validator(mode="after")
    def _ascending(self) -> "CrossCheck":
        low, middle, high = self.currents
        if not low < middle < high:
            raise fail("wrong_value", "three rising currents", "currents: [0.5 A, 1 A, 2 A]")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        shown = ", ".join(format_quantity(amps, "A") for amps in self.currents)
        return f"Compare the meters of supply and load at {shown}"

    @property
    def duration(self) -> float:
        """About how long it takes, for the progress of the run."""
        return len(self.currents) * (SETTLE_S + LOOKS * LOOK_S)

    def drives(self) -> tuple[Drive, ...]:
        """Both outputs are used, though not on the cell."""
        top = self.currents[-1]
        return (Drive("charge", current=top), Drive("discharge", current=top))

    def figures(self) -> tuple[str, ...]:
        """Of the supply's meter against the load's."""
        return ("gain", "offset")

    async def run(self, context: StepContext) -> None:
        """Compare, judge, keep.

        Raises:
            Rejected: The channel has no relay, or no meter of its own for each direction.
            DeviceError: The cell moved: it is not disconnected.
        """
        slow = context.meter.faster(LOOK_S)
        try:
            await context.channel.compare(self.currents[-1])
            pairs = await self._measure(context)
        finally:
            slow()
        await context.channel.rest()
        if pairs is None:  # a pause in the middle, or an end of the step
            context.end("broken_off", "inconclusive")
            return
        gain, offset = fitted(pairs)
        context.meter.keep({"gain": gain, "offset": offset})
        if max(abs(given - drawn) / drawn for given, drawn in pairs) > self.tolerance / 100.0:
            context.end("disagree", "fail")
            shown = "; ".join(f"{given:.4g} A and {drawn:.4g} A" for given, drawn in pairs)
            msg = f"supply and load show {shown}"
            raise Rejected(msg, code="METERS_DISAGREE", hint="look for what draws a current")
        context.meter.correct(gain, offset)
        context.end("done")

    async def _measure(self, context: StepContext) -> list[tuple[float, float]] | None:
        """Means of both meters at each current, or None when the step has ended."""
        meter, pairs = context.meter, []
        before = meter.voltage
        for amps in self.currents:
            await context.channel.compare_at(amps)
            if await context.hold(meter.slowest_s + SETTLE_S) != "over":
                return None
            looks: list[tuple[float, float]] = []
            for _ in range(LOOKS):
                if await context.hold(LOOK_S) != "over":
                    return None
                given, drawn = meter.both_currents
                if given is not None and drawn is not None:
                    looks.append((given, drawn))
            self._must_rest(before, meter.voltage)
            if not looks or fmean(drawn for _, drawn in looks) < 0.5 * amps:
                msg = f"the load does not draw {amps:g} A from the supply"
                raise DeviceError(msg, code="NO_CURRENT", hint="check the leads between the two")
            pairs.append((fmean(g for g, _ in looks), fmean(d for _, d in looks)))
        return pairs

    def _must_rest(self, before: float | None, now: float | None) -> None:
        if before is None or now is None or abs(now - before) > self.moved:
            msg = f"the cell moved from {before} V to {now} V: it is not disconnected"
            raise DeviceError(msg, code="NOT_DISCONNECTED", hint="look at the relay")


def fitted(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Gain and offset of the line through pairs of (charge, discharge) by least squares.

    Example:
        >>> fitted([(1.1, 1.0), (2.1, 2.0), (3.1, 3.0)])
        (1.0, 0.1)
    """
    middle_y, middle_x = fmean(y for y, _ in pairs), fmean(x for _, x in pairs)
    spread = sum((x - middle_x) ** 2 for _, x in pairs)
    gain = sum((x - middle_x) * (y - middle_y) for y, x in pairs) / spread
    return round(gain, 9), round(middle_y - gain * middle_x, 9)
