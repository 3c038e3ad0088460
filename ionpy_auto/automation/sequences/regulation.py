"""Regulation by software: one setting follows the cell voltage, one small write per fresh sample.

Used where an instrument holds something else than the cell needs: its own terminals instead of the
cell (`VoltageTrim`, SEQ-16), a current where a power or a resistance is asked for
(`LevelByVoltage`), a current where a discharge is to stay above a voltage (`VoltageFloor`).

A law is a pure decision; `Regulator` feeds it with samples and writes. A sample that was taken
before the last write was confirmed is not fresh. When the samples stop coming the law may take its
setting back, and once the input counts as lost the run is broken off.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, NamedTuple, Protocol

from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.limits import Trip
from ionpy_auto.core.errors import IonpyError, Rejected
from ionpy_auto.core.samples import Sample

TRIM_STEP_V: Final = 0.005
TRIM_MOST_V: Final = 0.100
TRIM_ROOM_V: Final = 0.010
SLOWEST_SENSE_S: Final = 0.6
"""Software regulation needs a cell voltage at least this often."""
QUIET_POLLS: Final = 1.5
GAIN: Final = 0.5
_SLACK: Final = 1e-6


class Seen(NamedTuple):
    """What a law decides by.

    Attributes:
        volts: At the cell.
        amps: Magnitude of its current.
        holds_voltage: The supply says or shows that it regulates its voltage.
    """

    volts: float
    amps: float
    holds_voltage: bool


class Law(Protocol):
    """Which value a setting must have next."""

    level: float

    def next(self, seen: Seen) -> float | None:
        """The next value, or None to leave it.

        Raises:
            IonpyError: What is asked for cannot be had any more.
        """

    def when_blind(self) -> float | None:
        """The value to fall back to when no sample comes, or None to leave it."""

    def phase(self, seen: Seen) -> str:
        """The phase this is, or empty when the instrument's own flag says it."""


@dataclass
class VoltageTrim:
    """Set voltage of a supply, trimmed until the cell itself is at the target (SEQ-16).

    Attributes:
        target: V at the cell.
        level: Set voltage now, V.
        grain: Its resolution.
        path_ohm: Resistance of the path to the cell.
        ceiling: Below the over-voltage protection.
        limit_a: Set current, for the phase.
    """

    target: float
    level: float
    grain: float
    path_ohm: float
    ceiling: float
    limit_a: float

    def next(self, seen: Seen) -> float | None:
        """At most 5 mV up or down, never above what the path explains, never below the cell."""
        error = self.target - seen.volts
        # Raised only while the supply holds its voltage: in CC it would only build up room for
        # an overshoot.
        move = error if error < 0.0 or seen.holds_voltage else 0.0
        top = min(self.top(seen.amps), self.ceiling)
        wish = min(self.level + move, top)
        wish = min(max(wish, self.level - TRIM_STEP_V), self.level + TRIM_STEP_V)
        above_cell = (ceil(seen.volts / self.grain - _SLACK) + 1) * self.grain
        wish = max(wish, min(self.level, above_cell))
        return self._changed(wish)

    def top(self, amps: float) -> float:
        """The highest set voltage at a current."""
        return self.target + min(TRIM_MOST_V, amps * self.path_ohm + TRIM_ROOM_V)

    def when_blind(self) -> float | None:
        """Back to the target; upwards nothing is changed blindly."""
        return self._changed(self.target) if self.level > self.target else None

    def phase(self, seen: Seen) -> str:
        """CV is where the cell is at its voltage, not where the supply has begun to hold its."""
        near = seen.volts >= self.target - max(2.0 * self.grain, TRIM_STEP_V)
        return "cv" if near and seen.amps < self.limit_a - 2.0 * self.grain else "cc"

    def _changed(self, wish: float) -> float | None:
        counts = floor(wish / self.grain + _SLACK)
        wish = float(f"{counts * self.grain:.12g}")
        return wish if abs(wish - self.level) > self.grain / 2.0 else None


@dataclass
class LevelByVoltage:
    """Current that keeps a power or a resistance: I = P / V, or I = V / R.

    Between two samples the power is wrong by what the voltage has moved since, relatively.

    Attributes:
        level: Current now, A.
        grain: Its resolution.
        most: Highest current that may be asked for, A.
        power: W; or
        resistance: Ω.
        capped: The step itself names the highest current: more is not asked for instead of refused.
    """

    level: float
    grain: float
    most: float
    power: float | None = None
    resistance: float | None = None
    capped: bool = False

    def wanted(self, volts: float) -> float:
        """The current at a cell voltage.

        Raises:
            Rejected: It is more than may flow.
        """
        if self.power is not None:
            amps = self.power / max(volts, 1e-3)
        else:
            amps = volts / (self.resistance or 1e-3)
        if amps > self.most + self.grain and not self.capped:
            msg = f"{amps:.3g} A would be needed at {volts:.3f} V, {self.most:g} A may flow"
            raise Rejected(msg, code="NOT_REACHABLE", hint="ask for less, or end earlier")
        return min(amps, self.most)

    def next(self, seen: Seen) -> float | None:
        """The current for the voltage seen."""
        counts = floor(self.wanted(seen.volts) / self.grain + _SLACK)
        wish = float(f"{counts * self.grain:.12g}")
        return wish if abs(wish - self.level) > self.grain / 2.0 else None

    def when_blind(self) -> float | None:
        """The last current stays until the input is lost."""
        return None

    def phase(self, seen: Seen) -> str:
        """The mode itself, where the supply does not hold its voltage."""
        if seen.holds_voltage:
            return "cv"
        return "cp" if self.power is not None else "cr"


@dataclass
class VoltageFloor:
    """Current of a load, lowered so that the cell stays at a voltage while it is emptied.

    Attributes:
        target: V at the cell.
        level: Current now, A.
        grain: Its resolution.
        most: Highest current, A.
        cell_ohm: How much the cell voltage falls per ampere, seen when the load was switched on.
    """

    target: float
    level: float
    grain: float
    most: float
    cell_ohm: float

    def next(self, seen: Seen) -> float | None:
        """Half of the way to the current that brings the voltage to the target."""
        wish = self.level + GAIN * (seen.volts - self.target) / self.cell_ohm
        wish = min(max(wish, 0.0), self.most)
        counts = floor(wish / self.grain + _SLACK)
        wish = float(f"{counts * self.grain:.12g}")
        return wish if abs(wish - self.level) > self.grain / 2.0 else None

    def when_blind(self) -> float | None:
        """The last current stays until the input is lost."""
        return None

    def phase(self, seen: Seen) -> str:
        """CV as soon as the current has had to give way."""
        del seen
        return "cv" if self.level < self.most - self.grain / 2.0 else "cc"


class Regulator:
    """Feeds a law with fresh samples and writes what it wants; one write per sample.

    Args:
        channel: Whose voltage is followed.
        law: Decides.
        write: Writes the setting and returns when it is confirmed (monotonic time).
    """

    def __init__(
        self, channel: CyclerChannel, law: Law, write: Callable[[float], Awaitable[float]]
    ) -> None:
        self.law = law
        self._channel = channel
        self._write = write
        self._heard = asyncio.Event()
        self._between = asyncio.Lock()
        self._after = channel.clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow from now on."""
        self._channel.on_voltage = self._hear
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="regulation")

    async def stop(self) -> None:
        """End between two writes, never inside one."""
        async with self._between:
            self.drop()

    def drop(self) -> None:
        """End at once; the outputs are made safe behind it."""
        if self._channel.on_voltage == self._hear:
            self._channel.on_voltage = None
        if self._task is not None:
            self._task.cancel()

    def _hear(self, sample: Sample, half_width: float) -> None:
        if sample.known is not None and sample.mono - half_width >= self._after:
            self._heard.set()

    async def _follow(self) -> None:
        channel = self._channel
        try:
            while await self._sample():
                async with self._between:
                    await self._decide()
            text = f"{channel.voltage.point} has not been heard while software regulates by it"
            self._fault("input-lost", text)
        except IonpyError as error:
            self._fault(error.error_code.lower(), error.message)

    async def _sample(self) -> bool:
        """Wait for a fresh sample; False when the input is lost."""
        clock, place = self._channel.clock, self._channel.voltage
        began = clock.monotonic()
        quiet = min(QUIET_POLLS * self._channel.poll_s(place), place.patience_s)
        if await self._hears(quiet):
            return True
        async with self._between:
            value = self.law.when_blind()
            if value is not None:
                await self._send(value)
        return await self._hears(began + place.patience_s - clock.monotonic())

    async def _hears(self, seconds: float) -> bool:
        try:
            async with self._channel.clock.timeout(max(seconds, 0.0)):
                await self._heard.wait()
        except TimeoutError:
            return False
        self._heard.clear()
        return True

    async def _decide(self) -> None:
        channel = self._channel
        volts, amps = channel.voltage.value, channel.current
        if volts is None or amps is None or channel.is_switching:
            return
        seen = Seen(volts, abs(amps), channel.holds_voltage)
        value = self.law.next(seen)
        if value is not None:
            await self._send(value)
        phase = self.law.phase(seen)
        if phase:
            channel.note_phase(phase, channel.clock.monotonic())

    async def _send(self, value: float) -> None:
        self._after = await self._write(value)
        self._heard.clear()
        self.law.level = value

    def _fault(self, trip_id: str, text: str) -> None:
        if self._channel.observer is not None:
            self._channel.observer.fault(Trip(trip_id, text))
