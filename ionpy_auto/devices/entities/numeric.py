"""A number with a unit, a range, limits and a window in which it can be believed."""

import math
import sys
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Entity, Reading, undecodable, wrong_type
from ionpy_auto.devices.limits import Limits

_HUGE = sys.float_info.max
_SLACK = 1e-6
"""Share of a resolution step by which a binary float may miss the step it means (4.1 / 0.01)."""


class ValidWhen(StrEnum):
    """When a measurement says something about the cell."""

    ALWAYS = "always"
    OUTPUT_ON = "output_on"  # what a supply measures at its own terminals behind a blocking diode
    OUTPUT_OFF = "output_off"


@dataclass(kw_only=True, eq=False)
class Numeric(Entity):
    """A number.

    Attributes:
        unit: As text, for example ``V``.
        precision: Decimals people see.
        min: Lowest value a write may have.
        max: Highest value a write may have.
        step: Step of an input field; the resolution by default.
        limits: Alarm limits.
        plausible: Window outside which a measurement is bad quality, not a value.
        resolution: Smallest step of the device; ``10 ** -precision`` by default.
        accuracy: Largest error of a measurement, in the unit; None means unknown.
        signed: False for a measurement that cannot show a negative value.
        valid_when: When it says something about the cell.
        quantise: To which side a wish between two steps goes: the safe one.
    """

    kind: ClassVar[str] = "numeric"

    unit: str = ""
    precision: int = 3
    min: float | None = None
    max: float | None = None
    step: float | None = None
    limits: Limits | None = None
    plausible: tuple[float, float] | None = None
    resolution: float | None = None
    accuracy: float | None = None
    signed: bool = True
    valid_when: ValidWhen = ValidWhen.ALWAYS
    quantise: Literal["down", "up", "nearest"] = "down"
    _window: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._window = self.plausible or (-_HUGE, _HUGE)

    @property
    def unit_text(self) -> str:
        """Unit of the values."""
        return self.unit

    @property
    def grain(self) -> float:
        """Smallest step of the device, in the unit."""
        return self.resolution if self.resolution is not None else 10.0**-self.precision

    def check(self, value: object) -> Scalar:
        """The number quantised to the resolution, towards the safe side.

        Raises:
            BadInput: Not a number; ``true`` and ``"12"`` are none.
            Rejected: Not finite or outside the range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(self, value, f"a number in {self.unit or 'no unit'}")
        number = float(value) if abs(value) <= _HUGE else math.inf
        if not math.isfinite(number):
            msg = f"{self.id}: {value} is not a finite number"
            raise Rejected(msg, code="NOT_FINITE", hint="give a finite number")
        self._check_range(number)
        sent = self._quantised(number)
        self._check_range(sent)
        return sent

    def _check_range(self, number: float) -> None:
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        slack = self.grain * _SLACK
        if not low - slack <= number <= high + slack:
            msg = f"{self.id}: {number:g} {self.unit} is outside {low:g} … {high:g} {self.unit}"
            raise Rejected(
                msg,
                code="OUT_OF_RANGE",
                hint=f"give {low:g} to {high:g} {self.unit}".rstrip(),
                args={"entity": self.id, "min": self.min, "max": self.max, "value": number},
            )

    def _quantised(self, number: float) -> float:
        steps = abs(number) / self.grain
        if self.quantise == "nearest":
            whole = round(steps)
        elif self.quantise == "up":
            whole = math.ceil(steps - _SLACK)
        else:
            whole = math.floor(steps + _SLACK)
        # Back through the decimal text, so 410 steps of 0.01 are 4.1 and not 4.1000000000000005.
        return math.copysign(float(f"{whole * self.grain:.12g}"), number) if whole else 0.0

    def decode(self, raw: object) -> Reading:
        """A finite number inside the plausible window, or None with the reason."""
        low, high = self._window
        if type(raw) is float and low <= raw <= high:
            return raw, Quality.GOOD, ""
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return undecodable(raw)
        if not -_HUGE <= raw <= _HUGE:
            return None, Quality.BAD, "not a finite number"
        if not low <= raw <= high:
            return None, Quality.BAD, f"implausible: {raw:g} {self.unit}".rstrip()
        return float(raw), Quality.GOOD, ""

    def same(self, sent: Scalar, read: Scalar) -> bool:
        """Equal within half a step of the device."""
        if isinstance(sent, str) or isinstance(read, str):
            return False
        return abs(sent - read) <= self.grain * 0.5 + 1e-9

    def problems(self) -> list[str]:
        """What is wrong with this declaration."""
        found = super().problems()
        if self.is_writable and (self.min is None or self.max is None):
            found.append(f"{self.id}: a writable number must declare min and max")
        if self.min is not None and self.max is not None and self.min > self.max:
            found.append(f"{self.id}: min is above max")
        if self.grain <= 0:
            found.append(f"{self.id}: the resolution must be positive")
        return found

    def describe(self) -> dict[str, Any]:
        """The entity's part of the manifest."""
        return super().describe() | {
            "precision": self.precision,
            "min": self.min,
            "max": self.max,
            "step": self.step if self.step is not None else self.grain,
            "limits": asdict(self.limits) if self.limits else None,
            "plausible": list(self.plausible) if self.plausible else None,
            "resolution": self.grain,
            "accuracy": self.accuracy,
            "signed": self.signed,
            "valid_when": self.valid_when.value,
        }
