"""``/api/cells``: what runs have measured of single cells."""

from typing import Any

from litestar import Controller, get

from ionpy_auto.automation.sequences.cells import CAPACITY
from ionpy_auto.engine import Engine


class CellsController(Controller):
    """Cells by the id that runs were told (``bindings: {cell_id: …}``)."""

    path = "/api/cells"
    tags = ("runs",)

    @get("/{cell_id:str}/measured", operation_id="measuredOfCell")
    async def measured(self, engine: Engine, cell_id: str) -> dict[str, Any]:
        """Last passed capacity of a cell, and how many cycles it has made."""
        journal = engine.project.automation.runs.journal
        return {
            "cell_id": cell_id,
            "capacity": await journal.measured(cell_id, CAPACITY),
            "cycles": await journal.cycles_of_cell(cell_id),
        }
