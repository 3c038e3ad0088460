"""What is watched while an output is on: one small class per way in which a channel goes wrong.

Each watch has a name, is asked with every snapshot of the channel while an output is on and
nothing is being switched, and answers with the `Trip` that must break off the run (SEQ-22). It
counts samples of its own meter, not snapshots: several devices report per poll.
"""

from typing import Final, Protocol

from ionpy_auto.automation.sequences.instruments import Instrument, numeric
from ionpy_auto.automation.sequences.limits import Trip
from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.core.samples import Sample
from ionpy_auto.devices import Role
from ionpy_auto.devices.manager import DeviceManager

OPEN_CONTACT_S: Final = 3.0
BACK_CHECK_V: Final = 0.050
REGULATING_S: Final = 2.0
REGULATING_SHARE: Final = 0.01
REGULATING_COUNTS: Final = 2.0
STEP_V: Final = 0.100
STEP_WITHIN_S: Final = 1.0
"""A difference over a longer time is no step: the cell may have gone there by itself."""
STEP_PATIENCE_S: Final = 0.6
FROZEN_S: Final = 600.0
FROZEN_GRAIN_V: Final = 0.0001
"""A meter of this resolution moves within ten minutes under load; a coarser one takes longer."""


class Meter(Protocol):
    """One measured quantity."""

    point: str
    value: float | None
    last: Sample | None


class Watched(Protocol):
    """The part of a channel that watches look at.

    Attributes:
        current: Of the cell, positive into it; None when unknown.
        path_current: What was commanded, as magnitude.
        phase: ``cc``, ``cv`` …
        commanded: When the last setting was changed by us.
    """

    file: ChannelFile
    devices: DeviceManager
    source: Instrument | None
    sink: Instrument | None
    current: float | None
    path_current: float
    phase: str
    commanded: float

    @property
    def side(self) -> str:
        """``charge`` or ``discharge``."""

    @property
    def voltage(self) -> Meter:
        """The cell's voltage."""

    @property
    def ammeter(self) -> Meter | None:
        """The current meter that speaks for the side that is on."""

    @property
    def zero_band(self) -> float:
        """Up to this current nothing flows."""

    @property
    def terminal(self) -> Meter | None:
        """Voltage at the instrument that is on, if it can be compared."""

    @property
    def holds_voltage(self) -> bool:
        """Whether the supply regulates its voltage now."""


class Watch(Protocol):
    """One way to go wrong."""

    name: str

    def begin(self) -> None:
        """A new direction: what was counted before says nothing any more."""

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Called with every snapshot while an output is on; the trip, if it has gone wrong."""


class OpenContact:
    """No current flows for some seconds although an output is on."""

    name = "open-contact"

    def __init__(self) -> None:
        self._since: float | None = None

    def begin(self) -> None:
        """Start anew."""
        self._since = None

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Whether it has lasted."""
        if channel.current is None:
            return None
        if not self._is_idle(channel, channel.current):
            self._since = None
        elif self._since is None:
            self._since = mono
        elif mono - self._since >= OPEN_CONTACT_S:
            meter = channel.ammeter
            where = f" at {meter.point}" if meter is not None else ""
            text = f"no current flows{where} although the output is on"
            return Trip(self.name, text, channel.current)
        return None

    @staticmethod
    def _is_idle(channel: Watched, current: float) -> bool:
        """No current although some must flow; a taper at its end is none of it."""
        zero = channel.zero_band
        if abs(current) > zero or channel.path_current <= 2.0 * zero:
            return False
        if channel.side == "discharge" or channel.source is None:
            return True
        target, volts = channel.source.number(Role.SET_VOLTAGE), channel.voltage.value
        return target is not None and volts is not None and target - volts > 0.05


class BackCheck:
    """The instrument's own voltage is farther from the cell's than the leads explain.

    Without `back_check` in the channel file 50 mV are allowed beside I · path resistance, where
    that resistance is known and no diode stands between.
    """

    name = "back-check"

    def __init__(self) -> None:
        self._seen = (0.0, 0.0)
        self._apart = 0

    def begin(self) -> None:
        """Start anew."""
        self._apart = 0

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Whether two fresh pairs in a row are apart."""
        del mono
        allowed, device, cell = _back_check(channel.file), channel.terminal, channel.voltage
        if allowed is None or device is None or channel.current is None:
            return None
        if device.value is None or cell.value is None or not self._is_fresh(device, cell):
            return None
        drop = abs(channel.current) * channel.file.path_resistance
        if abs(device.value - cell.value) - drop <= allowed:
            self._apart = 0
            return None
        self._apart += 1
        if self._apart < 2:
            return None
        text = f"{device.point} is {device.value:g} V, the cell {cell.value:g} V"
        return Trip(self.name, text, device.value)

    def _is_fresh(self, device: Meter, cell: Meter) -> bool:
        """Both have been measured since the last pair."""
        now = _mono(device), _mono(cell)
        if now[0] <= self._seen[0] or now[1] <= self._seen[1]:
            return False
        self._seen = now
        return True


def _back_check(file: ChannelFile) -> float | None:
    if file.voltage.back_check is not None:
        return file.voltage.back_check
    explained = file.path_resistance > 0.0 and file.isolation in {"none", "relay"}
    return BACK_CHECK_V if explained else None


class Regulating:
    """In CC the current must be what was set: within 1 % and 2 counts, 2 s after a change."""

    name = "not-regulating"

    def __init__(self) -> None:
        self._target: float | None = None
        self._since = 0.0
        self._seen = 0.0
        self._off = 0

    def begin(self) -> None:
        """Start anew."""
        self._target, self._off = None, 0

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Whether two samples of the current in a row are off."""
        target, meter = self._wanted(channel), channel.ammeter
        if target != self._target or channel.commanded > self._since:
            self._target, self._since, self._off = target, max(mono, channel.commanded), 0
        if target is None or meter is None or meter.value is None or channel.current is None:
            return None
        if mono - self._since < REGULATING_S or _mono(meter) <= self._seen:
            return None
        self._seen = _mono(meter)
        # A supply that has begun to hold its voltage gives less, whatever the phase still says.
        if channel.phase != "cc" or channel.holds_voltage or self._fits(channel, meter, target):
            self._off = 0
            return None
        self._off += 1
        if self._off < 2:
            return None
        text = f"{meter.point} is {abs(channel.current):g} A, set was {target:g} A"
        return Trip(self.name, text, channel.current)

    @staticmethod
    def _wanted(channel: Watched) -> float | None:
        """The set current, as the instrument says it."""
        if channel.side == "charge":
            return channel.source.number(Role.SET_CURRENT) if channel.source is not None else None
        return channel.sink.number(Role.LOAD_LEVEL) if channel.sink is not None else None

    @staticmethod
    def _fits(channel: Watched, meter: Meter, target: float) -> bool:
        entity = numeric(channel.devices, meter.point)
        band = REGULATING_SHARE * target
        if entity is not None:
            band += REGULATING_COUNTS * entity.grain + (entity.accuracy or 0.0)
        return abs(abs(channel.current or 0.0) - target) <= band


class VoltageStep:
    """The cell voltage jumps within one poll although nothing was commanded.

    A jump often is the consequence of something that has a name of its own (a protection that
    tripped, a setting changed at the front panel), so the instruments get one poll to say it.
    """

    name = "voltage-step"

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None
        self._jump: tuple[float, Trip] | None = None

    def begin(self) -> None:
        """Start anew."""
        self._last = self._jump = None

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Whether it jumped, and nobody said why."""
        if self._jump is not None:
            since, trip = self._jump
            return trip if mono - since >= STEP_PATIENCE_S else None
        cell = channel.voltage
        stamp = _mono(cell)
        if cell.value is None:
            self._last = None
            return None
        last, fresh = self._last, self._last is None or stamp > self._last[0]
        if not fresh:
            return None
        self._last = stamp, cell.value
        if last is None or last[0] <= channel.commanded or stamp - last[0] > STEP_WITHIN_S:
            return None
        moved = cell.value - last[1]
        if abs(moved) > STEP_V:
            text = f"{cell.point} jumped by {moved * 1000.0:+.0f} mV without a command"
            self._jump = mono, Trip(self.name, text, cell.value)
        return None


class SensorFrozen:
    """The meter at the cell repeats itself bit by bit although current flows."""

    name = "sensor-frozen"

    def __init__(self) -> None:
        self._since = 0.0
        self._volts: float | None = None

    def begin(self) -> None:
        """Start anew."""
        self._volts = None

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Whether it has lasted; a supply that holds the voltage keeps it still by itself."""
        cell, current = channel.voltage, channel.current
        idle = current is None or abs(current) <= channel.zero_band
        if idle or channel.phase == "cv" or cell.value != self._volts:
            self._volts, self._since = cell.value, mono
            return None
        if mono - self._since < FROZEN_S or mono - self._since < _patience(channel):
            return None
        text = f"{cell.point} has shown {cell.value:g} V for {mono - self._since:.0f} s under load"
        return Trip(self.name, text, cell.value)


def _patience(channel: Watched) -> float:
    entity = numeric(channel.devices, channel.voltage.point)
    return FROZEN_S * max(1.0, entity.grain / FROZEN_GRAIN_V) if entity is not None else FROZEN_S


def _mono(meter: Meter) -> float:
    return meter.last.mono if meter.last is not None else 0.0


def all_watches() -> list[Watch]:
    """Every watch of a channel, fresh."""
    return [Regulating(), OpenContact(), BackCheck(), VoltageStep(), SensorFrozen()]
