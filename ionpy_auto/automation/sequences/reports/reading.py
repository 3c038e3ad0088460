"""Builds the report of a run from a project's ``data.db``, which is only read.

Rows of steps and cycles are read as they are; the recorded samples, of which there may be millions,
only downsampled. So a run of months costs little more than one of an hour.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, col, select

from ionpy_auto.automation.models import (
    RunCheckpointRow,
    RunCycleRow,
    RunFileRow,
    RunRow,
    RunStepRow,
)
from ionpy_auto.automation.sequences.reports.curves import Curves
from ionpy_auto.automation.sequences.reports.model import (
    Event,
    RunReport,
    run_verdict,
    step_verdict,
)
from ionpy_auto.automation.wiring import read_channel
from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.core.files import read_json
from ionpy_auto.storage.playback import Recording
from ionpy_auto.storage.writer import engine_for

PREDICTIONS: Final = "predictions"
"""Folder beside ``data.db`` that keeps what was predicted of a run."""
_CELL_WORDS: Final = ("file", "title", "manufacturer", "chemistry", "capacity_ah", "series")
_UNKNOWN_CELL: Final = dict.fromkeys((*_CELL_WORDS, "id", "batch", "mass", "cycles_before"))
_UNKNOWN: Final = dict.fromkeys(
    ("software", "operator", "fixture", "lead_ohm", "wires", "isolation", "sensor_place")
)
_MOST_EVENTS: Final = 2000


@dataclass(frozen=True)
class _Stored:
    """What the database says about a run."""

    run: RunRow
    steps: list[dict[str, Any]]
    cycles: list[dict[str, Any]]
    files: dict[str, RunFileRow]
    seen: float | None

    @property
    def began(self) -> float:
        """UTC of its start, or of its making when it never started."""
        return self.run.started if self.run.started is not None else self.run.created

    @property
    def is_over(self) -> bool:
        """Whether it has finished."""
        return self.run.status == "finished"

    @property
    def until(self) -> float:
        """UTC up to which something is known of it."""
        if self.run.ended is not None:
            return self.run.ended
        known = [self.seen or 0.0, self.began]
        known += [step["ended"] or step["started"] for step in self.steps]
        return max(known)

    @property
    def sessions(self) -> list[int]:
        """Sessions it was recorded in."""
        kept = [*self.run.trace.get("sessions", ())]
        if self.run.session_id is not None and self.run.session_id not in kept:
            kept.append(self.run.session_id)
        return kept


def report_of(path: Path, run_id: str) -> RunReport:
    """Everything a report says about a run, running or finished.

    Args:
        path: The project's ``data.db``.
        run_id: The run.

    Raises:
        NotFound: There is no such run.
        StorageError: The file cannot be read.
    """
    stored = _read(path, run_id)
    with Recording(path) as recording:
        events = sorted(_events(stored, recording), key=lambda event: event.at)
        prediction = _prediction(path, run_id)
        return _report(stored, events, prediction, Curves(recording, stored.run.channel or ""))


def _read(path: Path, run_id: str) -> _Stored:
    if not path.is_file():
        raise NotFound(f"there is no {path.name}", hint="name the project's data.db")
    engine = engine_for(path, ("query_only=ON",), begin="BEGIN", mode="ro")
    try:
        with Session(engine) as session:
            run = session.get(RunRow, run_id)
            if run is None:
                raise NotFound(f"there is no run {run_id!r}", hint="see the list of runs")
            steps = select(RunStepRow).where(RunStepRow.run_id == run_id)
            cycles = select(RunCycleRow).where(RunCycleRow.run_id == run_id)
            files = select(RunFileRow).where(RunFileRow.run_id == run_id)
            place = session.get(RunCheckpointRow, run_id)
            found = _Stored(
                run,
                [dict(r.result) for r in session.exec(steps.order_by(col(RunStepRow.number)))],
                [dict(r.figures) for r in session.exec(cycles.order_by(col(RunCycleRow.cycle)))],
                {file.role: file for file in session.exec(files)},
                place.timestamp if place is not None else None,
            )
            session.expunge_all()
            return found
    finally:
        engine.dispose()


def _prediction(path: Path, run_id: str) -> Mapping[str, Any] | None:
    file = path.parent / PREDICTIONS / f"{run_id}.json"
    try:
        found = read_json(file) if file.is_file() else None
    except IonpyError:
        return None
    return found if isinstance(found, dict) else None


def _report(
    stored: _Stored,
    events: Sequence[Event],
    prediction: Mapping[str, Any] | None,
    curves: Curves,
) -> RunReport:
    run, trace = stored.run, stored.run.trace
    steps = [{**step, "verdict": step_verdict(step)} for step in stored.steps]
    sheet = _sheet(stored)
    span = stored.began, stored.until
    return RunReport(
        run=_about(stored, steps),
        sheet=sheet,
        hashes={
            role: {"name": file.name, "revision": file.revision}
            for role, file in stored.files.items()
        },
        parameters=dict(run.parameters),
        bindings=dict(run.bindings),
        conditions=trace.get("conditions", {}),
        limits=trace.get("limits", []),
        protections=_with_origin(trace.get("protections", []), trace.get("limits", [])),
        checks=trace.get("checks", []),
        steps=steps,
        cycles=stored.cycles,
        totals=dict(run.totals),
        counters=[_counter(step) for step in steps if step.get("device_ah") is not None],
        contact=curves.contact(steps, sheet.get("terminals") or {}),
        sampling=trace.get("sampling", {}),
        events=events[:_MOST_EVENTS],
        gaps=trace.get("gaps", []),
        leakage=trace.get("leakage", {}),
        accepted=trace.get("accepted", {}),
        sources=trace.get("sources", {}),
        calls=[
            {name: call.get(name, "") for name in ("step", "flow", "revision")}
            for call in trace.get("calls", [])
        ],
        series=curves.series(*span),
        loops=curves.loops(steps),
        prediction=prediction,
        omitted={"events": max(len(events) - _MOST_EVENTS, 0), "loops": curves.left_out},
    )


def _about(stored: _Stored, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    run = stored.run
    return {
        "id": run.id,
        "flow": run.flow,
        "title": run.name or run.flow,
        "channel": run.channel,
        "state": run.status,
        "verdict": run_verdict(run.verdict, steps, is_over=stored.is_over),
        "message": run.trace.get("message", ""),
        "ended_by": run.ended_by,
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "until": stored.until,
        "duration_s": stored.until - stored.began,
        "actor": run.actor,
        "sessions": stored.sessions,
        "resumed": run.trace.get("resumed", []),
    }


def _sheet(stored: _Stored) -> dict[str, Any]:
    """The sheet as it was taken; of a run from before there were any what its files say."""
    run, kept = stored.run, stored.run.trace.get("sheet") or {}
    cell = {**_UNKNOWN_CELL, **(kept.get("cell") or {})}
    if not kept:
        words = {"id": "cell_id", "batch": "batch", "mass": "mass", "capacity_ah": "capacity_ah"}
        cell |= {name: run.bindings.get(word) for name, word in words.items()}
        file = stored.files.get("cell")
        cell["file"] = file.name.removesuffix(".yaml") if file is not None else None
        conditions = run.trace.get("conditions", {})
        kept = {
            **{name: conditions.get(name) for name in ("operator", "fixture")},
            **_wiring(stored.files.get("channel")),
        }
    clock = next((c for c in run.trace.get("checks", ()) if c["name"] == "clock"), None)
    return {
        **_UNKNOWN,
        "meters": [],
        "terminals": {},
        **kept,
        "cell": cell,
        "clock": clock["text"] if clock is not None else None,
    }


def _wiring(file: RunFileRow | None) -> dict[str, Any]:
    channel = read_channel(file.text, file.name)[0] if file is not None else None
    if channel is None:
        return {}
    return {
        "lead_ohm": channel.path_resistance or None,
        "wires": channel.voltage.wires,
        "isolation": channel.isolation,
        "sensor_place": channel.temp.place or None if channel.temp is not None else None,
        "meters": [{"device": device, "measures": []} for device in channel.devices],
    }


_BOUNDS: Final = {"ovp": "voltage_max", "ocp": "charge_current", "cutoff": "voltage_min"}


def _with_origin(
    protections: Sequence[Mapping[str, Any]], limits: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Each protection with the limit it was derived from."""
    by_name = {row["quantity"]: row for row in limits}
    found = []
    for row in protections:
        limit = by_name.get(_BOUNDS.get(row["name"], ""))
        origin = limit["origin"] if limit is not None else None
        found.append({**row, "unit": "A" if row["name"] == "ocp" else "V", "origin": origin})
    return found


def _counter(step: Mapping[str, Any]) -> dict[str, Any]:
    ours, theirs = float(step.get("ah") or 0.0), float(step["device_ah"])
    return {
        "index": step["index"],
        "step_id": step["step_id"],
        "cycle": step["cycle"],
        "kind": step["kind"],
        "ah": ours,
        "device_ah": theirs,
        "deviation": (theirs - ours) / ours if ours > 0.0 else None,
    }


# --- what happened -------------------------------------------------------------------------------


def _events(stored: _Stored, recording: Recording) -> Iterator[Event]:
    first, last = stored.began - 1.0, stored.until + 60.0
    for session in stored.sessions:
        for row in recording.alarms(session):
            if first <= row["timestamp"] <= last:
                text = f"{row['transition']}: {row['text'] or row['key']}"
                by = row["actor"] or ""
                yield Event(row["timestamp"], "alarm", text, row["severity"] or "", by)
        for row in recording.markers(session):
            if first <= row["timestamp"] <= last:
                notes = f" ({row['notes']})" if row["notes"] else ""
                yield Event(row["timestamp"], "marker", f"{row['label']}{notes}")
    yield from _interruptions(stored.run.trace)
    for step in stored.steps:
        at = step["ended"] or step["started"]
        for warning in step.get("warnings", ()):
            yield Event(at, "warning", f"{step['step_id']}: {warning}")
        answer = step.get("answer")
        if answer is not None:
            text = f"{step['title'] or step['step_id']}: {answer.get('text', '')}"
            yield Event(at, "prompt", text, by=str(answer.get("by") or ""))


def _interruptions(trace: Mapping[str, Any]) -> Iterator[Event]:
    for gap in trace.get("gaps", ()):
        text = f"{gap['cause']}: {gap['seconds']:.0f} s, outputs {gap['outputs']}"
        yield Event(gap["from"], "gap", text)
    for one in trace.get("resumed", ()):
        moved = one.get("delta_v")
        text = f"at step {one.get('step') or '?'}"
        if moved is not None:
            text += f", the cell had moved {moved * 1e3:+.0f} mV"
        yield Event(one["at"], "resumed", text, by=str(one.get("by") or ""))
