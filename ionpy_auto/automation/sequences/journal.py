"""Rows of runs in the project's database, written in order behind the control path.

A disk that fails stops no run: what could not be stored is kept, told by an alarm, and written when
the disk takes it again. Of checkpoints only the newest waits, so that a disk that is slow or full
costs a bounded amount of memory.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from ionpy_auto.automation.models import (
    RunCheckpointRow,
    RunCycleRow,
    RunDeedRow,
    RunFileRow,
    RunRow,
    RunStepRow,
)
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

Work = Callable[[Session], None]
CALLED: Final = "call:"
"""Begins the role of the text of a called flow; its id follows."""
BOUND: Final = 10_000
"""Waiting works; beyond it the oldest is lost, never a control action."""
AGAIN_S: Final = 5.0
"""How long after a refusal the disk is asked again."""
DEED_PATIENCE_S: Final = 2.0
"""How long an action waits for its intent to be durable; a hung disk must not stop the run."""

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


@dataclass(frozen=True, slots=True)
class RunFile:
    """A text a run was started with.

    Attributes:
        role: ``flow``, ``cell``, ``channel``, or ``call:<id>`` of a called flow.
    """

    role: str
    name: str
    revision: str
    text: str


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a step does at most once.

    Attributes:
        number: Index of the step in the run.
        outcome: ``done``, ``failed``, or empty: it was meant, and nobody knows what came of it.
    """

    number: int
    step: str
    verb: str
    outcome: str


@dataclass(frozen=True)
class Kept:
    """A run that was not finished when the server ended, as it was stored."""

    row: Mapping[str, Any]
    files: Mapping[str, RunFile]
    checkpoint: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    cycles: Sequence[Mapping[str, Any]]
    deeds: Mapping[int, Deed] = field(default_factory=dict)


class Journal:
    """Keeps runs, their steps and cycles, and what they need to go on after a crash.

    Args:
        database: The project's; None keeps nothing.
        tasks: Parent of the writing task.
        clock: Times the tries.
        on_trouble: Hears why something could not be stored, and None when all is stored again.
    """

    def __init__(
        self,
        database: Database | None,
        tasks: Tasks,
        clock: Clock,
        on_trouble: Callable[[str | None], None],
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._clock = clock
        self._on_trouble = on_trouble
        self._waiting: deque[Work] = deque(maxlen=BOUND)
        self._newest: dict[str, Work] = {}
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._trouble = False

    def put(self, work: Work) -> None:
        """Write when there is time, in order; never delays the caller. May be done twice."""
        self._put(lambda: self._waiting.append(work))

    def put_newest(self, key: str, work: Work) -> None:
        """The same of which only the newest counts; written behind all that waits."""
        self._put(lambda: self._newest.update({key: work}))

    def _put(self, add: Callable[[], None]) -> None:
        if self._database is None:
            return
        add()
        if self._task is None or self._task.done():
            self._task = self._tasks.start("journal", self._write_all())

    async def _write_all(self) -> None:
        while self._waiting or self._newest:
            if not await self._write_batch():
                await self._clock.sleep(AGAIN_S * max(1.0, self._clock.pace))

    async def _write_batch(self) -> bool:
        """Write all that waits in one transaction; what is refused waits on."""
        async with self._writing:
            batch, newest = list(self._waiting), dict(self._newest)
            self._waiting.clear()
            self._newest.clear()
            if self._database is None or not (batch or newest):
                return True

            def work(session: Session) -> None:
                for one in (*batch, *newest.values()):
                    one(session)
                    session.flush()

            try:
                await self._database.write(work)
            except IonpyError as error:
                if "constraint" not in error.message:  # that one would be refused for ever
                    self._keep(batch, newest)
                self._tell(error.message)
                return False
            except asyncio.CancelledError:
                self._keep(batch, newest)  # it may be stored or not; to store it twice is no harm
                raise
            self._tell(None)
            return True

    def _keep(self, batch: Sequence[Work], newest: Mapping[str, Work]) -> None:
        """Put back what was not stored, in front of what has come meanwhile."""
        room = BOUND - len(self._waiting)
        self._waiting.extendleft(reversed(batch[-room:] if room else []))
        self._newest = {**newest, **self._newest}

    def _tell(self, problem: str | None) -> None:
        if problem is not None and not self._trouble:
            log.error("run not stored", error=problem)
        if (problem is not None) != self._trouble:
            self._trouble = problem is not None
            self._on_trouble(problem)

    async def flush(self) -> bool:
        """Return when all that was put is durable, or False once the disk has refused it."""
        while self._waiting or self._newest or self._writing.locked():
            if not await self._write_batch():
                return False
        return True

    # --- writing ------------------------------------------------------------------------------

    async def insert(self, values: Mapping[str, Any], files: Sequence[RunFile] = ()) -> None:
        """Store a new run with its texts; returns after COMMIT: nothing may move before.

        Raises:
            StorageError: It could not be stored.
        """
        if self._database is None:
            return

        def work(session: Session) -> None:
            session.add(RunRow(**values))
            session.flush()
            for file in files:
                session.add(
                    RunFileRow(
                        run_id=values["id"],
                        role=file.role,
                        name=file.name,
                        revision=file.revision,
                        text=file.text,
                    )
                )

        await self._database.write(work)

    def checkpoint(self, run_id: str, state: Mapping[str, Any]) -> None:
        """Store where a run stands; the newest counts."""

        def work(session: Session) -> None:
            if session.get(RunRow, run_id) is None:
                return  # refused before it was stored
            row = session.get(RunCheckpointRow, run_id) or RunCheckpointRow(
                run_id=run_id, timestamp=0.0
            )
            row.timestamp, row.state = state["timestamp"], dict(state)
            session.add(row)

        self.put_newest(f"checkpoint {run_id}", work)

    async def intend(self, run_id: str, deed: Deed) -> bool:
        """Store that something is about to be done once; durable when this returns True.

        False: the disk refuses or hangs. The deed is done all the same: an alarm says so, and
        a run must not stop for a disk.
        """
        begun = self._clock.now()

        def work(session: Session) -> None:
            if _deed(session, run_id, deed.number) is None:
                row = RunDeedRow(
                    run_id=run_id, number=deed.number, step=deed.step, verb=deed.verb, begun=begun
                )
                session.add(row)

        self.put(work)
        try:
            async with self._clock.timeout(DEED_PATIENCE_S * max(1.0, self._clock.pace)):
                return await self.flush()
        except TimeoutError:
            self._tell("the disk does not answer")
            return False

    def did(self, run_id: str, number: int, outcome: str) -> None:
        """Store what came of it."""
        ended = self._clock.now()

        def work(session: Session) -> None:
            row = _deed(session, run_id, number)
            if row is not None:
                row.ended, row.outcome = ended, outcome
                session.add(row)

        self.put(work)

    def update(self, run_id: str, values: Mapping[str, Any]) -> None:
        """Change columns of a run."""

        def work(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is not None:
                for key, value in values.items():
                    setattr(row, key, value)
                session.add(row)

        self.put(work)

    def note(self, run_id: str, notes: Mapping[str, Any]) -> None:
        """Add to what is kept with a run."""

        def work(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is not None:
                row.trace = {**row.trace, **notes}
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

        def work(session: Session) -> None:
            query = select(RunCycleRow).where(
                RunCycleRow.run_id == run_id, RunCycleRow.cycle == row["cycle"]
            )
            made = session.exec(query).first() or RunCycleRow(
                run_id=run_id, cycle=row["cycle"], started=started
            )
            made.ended, made.figures = ended, dict(row)
            for key in amounts:
                setattr(made, key, row[key])
            session.add(made)

        self.put(work)

    # --- over a restart -----------------------------------------------------------------------

    async def unfinished(self) -> list[Kept]:
        """Runs that were not finished when the server ended, oldest first."""
        if self._database is None:
            return []

        def work(session: Session) -> list[Kept]:
            query = select(RunRow).where(RunRow.status != "finished").order_by(col(RunRow.created))
            return [_kept(session, row) for row in session.exec(query).all()]

        return await self._database.read(work)

    def hold(self, run_id: str, held: Mapping[str, Any], message: str) -> None:
        """Store that a run waits for a person."""

        def work(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is not None:
                row.status = "held"
                row.trace = {**row.trace, "held": dict(held), "message": message}
                session.add(row)

        self.put(work)

    async def close(self, run_id: str, message: str) -> None:
        """Close a run that a crash left open and that will not go on."""

        def work(session: Session) -> None:
            row = session.get(RunRow, run_id)
            if row is None:
                return
            place = session.get(RunCheckpointRow, run_id)
            row.status, row.verdict = "finished", "aborted"
            row.ended_by = "power_loss"
            row.ended = place.timestamp if place is not None else row.started or row.created
            row.trace = {**row.trace, "message": message}
            session.add(row)
            steps = select(RunStepRow).where(
                RunStepRow.run_id == row.id, col(RunStepRow.ended).is_(None)
            )
            for step in session.exec(steps).all():
                step.ended, step.ended_by, step.verdict = row.ended, "power_loss", "aborted"
                changes = {"ended": row.ended, "ended_by": "power_loss", "verdict": "aborted"}
                step.result = {**step.result, **changes, "partial": True}
                session.add(step)

        if self._database is not None:
            await self._database.write(work)

    # --- reading ------------------------------------------------------------------------------

    async def by_key(self, key: str) -> str | None:
        """The run an idempotency key has started already."""
        if self._database is None:
            return None

        def work(session: Session) -> str | None:
            return session.exec(select(RunRow.id).where(RunRow.idempotency_key == key)).first()

        return await self._database.read(work)

    async def runs(
        self, limit: int, offset: int, where: Sequence[ColumnElement[bool]] = ()
    ) -> tuple[list[dict[str, Any]], int]:
        """Stored runs of a kind, newest first, and how many there are."""
        if self._database is None:
            return [], 0

        def work(session: Session) -> tuple[list[dict[str, Any]], int]:
            query = select(RunRow).where(*where).order_by(col(RunRow.created).desc())
            rows = session.exec(query.offset(offset).limit(limit)).all()
            total = session.exec(select(func.count()).select_from(RunRow).where(*where)).one()
            return [public(row) for row in rows], total

        return await self._database.read(work)

    async def callbacks(self) -> dict[str, str]:
        """Finished runs nobody was told of yet, with the address to be told."""
        if self._database is None:
            return {}

        def work(session: Session) -> dict[str, str]:
            state = func.json_extract(col(RunRow.trace), "$.callback.state")
            query = select(RunRow).where(RunRow.status == "finished", state == "waiting")
            return {row.id: row.trace["callback"]["url"] for row in session.exec(query).all()}

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

    async def files(self, run_id: str) -> list[RunFile]:
        """The texts a run was started with; none when it is unknown."""
        if self._database is None:
            return []

        def work(session: Session) -> list[RunFile]:
            rows = session.exec(select(RunFileRow).where(RunFileRow.run_id == run_id))
            return [RunFile(row.role, row.name, row.revision, row.text) for row in rows]

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


def _deed(session: Session, run_id: str, number: int) -> RunDeedRow | None:
    query = select(RunDeedRow).where(RunDeedRow.run_id == run_id, RunDeedRow.number == number)
    return session.exec(query).first()


def _kept(session: Session, row: RunRow) -> Kept:
    files = session.exec(select(RunFileRow).where(RunFileRow.run_id == row.id)).all()
    place = session.get(RunCheckpointRow, row.id)
    steps = select(RunStepRow).where(RunStepRow.run_id == row.id).order_by(col(RunStepRow.number))
    cycles = (
        select(RunCycleRow).where(RunCycleRow.run_id == row.id).order_by(col(RunCycleRow.cycle))
    )
    deeds = session.exec(select(RunDeedRow).where(RunDeedRow.run_id == row.id)).all()
    return Kept(
        row={
            **public(row),
            **{name: row.trace.get(name) for name in ("sheet", "sampling")},
            "created": row.created,
            "channel": row.channel,
            "actor": row.actor,
            "callback_url": row.trace.get("callback", {}).get("url", ""),
        },
        files={f.role: RunFile(f.role, f.name, f.revision, f.text) for f in files},
        checkpoint=dict(place.state) if place is not None else {},
        steps=[dict(step.result) for step in session.exec(steps)],
        cycles=[dict(cycle.figures) for cycle in session.exec(cycles)],
        deeds={d.number: Deed(d.number, d.step, d.verb, d.outcome) for d in deeds},
    )


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
        "held": trace.get("held"),
        "gaps": trace.get("gaps", []),
        "resumed": trace.get("resumed", []),
        "sessions": trace.get("sessions", []),
        "live": None,
    }
