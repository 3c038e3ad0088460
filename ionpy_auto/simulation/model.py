"""The simulated cell of a pre-flight: a believable cell of the size and chemistry of a cell file.

Nobody knows the curve of the very cell on the table. The model has the shape of its chemistry,
stretched to the voltages of the file, with resistances and heat capacity after its capacity.
"""

from dataclasses import replace
from typing import Final

from ionpy_auto.automation.wiring import CellFile, ChannelFile
from ionpy_auto.devices import Benches
from ionpy_auto.physics import LFP_26650, NMC_18650, Cell, CellParameters, OcvCurve, ThermalBody

_FULL_V: Final = {"lfp": 3.65}
_USUAL_FULL_V: Final = 4.2
_USUAL_EMPTY_V: Final = 2.5
_SMALLEST_SPAN_V: Final = 0.1


def model_of(cell: CellFile) -> CellParameters:
    """What the whole object (all cells in series) is made of."""
    chemistry = "lfp" if "lfp" in cell.chemistry.lower() or "fepo" in cell.chemistry.lower() else ""
    base = LFP_26650 if chemistry else NMC_18650
    size = cell.capacity / base.capacity_ah
    series = float(cell.series)
    body = base.body
    return replace(
        base,
        capacity_ah=cell.capacity,
        ocv=_stretched(base.ocv, cell, _FULL_V.get(chemistry, _USUAL_FULL_V)),
        r0_ohm=base.r0_ohm * series / size,
        rc1=(base.rc1[0] * series / size, base.rc1[1] * size / series),
        rc2=(base.rc2[0] * series / size, base.rc2[1] * size / series),
        # Heat grows with the volume, the way out with the surface.
        body=ThermalBody(
            heat_capacity_j_per_k=body.heat_capacity_j_per_k * size * series,
            resistance_k_per_w=body.resistance_k_per_w / (size * series) ** (2.0 / 3.0),
        ),
    )


def _stretched(curve: OcvCurve, cell: CellFile, full_v: float) -> OcvCurve:
    """The same shape between the voltages at which the file calls the cell empty and full."""
    span = max(cell.charge_voltage - cell.cutoff_voltage, _SMALLEST_SPAN_V)
    factor = span / (full_v - _USUAL_EMPTY_V)
    return OcvCurve(
        tuple(
            (soc, (cell.cutoff_voltage + (volts - _USUAL_EMPTY_V) * factor) * cell.series)
            for soc, volts in curve.points
        )
    )


def soc_at(model: CellParameters, volts: float) -> float:
    """State of charge of a rested cell from its voltage, 0 to 1."""
    low, high = 0.0, 1.0
    if volts <= model.ocv.voltage(low):
        return low
    if volts >= model.ocv.voltage(high):
        return high
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if model.ocv.voltage(middle) < volts else (low, middle)
    return (low + high) / 2.0


def put_in(
    benches: Benches,
    model: CellParameters,
    channel: ChannelFile,
    soc: float,
    temp_c: float | None,
) -> int:
    """Put the cell into every circuit, behind the wires of the channel; returns how many."""
    names = benches.names()
    for name in names:
        bench, now = benches.get(name).advanced()
        if temp_c is not None:
            bench.set_ambient(now, temp_c)
        bench.cell = Cell(replace(model, ambient_c=bench.cell.ambient_c), soc=soc)
        path = channel.path_resistance
        if path > 0.0:
            bench.wiring = replace(
                bench.wiring, supply_ohm=0.75 * path, load_ohm=0.75 * path, cell_ohm=0.25 * path
            )
    return len(names)
