"""What every entity shares: a declared datum of a device, with access, hints and safe state.

An entity is declared once as a class attribute of a driver and never holds a value: values travel
as samples. It knows how to judge a wish (`check`) and how to judge what a device says (`decode`).
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.safety import Safe
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.roles import Role

Reading = tuple[Scalar | None, Quality, str]
"""Value, quality, and why the quality is not good."""


class Access(StrEnum):
    """What may be done with an entity."""

    RO = "RO"
    RW = "RW"
    WO = "WO"


RO, RW, WO = Access.RO, Access.RW, Access.WO


@dataclass(frozen=True, slots=True)
class Missing:
    """What a driver's poll returns for a value the device does not have now, and why."""

    reason: str


@dataclass(kw_only=True, eq=False)
class Entity:
    """Common part of all kinds.

    Attributes:
        id: Word in addresses; the attribute's name unless given.
        name: What people read.
        access: RO, RW or WO.
        channel: Which channel of a multi-channel device.
        group: Heading on the device page.
        widget: Hint for the page: ``gauge``, ``switch``, ``slider`` …
        icon: MDI name.
        persist: The last setting is remembered over a restart (memory only, never outputs).
        role: Function, by which channels find it.
        safe: Safe state; every writable entity must declare one.
        danger: A write needs a confirmation.
    """

    kind: ClassVar[str] = "entity"

    id: str = ""
    name: str = ""
    access: Access = Access.RO
    channel: str = "Ch1"
    group: str = ""
    widget: str = ""
    icon: str = ""
    persist: bool = False
    role: Role | None = None
    safe: Safe | None = None
    danger: bool = False

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = self.id or name
        self.name = self.name or name.replace("_", " ").capitalize()

    @property
    def is_writable(self) -> bool:
        """True for RW and WO."""
        return self.access is not Access.RO

    @property
    def is_readable(self) -> bool:
        """True for RO and RW."""
        return self.access is not Access.WO

    @property
    def unit_text(self) -> str:
        """Unit of the values, empty for unitless ones."""
        return ""

    def check(self, value: object) -> Scalar:
        """The value as it would be sent.

        Raises:
            BadInput: Wrong type.
            Rejected: Well-typed, but outside what the device takes; never clamped.
        """
        raise NotImplementedError

    def decode(self, raw: object) -> Reading:
        """What a raw value from the driver means; never raises."""
        raise NotImplementedError

    def same(self, sent: Scalar, read: Scalar) -> bool:
        """Whether a value read back proves the one that was sent."""
        return type(sent) is type(read) and sent == read

    def problems(self) -> list[str]:
        """What is wrong with this declaration, as sentences."""
        found = []
        if self.is_writable and self.safe is None:
            found.append(f"{self.id}: a writable entity must declare safe=Safe(...)")
        if not self.is_writable and self.safe is not None:
            found.append(f"{self.id}: a read-only entity cannot have a safe state")
        if self.safe is not None and self.safe.action == "write":
            found += self._problems_of_safe(self.safe)
        return found

    def _problems_of_safe(self, safe: Safe) -> list[str]:
        if self.persist:
            return [f"{self.id}: an output switch must not be restored (persist)"]
        try:
            self.check(safe.value)
        except BadInput as error:
            return [f"{self.id}: safe value: {error.message}"]
        return []

    def describe(self) -> dict[str, Any]:
        """The entity's part of the manifest (JSON types)."""
        return {
            "id": self.id,
            "name": self.name or self.id,
            "kind": self.kind,
            "unit": self.unit_text,
            "access": self.access.value,
            "precision": None,
            "min": None,
            "max": None,
            "step": None,
            "options": None,
            "bits": None,
            "group": self.group,
            "widget": self.widget,
            "icon": self.icon,
            "channel": self.channel,
            "role": self.role.value if self.role else None,
            "danger": self.danger,
            "limits": None,
            "safe": asdict(self.safe) if self.safe else None,
        }


def wrong_type(entity: Entity, value: object, wanted: str) -> BadInput:
    """The error for a value of the wrong kind."""
    msg = f"{entity.id} takes {wanted}, not {value!r:.60}"
    return BadInput(msg, code="WRONG_TYPE", hint=f"give {wanted}", args={"entity": entity.id})


def unavailable(raw: object) -> Reading:
    """The reading for a value the driver did not have."""
    reason = raw.reason if isinstance(raw, Missing) else "not available"
    return None, Quality.BAD, reason


def undecodable(raw: object) -> Reading:
    """The reading for a raw value that makes no sense, or that is missing."""
    if raw is None or isinstance(raw, Missing):
        return unavailable(raw)
    return None, Quality.BAD, f"undecodable: {raw!r:.60}"
