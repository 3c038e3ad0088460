"""USB devices without hubs: what they are in words. Needs the optional library pyusb."""

import importlib
from collections.abc import Iterable
from typing import Any

from ionpy_auto.devices.inventory import Kind, Site, missing
from ionpy_auto.devices.trouble import PLATFORM, clean

NAME = "usb"
HUB = 0x09
PER_INTERFACE = (0x00, 0xEF)
CLASSES = {
    0x01: "audio",
    0x02: "communication (serial)",
    0x03: "human interface",
    0x05: "physical",
    0x06: "camera",
    0x07: "printer",
    0x08: "storage",
    0x09: "hub",
    0x0A: "serial data",
    0x0B: "smart card",
    0x0D: "content security",
    0x0E: "video",
    0x0F: "health",
    0x10: "audio and video",
    0xDC: "diagnostic",
    0xE0: "wireless",
    0xEF: "several",
    0xFE: "application specific",
    0xFF: "vendor specific",
}
TEST_AND_MEASUREMENT = (0xFE, 0x03)
NEEDS_LIBUSB = {
    "linux": "install libusb (Debian: sudo apt install libusb-1.0-0)",
    "darwin": "install libusb (brew install libusb)",
    "win32": "install libusb (pip install libusb-package)",
}
UNREADABLE = "unreadable: not allowed to ask the device; a udev rule or a driver allows it"


def look(site: Site) -> dict[str, Any]:
    """All USB devices but hubs."""
    try:
        core = importlib.import_module("usb.core")
    except ImportError:
        return missing("pyusb", "USB devices cannot be listed: pyusb is not installed")
    try:
        found: Iterable[Any] = list(core.find(find_all=True) or ())
    except Exception as error:  # noqa: BLE001 - each backend fails in its own way
        hint = NEEDS_LIBUSB.get(PLATFORM, NEEDS_LIBUSB["linux"])
        return missing("pyusb", f"USB devices cannot be listed: {clean(error)}", hint)
    items = [described(one, site) for one in found if one.bDeviceClass != HUB]
    return {"items": items, "total": len(items), "available": True, "hint": ""}


def described(device: Any, site: Site) -> dict[str, Any]:  # noqa: ANN401 - pyusb has no types
    """One device as JSON; strings it does not tell are None."""
    known = site.known.usb_device(device.idVendor, device.idProduct)
    texts = {name: _text(device, name) for name in ("manufacturer", "product", "serial_number")}
    return {
        "vid": f"{device.idVendor:04X}",
        "pid": f"{device.idProduct:04X}",
        "bus": getattr(device, "bus", None),
        "address": getattr(device, "address", None),
        "class": class_of(device),
        **texts,
        "known": known.name if known is not None else "",
        "drivers": site.fitting(known.drivers) if known is not None else [],
        "hint": UNREADABLE if None in texts.values() else "",
    }


def _text(device: Any, name: str) -> str | None:  # noqa: ANN401 - pyusb has no types
    """A string descriptor, empty when the device has none, None when it cannot be read."""
    try:
        return clean(getattr(device, name) or "")
    except Exception:  # noqa: BLE001 - permission, broken descriptors, devices that just left
        return None


def class_of(device: Any) -> str:  # noqa: ANN401 - pyusb has no types
    """The class in words; of the first interface, where the device leaves it to those."""
    code, sub = device.bDeviceClass, device.bDeviceSubClass
    if code in PER_INTERFACE:
        try:
            first = next(part for configuration in device for part in configuration)
            code, sub = first.bInterfaceClass, first.bInterfaceSubClass
        except Exception:  # noqa: BLE001 - descriptors that cannot be read
            return CLASSES[0xEF]
    if (code, sub) == TEST_AND_MEASUREMENT:
        return "test and measurement (USBTMC)"
    return CLASSES.get(code, f"class {code:#04x}")


KIND = Kind(8.0, look)
