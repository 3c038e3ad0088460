"""A current pulse from rest: fast samples around its edge, resistances at times after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator

from ionpy_auto.automation.context import Drive, DriveDirection, Held, StepContext, Trace
from ionpy_auto.automation.fields import PlacedText, Seconds, fail
from ionpy_auto.automation.sequences.statistics import Dcir, dcir, measured_edge

Times = Annotated[
    tuple[Seconds, ...],
    BeforeValidator(lambda value: [value] if isinstance(value, PlacedText) else value),
]
"""``1 s`` or ``[1 s, 10 s]``."""


def _believable(seconds: float) -> float:
    if not 0.02 <= seconds <= 60.0:
        raise fail("range", "poll is between 20 ms and 60 s")
    return seconds


Poll = Annotated[Seconds, AfterValidator(_believable)]

POLL_S: Final = 0.1
BEFORE_S: Final = 1.0
"""Samples at rest before the edge, once the meters poll fast."""
BEHIND_S: Final = 1.0
"""Fast samples behind the last reading."""
PATIENCE_POLLS: Final = 5
SWITCHING_S: Final = 4.0
IDLE_SHARE: Final = 0.02
"""Current of a supply that is on before its pulse; a load is on at zero."""


@dataclass(frozen=True)
class Pulse:
    """One pulse.

    Attributes:
        direction: ``charge`` or ``discharge``.
        current: Magnitude [A].
        seconds: From the measured edge.
        at: Times of the readings after the edge; those behind the end are left out.
        poll_s: Wanted poll interval around the edge.
        voltage: Highest cell voltage of a charge; the limits by default.
    """

    direction: DriveDirection
    current: float
    seconds: float
    at: tuple[float, ...]
    poll_s: float = POLL_S
    voltage: float | None = None

    @property
    def drive(self) -> Drive:
        """The cell on its instrument, waiting for the edge."""
        idle = 0.0 if self.direction == "discharge" else IDLE_SHARE * self.current
        return Drive(self.direction, current=idle, voltage=self.voltage, peak=self.current)

    @property
    def takes_s(self) -> float:
        """About how long it takes with the switching before and behind it."""
        return self.seconds + SWITCHING_S

    @property
    def strongest(self) -> Drive:
        """The same at its height, for checks."""
        return Drive(self.direction, current=self.current, voltage=self.voltage)


@dataclass
class Pulsing:
    """One pulse under way: `run` returns how it ended; figures are kept on the way."""

    context: StepContext
    pulse: Pulse

    async def run(self) -> Held:
        """From outputs off to outputs off, with the readings in the step's row."""
        context, pulse = self.context, self.pulse
        if not await context.channel.drive(pulse.drive):
            return "ended"
        slow = context.meter.faster(pulse.poll_s)
        try:
            # The meters notice at the end of the interval they are in.
            held = await context.hold(context.meter.slowest_s + BEFORE_S)
            if held != "over":
                return held
            trace = context.meter.trace()
            try:
                held = await self._pulse(trace)
            finally:
                trace.stop()
        finally:
            slow()
        if held == "over":
            held = await self._rest_of_it(trace)
        if held != "paused":
            await context.channel.rest()
        return held

    async def _pulse(self, trace: Trace) -> Held:
        """The edge and the readings behind it."""
        context, pulse = self.context, self.pulse
        clock = context.lab.clock
        held = await context.hold(BEFORE_S)
        if held != "over":
            return held
        began = clock.monotonic()
        await context.channel.level(pulse.current)
        last = min(max(pulse.at, default=0.0) + BEHIND_S, pulse.seconds)
        held = await context.hold(max(began + last - clock.monotonic(), 0.0))
        tries = 0
        while held == "over" and tries < PATIENCE_POLLS and not self._reaches(trace, last):
            tries += 1
            held = await context.hold(pulse.poll_s)
        if held != "paused":
            self._keep(trace)
        return held

    async def _rest_of_it(self, trace: Trace) -> Held:
        """What a long pulse still takes, at the usual pace."""
        edge = self._edge(trace)
        now = self.context.lab.clock.monotonic()
        left = 0.0 if edge is None else edge + self.pulse.seconds - now
        return await self.context.hold(left) if left > 0.0 else "over"

    def _edge(self, trace: Trace) -> float | None:
        height = self.pulse.current - (self.pulse.drive.current or 0.0)
        return measured_edge(trace.current, height / 2.0)

    def _reaches(self, trace: Trace, seconds: float) -> bool:
        """Whether both meters have been heard so long after the edge."""
        edge = self._edge(trace)
        if edge is None or not trace.voltage:
            return False
        return min(trace.voltage[-1][0], trace.current[-1][0]) >= edge + seconds

    def _keep(self, trace: Trace) -> None:
        pulse, edge = self.pulse, self._edge(trace)
        wanted = [at for at in pulse.at if at <= pulse.seconds]
        if edge is None:
            found = [Dcir(at, None, "no edge was measured") for at in wanted]
            samples = 0
        else:
            found = dcir(trace.voltage, trace.current, edge, wanted)
            samples = sum(1 for stamp, _ in trace.voltage if stamp >= edge)
        utc = None if edge is None else self.context.lab.clock.utc_at(edge)
        rows = [resistance_row(pulse, one, samples, utc) for one in found]
        if edge is not None and trace.voltage:
            covered = trace.voltage[-1][0] - edge
            rate = samples / covered if covered > 0.0 else None
            rows = [{**row, "rate_hz": rate} for row in rows]
        self.context.meter.keep_dcir(rows)
        self.context.meter.keep(names_of(pulse.direction, found))


def resistance_row(pulse: Pulse, found: Dcir, samples: int, edge: float | None) -> dict[str, Any]:
    """One reading for the step's and the cycle's row; the edge in UTC."""
    return {
        "direction": pulse.direction,
        "current": pulse.current,
        "at_s": found.at_s,
        "ohm": found.ohm,
        "reason": found.reason,
        "samples": samples,
        "edge": edge,
    }


def time_word(seconds: float) -> str:
    """``1s``, ``10s``, ``500ms``: how a time stands in the name of a figure."""
    millis = round(seconds * 1000.0)
    return f"{millis // 1000}s" if millis % 1000 == 0 else f"{millis}ms"


def names_of(direction: str, found: Sequence[Dcir]) -> dict[str, float | None]:
    """``dcir_10s``, ``dcir_charge_10s`` and, for the last of them, ``dcir``."""
    figures: dict[str, float | None] = {}
    for one in found:
        word = time_word(one.at_s)
        figures[f"dcir_{word}"] = figures[f"dcir_{direction}_{word}"] = one.ohm
        figures["dcir"] = one.ohm
    return figures


def figure_names(directions: Sequence[str], at: Sequence[float]) -> tuple[str, ...]:
    """All names `names_of` may give."""
    empty = [Dcir(one, None) for one in at]
    found = [name for direction in directions for name in names_of(direction, empty)]
    return tuple(dict.fromkeys(found))
