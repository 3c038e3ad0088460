"""The one cell on the bench: what a run is told about it, and what earlier runs measured of it."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, Protocol

from ionpy_auto.core.errors import BadInput, Rejected
from ionpy_auto.language import parse_quantity

BINDINGS: Final = ("cell", "cell_id", "batch", "mass", "capacity")
"""What a run may be told beside its channel."""
CAPACITY: Final = "capacity"
"""Name of the measure whose last passed value is a cell's measured capacity."""


class CellBook(Protocol):
    """Where runs are kept."""

    async def measured(self, cell_id: str, name: str) -> Mapping[str, Any] | None:
        """The last passed measure of this name in a run on this cell."""


async def capacity_of(bindings: Mapping[str, str], book: CellBook) -> float | None:
    """What a C-rate means in a run; None for the nominal capacity of the cell file.

    Raises:
        Rejected: Nobody has measured this cell, or a binding is not known.
        BadInput: The capacity is none.
    """
    unknown = sorted(set(bindings) - set(BINDINGS))
    if unknown:
        hint = f"there are: channel, {', '.join(BINDINGS)}"
        raise Rejected(f"no binding {unknown[0]!r}", code="UNKNOWN_BINDING", hint=hint)
    text = bindings.get("capacity", "nominal").strip()
    if text in {"", "nominal"}:
        return None
    if text != "measured":
        return _written(text)
    cell_id = bindings.get("cell_id", "")
    if not cell_id:
        msg = "capacity: measured needs to know which cell it is"
        raise Rejected(msg, code="NO_CELL_ID", hint="bindings: {cell_id: …}")
    found = await book.measured(cell_id, CAPACITY)
    if found is None:
        msg = f"nobody has measured the capacity of cell {cell_id}"
        hint = "run a capacity test with measure: {capacity: step.ah} on it first"
        raise Rejected(msg, code="NOT_MEASURED", hint=hint)
    return float(found["value"])


def _written(text: str) -> float:
    hint = "write nominal, measured, or a value such as 2.43 Ah"
    try:
        capacity = parse_quantity(text).to("Ah")
    except BadInput as error:
        raise BadInput(error.message, hint=hint) from None
    if not (isfinite(capacity) and capacity > 0.0):
        msg = f"{text} is no capacity"
        raise BadInput(msg, hint=hint)
    return capacity
