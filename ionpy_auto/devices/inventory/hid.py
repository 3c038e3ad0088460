"""HID devices (meters, relay boards). Needs the optional library hidapi."""

import importlib
from collections.abc import Mapping
from typing import Any

from ionpy_auto.devices.inventory import Kind, Site, missing
from ionpy_auto.devices.trouble import PLATFORM, clean

NAME = "hid"
HELP = {
    "linux": (
        "A device that does not open needs a udev rule: "
        'KERNEL=="hidraw*", ATTRS{idVendor}=="1234", ATTRS{idProduct}=="5678", MODE="0660", '
        'GROUP="plugdev"; then sudo udevadm control --reload and plug it in again.'
    ),
    "win32": (
        "Windows has its own HID driver; a device that does not appear had it replaced "
        "(Zadig, WinUSB): choose the HID driver again in the Device Manager."
    ),
    "darwin": (
        "macOS asks for Input Monitoring (System Settings, Privacy and Security): allow it for "
        "the terminal or the server, then start again."
    ),
}


def look(site: Site) -> dict[str, Any]:
    """All HID devices."""
    help_text = HELP.get(PLATFORM, HELP["linux"])
    try:
        hid = importlib.import_module("hid")
        found = hid.enumerate()
    except ImportError:
        reason = "HID devices cannot be listed: hidapi is not installed"
        return {**missing("hidapi", reason), "help": help_text}
    except Exception as error:  # noqa: BLE001 - each platform fails in its own way
        return {**missing("hidapi", clean(error), help_text), "help": help_text}
    items = [described(entry, site) for entry in found]
    return {
        "items": items,
        "total": len(items),
        "available": True,
        "hint": "",
        "help": help_text,
    }


def described(entry: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """One device as JSON."""
    vid, pid, path = entry.get("vendor_id"), entry.get("product_id"), entry.get("path") or b""
    known = site.known.usb_device(vid, pid)
    return {
        "path": clean(path.decode("utf-8", "replace") if isinstance(path, bytes) else path),
        "vid": f"{vid or 0:04X}",
        "pid": f"{pid or 0:04X}",
        "manufacturer": clean(entry.get("manufacturer_string") or ""),
        "product": clean(entry.get("product_string") or ""),
        "serial_number": clean(entry.get("serial_number") or ""),
        "usage_page": entry.get("usage_page", 0),
        "usage": entry.get("usage", 0),
        "interface": entry.get("interface_number", -1),
        "known": known.name if known is not None else "",
        "drivers": site.fitting(known.drivers) if known is not None else [],
    }


KIND = Kind(5.0, look)
