"""A switch: true or false."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Entity, Reading, undecodable, wrong_type


@dataclass(kw_only=True, eq=False)
class Toggle(Entity):
    """A switch.

    Attributes:
        on_label: What people read when it is true.
        off_label: What people read when it is false.
    """

    kind: ClassVar[str] = "toggle"

    on_label: str = "On"
    off_label: str = "Off"

    def check(self, value: object) -> Scalar:
        """True or false, nothing else.

        Raises:
            BadInput: Not a bool; ``1`` is none.
        """
        if not isinstance(value, bool):
            raise wrong_type(self, value, "true or false")
        return value

    def decode(self, raw: object) -> Reading:
        """A bool, or the register values 0 and 1."""
        if isinstance(raw, bool) or (type(raw) is int and raw in {0, 1}):
            return bool(raw), Quality.GOOD, ""
        return undecodable(raw)

    def describe(self) -> dict[str, Any]:
        """The entity's part of the manifest."""
        options = [
            {"key": False, "label": self.off_label},
            {"key": True, "label": self.on_label},
        ]
        return super().describe() | {"options": options}
