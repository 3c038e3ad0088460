"""A set of flags in one whole number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Entity, Reading, undecodable, wrong_type


@dataclass(kw_only=True, eq=False)
class Bitmask(Entity):
    """A set of flags.

    Attributes:
        bits: Bit number (0 is the lowest) → what people read.
    """

    kind: ClassVar[str] = "bitmask"

    bits: Mapping[int, str]

    @property
    def mask(self) -> int:
        """All named bits."""
        return sum(1 << bit for bit in self.bits)

    def check(self, value: object) -> Scalar:
        """A whole number made of named bits.

        Raises:
            BadInput: Not a whole number.
            Rejected: Holds a bit without a name.
        """
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(self, value, "a whole number")
        if value < 0 or value & ~self.mask:
            msg = f"{self.id}: {value} holds unknown bits"
            raise Rejected(msg, code="OUT_OF_RANGE", hint=f"known bits: {self.mask:#x}")
        return value

    def decode(self, raw: object) -> Reading:
        """A whole number; unnamed bits stay, they say something too."""
        if type(raw) is int and raw >= 0:
            return raw, Quality.GOOD, ""
        return undecodable(raw)

    def describe(self) -> dict[str, Any]:
        """The entity's part of the manifest."""
        bits = [{"bit": bit, "label": label} for bit, label in self.bits.items()]
        return super().describe() | {"bits": bits}
