"""Accuracy classes as people write them: ``0.05 % + 2 mV``, ``0.1 %`` or ``5 mA``."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from ionpy_auto.automation.blocks import Block
from ionpy_auto.automation.fields import PlacedText, Plain, Reading, fail
from ionpy_auto.core.errors import BadInput
from ionpy_auto.language import parse_quantity


class AccuracyClass(NamedTuple):
    """Largest error of a reading: part of the reading, and a constant in the meter's unit."""

    gain: float
    offset: float


class _Text(Plain):
    """An accuracy class of a meter in a unit."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.schema: Mapping[str, Any] = {
            "type": "string",
            "x-unit": unit,
            "examples": [f"0.05 % + 2 m{unit}"],
        }

    def read(self, value: object, reading: Reading) -> AccuracyClass:
        """Gain and offset."""
        del reading
        example = f"write it as 0.05 % + 2 m{self.unit}"
        if not isinstance(value, PlacedText):
            raise fail("wrong_type", "an accuracy is needed here", example)
        gain = offset = 0.0
        for part in value.split("+"):
            try:
                if part.strip().endswith("%"):
                    gain += parse_quantity(part.strip()).to("%") / 100.0
                else:
                    offset += parse_quantity(part.strip()).to(self.unit)
            except BadInput as error:
                raise fail("unit", error.message, error.hint or example) from None
        if gain < 0.0 or offset < 0.0:
            raise fail("range", "an accuracy is not negative", example)
        return AccuracyClass(gain, offset)


class Accuracies(Block):
    """What the meters of a channel are good for, where the driver does not say it or too little."""

    voltage: Annotated[AccuracyClass | None, _Text("V")] = None
    current: Annotated[AccuracyClass | None, _Text("A")] = None
    charge: Annotated[AccuracyClass | None, _Text("A")] = None
    discharge: Annotated[AccuracyClass | None, _Text("A")] = None
