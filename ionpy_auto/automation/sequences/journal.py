"""Rows of runs in the project's database, written in order behind the control path."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlmodel import Session, col, func, select

from ionpy_auto.automation.models import RunCycleRow, RunRow, RunStepRow
from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

Work = Callable[[Session], None]
BOUND = 10_000
"""Waiting works; beyond it the oldest checkpoint is lost, never a control action."""

_STEP_COLUMNS = {
    "index": "number",
    "kind": "kind",
    "title": "label",
    "cycle": "cycle",
    "started": "started",
    "ended": "ended",
    "ended_by": "ended_by",
    "end_value": "end_value",
    "verdict": "verdict",
}


class Journal:
    """Keeps runs, their steps and cycles.

    Args:
        database: The project's; None keeps nothing.
        tasks: Parent of the writing task.
        on_failure: Hears when something could not be stored.
    """

    def __init__(
        self, database: Database | None, tasks: Tasks, on_failure: Callable[[str], None]
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._on_failure = on_failure
        self._waiting: deque[Work] = deque(maxlen=BOUND)
        self._task: asyncio.Task[None] | None = None

    def put(self, work: Work) -> None:
        """Write when there is time, in order; never delays the caller."""
        if self._database is None:
            return
        self._waiting.append(work)
        if self._task is None or self._task.done():
            self._task = self._tasks.start("journal", self._write_all())

    async def _write_all(self) -> None:
        database = self._database
        while self._waiting and database is not None:
            batch = list(self._waiting)
            self._waiting.clear()

            def work(session: Session, batch: Sequence[Work] = tuple(batch)) -> None:
                for one in batch:
                    one(session)
                    session.flush()

            try:
                await database.write(work)
            except IonpyError as error:
                log.error("run not stored", error=error.message)  # noqa: TRY400 - ours
                self._on_failure(error.message)

    async def flush(self) -> None:
        """Return when all that was put is durable."""
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    # --- writing ------------------------------------------------------------------------------

    async def insert(self, values: Mapping[str, Any]) -> None:
        """Store a new run; returns after COMMIT, because nothing may move before.

        Raises:
            StorageError: It could not be stored.
        """
        if self._database is not None:
            row = RunRow(**values)
            await self._database.write(lambda session: session.add(row))

    def update(self, run_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a run."""

        def work(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is not None:
                for key, value in values.items():
                    setattr(row, key, value)
                session.add(row)

        self.put(work)

    def step(self, run_id: str, path: str, row: Mapping[str, Any]) -> None:
        """Store a step, or what became of it."""

        def work(session: Session) -> None:
            found = session.exec(
                select(RunStepRow).where(
                    RunStepRow.run_id == run_id, RunStepRow.number == row["index"]
                )
            ).first()
            values = {ours: row[theirs] for theirs, ours in _STEP_COLUMNS.items()}
            phase = row["phases"][-1]["name"] if row["phases"] else ""
            if found is None:
                found = RunStepRow(run_id=run_id, path=path, phase=phase, **values)
            for key, value in values.items():
                setattr(found, key, value)
            found.phase, found.result = phase, dict(row)
            session.add(found)

        self.put(work)

    def cycle(self, run_id: str, row: Mapping[str, Any], started: float, ended: float) -> None:
        """Store a finished cycle."""
        amounts = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "partial")
        made = RunCycleRow(
            run_id=run_id,
            cycle=row["cycle"],
            started=started,
            ended=ended,
            figures=dict(row),
            **{key: row[key] for key in amounts},
        )
        self.put(lambda session: session.add(made))

    async def recover(self, now: float) -> list[str]:
        """Close the runs a crash left open; returns their ids."""
        if self._database is None:
            return []

        def work(session: Session) -> list[str]:
            rows = session.exec(select(RunRow).where(RunRow.status != "finished")).all()
            for row in rows:
                last = row.checkpoint.get("timestamp") if row.checkpoint else None
                row.status, row.verdict = "finished", "aborted"
                row.ended_by = "power_loss"
                row.ended = float(last) if last else row.started or row.created
                row.checkpoint = {**row.checkpoint, "recovered": now}
                session.add(row)
                steps = select(RunStepRow).where(
                    RunStepRow.run_id == row.id, col(RunStepRow.ended).is_(None)
                )
                for step in session.exec(steps).all():
                    step.ended, step.ended_by, step.verdict = row.ended, "power_loss", "aborted"
                    changes = {"ended": row.ended, "ended_by": "power_loss", "verdict": "aborted"}
                    step.result = {**step.result, **changes, "partial": True}
                    session.add(step)
            return [row.id for row in rows]

        return await self._database.write(work)

    # --- reading ------------------------------------------------------------------------------

    async def by_key(self, key: str) -> str | None:
        """The run an idempotency key has started already."""
        if self._database is None:
            return None

        def work(session: Session) -> str | None:
            return session.exec(select(RunRow.id).where(RunRow.idempotency_key == key)).first()

        return await self._database.read(work)

    async def runs(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Stored runs, newest first, and how many there are."""
        if self._database is None:
            return [], 0

        def work(session: Session) -> tuple[list[dict[str, Any]], int]:
            query = select(RunRow).order_by(col(RunRow.created).desc())
            rows = session.exec(query.offset(offset).limit(limit)).all()
            total = session.exec(select(func.count()).select_from(RunRow)).one()
            return [public(row) for row in rows], total

        return await self._database.read(work)

    async def run(self, run_id: str) -> dict[str, Any]:
        """One stored run.

        Raises:
            NotFound: No such run.
        """

        def work(session: Session) -> dict[str, Any] | None:
            row = session.get(RunRow, run_id)
            return None if row is None else public(row)

        found = await self._database.read(work) if self._database is not None else None
        if found is None:
            raise NotFound(f"there is no run {run_id!r}", hint="see the list of runs")
        return found

    async def steps(self, run_id: str) -> list[dict[str, Any]]:
        """The stored steps of a run."""
        if self._database is None:
            return []

        def work(session: Session) -> list[dict[str, Any]]:
            query = select(RunStepRow).where(RunStepRow.run_id == run_id)
            return [dict(r.result) for r in session.exec(query.order_by(col(RunStepRow.number)))]

        return await self._database.read(work)

    async def measured(self, cell_id: str, name: str) -> dict[str, Any] | None:
        """The newest passed measure of a name in any run on a cell."""
        if self._database is None:
            return None

        def work(session: Session) -> dict[str, Any] | None:
            query = select(RunStepRow, RunRow).join(RunRow, col(RunRow.id) == RunStepRow.run_id)
            of_cell = func.json_extract(col(RunRow.bindings), "$.cell_id") == cell_id
            query = query.where(of_cell, col(RunStepRow.ended).is_not(None))
            for step, run in session.exec(query.order_by(col(RunStepRow.ended).desc())):
                for measure in step.result.get("measures", ()):
                    if measure["name"] == name and measure["verdict"] == "pass":
                        return {**measure, "run": run.id, "measured": step.ended, "flow": run.flow}
            return None

        await self.flush()
        return await self._database.read(work)

    async def cycles_of_cell(self, cell_id: str) -> int:
        """How many complete cycles all runs have made on a cell."""
        if self._database is None:
            return 0

        def work(session: Session) -> int:
            of_cell = func.json_extract(col(RunRow.bindings), "$.cell_id") == cell_id
            query = select(func.count()).select_from(RunCycleRow)
            query = query.join(RunRow, col(RunRow.id) == RunCycleRow.run_id)
            both = col(RunCycleRow.charge_ah) > 0, col(RunCycleRow.discharge_ah) > 0
            return session.exec(query.where(of_cell, *both)).one()

        await self.flush()
        return await self._database.read(work)

    async def last_step(self, channel: str, kind: str) -> dict[str, Any] | None:
        """The newest passed step of a kind on a channel."""
        if self._database is None:
            return None

        def work(session: Session) -> dict[str, Any] | None:
            query = select(RunStepRow).join(RunRow, col(RunRow.id) == RunStepRow.run_id)
            query = query.where(RunRow.channel == channel, RunStepRow.kind == kind)
            query = query.where(RunStepRow.verdict == "pass", col(RunStepRow.ended).is_not(None))
            row = session.exec(query.order_by(col(RunStepRow.ended).desc()).limit(1)).first()
            return None if row is None else dict(row.result)

        await self.flush()
        return await self._database.read(work)

    async def cycles(self, run_id: str) -> list[dict[str, Any]]:
        """The stored cycles of a run."""
        if self._database is None:
            return []

        def work(session: Session) -> list[dict[str, Any]]:
            query = select(RunCycleRow).where(RunCycleRow.run_id == run_id)
            return [dict(r.figures) for r in session.exec(query.order_by(col(RunCycleRow.cycle)))]

        return await self._database.read(work)


def public(row: RunRow) -> dict[str, Any]:
    """A stored run in the form of a running one."""
    trace = row.trace
    return {
        "id": row.id,
        "sequence": row.flow,
        "title": row.name,
        "flow_revision": row.flow_hash,
        "state": row.status,
        "verdict": row.verdict,
        "started": row.started,
        "ended": row.ended,
        "session_id": row.session_id,
        "parameters": row.parameters,
        "bindings": row.bindings,
        "conditions": trace.get("conditions", {}),
        "step_path": [],
        "step_id": "",
        "step_title": "",
        "phase": "",
        "progress": 1.0 if row.status == "finished" else None,
        "eta_s": None,
        "message": trace.get("message", row.ended_by),
        "ended_by": row.ended_by,
        "limits": trace.get("limits", []),
        "checks": trace.get("checks", []),
        "protections": trace.get("protections", []),
        "totals": dict(row.totals),
        "live": None,
    }
