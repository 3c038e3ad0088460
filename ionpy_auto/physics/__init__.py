"""Pure models of a cell, its heat and the bench it is wired to: no I/O, no clock, no event loop."""

from .cell import LFP_26650, NMC_18650, Cell, CellParameters, OcvCurve
from .chamber import COLDEST_C, HOTTEST_C, Chamber
from .thermal import ThermalBody
from .wiring import (
    INSTRUMENTS,
    NOBODY,
    Bench,
    Faults,
    Load,
    LoadMode,
    MeterError,
    Meters,
    Readings,
    Regulation,
    Supply,
    Wiring,
)

__all__ = [
    "COLDEST_C",
    "HOTTEST_C",
    "INSTRUMENTS",
    "LFP_26650",
    "NMC_18650",
    "NOBODY",
    "Bench",
    "Cell",
    "CellParameters",
    "Chamber",
    "Faults",
    "Load",
    "LoadMode",
    "MeterError",
    "Meters",
    "OcvCurve",
    "Readings",
    "Regulation",
    "Supply",
    "ThermalBody",
    "Wiring",
]
