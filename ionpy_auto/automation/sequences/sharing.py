"""What two channels have in common by their wiring: outputs of one device, a common minus."""

from collections.abc import Iterator

from ionpy_auto.automation.wiring import ChannelFile
from ionpy_auto.devices import Role
from ionpy_auto.devices.manager import DeviceManager


def minus_between(one: ChannelFile, other: ChannelFile, devices: DeviceManager) -> str:
    """What joins the minus of two channels and would short a cell; empty when nothing does.

    Cells with their minus at the common one do each other no harm. One that is ``lifted``, higher
    up in a string, would be shorted through it by whatever else works there.
    """
    if not (one.lifted or other.lifted):
        return ""
    common = set(_minuses(one, devices)) & set(_minuses(other, devices))
    return ", ".join(sorted(common))


def _minuses(file: ChannelFile, devices: DeviceManager) -> Iterator[str]:
    if file.shared_minus:
        yield f"minus {file.shared_minus}"
    for device, output, switch in outputs_of(file):
        stack = devices.stacks.get(device)
        driver = stack.driver if stack is not None else None
        entity = driver.by_role(switch, output) if driver is not None else None
        for group in driver.SHARED_MINUS if driver is not None else ():
            if entity is not None and entity.channel in group:
                yield f"the minus of {device} {' and '.join(group)}"


def outputs_of(file: ChannelFile) -> Iterator[tuple[str, str, Role]]:
    """Device, output and switch of the supply and the load of a channel."""
    if file.source:
        yield file.source, file.source_output, Role.OUTPUT
    if file.sink:
        yield file.sink, file.sink_output, Role.INPUT


def same_output(one: ChannelFile, other: ChannelFile, devices: DeviceManager) -> str:
    """An output both channels want to switch, or empty."""
    found = set(_switches(one, devices)) & set(_switches(other, devices))
    return ", ".join(sorted(found))


def _switches(file: ChannelFile, devices: DeviceManager) -> Iterator[str]:
    for device, output, switch in outputs_of(file):
        stack = devices.stacks.get(device)
        driver = stack.driver if stack is not None else None
        entity = driver.by_role(switch, output) if driver is not None else None
        if entity is not None:
            yield f"{device}.{entity.id}"
