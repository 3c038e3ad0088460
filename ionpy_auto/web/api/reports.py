"""``/api/runs/{id}/report`` and ``/junit``: what a run found, for people, archives and CI."""

import asyncio
from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import Parameter

from ionpy_auto.automation.sequences import reports
from ionpy_auto.engine import Engine

Lang = Annotated[str, Parameter(pattern="^(en|de)$")]
Format = Annotated[str, Parameter(query="format", pattern="^[a-z0-9_]{1,20}$")]


class ReportsController(Controller):
    """Reports of runs, also of one that is not over."""

    path = "/api/runs"
    tags = ("runs",)

    @get("/{run_id:str}/report", operation_id="runReport")
    async def report(
        self,
        engine: Engine,
        run_id: str,
        file_format: Format = "json",
        lang: Lang = "en",
        download: bool = False,
    ) -> Response[bytes]:
        """The report as ``json``, ``html``, ``pdf`` or ``junit``, in English or German."""
        return await answer(engine, run_id, (file_format, lang), attached=download)

    @get("/{run_id:str}/junit", operation_id="runJunit")
    async def junit(self, engine: Engine, run_id: str) -> Response[bytes]:
        """JUnit XML: one test case per measurement and per step with a verdict."""
        return await answer(engine, run_id, ("junit", "en"), attached=False)


async def answer(
    engine: Engine, run_id: str, wanted: tuple[str, str], *, attached: bool
) -> Response[bytes]:
    """Read and render beside the loop."""
    bench = engine.project
    await bench.automation.runs.describe(run_id)  # an unknown one is refused before any work
    await bench.automation.runs.journal.flush()
    await bench.recorder.flush()
    with bench.clock.hold():
        body, made = await asyncio.to_thread(reports.render, bench.database.path, run_id, *wanted)
    name = f"run-{run_id}{made.suffix}"
    how = "attachment" if attached else "inline"
    headers = {
        "content-disposition": f'{how}; filename="{name}"',
        "cache-control": "no-store",
    }
    return Response(body, media_type=made.media_type, headers=headers)
