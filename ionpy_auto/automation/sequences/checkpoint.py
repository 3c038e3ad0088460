"""Where a run stands, as JSON: taken every few seconds, read again after a crash.

Times are kept as UTC beside those of the run's own clock, which ends with the process. What is
counted is kept up to the moment until which it was integrated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.integration import Totals
from ionpy_auto.automation.sequences.steps import StepRun
from ionpy_auto.automation.sequences.track import Track
from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.entities import Text
from ionpy_auto.devices.manager import DeviceManager

if TYPE_CHECKING:
    from ionpy_auto.automation.sequences.run import Run

VERSION: Final = 1
SERIAL_NAMES: Final = ("serial", "identity")
"""Texts of a device that tell one instrument from another of its kind."""


@dataclass(frozen=True)
class Position:
    """A step to go on with.

    Attributes:
        step: As it was; its ends are followed anew.
        track: As it stood in the checkpoint.
        ended_by: It cannot go on, and ends by this.
        verdict: Of such an end.
    """

    step: StepRun
    track: Mapping[str, Any]
    ended_by: str = ""
    verdict: str = "pass"

    @property
    def is_over(self) -> bool:
        """Whether it had ended, and the next one had not begun."""
        return self.step.ended is not None


@dataclass
class Past:
    """What a run has behind it and keeps over restarts.

    Attributes:
        identity: What tells its instruments from others.
        gaps: Times of which nothing, or only that the outputs were off, is known.
        resumed: Who let it go on, when, and what had become of the cell.
        sessions: Ids of the sessions it was recorded in, oldest first.
        places: Steps that were under way and go on; empty once they do.
        closing: Entries of ``finally`` that were begun already.
        is_coming_back: Nothing of it may be stored yet: what it was is not put back.
    """

    identity: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    resumed: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    places: dict[tuple[str, ...], Position] = field(default_factory=dict)
    closing: set[str] = field(default_factory=set)
    is_coming_back: bool = False

    def take(self, path: tuple[str, ...], *, is_main: bool) -> Position | None:
        """The step to go on with at this place, if there is one; each is taken once."""
        place = self.places.pop(path, None)
        if is_main:  # the line has come to a step: what it stood at before is behind it
            self.places = {p: one for p, one in self.places.items() if not one.track["main"]}
        return place

    def as_dict(self) -> dict[str, Any]:
        """What people see of it."""
        return {
            "gaps": [*self.gaps],
            "resumed": [*self.resumed],
            "sessions": [*self.sessions],
        }


class PastStep(StepRun):
    """A step that ended before the restart: its row stands as it was stored."""

    stored: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any], node: StepNode, clock: Clock) -> "PastStep":
        """A step from its stored row."""
        began = clock.monotonic() - (clock.now() - float(row["started"]))
        step = cls(node, int(row["index"]), node.direction, float(row["started"]), began)
        over = {} if row["ended"] is not None else {"ended_by": "power_loss", "partial": True}
        step.stored = row = {**row, **over, "ended": row["ended"] or row["started"]}
        step.cycle = int(row["cycle"])
        step.ended_mono = began + float(row["duration_s"])
        step.ended = float(row["ended"])
        step.ended_by, step.end_value = row["ended_by"], row["end_value"]
        step.verdict = row["verdict"]
        totals = step.totals = Totals(started_s=began, ended_s=step.ended_mono)
        for name in ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh"):
            setattr(totals, name, float(row.get(name) or 0.0))
        return step

    def row(self, now: float, totals: Totals | None) -> dict[str, Any]:
        """As stored."""
        del now, totals
        return dict(self.stored)


def step_state(step: StepRun, now: float) -> dict[str, Any]:
    """What is needed to go on with a step."""
    return {
        "id": step.node.id,
        "index": step.index,
        "started": step.started,
        "time_s": step.time(now),
        "cycle": step.cycle,
        "ended": step.ended,
        "ended_by": step.ended_by,
        "end_value": step.end_value,
        "goto": step.goto,
        "verdict": step.verdict,
        "decided": step.decided,
        "phases": [dict(phase) for phase in step.phases],
        "at_start": list(step.at_start),
        "before": step.before,
        "dcir": [*step.dcir],
        "figures": dict(step.figures),
    }


def restore_step(step: StepRun, state: Mapping[str, Any], now: float) -> None:
    """Put a step back to where it was; its clock goes on from there, the gap does not count."""
    step.index = int(state["index"])
    step.started = float(state["started"])
    step.started_mono = now - float(state["time_s"])
    step.cycle = int(state["cycle"])
    step.ended_by, step.end_value = state["ended_by"], state["end_value"]
    step.goto, step.verdict = state["goto"], state["verdict"]
    step.decided = state["decided"]
    step.phases = [dict(phase) for phase in state["phases"]]
    volts, amps = state["at_start"]
    step.at_start, step.before = (volts, amps), state["before"]
    step.dcir, step.figures = [*state["dcir"]], dict(state["figures"])
    step.continued = True


def _line(run: "Run", track: Track, now: float) -> dict[str, Any]:
    """Where a line is: at its step, or behind it at a place that no step has begun at yet."""
    step, is_main = track.step, track is run.main
    if step is not None and (step.ended is None or _is_at(run, track, step)):
        return {"path": list(step.path), "step": step_state(step, now), "main": is_main}
    return {"path": [*track.path, *track.way], "step": None, "main": is_main}


def _is_at(run: "Run", track: Track, step: StepRun) -> bool:
    """Whether a step that is over says where to go on: with the next one of the same list.

    Entries of ``finally`` are counted by themselves (`Past.closing`): of them no place is kept.
    """
    path = tuple(track.path)
    is_closing = bool(path) and any(node.id == path[0] for node in run.flow.closing)
    return is_closing or step.path[: len(path)] == path


def take(run: "Run") -> dict[str, Any]:
    """The checkpoint of a run."""
    clock, channel = run.lab.clock, run.channel
    now = clock.monotonic()
    tracks = [
        line
        for track in run.tracks
        if (line := _line(run, track, now))["step"] or tuple(line["path"]) not in run.past.places
    ]
    # A crash right after a restart must still find what is not gone on with yet.
    tracks += [dict(place.track) for place in run.past.places.values()]
    tracks.sort(key=lambda track: not track["main"])
    first = tracks[0]["step"] if tracks else None
    state: dict[str, Any] = {
        "version": VERSION,
        "timestamp": clock.utc_at(now),
        "mono": now,
        "tracks": tracks,
        "path": list(tracks[0]["path"]) if tracks else [],
        "step": step_state(step, now) if (step := run.main.step) else first,
        "jumps": dict(run.jumps),
        "answers": dict(run.answers),
        "verdict": run.verdict,
    }
    if channel is not None:
        state["counting"] = run.counting.state() if run.counting is not None else None
        state["voltage"], state["current"] = channel.voltage.value, channel.current
        state["side"] = channel.side.value
        state["identity"] = dict(run.past.identity)
    return state


def identity(devices: DeviceManager, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What tells these instruments from others, as far as they say it."""
    found = {}
    for name in names:
        stack = devices.stacks.get(name)
        if stack is None:
            continue
        told = {"driver": stack.config.driver}
        for key in SERIAL_NAMES:
            slot = stack.slots.get(key)
            if slot is not None and isinstance(slot.entity, Text) and isinstance(slot.known, str):
                told[key] = slot.known
        found[name] = told
    return found


def other_instruments(
    before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """How instruments differ from those a run began with, one sentence each."""
    found = []
    for device, told in before.items():
        present = now.get(device, {})
        found += [
            f"{device}: {key} was {value}, is {present.get(key, 'not known')}"
            for key, value in told.items()
            if present.get(key) != value
        ]
    return found
