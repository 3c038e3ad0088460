"""``/api/runs/{id}/export``: what a run recorded of its channel, as a file."""

from typing import Annotated, Literal

from litestar import Controller, get
from litestar.params import Parameter, QueryParameter
from litestar.response import File

from ionpy_auto.engine import Engine
from ionpy_auto.storage.export import ExportRequest
from ionpy_auto.web.api.history import Institution, downloaded


class RunExportController(Controller):
    """Files written from a run."""

    path = "/api/runs"
    tags = ("export",)

    @get("/{run_id:str}/export", operation_id="exportRun")
    async def run(
        self,
        engine: Engine,
        run_id: str,
        export_format: Annotated[str, QueryParameter(name="format")] = "bdf",
        device: Annotated[str, Parameter(max_length=100)] = "",
        dialect: Literal["en", "de"] = "en",
        institution: Institution = "",
    ) -> File:
        """Write what the run recorded, of its channel unless a device is named; download it."""
        bench = engine.project
        run = await bench.automation.runs.describe(run_id)
        bindings = run["bindings"]
        request = ExportRequest(
            export_format,
            None if len(run["sessions"]) > 1 else run["session_id"],
            device or bindings.get("channel") or "CH1",
            start=run["started"],
            end=run["ended"],
            dialect=dialect,
            institution=institution,
            specimen=bindings.get("cell_id") or "",
        )
        return downloaded(engine, await bench.export(request))
