"""One step as it is executed: its clock, its ends, what ended it, and its row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ionpy_auto.automation.flow import End, StepNode
from ionpy_auto.automation.sequences.counting import Direction, cv_share, figures, magnitude
from ionpy_auto.automation.sequences.integration import Totals
from ionpy_auto.automation.sequences.limits import TIME, mask_of
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import ConditionState, Environment, format_quantity

TIMED: Final = frozenset({"age", "is_stale"})


class EndState:
    """One end of the running step, followed."""

    __slots__ = ("_counts_ticks", "_tapers_to", "_ticks", "bounds", "end", "first", "mask", "state")

    def __init__(self, end: End, channel_id: str) -> None:
        self.end = end
        self.mask = mask_of(end.when.points, channel_id)
        self.state = ConditionState(end.when)
        self.first: float | None = None
        self.bounds = end.when.bounds()
        currents = {f"{channel_id}.current", f"abs({channel_id}.current)"}
        is_taper = end.phase == "cv" and all(bound.point in currents for bound in self.bounds)
        self._tapers_to = min((abs(b.limit) for b in self.bounds), default=0.0) if is_taper else 0.0
        # What changes without a sample (a time, an age) is looked at every second as well. Such a
        # look counts as a sample only where none is awaited or one alone decides.
        slots = end.when.expression.slots
        timed = [slot.function in TIMED or slot.address.endswith(".time") for slot in slots]
        self._ticks = any(timed)
        self._counts_ticks = all(timed) or (end.when.samples == 1 and not end.when.hold)

    def look(
        self, env: Environment, changed: int, phase: str, mono: float, idle: float | None = None
    ) -> bool:
        """Whether the end has come.

        Args:
            env: Values.
            changed: What is new.
            phase: Of the channel.
            mono: Now.
            idle: The zero band of the current while none flows; None while one does. A taper comes
                to its limit with the current still flowing: without any, the contact is open.
        """
        sample = bool(self.mask & changed)
        if not sample and not (self._ticks and changed & TIME):
            return False
        is_open = idle is not None and self._tapers_to > idle
        if is_open or (self.end.phase and self.end.phase != phase):
            if self.state.since is not None or self.state.met:
                self.state = ConditionState(self.end.when)
            return False
        return self.state.update(env, mono, sample=sample or self._counts_ticks)

    def actual(self, env: Environment) -> float | None:
        """The value its first bound compares."""
        return bound_value(self.bounds[0].point, env) if self.bounds else None


def bound_value(point: str, env: Environment) -> float | None:
    """The number behind a bound's point, which may be ``abs(point)``."""
    is_magnitude = point.startswith("abs(")
    value = env.value(point.removeprefix("abs(").removesuffix(")"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return abs(float(value)) if is_magnitude else float(value)


@dataclass
class StepRun:
    """A step under way or done.

    Attributes:
        node: As written.
        index: Counted from 0 over the whole run.
        cycle: Its cycle.
        started: UTC; ``started_mono`` on the monotonic clock.
        paused_s: Time that does not count.
        holds_until: When a wait inside the step is over, on the monotonic clock.
        after_s: End by time of the step itself (``rest: 30 min``).
        totals: Set when it has ended.
        answer: Of the person it asked.
        is_side: It stands in a branch beside the one that drives: nothing is counted for it.
        path: Where it stands.
        before: Cell voltage before anything was switched for it.
        continued: A crash broke it off, and it goes on.
        decided: Whether it is settled where its end leads; ``goto`` says it.
        dcir: Resistances measured in it.
        figures: What else it measured, by the name behind ``step.``.
    """

    node: StepNode
    index: int
    direction: Direction
    started: float
    started_mono: float
    cycle: int = 0
    is_side: bool = False
    answer: Mapping[str, Any] | None = None
    ends: list[EndState] = field(default_factory=list)
    armed: bool = False
    after_s: float | None = None
    holds_until: float | None = None
    paused_s: float = 0.0
    paused_since: float | None = None
    ended: float | None = None
    ended_mono: float | None = None
    ended_by: str = ""
    end_value: float | None = None
    goto: str = ""
    verdict: str = "not_set"
    phases: list[dict[str, Any]] = field(default_factory=list)
    measures: list[dict[str, Any]] = field(default_factory=list)
    totals: Totals | None = None
    dcir: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float | None] = field(default_factory=dict)
    uncertainty: dict[str, float | None] = field(default_factory=dict)
    device_ah: float | None = None
    warnings: list[str] = field(default_factory=list)
    at_start: tuple[float | None, float | None] = (None, None)
    at_end: tuple[float | None, float | None] = (None, None)
    path: tuple[str, ...] = ()
    before: float | None = None
    continued: bool = False
    decided: bool = False

    def time(self, now: float) -> float:
        """Seconds on the step's own clock."""
        until = self.ended_mono if self.ended_mono is not None else now
        paused = self.paused_s
        if self.paused_since is not None:
            paused += until - self.paused_since
        return max(until - self.started_mono - paused, 0.0)

    def restart_clock(self, now: float) -> None:
        """Count from now on."""
        self.started_mono, self.paused_s = now, 0.0

    def enter_phase(self, name: str, utc: float) -> None:
        """Close the last phase, open the next."""
        if self.phases and self.phases[-1]["end"] is None:
            if self.phases[-1]["name"] == name:
                return
            self.phases[-1]["end"] = utc
        if name:
            if self.phases and self.phases[-1]["end"] == self.phases[-1]["start"]:
                self.phases.pop()  # it was named, and nothing was done in it
            self.phases.append({"name": name, "start": utc, "end": None})

    def row(self, now: float, totals: Totals | None) -> dict[str, Any]:
        """The step for REST, events and the database."""
        counted = self.totals or totals
        return {
            "index": self.index,
            "step_id": self.node.id,
            "title": self.node.name,
            "kind": self.node.verb,
            "cycle": self.cycle,
            "started": self.started,
            "ended": self.ended,
            "duration_s": self.time(now),
            "ended_by": self.ended_by,
            "end_value": self.end_value,
            "end_time": self.time(now) if self.ended is not None else None,
            **(figures(counted, self.direction) if counted is not None else _NOTHING),
            "v_start": self.at_start[0],
            "v_end": self.at_end[0],
            "i_start": self.at_start[1],
            "i_end": self.at_end[1],
            "verdict": self.verdict,
            "phases": [dict(phase) for phase in self.phases],
            "measures": list(self.measures),
            **({"answer": dict(self.answer)} if self.answer is not None else {}),
            "dcir": [dict(row) for row in self.dcir],
            "figures": dict(self.figures),
            "u": dict(self.uncertainty),
            "device_ah": self.device_ah,
            "warnings": list(self.warnings),
        }

    def names(self, now: float, totals: Totals | None) -> Mapping[str, Scalar | None]:
        """``step.*`` as constants: for what looks back at a step that has ended."""
        counted = self.totals or totals
        answer: dict[str, Scalar | None] = {
            "step.id": self.node.id,
            "step.name": self.node.name,
            "step.index": float(self.index),
            "step.time": self.time(now),
            "step.ended_by": self.ended_by,
            "step.end_value": self.end_value,
            "step.verdict": self.verdict,
        }
        answer |= {f"step.{name}": value for name, value in self.figures.items()}
        if counted is not None:
            ah, wh = magnitude(counted, self.direction)
            answer |= {
                "step.ah": ah,
                "step.wh": wh,
                "step.charge_ah": counted.charge_ah,
                "step.discharge_ah": counted.discharge_ah,
                "step.charge_wh": counted.charge_wh,
                "step.discharge_wh": counted.discharge_wh,
                "step.cv_share": cv_share(counted),
            }
        return answer

    def next_end(self, env: Environment, phase: str, now: float) -> dict[str, Any] | None:
        """The end that is nearest, with how far it is; guards by time come last."""
        best: dict[str, Any] | None = None
        best_rank = (-1, -1.0)
        if self.after_s:
            best = _progress("time", self.time(now), self.after_s, 0.0)
            best_rank = (0, best["fraction"])
        for state in self.ends:
            bounds, actual = state.bounds, state.actual(env)
            if len(bounds) != 1 or actual is None:
                continue
            if state.end.phase and state.end.phase != phase:
                continue
            if state.first is None:
                state.first = actual
            start = 0.0 if bounds[0].point.startswith("step.") else state.first
            found = _progress(state.end.text or state.end.name, actual, bounds[0].limit, start)
            rank = (0 if state.end.verdict == "fail" else 1, found["fraction"])
            if rank > best_rank:
                best, best_rank = found, rank
        return best


def _progress(text: str, actual: float, limit: float, start: float) -> dict[str, Any]:
    way = limit - start
    share = (actual - start) / way if way else 1.0
    return {"text": text, "actual": actual, "limit": limit, "fraction": min(max(share, 0.0), 1.0)}


_NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "ah", "wh"), 0.0),
    "t_max": None,
    "cv_share": None,
    "partial": False,
}


def worst(*verdicts: str) -> str:
    """The worst of some verdicts."""
    return max(verdicts, key=VERDICTS.index)


VERDICTS = ("not_set", "pass", "inconclusive", "fail", "aborted", "error")


def describe_measure(name: str, value: object, unit: str, verdict: str) -> dict[str, Any]:
    """One figure taken at the end of a step."""
    number = value if isinstance(value, float) else None
    return {
        "name": name,
        "value": number,
        "unit": unit,
        "text": format_quantity(number, unit) if number is not None else "unknown",
        "verdict": verdict,
    }
