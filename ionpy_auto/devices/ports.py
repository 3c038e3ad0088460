"""Which serial port of this machine is the one a device was configured with (PRJ-3).

Names of ports change: ``COM3`` of one machine is ``/dev/ttyUSB1`` of another, and an adapter that
is plugged in again may get another number. The hint of the configuration says what adapter it is.
A port is never guessed: it is the named one, or the only one that fits the hint.
"""

import os
from collections.abc import Container, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, field_validator
from serial.tools import list_ports

from ionpy_auto.core.errors import DeviceError


class Port(Protocol):
    """A serial port as the operating system lists it."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None


class PortHint(BaseModel):
    """How to recognise the adapter on another machine (PRJ-3).

    Attributes:
        vid: USB vendor; a text is hexadecimal: ``0403``, ``0x0403``.
        pid: USB product, like the vendor.
        serial_number: Of the adapter, where it has one.
        description: For people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vid: int | str | None = None
    pid: int | str | None = None
    serial_number: str | None = None
    description: str | None = None

    @field_validator("vid", "pid")
    @classmethod
    def _number(cls, value: int | str | None) -> int | str | None:
        number = usb_number(value)
        if number is not None and not 0 <= number <= 0xFFFF:
            msg = "a USB identifier is between 0000 and FFFF"
            raise ValueError(msg)
        return value

    def fits(self, port: Port) -> bool:
        """True when the port is the adapter that is meant, as far as the hint says."""
        if (usb_number(self.vid), usb_number(self.pid)) != (port.vid, port.pid):
            return False
        return self.serial_number in {None, "", port.serial_number}

    @property
    def says_enough(self) -> bool:
        """True when there is something to look for."""
        return self.vid is not None and self.pid is not None


class PlaceError(DeviceError):
    """No port, or more than one, fits."""


class Place(NamedTuple):
    """The port to open, and what to tell people about it."""

    port: str
    note: str = ""


def usb_number(value: int | str | None) -> int | None:
    """A vendor or product as a number; a text is hexadecimal."""
    return int(value, 16) if isinstance(value, str) else value


def list_all() -> list[Port]:
    """The serial ports of this machine; the one place that asks the operating system."""
    return sorted(list_ports.comports(), key=lambda port: str(port.device))


def existing_ports() -> list[str]:
    """Names of the serial ports of this machine."""
    return [port.device for port in list_all()]


def find_port(wanted: str, hint: PortHint, taken: Container[str] = ()) -> Place:
    """The wanted port if it exists, else the only one that fits the hint.

    Args:
        wanted: Name in the configuration, or an address (``socket://…``), which is never searched.
        hint: What adapter it is.
        taken: Ports that are other devices'.

    Raises:
        PlaceError: Several ports fit, or only one that is another device's.
    """
    if "://" in wanted or not hint.says_enough:
        return Place(wanted)
    ports = list_all()
    if is_there(wanted, ports):
        return Place(wanted)
    fitting = [port for port in ports if hint.fits(port)]
    free = [port for port in fitting if port.device not in taken]
    if len(free) > 1:
        names = " and ".join(described(port) for port in free)
        raise PlaceError(
            f"is not here, and {len(free)} ports fit its hint: {names}",
            hint="set port to the right one, or its serial_number in port_hint",
        )
    if fitting and not free:
        names = " and ".join(described(port) for port in fitting)
        raise PlaceError(
            f"is not here; {names} fits its hint and is another device's",
            hint="plug the adapter in, or set port",
        )
    if not free:
        return Place(wanted)  # opening it gives the operating system's own words
    return Place(free[0].device, f"{wanted} is not here; using {described(free[0])}")


def is_there(wanted: str, ports: Iterable[Port]) -> bool:
    """True when a port of this name exists, also one that is not listed (a link, a pty)."""
    if os.name == "nt":  # COM3 is no path there, and its case does not matter
        return wanted.upper() in {port.device.upper() for port in ports}
    return any(port.device == wanted for port in ports) or Path(wanted).exists()


def described(port: Port) -> str:
    """``/dev/ttyUSB1 (0403:FA00, serial A1)``."""
    serial = f", serial {port.serial_number}" if port.serial_number else ""
    return f"{port.device} ({port.vid or 0:04X}:{port.pid or 0:04X}{serial})"


def hint_for(port: str, error: BaseException) -> str:
    """What a person can do about a port that did not open."""
    text = str(error).lower()
    # Windows says "access is denied" (a PermissionError) of a port that is in use.
    if "busy" in text or "exclusively lock" in text or "access is denied" in text:
        return f"{port} is held by another program or device; close it there"
    if "permission" in text:
        return "join the group that owns the port (Linux: dialout), then log in again"
    if isinstance(error, TimeoutError):
        return "unplug the adapter and plug it in again; its driver hangs"
    if "://" in port:
        return "check the address and that the serial server is on"
    ports = ", ".join(existing_ports()) or "none"
    seen = "" if os.name == "nt" or not Path(port).exists() else f"{port} is no serial port; "
    return f"{seen}ports on this machine: {ports}"
