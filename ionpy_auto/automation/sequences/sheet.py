"""The sheet of a run: what a result must be traced back to years later (SEQ-26).

It is taken once, when the run begins, from what files, people and instruments say then. What
nobody says is left None: the report says "not known".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ionpy_auto import __version__
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.sequences.channel import CyclerChannel, Input
from ionpy_auto.automation.sequences.instruments import numeric
from ionpy_auto.automation.sequences.meters import meters_of
from ionpy_auto.automation.sequences.uncertainty import Accuracy, class_as_dict
from ionpy_auto.devices import Role, Text
from ionpy_auto.devices.stack import Stack

IDENTITY: Final = ("model", "serial", "firmware")
"""Texts a driver gives of its instrument; ``identity`` is the answer to ``*IDN?``."""


def sheet_of(
    flow: Flow,
    channel: CyclerChannel | None,
    about: Mapping[str, Any],
    conditions: Mapping[str, Any],
    cycles_before: int | None,
) -> dict[str, Any]:
    """Take the sheet.

    Args:
        flow: That is run.
        channel: It is run on.
        about: Bindings of the run.
        conditions: Of the run, as a person gave them.
        cycles_before: Complete cycles of this cell in earlier runs; None when it has no name.
    """
    cell = flow.names.cell
    found: dict[str, Any] = {
        "software": __version__,
        "cell": {
            "file": flow.cell or None,
            "title": cell.title if cell is not None else None,
            "manufacturer": cell.manufacturer if cell is not None else None,
            "chemistry": cell.chemistry if cell is not None else None,
            "capacity_ah": cell.capacity if cell is not None else None,
            "series": cell.series if cell is not None else None,
            "id": about.get("cell_id"),
            "batch": about.get("batch"),
            "mass": about.get("mass") or (cell.mass if cell is not None else None) or None,
            "cycles_before": cycles_before,
        },
        "operator": conditions.get("operator"),
        "fixture": conditions.get("fixture"),
    }
    return found if channel is None else {**found, **_wiring(channel)}


def _wiring(channel: CyclerChannel) -> dict[str, Any]:
    file = channel.file
    return {
        "fixture_title": file.title or None,
        "lead_ohm": file.path_resistance or None,
        "wires": file.voltage.wires,
        "isolation": file.isolation,
        "sensor_place": file.temp.place or None if file.temp is not None else None,
        "terminals": dict(_terminals(channel)),
        "meters": [_meter(channel, device) for device in file.devices],
    }


def _terminals(channel: CyclerChannel) -> Iterator[tuple[str, str]]:
    """Where each instrument shows the voltage at its own terminals."""
    for direction, one in (("charge", channel.source), ("discharge", channel.sink)):
        point = one.find(Role.MEASURED_VOLTAGE) if one is not None else None
        if point is not None and point != channel.voltage.point:
            yield direction, point


def _meter(channel: CyclerChannel, device: str) -> dict[str, Any]:
    stack = channel.devices.stacks.get(device)
    if stack is None:
        return {"device": device, "measures": []}
    calibration = stack.config.calibration
    return {
        "device": device,
        "alias": stack.config.shown,
        "driver": stack.config.driver,
        "driver_version": stack.driver.VERSION if stack.driver is not None else None,
        "transport": stack.config.transport.type,
        **_identity(stack),
        "calibrated": str(calibration.date) if calibration.date else None,
        "calibration_due": str(calibration.due) if calibration.due else None,
        "calibrated_by": calibration.by or None,
        "measures": list(_measures(channel, device)),
    }


def _identity(stack: Stack) -> dict[str, str | None]:
    """Model, serial number and firmware, as far as the instrument says them."""
    told = {name: _text(stack, name) for name in IDENTITY}
    words = [word.strip() for word in (_text(stack, "identity") or "").split(",")]
    if len(words) == 4:  # maker, model, serial number, firmware: IEEE 488.2
        maker, model, serial, firmware = words
        whole = {"model": f"{maker} {model}", "serial": serial, "firmware": firmware}
        told = {name: told[name] or whole[name] or None for name in IDENTITY}
    return told


def _text(stack: Stack, name: str) -> str | None:
    slot = stack.slots.get(name)
    known = slot.known if slot is not None and isinstance(slot.entity, Text) else None
    return known if isinstance(known, str) and known else None


def _measures(channel: CyclerChannel, device: str) -> Iterator[dict[str, Any]]:
    meters = meters_of(channel)
    places: list[tuple[str, Input | None, Accuracy | None]] = [
        ("voltage", channel.voltage, meters.voltage),
        ("current", channel.signed, meters.charge),
        ("charge current", channel.charging, meters.charge),
        ("discharge current", channel.discharging, meters.discharge),
        ("temperature", channel.temp, None),
    ]
    for quantity, place, written in places:
        if place is None or place.point.rpartition(".")[0] != device:
            continue
        entity = numeric(channel.devices, place.point)
        window, accuracy = None, written
        if entity is not None:
            window = entity.plausible
            if entity.min is not None and entity.max is not None:
                window = (entity.min, entity.max)
        if accuracy is None and entity is not None and entity.accuracy is not None:
            accuracy = Accuracy(0.0, entity.accuracy, entity.grain)
        yield {
            "quantity": quantity,
            "point": place.point,
            "unit": entity.unit_text if entity is not None else "",
            "resolution": entity.grain if entity is not None else None,
            "accuracy": class_as_dict(accuracy),
            "range": list(window) if window is not None else None,
        }
