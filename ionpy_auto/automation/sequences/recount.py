"""Counts a recorded run again from its rows, with the code that counted it while it ran.

Two things are compared, step by step and cycle by cycle. The *accumulators* that stand in every
row must give exactly what was stored: a difference means that rows or figures were changed. The
*recount* integrates the recorded voltage and current anew; rows are thinner than polls, so it may
differ by what the thinning hides: 0.1 %, and one interval of the step's current at each of its
edges.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlmodel import Session, col, select

from ionpy_auto.automation.models import RunCycleRow, RunRow, RunStepRow
from ionpy_auto.automation.sequences.recording import Player, Row, Survey
from ionpy_auto.core.errors import Conflict, NotFound
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.storage.playback import RecordedSession, Recording
from ionpy_auto.storage.writer import engine_for

AMOUNTS: Final = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
_EFFICIENCIES: Final = ("ce", "ee")
_ENTITIES: Final = ("voltage", "current", "temp", "phase", "step_count", "cycle", "step", *AMOUNTS)
_TOLERANCE: Final = 1e-3
_EXACT: Final = 1e-9
_EDGES: Final = 4.0  # intervals a step's two edges and its ramp may hide
_SHORTEST_GAP_S: Final = 2.0


class _Point(NamedTuple):
    """One recorded row of the channel."""

    row: Row
    amounts: tuple[float, ...]


@dataclass
class _Stored:
    """What the database says about a run."""

    run: RunRow
    steps: list[dict[str, Any]]
    cycles: list[dict[str, Any]]


def recount(path: Path, run_id: str) -> dict[str, Any]:
    """Count a recorded run again.

    Args:
        path: The project's ``data.db``; it is only read.
        run_id: The run.

    Returns:
        ``{"steps": [...], "cycles": [...], "agrees": bool}``; each entry holds the figures
        ``stored``, ``accumulated`` (steps alone) and ``recounted``, and whether they agree.

    Raises:
        NotFound: No such run, or nothing of it was recorded.
        Conflict: It has not finished.
    """
    stored = _read(path, run_id)
    run = stored.run
    with Recording(path) as recording:
        if run.channel not in recording.tables or run.session_id is None:
            raise NotFound(f"nothing was recorded of run {run_id}", hint="see its session")
        (session,) = recording.sessions(run.session_id)
        source = _Rows(recording, session, run)
        survey = Survey()
        bounds: dict[str, list[_Point]] = {}
        for point in source:
            survey.add(point.row)
            bounds.setdefault(point.row.step, [point, point])[1] = point
        if not bounds:
            raise NotFound(f"no rows of run {run_id}", hint="its session was thinned or deleted")
        interval_s = survey.interval_s(0.9)
        ends = {str(step["index"] + 1): step["ended_by"] for step in stored.steps}
        player = Player(max(3.0 * interval_s, _SHORTEST_GAP_S), survey.rest_a, ended_by=ends)
        for point in source:
            player.add(point.row)
    counted = player.finish()
    return _compared(stored, counted, bounds, interval_s)


@dataclass
class _Rows:
    """The recorded rows of a run's steps, oldest first; iterate as often as needed."""

    recording: Recording
    session: RecordedSession
    run: RunRow

    def __iter__(self) -> Iterator[_Point]:
        run, channel = self.run, str(self.run.channel)
        begin = run.started if run.started is not None else run.created
        span = begin, run.ended if run.ended is not None else begin
        for snapshot in self.recording.snapshots(self.session, channel, _ENTITIES, span, begin):
            point = _point(snapshot)
            if point is not None:
                yield point


def _point(snapshot: Snapshot) -> _Point | None:
    """A row inside a step whose voltage and current were known."""
    values = {sample.point.rpartition(".")[2]: sample.known for sample in snapshot.samples}
    count, cycle = _number(values.get("step_count")), _number(values.get("cycle"))
    volts, amps = _number(values.get("voltage")), _number(values.get("current"))
    if not count or volts is None or amps is None:
        return None
    amounts = tuple(_number(values.get(name)) or 0.0 for name in AMOUNTS)
    phase, temp = str(values.get("phase") or ""), _number(values.get("temp"))
    row = Row(snapshot.mono, volts, amps, str(int(count)), int(cycle or 0.0), phase, temp)
    return _Point(row, amounts)


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # checked above


def _read(path: Path, run_id: str) -> _Stored:
    if not path.is_file():
        raise NotFound(f"there is no {path.name}", hint="name the project's data.db")
    engine = engine_for(path, ("query_only=ON",), begin="BEGIN", mode="ro")
    try:
        with Session(engine) as session:
            run = session.get(RunRow, run_id)
            if run is None:
                raise NotFound(f"there is no run {run_id!r}", hint="see the list of runs")
            if run.status != "finished":
                raise Conflict(f"run {run_id} is {run.status}", code="WRONG_STATE", hint="wait")
            steps = select(RunStepRow).where(RunStepRow.run_id == run_id)
            cycles = select(RunCycleRow).where(RunCycleRow.run_id == run_id)
            found = _Stored(
                run,
                [dict(r.result) for r in session.exec(steps.order_by(col(RunStepRow.number)))],
                [dict(r.figures) for r in session.exec(cycles.order_by(col(RunCycleRow.cycle)))],
            )
            session.expunge_all()
            return found
    finally:
        engine.dispose()


def _compared(
    stored: _Stored,
    counted: Mapping[str, Sequence[Mapping[str, Any]]],
    bounds: Mapping[str, Sequence[_Point]],
    interval_s: float,
) -> dict[str, Any]:
    by_count = {step["step"]: step for step in counted["steps"]}
    steps = []
    for step in stored.steps:
        key = str(step["index"] + 1)
        first_last = bounds.get(key)
        again = by_count.get(key)
        accumulated = None
        if first_last is not None:
            first, last = first_last
            passed = [b - a for a, b in zip(first.amounts, last.amounts, strict=True)]
            accumulated = dict(zip(AMOUNTS, passed, strict=True))
        steps.append(_step(step, accumulated, again, interval_s))
    by_number = {cycle["number"]: cycle for cycle in counted["cycles"]}
    cycles = []
    for cycle in stored.cycles:
        own = [step for step in stored.steps if step["cycle"] == cycle["cycle"]]
        slack_ah = sum(_slack_ah(step, interval_s) for step in own)
        cycles.append(_cycle(cycle, by_number.get(cycle["cycle"]), slack_ah))
    agrees = all(entry["agrees"] for entry in (*steps, *cycles))
    return {"run": stored.run.id, "steps": steps, "cycles": cycles, "agrees": agrees}


def _step(
    step: Mapping[str, Any],
    accumulated: Mapping[str, float] | None,
    again: Mapping[str, Any] | None,
    interval_s: float,
) -> dict[str, Any]:
    figures = {name: float(step[name]) for name in AMOUNTS}
    recounted = {name: float(again[name]) for name in AMOUNTS} if again is not None else None
    slack_ah = _slack_ah(step, interval_s)
    volts = max(step.get("v_max") or 0.0, 1.0)
    slacks = {name: slack_ah * (volts if name.endswith("_wh") else 1.0) for name in AMOUNTS}
    exact = dict.fromkeys(AMOUNTS, _EXACT)
    return {
        "index": step["index"],
        "step_id": step["step_id"],
        "stored": figures,
        "accumulated": accumulated,
        "recounted": recounted,
        "agrees": _agree(figures, accumulated, 0.0, exact)
        and _agree(figures, recounted, _TOLERANCE, slacks),
    }


def _slack_ah(step: Mapping[str, Any], interval_s: float) -> float:
    """Charge that thin rows may hide at the edges of a step."""
    top_a: float = max(
        abs(step.get("i_start") or 0.0), abs(step.get("i_end") or 0.0), _mean_a(step)
    )
    return _EDGES * top_a * interval_s / 3600.0


def _mean_a(step: Mapping[str, Any]) -> float:
    seconds = float(step["duration_s"])
    return float(step["ah"]) * 3600.0 / seconds if seconds > 0.0 else 0.0


def _agree(
    stored: Mapping[str, float],
    other: Mapping[str, float] | None,
    relative: float,
    slack: Mapping[str, float],
) -> bool:
    if other is None:
        return False
    return all(
        abs(other[name] - value) <= relative * abs(value) + slack[name]
        for name, value in stored.items()
    )


def _cycle(
    cycle: Mapping[str, Any], again: Mapping[str, Any] | None, slack_ah: float
) -> dict[str, Any]:
    names = (*AMOUNTS, *_EFFICIENCIES)
    figures = {name: cycle[name] for name in names}
    recounted = {name: again[name] for name in names} if again is not None else None
    smallest_ah = min(ah for ah in (cycle["charge_ah"], cycle["discharge_ah"], 1e9) if ah > 0.0)
    tolerance = 2.0 * _TOLERANCE + slack_ah / smallest_ah
    states = (cycle["ce_state"], again["ce_state"] if again is not None else "")
    return {
        "cycle": cycle["cycle"],
        "stored": figures,
        "recounted": recounted,
        "ce_state": list(states),
        "agrees": recounted is not None
        and states[0] == states[1]
        and all(_near(figures[name], recounted[name], tolerance) for name in names),
    }


def _near(one: float | None, other: float | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerance * max(abs(one), 1e-6)
