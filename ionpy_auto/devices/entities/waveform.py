"""A captured curve; declared here, kept as a file by the storage and never as a sample."""

from dataclasses import dataclass
from typing import ClassVar

from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Entity, Reading


@dataclass(kw_only=True, eq=False)
class Waveform(Entity):
    """A captured curve.

    Attributes:
        unit: Unit of the values.
        x_unit: Unit of the other axis.
    """

    kind: ClassVar[str] = "waveform"

    unit: str = ""
    x_unit: str = "s"

    @property
    def unit_text(self) -> str:
        """Unit of the values."""
        return self.unit

    def check(self, value: object) -> Scalar:
        """A waveform is never written.

        Raises:
            Rejected: Always.
        """
        msg = f"{self.id} is a captured curve and cannot be written ({type(value).__name__})"
        raise Rejected(msg, code="READ_ONLY", hint="choose a setting of the device")

    def decode(self, raw: object) -> Reading:
        """A curve is no sample."""
        return None, Quality.BAD, f"a curve is no sample ({type(raw).__name__})"
