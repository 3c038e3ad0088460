"""Pure models of a cell, its heat and the bench it is wired to: no I/O, no clock, no event loop."""

from .cell import LFP_26650, NMC_18650, Cell, CellParameters, OcvCurve
from .thermal import ThermalBody
from .wiring import (
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
    "LFP_26650",
    "NMC_18650",
    "Bench",
    "Cell",
    "CellParameters",
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
