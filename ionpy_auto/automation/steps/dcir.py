"""``dcir``: the cell's resistance from one discharge or charge pulse."""

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, Held, StepContext
from ionpy_auto.automation.fields import PositiveAmps, PositiveVolts, Reading, Seconds, fail
from ionpy_auto.automation.sequences.statistics import Dcir as Found
from ionpy_auto.automation.sequences.statistics import dcir_iec61960, mean_until
from ionpy_auto.automation.steps._pulses import (
    POLL_S,
    Poll,
    Pulse,
    Pulsing,
    Times,
    figure_names,
    names_of,
    resistance_row,
)
from ionpy_auto.language import format_duration, format_quantity

_IEC_RATES = (0.2, 1.0)
_IEC_TIMES = (10.0, 1.0)


@step
class Resistance(Step):
    """Measure the cell's resistance with a pulse.

    ``method: pulse`` reads |V(t) − V(0−)| / |I(t) − I(0−)| after the edge from rest.
    ``method: iec61960`` discharges 10 s at 0.2 C, then 1 s at 1 C: (V1 − V2)/(I2 − I1).
    """

    shorthand = "current"
    method: Literal["pulse", "iec61960"] = "pulse"
    current: PositiveAmps | None = None
    direction: Literal["discharge", "charge"] = "discharge"
    seconds: Annotated[Seconds, Field(alias="for", description="length of the pulse")] = 10.0
    rest: Annotated[Seconds, Field(description="before the pulse, outputs off")] = 30.0
    at: Annotated[Times, Field(description="times after the edge at which resistance is read")] = (
        1.0,
        10.0,
    )
    voltage: Annotated[
        PositiveVolts | None, Field(description="highest voltage of a charge pulse")
    ] = None
    poll: Annotated[Poll, Field(description="poll interval around the edges")] = POLL_S
    _capacity: float | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:  # noqa: ANN401 - pydantic's
        """Currents of the standard follow from the cell's capacity."""
        self._capacity = context.scope.capacity if isinstance(context, Reading) else None

    @model_validator(mode="after")
    def _is_whole(self) -> "Resistance":
        if self.method == "pulse" and self.current is None:
            raise fail("missing-key", "dcir needs a current", "dcir: {current: 1 C}")
        if self.method == "iec61960" and self._rated() is None:
            raise fail("no-capacity", "iec61960 needs a cell with a capacity", "cell: cells/…")
        return self

    def _rated(self) -> tuple[float, float] | None:
        """Both currents of the standard."""
        if self._capacity is None:
            return None
        return _IEC_RATES[0] * self._capacity, _IEC_RATES[1] * self._capacity

    def _pulse(self) -> Pulse:
        rated = self._rated()
        if self.method == "iec61960" and rated is not None:
            return Pulse("discharge", rated[1], _IEC_TIMES[1], (_IEC_TIMES[1],), self.poll)
        voltage = self.voltage if self.direction == "charge" else None
        at = tuple(at for at in self.at if at <= self.seconds)
        return Pulse(self.direction, self.current or 0.0, self.seconds, at, self.poll, voltage)

    @property
    def duration(self) -> float:
        """About how long it takes, for the progress of the run."""
        iec_s = _IEC_TIMES[0] if self.method == "iec61960" else 0.0
        return self.rest + iec_s + self._pulse().takes_s

    def drives(self) -> tuple[Drive, ...]:
        """The pulse at its height."""
        return (self._pulse().strongest,)

    def figures(self) -> tuple[str, ...]:
        """``dcir_1s`` and the like."""
        pulse = self._pulse()
        return figure_names([pulse.direction], pulse.at)

    def sentence(self) -> str:
        """As a person would say it."""
        if self.method == "iec61960":
            return "Measure the resistance after IEC 61960"
        pulse = self._pulse()
        amps, length = format_quantity(pulse.current, "A"), format_duration(pulse.seconds)
        return f"Measure the resistance with a {pulse.direction} of {amps} for {length}"

    async def run(self, context: StepContext) -> None:
        """Rest, pulse, figures; after a pause all of it again."""
        held: Held = "paused"
        while held == "paused":
            await context.channel.rest()
            held = await context.hold(self.rest)
            if held == "over":
                is_iec = self.method == "iec61960"
                held = await (self._iec(context) if is_iec else self._run_pulse(context))
        if held == "over":
            context.end("done")

    async def _run_pulse(self, context: StepContext) -> Held:
        return await Pulsing(context, self._pulse()).run()

    async def _iec(self, context: StepContext) -> Held:
        """Two levels without a rest between; each is read as the mean of its last tenth."""
        rated = self._rated() or (0.0, 0.0)
        pulse = self._pulse()
        slow = context.meter.faster(self.poll)
        trace = context.meter.trace()
        try:
            drive = Drive("discharge", current=0.0, peak=rated[1])
            if not await context.channel.drive(drive):
                return "ended"
            readings = []
            for amps, seconds in zip(rated, _IEC_TIMES, strict=True):
                await context.channel.level(amps)
                began = context.lab.clock.monotonic()
                held = await context.hold(seconds)
                if held != "over":
                    return held
                until = context.lab.clock.monotonic()
                span = (until - seconds / 10.0, until)
                volts = mean_until(trace.voltage, *span)
                current = mean_until(trace.current, *span)
                count = sum(1 for stamp, _ in trace.voltage if stamp >= began)
                readings.append((volts, current, count))
        finally:
            trace.stop()
            slow()
        await context.channel.rest()
        found = _of_readings(readings)
        rows = [{**resistance_row(pulse, found, readings[-1][2], None), "method": "iec61960"}]
        context.meter.keep_dcir(rows)
        context.meter.keep(names_of(pulse.direction, [found]))
        return "over"


def _of_readings(readings: list[tuple[float | None, float | None, int]]) -> Found:
    (v1, i1, _), (v2, i2, samples) = readings
    at_s = _IEC_TIMES[1]
    if samples < 10:
        return Found(at_s, None, "fewer than 10 samples in the pulse")
    if v1 is None or v2 is None or i1 is None or i2 is None:
        return Found(at_s, None, "a level has no samples at its end")
    ohm = dcir_iec61960(v1, abs(i1), v2, abs(i2))
    return Found(at_s, ohm, "" if ohm is not None else "the current did not change")
