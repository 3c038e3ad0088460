"""Exports in the background: one at a time, with progress and cancel, per project."""

from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from ionpy_auto.core.jobs import Job, JobQueue, JobWords
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.storage.export import ExportRequest

TELL_S: Final = 0.2
WORDS: Final = JobWords(
    event="export_job",
    one="export job",
    many="exports",
    unknown_hint="old ones are forgotten; files are in GET …/exports",
    broken={"code": "INTERNAL_ERROR", "message": "the export broke down"},
)


@dataclass
class ExportJob(Job):
    """One export somebody asked for.

    Attributes:
        total: Rows to be read; the last ones of a running session come on top.
        rows: Read so far.
        export: The row of the finished file.
    """

    request: ExportRequest
    total: int
    rows: int = 0
    export: dict[str, Any] | None = None
    told: float = 0.0

    def as_dict(self, *, whole: bool = True) -> dict[str, Any]:
        """JSON form; nothing of it is large."""
        del whole
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


class ExportJobs(JobQueue[ExportJob]):
    """See the module's first line; ends with the project, which cancels what runs."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench.tasks, bench.engine.event, WORDS)
        self._recorder = bench.recorder
        self._exports = bench.exports
        self._engine = bench.engine

    async def start(self, request: ExportRequest) -> dict[str, Any]:
        """Start an export, or let it wait for its turn.

        Raises:
            NotFound: No such format, device or entity.
            Conflict: Too many are waiting.
        """
        total = await self._exports.rows(request)
        made = self.admit(
            lambda number: ExportJob(number, self._engine.clock.now(), request, total),
            code="TOO_MANY_EXPORTS",
        )
        self.run(made, "export", lambda: self._export(made))
        return made.as_dict()

    async def _export(self, job: ExportJob) -> None:
        def progress(rows: int) -> None:
            job.rows = rows
            now = self._engine.clock.monotonic()
            if now - job.told >= TELL_S and not job.is_over:
                job.told = now
                self.changed(job)

        await self._recorder.flush()
        row = await self._exports.export(job.request, progress)
        job.export, job.rows = row.model_dump(), row.rows
        self._engine.event("export", job.export)


_of: WeakKeyDictionary[Workbench, ExportJobs] = WeakKeyDictionary()


def export_jobs_of(bench: Workbench) -> ExportJobs:
    """The exports of an open project."""
    if bench not in _of:
        _of[bench] = ExportJobs(bench)
    return _of[bench]
