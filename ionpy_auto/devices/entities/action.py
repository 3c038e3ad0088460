"""A button: something a device does once when asked."""

from dataclasses import dataclass
from typing import ClassVar

from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Access, Entity, Reading, wrong_type


@dataclass(kw_only=True, eq=False)
class Action(Entity):
    """A button; it is pressed by writing ``true``."""

    kind: ClassVar[str] = "action"

    access: Access = Access.WO

    def check(self, value: object) -> Scalar:
        """Only ``true``: an action cannot be un-pressed.

        Raises:
            BadInput: Anything else.
        """
        if value is not True:
            raise wrong_type(self, value, "true")
        return True

    def decode(self, raw: object) -> Reading:
        """An action has no value."""
        return None, Quality.BAD, f"an action has no value ({raw!r:.40})"

    def problems(self) -> list[str]:
        """What is wrong with this declaration."""
        found = super().problems()
        if self.access is not Access.WO:
            found.append(f"{self.id}: an action is write-only")
        return found
