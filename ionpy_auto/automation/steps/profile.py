"""``profile``: drive the cell by a table of time against current, power or voltage."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf, sqrt
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from ionpy_auto.automation.blocks import Step, step
from ionpy_auto.automation.context import Drive, DriveDirection, StepContext, Trace
from ionpy_auto.automation.fields import (
    Count,
    Physical,
    PlacedText,
    Plain,
    PositiveVolts,
    Reading,
    fail,
    noted,
)
from ionpy_auto.automation.profiles import Profile as Table
from ionpy_auto.automation.profiles import Segment
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import format_duration

LATENCIES: Final = 5.0
"""A segment is at least so many write latencies long, or the command could not be followed."""


class ProfileFile(Plain):
    """The name of a profile: ``drive`` is ``profiles/drive.csv`` of the project."""

    schema: Mapping[str, Any] = {"type": "string", "x-profile": True, "examples": ["drive.csv"]}

    def read(self, value: object, reading: Reading) -> Table:
        """The profile itself; its own errors point into its file."""
        if not isinstance(value, PlacedText) or not value.strip():
            raise fail("wrong_type", "the name of a profile is needed here", "file: drive.csv")
        site = getattr(reading.reader, "site", None)
        if site is None:
            raise fail("no_project", "profiles are found in a project alone")
        profile: Table | None
        profile, findings = site.profile(str(value))
        if profile is None and findings:
            reading.findings.extend(findings)
            raise noted()
        if profile is None:
            raise fail("unknown_profile", f"there is no profile {value!r}", "put it into profiles/")
        return profile


@step
class Profile(Step):
    """Drive the cell by a table of time against current, power or voltage.

    Positive values charge, negative ones discharge, 0 rests. The clock of the table begins when
    the first value is in force; a change of direction goes through zero and its dead time.
    """

    goes_on = False  # what it would have done meanwhile is missing
    shorthand = "file"
    file: Annotated[Any, ProfileFile()]
    repeat: Count = 1
    scale: Annotated[float, Physical("", positive=True)] = 1.0
    clip: Annotated[
        Literal["charge", "discharge"] | None, Field(description="rest where it would do this")
    ] = None
    voltage: Annotated[
        PositiveVolts | None, Field(description="highest voltage where it charges")
    ] = None

    def table(self) -> Table:
        """What is run: scaled and clipped."""
        table: Table = self.file
        table = table.scaled(self.scale)
        return table.without(self.clip) if self.clip is not None else table

    def drives(self) -> tuple[Drive, ...]:
        """Its strongest charge and discharge."""
        table = self.table()
        peaks: tuple[tuple[DriveDirection, float], ...] = (
            ("charge", table.highest),
            ("discharge", -table.lowest),
        )
        return tuple(self.drive_of(table, way, peak, peak) for way, peak in peaks if peak > 0.0)

    def drive_of(self, table: Table, direction: DriveDirection, level: float, peak: float) -> Drive:
        """One value of the table."""
        ceiling = self.voltage if direction == "charge" else None
        if table.quantity == "power":
            return Drive(direction, power=level, voltage=ceiling)
        if table.quantity == "voltage":
            return Drive(direction, voltage=level)
        return Drive(direction, current=level, voltage=ceiling, peak=peak)

    @property
    def duration(self) -> float:
        """How long it takes, for the plan of the run."""
        return float(self.file.seconds * self.repeat)

    def sources(self) -> Mapping[str, str]:
        """The file and its hash."""
        return {self.file.name: self.file.digest}

    def figures(self) -> tuple[str, ...]:
        """How well the command was followed."""
        return ("rms_error", "command_ah", "deviation_ah", "command_wh", "deviation_wh")

    def sentence(self) -> str:
        """As a person would say it."""
        times = f"{self.repeat} × " if self.repeat > 1 else ""
        length = format_duration(self.file.seconds * self.repeat)
        return f"Profile {times}{self.file.name} ({length})"

    async def run(self, context: StepContext) -> None:
        """Follow the table; a pause leaves it inconclusive."""
        await Player(self, context).play()


class Player:
    """One pass through a profile."""

    def __init__(self, block: Profile, context: StepContext) -> None:
        self._block = block
        self._context = context
        self._table = block.table()
        self._driven: Drive | None = None
        self._began: float | None = None
        self._log: list[tuple[float, float]] = []
        self._peaks = {"charge": self._table.highest, "discharge": -self._table.lowest}

    def _segments(self) -> Iterator[Segment]:
        for turn in range(self._block.repeat):
            for part in self._table.segments:
                start = turn * self._table.seconds + part.start
                yield Segment(start, part.seconds, part.value, part.line)

    async def play(self) -> None:
        """Segment by segment on the table's own clock."""
        context = self._context
        trace = context.meter.trace()
        held = "over"
        try:
            for segment in self._segments():
                if not await self._apply(segment):
                    return
                if self._began is None:
                    self._began = context.lab.clock.monotonic() - segment.start
                self._log.append((self._began + segment.start, segment.value))
                until = self._began + segment.start + segment.seconds
                left = until - context.lab.clock.monotonic()
                held = await context.hold(left) if left > 0.0 else "over"
                if held != "over":
                    break
        finally:
            trace.stop()
            self._keep(trace)
        if held == "over":
            context.end("done")
        elif held == "paused":
            context.end("paused", "inconclusive")

    async def _apply(self, segment: Segment) -> bool:
        """Bring a value into force; False when the step has ended by it."""
        channel, value = self._context.channel, abs(segment.value)
        if segment.value == 0.0:
            if self._driven is not None and self._table.quantity != "voltage":
                await self._level(self._driven.at(0.0))
            elif self._driven is not None:
                self._driven = None
                await channel.rest()
            return True
        direction: DriveDirection = "charge" if segment.value > 0.0 else "discharge"
        wanted = self._block.drive_of(self._table, direction, value, self._peaks[direction])
        if self._driven is not None and self._driven.direction == direction:
            self._check_length(segment, 0.0)
            await self._level(wanted)
            return True
        self._check_length(segment, 0.0 if self._driven is None else channel.dead_time_s)
        is_on = await channel.drive(wanted)
        self._driven = wanted
        return is_on

    async def _level(self, wanted: Drive) -> None:
        if wanted != self._driven:
            await self._context.channel.relevel(wanted)
            self._driven = wanted

    def _check_length(self, segment: Segment, dead_s: float) -> None:
        """A segment that is over before it is in force is no command.

        Raises:
            Rejected: Names line, length and what is needed.
        """
        latency = self._context.channel.write_latency_s
        needed = LATENCIES * latency + dead_s
        if segment.seconds < needed:
            msg = f"{self._table.name}: line {segment.line} holds {segment.seconds:g} s, "
            msg += f"this bench needs {needed:.2g} s (a write takes {latency:.2g} s"
            msg += f", a change of direction {dead_s:g} s)" if dead_s else ")"
            raise Rejected(msg, code="SEGMENT_TOO_SHORT", hint="join segments, or slow it down")

    def _keep(self, trace: Trace) -> None:
        if not self._log or self._began is None:
            return
        clock, env = self._context.lab.clock, self._context.env
        end = min(clock.monotonic(), self._began + self._table.seconds * self._block.repeat)
        figures: dict[str, float | None] = dict.fromkeys(self._block.figures())
        figures["rms_error"] = self._rms(trace, end)
        unit = {"current": "ah", "power": "wh"}.get(self._table.quantity)
        if unit is not None:
            command = integral(self._log, end) / 3600.0
            into, out = env.value(f"step.charge_{unit}"), env.value(f"step.discharge_{unit}")
            figures[f"command_{unit}"] = command
            if isinstance(into, float) and isinstance(out, float):
                figures[f"deviation_{unit}"] = into - out - command
        self._context.meter.keep(figures)

    def _rms(self, trace: Trace, end: float) -> float | None:
        """Root mean square of what was measured against the command, by time."""
        quantity = self._table.quantity
        samples: Sequence[tuple[float, float]] = trace.current
        if quantity == "voltage":
            samples = trace.voltage
        elif quantity == "power":
            samples = powers(trace)
        return rms_error(self._log, samples, end)


def integral(log: Sequence[tuple[float, float]], end: float) -> float:
    """Area under a command that holds from each entry to the next.

    Example:
        >>> integral([(0.0, 2.0), (10.0, -1.0)], 20.0)
        10.0
    """
    ends = [*(begin for begin, _ in log[1:]), end]
    return sum(
        value * max(min(stop, end) - begin, 0.0)
        for (begin, value), stop in zip(log, ends, strict=True)
    )


def powers(trace: Trace) -> list[tuple[float, float]]:
    """Each current with the last voltage before it."""
    times = [at for at, _ in trace.voltage]
    found = []
    for at, amps in trace.current:
        place = bisect_right(times, at)
        if place:
            found.append((at, amps * trace.voltage[place - 1][1]))
    return found


def rms_error(
    log: Sequence[tuple[float, float]], samples: Sequence[tuple[float, float]], end: float = inf
) -> float | None:
    """Root mean square of samples against a command, each weighted by the time to the next.

    Example:
        >>> rms_error([(0.0, 1.0)], [(0.0, 1.1), (1.0, 0.9), (2.0, 1.0)])
        0.1
    """
    times = [at for at, _ in log]
    weight = total = 0.0
    for (at, value), (after, _) in pairwise(samples):
        place = bisect_right(times, at)
        if not place or at > end or after <= at:
            continue
        # What follows an edge is compared up to the edge alone.
        stop = min(after, times[place]) if place < len(times) else after
        total += (value - log[place - 1][1]) ** 2 * (stop - at)
        weight += stop - at
    return round(sqrt(total / weight), 9) if weight > 0.0 else None
