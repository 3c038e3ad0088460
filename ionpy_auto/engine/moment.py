"""The bench as it was: values, alarms, runs with their steps, and which rules had fired."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlmodel import Session, col, select

from ionpy_auto.alarms.history import standing_at
from ionpy_auto.automation.models import TraceRow
from ionpy_auto.automation.sequences.listing import RunFilter
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.projects.sessions import session_at
from ionpy_auto.storage.moments import Moments

STALE_S: Final = 60.0
"""A value that is older was not that of the bench any more."""
MOST_RUNS: Final = 200
MOST_FIRINGS: Final = 20

Answer = dict[str, Any]


class Past:
    """Answers what was; see the module's first line.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._moments = Moments(bench.database, bench.recorder.tables)

    async def moment(self, at: float) -> Answer:
        """Everything at a time; without a recording there are no values."""
        await self._bench.recorder.flush()
        session = await self._session_at(at)
        found = await self._moments.frames(session["id"], at, 1.0, 1) if session else []
        alarms = await standing_at(self._bench.automation.alarms.ledger, at)
        words = {
            f"{alarm['device_id']}.{alarm['entity_id']}": alarm["new_state"] for alarm in alarms
        }
        return {
            "at": at,
            "session": session,
            "values": {
                point: (value, time, _quality(value, at - time), words.get(point, "NORMAL"))
                for device in found
                for point, value, time in _points(device)
            },
            "alarms": alarms,
            "runs": await self._runs_at(at),
            "firings": await self._firings_until(at),
        }

    async def frames(self, session_id: int, start: float, step: float, count: int) -> Answer:
        """The values of many moments in a row, without repetition.

        Raises:
            NotFound: There is no such session.
            BadInput: No or too many moments.
        """
        await self._bench.sessions.get(session_id)
        devices = await self._moments.frames(session_id, start, step, count)
        return {"start": start, "step": step, "count": count, "devices": devices}

    async def _session_at(self, at: float) -> Answer | None:
        def work(session: Session) -> Answer | None:
            row = session_at(session, at)
            return row.model_dump(exclude={"snapshot"}) if row is not None else None

        return await self._bench.database.read(work)

    async def _runs_at(self, at: float) -> list[Answer]:
        """Runs that were under way, each with the step it was in."""
        runs = self._bench.automation.runs
        items, _ = await runs.list(MOST_RUNS, 0, RunFilter(until=at))
        then = []
        for run in items:
            started, ended = run["started"], run["ended"]
            if started is not None and started <= at and (ended is None or ended >= at):
                then.append(_run_then(run, await runs.steps(str(run["id"])), at))
        return then

    async def _firings_until(self, at: float) -> list[Answer]:
        """The last rules that fired before, newest first."""

        def work(session: Session) -> list[Answer]:
            query = (
                select(TraceRow)
                .where(TraceRow.timestamp <= at)
                .order_by(col(TraceRow.timestamp).desc())
            )
            return [
                row.model_dump(include={"rule", "timestamp", "trigger", "outcome", "duration"})
                for row in session.exec(query.limit(MOST_FIRINGS))
            ]

        return await self._bench.database.read(work)


def _points(device: Mapping[str, Any]) -> list[tuple[str, Any, float]]:
    time, _, *values = device["rows"][-1]
    pairs = zip(device["entities"], values, strict=True)
    return [(f"{device['device']}.{entity}", value, time) for entity, value in pairs]


def _quality(value: object, age: float) -> str:
    """A value that was not believed is stored as nothing."""
    if value is None:
        return "bad"
    return "stale" if age > STALE_S else "good"


def _run_then(run: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], at: float) -> Answer:
    """A run as it was: running, in the step that had begun last."""
    begun = [step for step in steps if step["started"] is not None and step["started"] <= at]
    step = max(begun, key=lambda one: one["started"], default=None)
    ended = run["ended"]
    length = (ended - run["started"]) if ended is not None else None
    return {
        **run,
        "state": "running",
        "verdict": "not_set",
        "ended": None,
        "eta_s": None,
        "live": None,
        "prompts": [],
        "phase": None,
        "progress": (at - run["started"]) / length if length else run["progress"],
        "step_id": step["step_id"] if step else None,
        "step_title": (step["title"] or step["step_id"]) if step else None,
        "step_path": [step["step_id"]] if step else [],
        "step_since": step["started"] if step else None,
    }
