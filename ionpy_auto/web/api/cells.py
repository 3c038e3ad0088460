"""``/api/cells``: the cell types there are, and what runs have measured of single cells."""

import asyncio
from typing import Any

from litestar import Controller, get

from ionpy_auto.automation.sequences.cells import CAPACITY
from ionpy_auto.engine import Engine
from ionpy_auto.engine.site import ProjectSite


class CellsController(Controller):
    """Cell types by their file, single cells by the id runs were told (``bindings.cell_id``)."""

    path = "/api/cells"
    tags = ("runs",)

    @get(operation_id="listCells")
    async def list_cells(self, engine: Engine) -> dict[str, Any]:
        """Cell files of the project, of the server, and those that are shipped."""
        bench = engine.project
        with bench.clock.hold():
            items = await asyncio.to_thread(_types, bench.site)
        return {"items": items, "total": len(items)}

    @get("/{cell_id:str}/measured", operation_id="measuredOfCell")
    async def measured(self, engine: Engine, cell_id: str) -> dict[str, Any]:
        """Last passed capacity of a cell, and how many cycles it has made."""
        journal = engine.project.automation.runs.journal
        return {
            "cell_id": cell_id,
            "capacity": await journal.measured(cell_id, CAPACITY),
            "cycles": await journal.cycles_of_cell(cell_id),
        }


def _types(site: ProjectSite) -> list[dict[str, Any]]:
    items = []
    for name in site.cells.paths():
        cell, findings = site.cells.read(name)
        shown = cell.model_dump(include=FIGURES) if cell is not None else dict.fromkeys(FIGURES)
        findings_shown = [finding.as_dict() for finding in findings]
        items.append({"id": f"cells/{name}", **shown, "findings": findings_shown})
    return sorted(items, key=lambda item: str(item["id"]))


FIGURES = {
    *("title", "chemistry", "manufacturer", "series", "capacity"),
    *("charge_voltage", "cutoff_voltage"),
}
