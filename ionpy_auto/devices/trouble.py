"""What a person can do about a port that does not open or a device that does not answer.

Causes are told apart by the operating system's error number, not by texts that libraries change.
"""

import errno
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serial.tools import list_ports

from ionpy_auto.devices.ports import existing_ports

COMMON_BAUD_RATES = "9600, 19200, 38400, 57600, 115200"
USUAL_GROUPS = {"dialout", "uucp", "plugdev", "tty", "lock"}
MAX_TEXT = 200
PLATFORM: str = sys.platform


def clean(text: object, most: int = MAX_TEXT) -> str:
    r"""A text an instrument sent, fit to be shown: one line, no control characters, bounded.

    >>> clean("RIGOL\x1b[31m\n DP832 ")
    'RIGOL [31m DP832'
    """
    shown = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * most])
    words = " ".join(shown.split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and what led to it, outermost first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def error_number(error: BaseException) -> int:
    """The operating system's number in a chain of errors, 0 when there is none."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno:
            return cause.errno
    return 0


# -- serial ports --------------------------------------------------------------------------------


def known_ports() -> str:
    """The serial ports of this machine in words."""
    ports = sorted((p.device, p.description or "") for p in list_ports.comports())
    shown = [d if text in {"", "n/a"} else f"{d} ({clean(text, 60)})" for d, text in ports]
    return ", ".join(shown)


def missing_port(port: str) -> str:
    """The hint for a port that is not there."""
    ports = known_ports()
    if not ports:
        return "this machine has no serial port now: plug the adapter in, check cable and driver"
    return f"ports on this machine: {ports}; plug the adapter in, or choose one of them for {port}"


def is_missing(port: str) -> bool:
    """Whether a serial port is surely not there; names that are URLs are not judged."""
    if "://" in port:
        return False
    if port.startswith("/") or PLATFORM != "win32":
        return not Path(port).exists()
    names = {name.upper() for name in existing_ports()}
    return port.upper().removeprefix("\\\\.\\") not in names


def serial_trouble(port: str, error: BaseException, platform: str = PLATFORM) -> str:
    """The hint for a serial port that did not open."""
    number = error_number(error)
    if "://" in port:
        return network_trouble(error)
    if number in {errno.EACCES, errno.EPERM}:
        return no_permission(port, platform)
    if number in {errno.EBUSY, errno.EAGAIN}:
        return busy_port(port)
    if number in {errno.ENOENT, errno.ENODEV, errno.ENXIO} or is_missing(port):
        return missing_port(port)
    ports = known_ports() or "none"
    return f"{port} is no working serial port; ports on this machine: {ports}"


def no_permission(port: str, platform: str = PLATFORM) -> str:
    """The hint for a port we may not open."""
    if platform == "win32":
        return (
            f"Windows refuses access: another program holds {port} (a terminal, the vendor's "
            "software); close it, then try again"
        )
    group = group_of(port)
    if platform == "darwin" or group not in USUAL_GROUPS:
        owner = f" (it belongs to group {group})" if group else ""
        return (
            f"this account may not open {port}{owner}: add a udev rule that gives it to group "
            "dialout, and join that group"
        )
    return (
        f"{port} belongs to group {group}: sudo usermod -aG {group} $USER, "
        "then log out and in again (a service: restart it)"
    )


def group_of(port: str) -> str:
    """The group that owns a port, or empty."""
    try:
        return Path(port).group()
    except (OSError, KeyError, NotImplementedError):
        return ""


def busy_port(port: str) -> str:
    """The hint for a port somebody else holds."""
    program = program_at(port)
    who = f"{program} holds {port}" if program else f"another program holds {port}"
    return f"{who}; close it there (a terminal, the vendor's software, ModemManager)"


def program_at(port: str) -> str:
    """Name and number of another process that has a file open, where the system tells."""
    try:
        wanted = str(Path(port).resolve())
        mine = str(os.getpid())
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and entry.name != mine and _has_open(entry, wanted):
                name = (entry / "comm").read_text(encoding="utf-8", errors="replace")
                return f"{clean(name, 40)} (process {entry.name})"
    except OSError:
        return ""
    return ""


def _has_open(process: Path, wanted: str) -> bool:
    try:
        return any(str(link.readlink()) == wanted for link in (process / "fd").iterdir())
    except OSError:
        return False  # not ours, or gone meanwhile


# -- networks ------------------------------------------------------------------------------------


def network_trouble(error: BaseException) -> str:
    """The hint for an address that did not take a connection."""
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes(error)):
        return "the name is not known: check its spelling, or give the device's IP address"
    number = error_number(error)
    if number in {errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED}:
        return (
            "the host is there but takes no connection on this port: check the port number, that "
            "the device's network interface is on, and that no other client holds its only place"
        )
    if number in {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}:
        return "the host cannot be reached: check address, subnet, network cable and power"
    if number in {errno.EACCES, errno.EPERM}:
        return "a firewall on this machine forbids the connection"
    return "nothing answers at this address: check address, power, network cable and firewall"


# -- devices that open but do not answer -----------------------------------------------------------


def no_answer(transport: str, framing: str, params: Mapping[str, Any], address: object) -> str:
    """The hint for a link that is open while the device is silent."""
    modbus = framing.startswith("modbus")
    words = ["nothing was heard"]
    checks = ["the device's power", "the cable (TX and RX crossed?)"]
    if modbus:
        asked = f" ({address} was asked)" if address is not None else ""
        checks.insert(0, f"the Modbus address{asked}, which the device's menu shows")
    if transport == "serial":
        checks.append(f"the baud rate ({params.get('baudrate', 'default')} now)")
    elif modbus:
        other = "modbus_tcp" if framing == "modbus_rtu" else "modbus_rtu"
        checks[1:] = [f"the framing ({framing} now, try {other})", "the device's power"]
    else:
        checks[:] = ["that this is the instrument's own port for commands", "its remote setting"]
        if framing == "delimiter":
            checks.append("the delimiter")
    return f"{words[0]}: check {', '.join(checks)}"


def unreadable(transport: str, framing: str, params: Mapping[str, Any], heard: bytes) -> str:
    """The hint for bytes that came and made no sense."""
    if heard.startswith((b"HTTP/", b"SSH-", b"<!", b"<html")):
        name = "an SSH server" if heard.startswith(b"SSH-") else "a web server"
        return f"{name} answers here, no instrument: check address and port number"
    begin = f"answers are unreadable ({len(heard)} bytes, {heard[:12].hex(' ')})"
    if transport == "serial":
        now = params.get("baudrate", "default")
        return (
            f"{begin}: try another baud rate ({now} now), common: {COMMON_BAUD_RATES}; "
            "then parity and stop bits, or another driver"
        )
    if framing.startswith("modbus"):
        other = "modbus_tcp" if framing == "modbus_rtu" else "modbus_rtu"
        return (
            f"{begin}: something else than {framing} answers; try framing {other}, the baud rate "
            "of the serial server, or another driver"
        )
    return f"{begin}: check the delimiter and the port, or choose another driver"


def hung_up(transport: str) -> str:
    """The hint for a link that broke when the first question was asked."""
    if transport == "serial":
        return "the port went away when it was used: check the USB plug and the adapter's power"
    return (
        "the other side hung up when it was asked: it speaks another protocol on this port, or it "
        "takes one client only and another holds the place"
    )
