"""An instrument of a channel: its entities found by function, and what it last said of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ionpy_auto.core.errors import Conflict, Rejected
from ionpy_auto.core.samples import Sample, Scalar
from ionpy_auto.devices import Driver, Entity, Enum, Numeric, Protection, Role, Toggle
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.devices.stack import Stack

LEVEL_ROLES: Final[Mapping[str, Role]] = {
    "cc": Role.LOAD_LEVEL,
    "cp": Role.LOAD_POWER,
    "cr": Role.LOAD_RESISTANCE,
    "cv": Role.LOAD_VOLTAGE,
}
"""Where a load keeps the level of each of its modes."""
_OF_ALL_OUTPUTS: Final = frozenset({Role.KEYPAD_LOCK, Role.POWER_UP_OUTPUT})
"""What a device with several outputs may have only once."""


@dataclass(frozen=True)
class Contact:
    """The relay between a cell and the instruments.

    Attributes:
        point: Address of its switch.
        devices: Where it lives.
    """

    point: str
    devices: DeviceManager

    @property
    def device(self) -> str:
        """Id of the device."""
        return self.point.rpartition(".")[0]

    @property
    def stack(self) -> Stack:
        """The running device.

        Raises:
            NotFound: There is none.
        """
        return self.devices.stack(self.device)

    @property
    def entity(self) -> Entity:
        """The switch.

        Raises:
            Rejected: There is no such switch.
        """
        slot = self.stack.slots.get(self.point.rpartition(".")[2])
        if slot is None or not isinstance(slot.entity, Toggle) or not slot.entity.is_writable:
            msg = f"{self.point} is no switch"
            raise Rejected(msg, code="MISSING_FUNCTION", hint="relay: {point: RLY_01.k1}")
        return slot.entity

    @property
    def closed(self) -> bool | None:
        """Where it is by read-back; None when that is not known."""
        slot = self.stack.slots.get(self.point.rpartition(".")[2])
        known = slot.known if slot is not None else None
        return known if isinstance(known, bool) else None


@dataclass(frozen=True)
class Instrument:
    """A supply (its switch is `Role.OUTPUT`) or a load (`Role.INPUT`) of a channel.

    Attributes:
        device: Id of the device.
        switch: Role of its on/off switch.
        devices: Where it lives.
        output: Which output of a device with several (`Entity.channel`); empty for the first.
    """

    device: str
    switch: Role
    devices: DeviceManager
    output: str = ""

    @property
    def stack(self) -> Stack:
        """The running device.

        Raises:
            NotFound: There is none.
        """
        return self.devices.stack(self.device)

    @property
    def driver(self) -> Driver:
        """Its driver.

        Raises:
            Conflict: The device is not loaded.
        """
        driver = self.stack.driver
        if driver is None:
            msg = f"{self.device} is {self.stack.state}"
            raise Conflict(msg, code="DEVICE_NOT_LOADED", hint=self.stack.hint or "enable it first")
        return driver

    @property
    def protection(self) -> Protection:
        """What its hardware protection does."""
        return self.driver.PROTECTION

    def entity(self, role: Role) -> Entity | None:
        """The entity with a function, on the same channel of the device as the switch."""
        driver = self.driver
        switch = driver.by_role(self.switch, self.output)
        if switch is None:
            return None
        found = driver.by_role(role, switch.channel)
        return driver.by_role(role) if found is None and role in _OF_ALL_OUTPUTS else found

    def require(self, role: Role) -> Entity:
        """The entity with a function.

        Raises:
            Rejected: The driver declares none.
        """
        found = self.entity(role)
        if found is None:
            where = f" at {self.output}" if self.output else ""
            msg = f"{self.device} has no {role.value}{where}"
            raise Rejected(
                msg, code="MISSING_FUNCTION", hint="this driver cannot take this place in a channel"
            )
        return found

    def point(self, role: Role) -> str:
        """Address of an entity by function.

        Raises:
            Rejected: The driver declares none.
        """
        return f"{self.device}.{self.require(role).id}"

    def find(self, role: Role) -> str | None:
        """Address of an entity by function, if there is one."""
        entity = self.entity(role)
        return None if entity is None else f"{self.device}.{entity.id}"

    def last(self, role: Role) -> Sample | None:
        """Its latest sample."""
        entity = self.entity(role)
        slot = self.stack.slots.get(entity.id) if entity is not None else None
        return slot.last if slot is not None else None

    def known(self, role: Role) -> Scalar | None:
        """Its latest value that may take part in a decision."""
        sample = self.last(role)
        return None if sample is None else sample.known

    def number(self, role: Role) -> float | None:
        """The same for numbers."""
        value = self.known(role)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]  # checked above

    def grain(self, role: Role, default: float = 0.001) -> float:
        """Smallest step of a number."""
        entity = self.entity(role)
        return entity.grain if isinstance(entity, Numeric) else default

    def lowest(self, role: Role) -> float:
        """Smallest value that can be written, never below zero."""
        entity = self.entity(role)
        bottom = entity.min if isinstance(entity, Numeric) else None
        return max(bottom or 0.0, 0.0)

    def has_mode(self, mode: str) -> bool:
        """Whether a load has a mode of its own, with a level that can be written."""
        modes = self.entity(Role.LOAD_MODE)
        if mode == "cc":
            return self.find(Role.LOAD_LEVEL) is not None
        is_listed = isinstance(modes, Enum) and mode in modes.options
        return is_listed and self.find(LEVEL_ROLES[mode]) is not None

    def highest(self, role: Role) -> float:
        """Largest value that can be written."""
        entity = self.entity(role)
        top = entity.max if isinstance(entity, Numeric) else None
        return float("inf") if top is None else top

    def outputs(self) -> list[str]:
        """Addresses a run takes a lease on: all settings of this channel of the device."""
        channel = self.require(self.switch).channel
        return [
            f"{self.device}.{entity.id}"
            for entity in self.driver.entities.values()
            if entity.is_writable and entity.channel == channel
        ]

    @property
    def is_off(self) -> bool:
        """True only when the latest read-back says off."""
        return self.known(self.switch) is False


def numeric(devices: DeviceManager, point: str) -> Numeric | None:
    """The declaration of a measured point, if there is such a number."""
    device, _, key = point.rpartition(".")
    stack = devices.stacks.get(device)
    slot = stack.slots.get(key) if stack is not None else None
    entity = slot.entity if slot is not None else None
    return entity if isinstance(entity, Numeric) else None
