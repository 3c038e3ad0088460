"""Serial ports of this machine: what they are, who holds them, and whether one opens."""

import os
from collections.abc import Mapping
from typing import Any

import serial
from serial.tools import list_ports

from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.inventory import Kind, Site
from ionpy_auto.devices.owners import holder_of, place_of
from ionpy_auto.devices.trouble import (
    PLATFORM,
    clean,
    is_missing,
    missing_port,
    no_permission,
    serial_trouble,
)

NAME = "serial"
HELP = {
    "linux": (
        "Ports belong to the group dialout (Debian, Ubuntu) or uucp (Arch): join it with "
        "sudo usermod -aG dialout $USER and log in again. An adapter that does not appear: look "
        "at dmesg, and at brltty and ModemManager, which take ports for themselves."
    ),
    "win32": (
        "An adapter that does not appear needs its driver (CH340, CP210x, FTDI) from the maker; "
        "see Ports (COM and LPT) in the Device Manager. Only one program at a time holds a port."
    ),
    "darwin": (
        "Use the /dev/cu.* name. An adapter that does not appear may need its driver, allowed in "
        "System Settings, Privacy and Security."
    ),
}


def look(site: Site) -> dict[str, Any]:
    """All serial ports, those with a USB adapter first."""
    ports = sorted(list_ports.comports(), key=lambda p: (p.vid is None, p.device))
    items = [described(port, site) for port in ports]
    return {"items": items, "total": len(items), "help": HELP.get(PLATFORM, HELP["linux"])}


def described(port: Any, site: Site) -> dict[str, Any]:  # noqa: ANN401 - pyserial has no types
    """One port as JSON."""
    known = site.known.usb_device(port.vid, port.pid)
    holder = holder_of(place_of(NAME, {"port": port.device}), site.holders)
    text = "" if port.description in {None, "n/a"} else clean(port.description)
    return {
        "port": port.device,
        "description": text,
        "manufacturer": clean(port.manufacturer or ""),
        "vid": _hex(port.vid),
        "pid": _hex(port.pid),
        "serial_number": clean(port.serial_number or ""),
        "known": known.name if known is not None else "",
        "often": known.often if known is not None else "",
        "drivers": site.fitting(known.drivers) if known is not None else [],
        "in_use": holder.device if holder is not None else None,
        "hint": _hint(port.device, holder.device if holder is not None else ""),
    }


def _hex(number: int | None) -> str | None:
    return None if number is None else f"{number:04X}"


def _hint(port: str, holder: str) -> str:
    if holder:
        return f"{holder} holds this port"
    if port.startswith("/") and not os.access(port, os.R_OK | os.W_OK):
        return no_permission(port)
    return ""


def try_port(port: str, baudrate: int, site: Site) -> dict[str, Any]:
    """Open a port and close it; never one that a device of ours holds.

    Raises:
        BadInput: The name is a URL: those can do far more than open a port.
    """
    if "://" in port:
        raise BadInput(
            "only ports of this machine can be tested",
            hint="for an address use /api/inventory/tcp/probe",
        )
    holder = holder_of(place_of(NAME, {"port": port}), site.holders)
    if holder is not None:
        hint = f"choose another port, or disconnect {holder.device} first"
        return _result(port, f"{port} is held by {holder.device}", hint, holder.device)
    if is_missing(port):
        return _result(port, f"there is no port {port}", missing_port(port))
    try:
        serial.Serial(port, baudrate=baudrate, timeout=0, exclusive=True).close()
    except (OSError, ValueError) as error:  # SerialException is an OSError
        return _result(port, clean(error), serial_trouble(port, error))
    return {**_result(port, f"{port} opens", ""), "ok": True}


def _result(port: str, message: str, hint: str, in_use: str | None = None) -> dict[str, Any]:
    return {
        "ok": False,
        "port": port,
        "message": clean(message),
        "hint": hint,
        "in_use": in_use,
    }


def identifiers(item: Mapping[str, Any]) -> dict[str, Any]:
    """The ``port_hint`` by which a port of `look` is found again on another machine."""
    return {key: item[key] for key in ("vid", "pid", "serial_number", "description") if item[key]}


KIND = Kind(5.0, look)
