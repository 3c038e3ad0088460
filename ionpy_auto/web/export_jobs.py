"""Exports in the background: one at a time, with progress and cancel, per project."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

from ionpy_auto.core.errors import Conflict, IonpyError, NotFound
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.storage.export import ExportRequest

MAX_WAITING: Final = 8
KEPT: Final = 20
TELL_S: Final = 0.2

State = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass
class ExportJob:
    """One export somebody asked for.

    Attributes:
        id: Number, as text.
        total: Rows to be read; the last ones of a running session come on top.
        rows: Read so far.
        export: The row of the finished file.
    """

    id: str
    request: ExportRequest
    created: float
    total: int
    state: State = "waiting"
    rows: int = 0
    export: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    told: float = 0.0
    task: asyncio.Task[Any] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {"done", "failed", "cancelled"}

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        asked = self.request
        share = 1.0 if self.state == "done" else min(0.999, self.rows / max(1, self.total))
        return {
            "id": self.id,
            "state": self.state,
            "about": {
                "format": asked.format,
                "session_id": asked.session_id,
                "devices": list(asked.devices),
                "start": asked.start,
                "end": asked.end,
            },
            "rows": self.rows,
            "total": max(self.total, self.rows),
            "progress": round(share, 3),
            "created": self.created,
            "export": self.export,
            "error": self.error,
        }


class ExportJobs:
    """See the module's first line; ends with the project, which cancels what runs."""

    def __init__(self, bench: Workbench) -> None:
        self._recorder = bench.recorder
        self._exports = bench.exports
        self._tasks = bench.tasks
        self._engine = bench.engine
        self._turn = asyncio.Lock()
        self._jobs: OrderedDict[str, ExportJob] = OrderedDict()
        self._number = 0

    async def start(self, request: ExportRequest) -> dict[str, Any]:
        """Start an export, or let it wait for its turn.

        Raises:
            NotFound: No such format, device or entity.
            Conflict: Too many are waiting.
        """
        total = await self._exports.rows(request)
        if sum(not job.is_over for job in self._jobs.values()) >= MAX_WAITING:
            msg = f"{MAX_WAITING} exports are waiting"
            raise Conflict(msg, code="TOO_MANY_EXPORTS", hint="wait, or cancel one")
        self._number += 1
        made = ExportJob(str(self._number), request, self._engine.clock.now(), total)
        self._jobs[made.id] = made
        over = [job.id for job in self._jobs.values() if job.is_over]
        for job_id in over[: max(0, len(over) - KEPT)]:
            del self._jobs[job_id]
        made.task = self._tasks.start(f"export {made.id}", self._do(made))
        return made.as_dict()

    async def _do(self, job: ExportJob) -> None:
        def progress(rows: int) -> None:
            job.rows = rows
            now = self._engine.clock.monotonic()
            if now - job.told >= TELL_S and not job.is_over:
                job.told = now
                self._tell(job)

        try:
            async with self._turn:
                job.state = "running"
                self._tell(job)
                await self._recorder.flush()
                row = await self._exports.export(job.request, progress)
            job.export, job.rows, job.state = row.model_dump(), row.rows, "done"
            self._engine.event("export", job.export)
        except IonpyError as error:
            job.state, job.error = "failed", error.as_dict()
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        finally:
            if not job.is_over:
                job.state = "failed"
                job.error = {"code": "INTERNAL_ERROR", "message": "the export broke down"}
            self._tell(job)

    def _tell(self, job: ExportJob) -> None:
        self._engine.event("export_job", job.as_dict())

    def list(self) -> list[dict[str, Any]]:
        """Newest first."""
        return [job.as_dict() for job in reversed(self._jobs.values())]

    def _find(self, job_id: str) -> ExportJob:
        job = self._jobs.get(job_id)
        if job is None:
            msg = f"there is no export job {job_id!r}"
            raise NotFound(msg, hint="old ones are forgotten; files are in GET …/exports")
        return job

    def get(self, job_id: str) -> dict[str, Any]:
        """One export.

        Raises:
            NotFound: There is none, or it was forgotten.
        """
        return self._find(job_id).as_dict()

    async def cancel(self, job_id: str) -> dict[str, Any]:
        """End an export; what is over stays as it is.

        Raises:
            NotFound: There is none, or it was forgotten.
        """
        job = self._find(job_id)
        if job.task is not None and not job.is_over:
            job.task.cancel()
            await asyncio.wait([job.task])
            if not job.is_over:  # it had not even begun
                job.state = "cancelled"
                self._tell(job)
        return job.as_dict()


_of: WeakKeyDictionary[Workbench, ExportJobs] = WeakKeyDictionary()


def export_jobs_of(bench: Workbench) -> ExportJobs:
    """The exports of an open project."""
    if bench not in _of:
        _of[bench] = ExportJobs(bench)
    return _of[bench]
