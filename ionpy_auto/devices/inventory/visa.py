"""Instruments that VISA finds, each asked ``*IDN?``; only when somebody asks for it.

Looking sends discovery broadcasts into the LAN. Serial resources are listed but not asked: unknown
bytes may do anything on a port that is no instrument. What a running device holds is not touched.
"""

import importlib
import re
from typing import Any

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices.inventory import Kind, Site, missing
from ionpy_auto.devices.owners import holder_of, place_of
from ionpy_auto.devices.trouble import clean

NAME = "visa"
DEFAULT_BACKEND = "@py"
EACH_MS = 2000
ASKING_S = 12.0
PREFIX = re.compile(r"^\s*\*IDN\s+", re.IGNORECASE)


def look(site: Site) -> dict[str, Any]:
    """All instruments found, with what they say of themselves."""
    backend = site.options.get("backend") or DEFAULT_BACKEND
    try:
        manager = importlib.import_module("pyvisa").ResourceManager(backend)
        # Not closed: the library shares one manager, also with running devices.
        names = manager.list_resources("?*")
    except ImportError as error:
        return missing("pyvisa pyvisa-py", f"VISA is not available: {clean(error)}")
    except Exception as error:  # noqa: BLE001 - each backend fails in its own way
        hint = "check the backend: @py needs pyvisa-py, @ivi the vendor's VISA library"
        return missing("pyvisa", f"VISA does not start: {clean(error)}", hint)
    clock = SystemClock()  # the libraries below count real time as well
    items = [
        described(manager, name, site, is_late=clock.monotonic() > ASKING_S)
        for name in sorted(names)
    ]
    return {"items": items, "total": len(items), "available": True, "hint": "", "backend": backend}


def described(manager: Any, name: str, site: Site, *, is_late: bool) -> dict[str, Any]:  # noqa: ANN401 - pyvisa has no types
    """One resource as JSON."""
    item: dict[str, Any] = {
        "resource": clean(name),
        "manufacturer": "",
        "model": "",
        "serial": "",
        "firmware": "",
        "idn": "",
        "in_use": None,
        "hint": "",
    }
    holder = holder_of(place_of(NAME, {"resource": name}), site.holders)
    if holder is not None:
        return item | {"in_use": holder.device, "hint": f"{holder.device} holds it"}
    if name.upper().startswith("ASRL"):
        return item | {"hint": "serial ports are not asked here: probe a device on it"}
    if is_late:
        return item | {"hint": "not asked: the search took too long"}
    try:
        said = ask(manager, name)
    except Exception as error:  # noqa: BLE001 - each backend fails in its own way
        return item | {"hint": f"does not answer *IDN?: {clean(error)}"}
    return item | parse_idn(said)


def ask(manager: Any, name: str) -> str:  # noqa: ANN401 - pyvisa has no types
    """What an instrument answers to ``*IDN?`` within two seconds."""
    instrument = manager.open_resource(name, open_timeout=EACH_MS)
    try:
        instrument.timeout = EACH_MS
        instrument.write_termination = "\n"
        if name.upper().endswith("SOCKET"):
            instrument.read_termination = "\n"
        instrument.write("*IDN?")
        return bytes(instrument.read_raw()).decode("utf-8", "replace")
    finally:
        instrument.close()


def parse_idn(text: str) -> dict[str, str]:
    """The four parts of an ``*IDN?`` answer; what is missing stays empty.

    >>> parse_idn("RIGOL TECHNOLOGIES,DP832,DP8A1234,00.01.14")["model"]
    'DP832'
    """
    line = clean(PREFIX.sub("", text)).strip("\"' ")
    parts = [clean(part.strip("\"' ")) for part in line.split(",", 3)]
    parts += [""] * (4 - len(parts))
    names = ("manufacturer", "model", "serial", "firmware")
    return {**dict(zip(names, parts, strict=True)), "idn": line}


KIND = Kind(20.0, look)
