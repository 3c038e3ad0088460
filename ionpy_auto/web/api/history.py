"""History, live memory and exports of the open project."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.params import Parameter, QueryParameter
from litestar.response import File
from litestar.types.internal_types import PathParameterDefinition

from ionpy_auto.core.errors import BadInput
from ionpy_auto.engine import Engine
from ionpy_auto.storage.export import ExportRequest
from ionpy_auto.storage.exporters import exporter, formats
from ionpy_auto.storage.history import Curve, Query
from ionpy_auto.web.export_jobs import export_jobs_of
from ionpy_auto.web.fields import MAX_ID, MAX_TIME, Moment, OptionalRowId, RowId, Time

Points = Annotated[int | None, Parameter(ge=2, le=20_000)]
Institution = Annotated[str, Parameter(max_length=60)]
Limit = Annotated[int, Parameter(ge=1, le=200_000)]


Name = Annotated[str, msgspec.Meta(max_length=500)]


class NewExport(msgspec.Struct, forbid_unknown_fields=True):
    """What goes into a file: of a session or of the whole project, of some devices or of all."""

    format: Annotated[str, msgspec.Meta(max_length=60)] = "csv"
    session_id: Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)] | None = None
    devices: Annotated[list[Name], msgspec.Meta(max_length=200)] = []
    entities: Annotated[list[Name], msgspec.Meta(max_length=2000)] = []
    start: Moment | None = None
    end: Moment | None = None
    dialect: Literal["en", "de"] = "en"
    units: bool = True
    metadata: bool = False
    institution: Annotated[str, msgspec.Meta(max_length=60)] = ""

    def request(self) -> ExportRequest:
        """What the exporters take; one device alone becomes one file."""
        several = tuple(dict.fromkeys(self.devices))
        return ExportRequest(
            self.format,
            self.session_id,
            several[0] if len(several) == 1 else None,
            tuple(self.entities),
            self.start,
            self.end,
            self.dialect,
            self.units,
            self.metadata,
            self.institution,
            devices=several,
        )


def shown(curve: Curve) -> dict[str, Any]:
    """The JSON form of a curve."""
    return {
        "device": curve.device,
        "t": curve.t,
        "series": {
            entity: {"v": columns["value"]} if "value" in columns else columns
            for entity, columns in curve.columns.items()
        },
        "units": curve.units,
        "resolution_s": curve.width,
        "truncated": curve.truncated,
        "start": curve.t[0] if curve.t else None,
        "end": curve.t[-1] if curve.t else None,
    }


def names(text: str | None) -> tuple[str, ...]:
    """A comma-separated list."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _history_id(_: object, __: object, path: list[str | PathParameterDefinition]) -> str:
    return "deviceHistory" if "projects" in path else "deviceHistoryShort"


class HistoryController(Controller):
    """Curves of recorded devices and channels."""

    path = "/api"
    tags = ("history",)

    @get(
        ["/projects/active/devices/{device_id:str}/history", "/devices/{device_id:str}/history"],
        operation_id=_history_id,
    )
    async def device(
        self,
        engine: Engine,
        device_id: str,
        entities: str | None = None,
        start: Time = None,
        end: Time = None,
        session_id: OptionalRowId = None,
        points: Points = None,
        limit: Limit = 10_000,
        from_marker: OptionalRowId = None,
        to_marker: OptionalRowId = None,
    ) -> dict[str, Any]:
        """Samples as they are, or downsampled to ``points`` with no peak lost."""
        bench = engine.project
        begin = await bench.marker_time(from_marker) if from_marker is not None else start
        finish = await bench.marker_time(to_marker) if to_marker is not None else end
        query = Query(device_id, names(entities), begin, finish, session_id, points, limit)
        return shown(await bench.history.history(query))

    @get("/history/{device_id:str}/{entity:str}", operation_id="entityHistory")
    async def entity(
        self,
        engine: Engine,
        device_id: str,
        entity: str,
        from_time: Annotated[float | None, QueryParameter(name="from", ge=0, le=MAX_TIME)] = None,
        to_time: Annotated[float | None, QueryParameter(name="to", ge=0, le=MAX_TIME)] = None,
        points: Points = 1000,
    ) -> dict[str, Any]:
        """One entity."""
        query = Query(device_id, (entity,), from_time, to_time, None, points)
        return shown(await engine.project.history.history(query))

    @get("/devices/{device_id:str}/recent", operation_id="recent", sync_to_thread=False)
    def recent(self, engine: Engine, device_id: str, entities: str | None = None) -> dict[str, Any]:
        """The last ten minutes from memory, recording or not; each entity with its own times."""
        bench = engine.project
        wanted = names(entities)
        series = {}
        for point, track in bench.recent.tracks(device_id).items():
            entity = point.removeprefix(f"{device_id}.")
            if not wanted or entity in wanted:
                series[entity] = {"t": track.utc, "v": track.values}
        return {"device": device_id, "series": series, "resolution_s": 0}

    @get("/projects/active/statistics", operation_id="statistics")
    async def statistics(
        self,
        engine: Engine,
        device: str,
        entities: str | None = None,
        start: Time = None,
        end: Time = None,
        session_id: OptionalRowId = None,
        group_by: str = "session",
        charge: bool = True,
    ) -> dict[str, Any]:
        """Minimum, maximum, mean, Ah and Wh per session."""
        if group_by != "session":
            msg = f"cannot group by {group_by!r}"
            raise BadInput(msg, hint="group_by=session")
        query = Query(device, names(entities), start, end, session_id)
        items = await engine.project.history.statistics(query, charge=charge)
        return {"items": items, "total": len(items)}

    @get("/projects/active/recorded", operation_id="recordedDevices")
    async def recorded(self, engine: Engine, session_id: OptionalRowId = None) -> dict[str, Any]:
        """Devices and channels that have samples, in a session or at all."""
        items = await engine.project.history.recorded(session_id)
        return {"items": items, "total": len(items)}


class ExportsController(Controller):
    """Files written from recordings."""

    path = "/api/projects/active"
    tags = ("export",)

    @get("/sessions/{session_id:int}/export", operation_id="exportSession")
    async def session(
        self,
        engine: Engine,
        session_id: RowId,
        export_format: Annotated[str, QueryParameter(name="format")] = "csv",
        device: str | None = None,
        entities: str | None = None,
        dialect: Literal["en", "de"] = "en",
        start: Time = None,
        end: Time = None,
        meta: bool = False,
        institution: Institution = "",
    ) -> File:
        """Write an export (it is logged and kept) and download it."""
        chosen = names(entities)
        request = ExportRequest(export_format, session_id, device, chosen, start, end, dialect)
        return downloaded(
            engine,
            await engine.project.export(replace(request, metadata=meta, institution=institution)),
        )

    @post("/sessions/{session_id:int}/export", operation_id="writeExport")
    async def write(
        self,
        engine: Engine,
        session_id: RowId,
        export_format: Annotated[str, QueryParameter(name="format")] = "csv",
        device: str | None = None,
        entities: str | None = None,
        dialect: Literal["en", "de"] = "en",
        start: Time = None,
        end: Time = None,
        meta: bool = False,
        institution: Institution = "",
    ) -> dict[str, Any]:
        """Write an export without downloading it."""
        chosen = names(entities)
        request = ExportRequest(export_format, session_id, device, chosen, start, end, dialect)
        return await engine.project.export(replace(request, metadata=meta, institution=institution))

    @get("/export", operation_id="exportProject")
    async def project(
        self,
        engine: Engine,
        export_format: Annotated[str, QueryParameter(name="format")] = "csv",
        device: str | None = None,
        dialect: Literal["en", "de"] = "en",
    ) -> File:
        """Write an export of all sessions and download it."""
        row = await engine.project.export(
            ExportRequest(export_format, None, device, dialect=dialect)
        )
        return downloaded(engine, row)

    @get("/exports", operation_id="listExports")
    async def list_exports(self, engine: Engine) -> dict[str, Any]:
        """All exports, newest first."""
        items = [row.model_dump() for row in await engine.project.exports.listing()]
        return {"items": items, "total": len(items)}

    @post("/exports", operation_id="startExport", status_code=202)
    async def start(self, engine: Engine, data: NewExport) -> Response[dict[str, Any]]:
        """Write an export in the background; the answer is a job to be followed."""
        job = await export_jobs_of(engine.project).start(data.request())
        at = f"{self.path}/exports/jobs/{job['id']}"
        return Response(job, status_code=202, headers={"location": at})

    @get("/exports/formats", operation_id="exportFormats", sync_to_thread=False)
    def formats(self) -> dict[str, Any]:
        """The formats there are."""
        items = [{"name": name, "suffix": exporter(name).suffix} for name in formats()]
        return {"items": items, "total": len(items)}

    @get("/exports/jobs", operation_id="listExportJobs", sync_to_thread=False)
    def jobs(self, engine: Engine) -> dict[str, Any]:
        """Exports under way and the last ones that ended, newest first."""
        items = export_jobs_of(engine.project).list()
        return {"items": items, "total": len(items)}

    @get("/exports/jobs/{job_id:str}", operation_id="getExportJob", sync_to_thread=False)
    def job(self, engine: Engine, job_id: str) -> dict[str, Any]:
        """How far an export is, and its file when it is done."""
        return export_jobs_of(engine.project).get(job_id)

    @delete("/exports/jobs/{job_id:str}", operation_id="cancelExport", status_code=200)
    async def cancel(self, engine: Engine, job_id: str) -> dict[str, Any]:
        """Cancel an export; nothing of its file stays."""
        return await export_jobs_of(engine.project).cancel(job_id)

    @get("/exports/{export_id:int}", operation_id="downloadExport")
    async def download(self, engine: Engine, export_id: RowId) -> File:
        """Download a file."""
        path = await engine.project.exports.path(export_id)
        return File(path, filename=path.name, content_disposition_type="attachment")

    @delete("/exports/{export_id:int}", operation_id="deleteExport")
    async def remove(self, engine: Engine, export_id: RowId) -> None:
        """Remove a file and its row."""
        await engine.project.exports.delete(export_id)


def downloaded(engine: Engine, row: dict[str, Any]) -> File:
    """An export that was just written."""
    path = engine.project.project.path("exports", row["filename"])
    return File(path, filename=row["filename"], content_disposition_type="attachment")
