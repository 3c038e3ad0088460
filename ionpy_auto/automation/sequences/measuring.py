"""What a step measures by itself: faster polls, samples on their own stamps, figures it keeps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ionpy_auto.automation.sequences.channel import CyclerChannel, Side
from ionpy_auto.automation.sequences.journal import Journal
from ionpy_auto.automation.sequences.steps import StepRun, worst
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import Sample, Snapshot
from ionpy_auto.devices.stack import Stack


class CellTrace:
    """Every known sample of the channel's voltage and current, from now until `stop`."""

    def __init__(self, channel: CyclerChannel, bus: Bus) -> None:
        self.voltage: list[tuple[float, float]] = []
        self.current: list[tuple[float, float]] = []
        self._channel = channel
        self._leave: Callable[[], None] | None = bus.tap(
            [f"sample/{device}" for device in channel.file.devices], self._take
        )

    def stop(self) -> None:
        """Take no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _take(self, snapshot: Snapshot) -> None:
        for sample in snapshot.samples:
            known = sample.known
            if isinstance(known, bool) or not isinstance(known, int | float):
                continue
            if sample.point == self._channel.voltage.point:
                self.voltage.append((sample.mono, float(known)))
            amps = self._amps(sample, float(known))
            if amps is not None:
                self.current.append((sample.mono, amps))

    def _amps(self, sample: Sample, value: float) -> float | None:
        """The cell's current in a sample, if it is one of the meter that counts now."""
        channel = self._channel
        if channel.signed is not None:
            return value if sample.point == channel.signed.point else None
        place = channel.discharging if channel.side is Side.DISCHARGE else channel.charging
        if place is None or sample.point != place.point:
            return None
        return -channel.corrected(value) if channel.side is Side.DISCHARGE else value


class ChannelMeter:
    """Implements `context.StepMeter` for the step under way."""

    def __init__(self, channel: CyclerChannel, step: StepRun, bus: Bus, journal: Journal) -> None:
        self._channel = channel
        self._step = step
        self._bus = bus
        self._journal = journal

    @property
    def voltage(self) -> float | None:
        """The cell's voltage."""
        return self._channel.voltage.value

    @property
    def current(self) -> float | None:
        """The cell's current."""
        return self._channel.current

    @property
    def terminal(self) -> float | None:
        """The voltage at the instrument that is on."""
        terminal = self._channel.terminal
        return terminal.value if terminal is not None else None

    @property
    def both_currents(self) -> tuple[float | None, float | None]:
        """What the meters of charge and of discharge show."""
        channel = self._channel
        given, drawn = channel.charging, channel.discharging
        return (given.value if given else None), (drawn.value if drawn else None)

    def correct(self, gain: float, offset: float) -> None:
        """How the meter of discharge is brought to that of charge, if the channel file asks."""
        if self._channel.file.current.corrected:
            self._channel.correction = (gain, offset)

    async def last(self) -> Mapping[str, Any] | None:
        """The row of the last passed step of this kind on this channel."""
        return await self._journal.last_step(self._channel.id, self._step.node.verb)

    @property
    def _stacks(self) -> list[Stack]:
        channel = self._channel
        points = [channel.voltage.point, *(place.point for place in channel.currents)]
        names = dict.fromkeys(point.rpartition(".")[0] for point in points)
        return [channel.devices.stack(name) for name in names]

    @property
    def slowest_s(self) -> float:
        """Longest configured poll interval of the meters."""
        return max(stack.interval_s for stack in self._stacks)

    def faster(self, interval_s: float) -> Callable[[], None]:
        """Poll the meters so often; returns the way back."""
        leaves = [stack.hurry(interval_s) for stack in self._stacks]

        def leave() -> None:
            for one in leaves:
                one()

        return leave

    def trace(self) -> CellTrace:
        """Keep every sample from now on."""
        return CellTrace(self._channel, self._bus)

    def keep(self, figures: Mapping[str, float | None]) -> None:
        """Figures for the step's row and measures."""
        self._step.figures.update(figures)

    def keep_dcir(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Resistances for the rows of step and cycle."""
        for row in rows:
            self._step.dcir.append({"step": self._step.node.id, **row})
            if row["ohm"] is None:
                self._step.verdict = worst(self._step.verdict, "inconclusive")
