"""Cells: points kept ready for expressions, scaled once where a sample arrives.

A rule is looked at far more often than it has anything new to read, and a thousand rules may read
one point. So the work of a reading (quality, scale, class of the value) is done once per sample,
in the cell; a bound expression then only looks at an attribute.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ionpy_auto.core.samples import Scalar
from ionpy_auto.language.kleene import UNKNOWN, Value, normal
from ionpy_auto.language.units import Unit, find_unit

SAFE = 1e15
"""The plain form of an expression runs only if all numbers read are smaller than this."""

Scale = Callable[[Scalar | None], Value]


class Cell:
    """The present value of one point in the coherent unit.

    Args:
        unit: In which the point gives its values.

    Attributes:
        value: As an expression sees it; UNKNOWN where nothing is known.
        number: The same if it is a float below `SAFE`, else None.
        flag: The same if it is a bool, else None.
        text: The same if it is a text, else None.
    """

    __slots__ = ("_scale", "_unit", "_written", "flag", "number", "text", "value")

    value: Value
    number: float | None
    flag: bool | None
    text: str | None

    def __init__(self, unit: Unit) -> None:
        """Unknown until something is put in."""
        self._unit = unit
        self._written = unit.name
        self._scale = scaler(unit)
        self._hold(UNKNOWN)

    def put(self, value: Scalar | None, unit: str | None = None) -> None:
        """Take over what the point holds now. Never raises.

        A source that switched its range (mV for V) is followed at once, one that came back as
        something else is unknown until the expression is checked again.

        Args:
            value: None where nothing is known.
            unit: As the source writes it with this value; None: as before.
        """
        if unit is not None and unit != self._written:
            self._written = unit
            self._scale = _following(self._unit, unit)
        scale = self._scale
        result: object = value if scale is None else scale(value)
        if self.number is not None and result.__class__ is float and -SAFE < result < SAFE:
            self.value = self.number = result  # a number as before: what nearly every sample is
        else:
            self._hold(normal(result))

    def _hold(self, value: Value) -> None:
        is_safe = isinstance(value, float) and -SAFE < value < SAFE
        self.value = value
        self.number = value if is_safe else None  # type: ignore[assignment]  # a float
        self.flag = value if isinstance(value, bool) else None
        self.text = value if isinstance(value, str) else None


@runtime_checkable
class CellSource(Protocol):
    """An environment that keeps points ready in cells."""

    def cell(self, address: str, unit: Unit) -> Cell | None:
        """The cell of a point read in this unit; None for what must be asked each time."""


def _following(declared: Unit, written: str) -> Scale | None:
    """How to read what is not in the unit that was declared."""
    if not written or not declared.dimension:
        return scaler(declared)
    unit = find_unit(written)
    if unit.dimension == declared.dimension and unit.absolute == declared.absolute:
        return scaler(unit)
    return lambda value: UNKNOWN


def scaler(unit: Unit, divisor: float = 1.0) -> Scale | None:
    """From a unit to the coherent one; None where the two are the same.

    Args:
        unit: Of the values that come.
        divisor: Divide by this on top (3600 makes Ah of A over seconds).
    """
    if unit.is_coherent and divisor == 1.0:
        return None

    def scale(value: Scalar | None) -> Value:
        number = normal(value)
        if not isinstance(number, float):
            return number
        return normal(unit.to_coherent(number) / divisor)

    return scale
