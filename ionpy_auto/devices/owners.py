"""Which running device of this server holds which port, so that nobody else touches it."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ionpy_auto.devices.build import blueprint_for, merged
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.devices.stack import Stack
from ionpy_auto.devices.transports.virtual import NAME as VIRTUAL

LOCAL_NAMES = frozenset({"localhost", "::1", "ip6-localhost"})
SHARED_FRAMINGS = frozenset({"modbus_tcp"})
"""Framings whose servers take several clients by definition; everything else has one owner."""
INTERFACE = re.compile(r"(TCPIP|GPIB|USB|PXI|VXI|ASRL)(.*)", re.IGNORECASE)
RESOURCE_CLASSES = frozenset({"INSTR", "SOCKET", "RAW", "INTFC", "BACKPLANE", "MEMACC"})


class Holder(NamedTuple):
    """A device that holds a place.

    Attributes:
        device: Its id.
        place: See `place_of`.
        shares: Another client at the same place does no harm.
    """

    device: str
    place: str
    shares: bool


def place_of(transport: str, params: Mapping[str, Any]) -> str:
    """One word for the thing a transport opens; empty when it holds nothing.

    >>> place_of("tcp", {"host": "localhost", "port": 502})
    'tcp:127.0.0.1:502'
    >>> place_of("serial", {"port": "socket://10.0.0.5:23"})
    'tcp:10.0.0.5:23'
    >>> place_of("visa", {"resource": "TCPIP::10.0.0.5::INSTR"})
    'visa:TCPIP0::10.0.0.5::INST0::INSTR'
    """
    kind = transport.lower()
    if kind == VIRTUAL:
        return ""
    if "host" in params:
        return _network(kind, str(params["host"]), params.get("port", ""))
    if kind == "serial" or "port" in params:
        return _serial(str(params.get("port", "")))
    if "resource" in params:
        return _visa(str(params["resource"]))
    words = [str(params[key]) for key in ("path", "vid", "pid", "serial_number") if key in params]
    return f"{kind}:{':'.join(words)}" if words else ""


def _network(kind: str, host: str, port: object) -> str:
    name = host.strip().lower().rstrip(".")
    return f"{kind}:{'127.0.0.1' if name in LOCAL_NAMES else name}:{port}"


def _visa(resource: str) -> str:
    """A VISA resource in its full form; a raw socket or a serial port by what it really opens."""
    parts = resource.strip().split("::")
    found = INTERFACE.fullmatch(parts[0])
    kind, board = (found[1].upper(), found[2]) if found is not None else ("", "")
    if kind == "ASRL":
        return _serial(board if not board.isdigit() else f"COM{board}")
    parts = [f"{kind}{board or 0}" if kind else parts[0], *parts[1:]]
    if parts[-1].upper() not in RESOURCE_CLASSES:
        parts.append("INSTR")
    last = parts[-1].upper()
    if kind == "TCPIP" and last == "SOCKET" and len(parts) == 4:
        return _network("tcp", parts[1], parts[2])
    if kind == "TCPIP" and last == "INSTR" and len(parts) == 3:
        parts.insert(2, "inst0")
    if kind == "USB" and len(parts) == 6 and parts[4] == "0":
        del parts[4]
    return f"visa:{'::'.join(parts).upper()}"


def _serial(port: str) -> str:
    if "://" in port:
        try:
            url = urlsplit(port)
            return _network("tcp", url.hostname or "", url.port or "")
        except ValueError:
            return f"serial:{port}"
    if port.startswith("/"):
        with suppress(OSError, ValueError, RuntimeError):  # what is no path has no other name
            port = str(Path(port).resolve())  # /dev/serial/by-id leads to the same port
        return f"serial:{port}"
    return f"serial:{port.upper()}" if port else ""


def holder_of(place: str, holders: Iterable[Holder], *, shares: bool = False) -> Holder | None:
    """Who is in the way at a place, or None."""
    for holder in holders:
        if place and holder.place == place and not (shares and holder.shares):
            return holder
    return None


def holders(manager: DeviceManager | None) -> list[Holder]:
    """Every running device of the open project with the places it holds."""
    if manager is None or manager.builder.simulate or manager.clock.is_virtual:
        return []
    return [one for stack in manager.stacks.values() if stack.is_running for one in _of(stack)]


def _of(stack: Stack) -> list[Holder]:
    driver = stack.driver
    if driver is None:
        return []
    params, framing = way_of(type(driver), stack.config)
    places = {place_of(stack.config.transport.type, params)}
    # A port that was looked for by its hint may be another than the configured one.
    actual = getattr(getattr(driver.link, "transport", None), "place", "")
    if stack.config.transport.type.lower() == "serial" and actual:
        places.add(_serial(str(actual)))
    return [Holder(stack.id, place, framing in SHARED_FRAMINGS) for place in places if place]


def way_of(driver: type[Driver], config: DeviceConfig) -> tuple[dict[str, Any], str]:
    """Transport parameters with the blueprint's defaults, and the name of the framing.

    Raises:
        SpawnError: The driver does not support this transport.
    """
    blueprint = blueprint_for(driver, config)
    framing = config.framing.type.lower() if config.framing is not None else blueprint.framing
    return merged(blueprint.transport_params, config.transport.params), framing
