"""What is watched while an output is on: one small class per way in which a channel goes wrong.

Each watch has a name, is asked with every snapshot of the channel while an output is on and
nothing is being switched, and answers with the `Trip` that must break off the run (SEQ-22).
"""

from typing import Final, Protocol

from ionpy_auto.automation.sequences.instruments import Instrument
from ionpy_auto.automation.sequences.limits import Trip
from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.devices import Role

OPEN_CONTACT_S: Final = 3.0
BACK_CHECK_SAMPLES: Final = 2


class Meter(Protocol):
    """One measured quantity."""

    point: str
    value: float | None


class Watched(Protocol):
    """The part of a channel that watches look at.

    Attributes:
        current: Of the cell, positive into it; None when unknown.
        path_current: What was commanded, as magnitude.
        terminal: The voltage at the instrument that is on, if it can be compared.
    """

    file: ChannelFile
    source: Instrument | None
    current: float | None
    path_current: float

    @property
    def side(self) -> str:
        """``charge`` or ``discharge``."""

    @property
    def voltage(self) -> Meter:
        """The cell's voltage."""

    @property
    def zero_band(self) -> float:
        """Up to this current nothing flows."""

    @property
    def terminal(self) -> Meter | None:
        """Voltage at the instrument that is on."""


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
            return Trip(self.name, "no current flows although the output is on")
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

    Args:
        devices: How many report per poll; two polls of each make it certain.
    """

    name = "back-check"

    def __init__(self, devices: int) -> None:
        self._patience = BACK_CHECK_SAMPLES * devices
        self._apart = 0

    def begin(self) -> None:
        """Start anew."""
        self._apart = 0

    def look(self, channel: Watched, mono: float) -> Trip | None:
        """Whether it has lasted."""
        del mono
        allowed, device, cell = channel.file.voltage.back_check, channel.terminal, channel.voltage
        if allowed is None or device is None or channel.current is None:
            return None
        if device.value is None or cell.value is None:
            return None
        drop = abs(channel.current) * channel.file.path_resistance
        if abs(device.value - cell.value) - drop <= allowed:
            self._apart = 0
            return None
        self._apart += 1
        if self._apart <= self._patience:
            return None
        text = f"{device.point} is {device.value:g} V, the cell {cell.value:g} V"
        return Trip(self.name, text, device.value)


def all_watches(file: ChannelFile) -> list[Watch]:
    """Every watch of a channel, fresh."""
    return [OpenContact(), BackCheck(len(file.devices))]
