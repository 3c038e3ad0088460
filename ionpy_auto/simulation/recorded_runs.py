"""Runs as they were recorded: their events, and what their rules can know in a back-test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from operator import itemgetter
from typing import Any

from ionpy_auto.automation.environment import LocalEnvironment
from ionpy_auto.automation.flow import Flow, StepNode
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.core.commands import Origin, Outcome, Priority
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import Environment
from ionpy_auto.simulation.paper import PaperLab

Happening = tuple[float, Callable[[], None]]
FIGURES = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "cv_share")


class RecordedRun:
    """One run (`RunScope`), as its rows tell of it.

    Known are its steps, cycles and all that the channel recorded. The amounts of a step under way
    are those of the channel's points; of a cycle or the whole run they were not recorded.

    Args:
        row: Of the run.
        steps: Its steps, as their events told of them.
        cycles: Its finished cycles.
    """

    def __init__(
        self,
        row: Mapping[str, Any],
        steps: Sequence[Mapping[str, Any]],
        cycles: Sequence[Mapping[str, Any]],
    ) -> None:
        self.run_id = str(row["id"])
        self.origin = Origin(Priority.SEQUENCE, f"run:{self.run_id}")
        self._row = row
        self._steps = steps
        self._cycles = cycles
        self._flow: Flow | None = None
        self._env: Environment | None = None
        self._ways: dict[str, tuple[str, ...]] = {}
        self._lab: PaperLab | None = None
        self._step: Mapping[str, Any] | None = None
        self._leave: Callable[[], None] | None = None

    def bind(self, flow: Flow) -> None:
        """Let the run-scoped rules of a flow work in it."""
        self._flow = flow
        for node in (*flow.sequence, *flow.closing):
            self._ways.update(_ways(node, ()))

    @property
    def is_bound(self) -> bool:
        """Whether it has rules to be tested."""
        return self._flow is not None

    @property
    def flow(self) -> Flow:
        """As the run reads it."""
        if self._flow is None:
            raise AssertionError(self.run_id)
        return self._flow

    @property
    def env(self) -> Environment:
        """Recorded points, and what is known of the run."""
        if self._env is None:
            raise AssertionError(self.run_id)
        return self._env

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices that drive."""
        channel = self.flow.names.channel
        found = (channel.source, channel.sink) if channel is not None else ()
        return [device for device in found if device]

    @property
    def steps(self) -> Sequence[str]:
        """Ids of the steps it is in."""
        if self._step is None:
            return ()
        step_id = str(self._step["step_id"])
        return self._ways.get(step_id, (step_id,))

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Nothing is sent."""
        if self._lab is None:
            raise AssertionError(self.run_id)
        return await self._lab.write(point, value, origin)

    # -- what happened ----------------------------------------------------------------------

    def happened(self, lab: PaperLab, engine: RuleEngine, env: Environment) -> Iterator[Happening]:
        """Its events by time, as they were told when it ran."""
        self._lab = lab
        self._env = LocalEnvironment(env, self._names())
        last = self._row["ended"]
        yield self._row["started"], partial(self._begin, lab, engine)
        for at, _, tell in sorted(
            [*self._stepping(lab), *self._cycling(lab)], key=itemgetter(0, 1)
        ):
            yield (at if last is None else min(at, last)), tell
        if last is not None:
            yield last, partial(self._end, lab)

    def _stepping(self, lab: PaperLab) -> Iterator[tuple[float, float, Callable[[], None]]]:
        """Steps begin and end; what bears the same time is told in their order."""
        about = {"run": self.run_id, "sequence": self._row["flow"]}
        fresh = {"ended": None, "ended_by": "", "end_value": None, "verdict": "not_set"}
        for number, step in enumerate(self._steps):
            began = {**step, **fresh, **about, "event": "started"}
            yield step["started"], number, partial(self._enter, lab, began)
            if step.get("ended") is not None:
                ended = {**step, **about, "event": "ended"}
                yield step["ended"], number + 0.3, partial(self._exit, lab, ended)

    def _cycling(self, lab: PaperLab) -> Iterator[tuple[float, float, Callable[[], None]]]:
        """Cycles end with the step that ended last."""
        about = {"run": self.run_id, "sequence": self._row["flow"]}
        for cycle in self._cycles:
            at = cycle["ended"]
            if at is not None:
                over = [n for n, one in enumerate(self._steps) if (one.get("ended") or inf) <= at]
                number = max(over, default=-1) + 0.6
                yield at, number, partial(lab.publish, "run_cycle", {**cycle, **about})

    def _begin(self, lab: PaperLab, engine: RuleEngine) -> None:
        if self.is_bound:
            self._leave = engine.add_run(self)
        lab.publish("run", {**self._told(), "state": "running", "verdict": "not_set"})

    def _enter(self, lab: PaperLab, payload: Mapping[str, Any]) -> None:
        self._step = payload
        lab.publish("run_step", payload)

    def _exit(self, lab: PaperLab, payload: Mapping[str, Any]) -> None:
        self._step = payload
        lab.publish("run_step", payload)
        self._step = None

    def _end(self, lab: PaperLab) -> None:
        row = self._row
        ended = {name: row[name] for name in ("ended", "ended_by", "verdict")}
        lab.publish("run", {**self._told(), **ended, "state": "finished"})
        if self._leave is not None:
            self._leave()

    def _told(self) -> dict[str, Any]:
        row = self._row
        return {
            "id": self.run_id,
            "sequence": row["flow"],
            "title": row["name"],
            "started": row["started"],
            "session_id": row["session_id"],
            "bindings": row["bindings"],
        }

    # -- names ------------------------------------------------------------------------------

    def _names(self) -> dict[str, Callable[[], Scalar | None]]:
        row, lab = self._row, self._lab
        own: dict[str, Callable[[], Scalar | None]] = {
            "run.id": lambda: self.run_id,
            "run.time": lambda: lab.clock.now() - row["started"] if lab else None,
            "run.state": lambda: "running",
            "run.cycle": lambda: self._number("cycle"),
            "cycle.number": lambda: self._number("cycle"),
            "step.id": lambda: self._text("step_id"),
            "step.name": lambda: self._text("title"),
            "step.index": lambda: self._number("index"),
            "step.ended_by": lambda: self._text("ended_by"),
            "step.end_value": lambda: self._number("end_value"),
            "step.verdict": lambda: self._text("verdict"),
            "step.time": self._step_time,
        }
        channel = row["bindings"].get("channel") or ""
        for name in ("ah", "wh"):
            own[f"step.{name}"] = partial(self._amount, f"{channel}.{name}", name)
        for name in FIGURES:
            own[f"step.{name}"] = partial(self._figure, name)
        cell = self._flow.names.cell if self._flow is not None else None
        if cell is not None:
            own |= {
                "cell.capacity": lambda: cell.capacity,
                "cell.charge_voltage": lambda: cell.charge_voltage * cell.series,
                "cell.cutoff_voltage": lambda: cell.cutoff_voltage * cell.series,
                "cell.series": lambda: float(cell.series),
            }
        return own

    def _text(self, name: str) -> str | None:
        return None if self._step is None else str(self._step.get(name) or "")

    def _number(self, name: str) -> float | None:
        value = None if self._step is None else self._step.get(name)
        return float(value) if isinstance(value, int | float) else None

    def _step_time(self) -> float | None:
        """Of the clock; pauses were not recorded."""
        if self._step is None or self._lab is None:
            return None
        if self._step["ended"] is not None:
            return self._number("duration_s")
        return self._lab.clock.now() - float(self._step["started"])

    def _amount(self, point: str, name: str) -> Scalar | None:
        """Of an ended step what was stored, of one under way what the channel told since."""
        step, lab = self._step, self._lab
        if step is None or lab is None:
            return None
        if step["ended"] is not None:
            return self._number(name)
        sample = lab.values.latest.get(point)
        if sample is None:
            return None
        # The last row of the step before may bear the very time at which this one began.
        return sample.known if sample.timestamp > step["started"] else 0.0

    def _figure(self, name: str) -> float | None:
        return self._number(name) if self._step and self._step["ended"] is not None else None


def _ways(node: StepNode, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    way = (*above, node.id)
    yield node.id, way
    for child in node.children:
        yield from _ways(child, way)
