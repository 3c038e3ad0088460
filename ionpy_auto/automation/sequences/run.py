"""A run: one execution of a sequence, what it knows, and how it is told to pause or stop.

The run is what other rooms look at: names and environment for its rules, the block for the
browser, the record. `execution.py` walks through its steps; `manager.py` starts and ends it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from ionpy_auto.automation.blocks import Step
from ionpy_auto.automation.context import AlarmCall, Lab, Question
from ionpy_auto.automation.environment import LiveEnvironment, LocalEnvironment
from ionpy_auto.automation.flow import Flow, StepNode
from ionpy_auto.automation.names import Names
from ionpy_auto.automation.sequences.barriers import Barriers
from ionpy_auto.automation.sequences.callbacks import waiting_callback
from ionpy_auto.automation.sequences.channel import CyclerChannel, Side
from ionpy_auto.automation.sequences.checkpoint import Past, take
from ionpy_auto.automation.sequences.counting import Counting, cycle_row, run_figures
from ionpy_auto.automation.sequences.journal import Journal
from ionpy_auto.automation.sequences.limits import (
    OTHER,
    TIME,
    Limits,
    LimitWatch,
    Measured,
    Trip,
    mask_of,
)
from ionpy_auto.automation.sequences.pacing import RunPace
from ionpy_auto.automation.sequences.peaks import Peak
from ionpy_auto.automation.sequences.progress import Plan, times_of
from ionpy_auto.automation.sequences.prompts import Prompt, coherent_unit, find_prompt
from ionpy_auto.automation.sequences.reaction import limits_with_reaction
from ionpy_auto.automation.sequences.run_names import (
    RunEnvironment,
    names_of_step,
    own_names,
    product,
)
from ionpy_auto.automation.sequences.sampling import Sampling
from ionpy_auto.automation.sequences.statistics import CycleResult
from ionpy_auto.automation.sequences.steps import StepRun, describe_measure, worst
from ionpy_auto.automation.sequences.switching import Switching
from ionpy_auto.automation.sequences.track import (
    Getter,
    Signal,
    Track,
    environment_of_side,
    names_of_track,
)
from ionpy_auto.automation.sequences.uncertainty import Meters
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.commands import Origin, Outcome
from ionpy_auto.core.errors import Conflict
from ionpy_auto.core.samples import Scalar, Snapshot

EVENT_EVERY_S: Final = 1.0
CHECKPOINT_S: Final = 5.0
_NOT_KNOWN: Final = ("voltage-unknown", "current-unknown", "temp-unknown", "input-lost")


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    STOPPING = "stopping"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What somebody wants to be run.

    Attributes:
        sequence: Id of the flow.
        channel: In place of the one the flow names.
        bindings: What it is about: ``cell`` (a cell file instead of the flow's), ``cell_id``,
            ``batch``, ``mass``, ``capacity`` (``nominal``, ``measured`` or a value).
        parameters: Values of ``$names``.
        queue: Wait for the run that holds the channel instead of being refused.
        actor: Who asks, for the record.
        session_id: The running session it must record into; None takes any, or opens one.
        callback_url: Where the finished run is posted to.
        prediction: Of a pre-flight, as it is stored with the run.
    """

    sequence: str
    channel: str = ""
    bindings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    session_name: str = ""
    queue: bool = False
    idempotency_key: str | None = None
    callback_url: str = ""
    session_id: int | None = None
    actor: str = ""
    prediction: Mapping[str, Any] | None = None


@dataclass
class RunParts:
    """What a run is made of; the manager puts it together."""

    lab: Lab
    flow: Flow
    channel: CyclerChannel | None
    limits: Limits
    outer: LiveEnvironment | LocalEnvironment
    journal: Journal
    barriers: Barriers = field(default_factory=Barriers)


class Run:
    """See the module's first lines.

    Attributes:
        env: Names of expressions in this run; `env_of` for a step that has ended.
        names: Resolves written names (``channel.source.i_set``) to addresses.
        origin: In whose name it and its rules write.
        done: Set when everything is over.
        calm_down: Gives the meter at the cell its own poll interval back.
        sheet: What its results are traced back to; taken when it begins.
    """

    state = RunState.QUEUED
    verdict = "not_set"
    message = ""
    ended_by = ""
    started: float | None = None
    started_mono: float | None = None
    ended: float | None = None
    session: Mapping[str, Any] | None = None
    leased: tuple[str, ...] = ()
    interrupted = False
    body: asyncio.Task[None] | None = None
    counting: Counting | None = None
    switching: Switching | None = None
    watch: LimitWatch | None = None
    leave: Callable[[], None] | None = None
    calm_down: Callable[[], None] | None = None
    ticker: Timer | None = None
    pace: RunPace | None = None
    claim: Callable[[str], str] = staticmethod(lambda point: "")  # set by the manager
    sampling: Sampling | None = None
    sheet: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, run_id: str, request: RunRequest, origin: Origin, parts: RunParts) -> None:
        self.id = run_id
        self.request = request
        self.origin = origin
        self.lab = parts.lab
        self.flow = parts.flow
        self.names: Names = parts.flow.names
        self.channel = parts.channel
        self.limits = parts.limits
        self.journal = parts.journal
        self.created = self.lab.clock.now()
        self.checks: list[dict[str, Any]] = []
        self.history: list[StepRun] = []
        self.cycles: list[dict[str, Any]] = []
        self.peak = Peak()
        self.main = Track()
        self.tracks = [self.main]
        self.jumps: dict[str, int] = {}
        self.answers: dict[str, Scalar] = {}
        self.prompts: dict[str, Prompt] = {}
        self.barriers = parts.barriers
        self.closings: list[tuple[StepNode, ...]] = []
        self.past = Past()
        self.done = asyncio.Event()
        self.plan = Plan(self.flow.sequence, self._capacity, times_of(request.prediction))
        self._told_mono = self._saved_mono = -1e9
        self._background: set[asyncio.Task[None]] = set()
        channel_id = self.channel.id if self.channel is not None else "channel"
        if self.channel is not None:
            self.counting = Counting(self.channel, self.flow.cycle, self._on_cycle)
            self.switching = Switching(self.channel, self._write, self.limits, self._capacity)
            self.switching.on_phase = self._on_phase
        own = {**own_names(self, channel_id), **self._names_of(self.main)}
        self.env = self.main.env = RunEnvironment(parts.outer, own, channel_id)
        if self.channel is not None:
            self.watch = LimitWatch(self.limits, self.env, channel_id)
        self.limits_shown = limits_with_reaction(self.limits, self.flow, self.channel)
        self.leakage = self.channel.leakage if self.channel is not None else {}
        steps = [node.block for node in self.flow.steps() if isinstance(node.block, Step)]
        self.sources = {name: hash_ for block in steps for name, hash_ in block.sources().items()}

    @property
    def _capacity(self) -> float | None:
        cell = self.names.cell
        return cell.capacity if cell is not None else None

    @property
    def bindings(self) -> dict[str, Any]:
        """What it is about, with the capacity its C-rates mean."""
        found: dict[str, Any] = dict(self.request.bindings)
        if self.channel is not None:
            found["channel"] = self.channel.id
        if self._capacity is not None:
            found["capacity_ah"] = self._capacity
        return found

    @property
    def owner(self) -> str:
        """Name in leases and refusals."""
        return f"run:{self.id}"

    @property
    def run_id(self) -> str:
        """Id of the run, as its rules ask for it."""
        return self.id

    @property
    def leased_devices(self) -> Sequence[str]:
        """Supply and load of its channel."""
        return self.leased

    @property
    def path(self) -> Sequence[str]:
        """Where the line that drives the channel is; `track` says how a place is written."""
        return self.main.path

    @property
    def step(self) -> StepRun | None:
        """The step of that line, under way or last done."""
        return self.main.step

    @property
    def branches(self) -> list[list[str]]:
        """Where the branches beside it are."""
        return [list(track.path) for track in self.tracks if track is not self.main]

    @property
    def steps(self) -> Sequence[str]:
        """Ids of the steps it is in, outermost first; without rounds and branches."""
        words = dict.fromkeys(word for track in self.tracks for word in track.path)
        return [word for word in words if "/" not in word and not word.startswith("|")]

    @property
    def is_active(self) -> bool:
        """True until it is finished."""
        return self.state is not RunState.FINISHED

    # --- names --------------------------------------------------------------------------------

    def _names_of(self, track: Track) -> dict[str, Getter]:
        return names_of_track(track, self.flow.counters, self.answers, self.flow.prompts)

    def side_track(self, beside: Track) -> Track:
        """A line for a branch beside another; `leave_track` takes it out again."""
        track = Track(beside.path)
        track.rounds = list(beside.rounds)
        names = self._names_of(track)
        track.env = environment_of_side(track, self.env, names, self.lab.clock)
        self.tracks.append(track)
        return track

    def leave_track(self, track: Track) -> None:
        """The branch is through."""
        self.tracks.remove(track)
        self.note_pause()

    def env_of(self, index: int) -> LocalEnvironment:
        """Names as they were for one step, also when the run has gone on since."""
        return names_of_step(self, index)

    def resolve(self, name: str) -> str:
        """From a written name to an address, through this run's channel."""
        return self.names.resolve(name)

    # --- writing ------------------------------------------------------------------------------

    async def _write(self, point: str, value: Scalar) -> Outcome:
        return await self.lab.write(point, value, self.origin)

    async def write(self, point: str, value: Scalar, origin: Origin | None = None) -> Outcome:
        """Write for a rule or an action of this run; a set-point counts as the run's own.

        Raises:
            Rejected: It would leave the limits, or switch an output past the switching order.
        """
        asked = origin or self.origin

        async def through_gate(where: str, what: Scalar) -> Outcome:
            return await self.lab.write(where, what, asked)

        if self.switching is not None and self.switching.knows(point):
            return await self.switching.adjust(point, value, through_gate)
        return await through_gate(point, value)

    def follow_others(self) -> Callable[[], None]:
        """Look also when a point outside the channel changes that a limit or an end reads."""
        conditions = [limit.trip for limit in self.flow.limits]
        for node in self.flow.all_steps():
            conditions += [end.when for end in node.until]
            conditions += [limit.trip for limit in node.limits]
        channel_id = self.channel.id if self.channel is not None else ""
        points = {
            point
            for condition in conditions
            for point in condition.points
            if mask_of((point,), channel_id) == OTHER
        }

        def look(snapshot: Snapshot) -> None:
            if any(sample.point in points for sample in snapshot.samples):
                self.after_sample(OTHER, snapshot.mono)

        sources = {point.rpartition(".")[0] for point in points}
        return self.lab.bus.tap([f"sample/{source}" for source in sources], look)

    # --- samples and faults, in the publisher's turn ----------------------------------------

    def after_sample(self, changed: int, mono: float) -> None:
        """Look at limits, then at the ends of the step."""
        if self.interrupted:
            if self.state is RunState.STOPPING:  # ``finally``: nothing is driven, but steps end
                self._look_at_ends(changed | TIME, mono)
            return
        channel = self.channel
        if channel is None or self.watch is None:
            self._look_at_ends(changed | TIME, mono)
            return
        side = channel.side
        self._follow_peak(channel)
        measured = Measured(
            channel.voltage.value,
            channel.current,
            channel.hottest,
            channel.temp is not None or bool(channel.temps),
            "" if side is Side.OFF else side.value,
            channel.coldest if channel.temps else None,
            bool(channel.cells),
            channel.cell_range(),
        )
        trip = self.watch.look(measured, changed, mono)
        if trip is not None:
            self.fault(trip)
            return
        self._look_at_ends(changed | TIME, mono)

    def _follow_peak(self, channel: CyclerChannel) -> None:
        step, last = self.step, channel.voltage.last
        if last is None:
            return
        charges = step is not None and step.armed and channel.side is Side.CHARGE
        key = (step.index, step.paused_s) if step is not None and charges else None
        self.peak.take(key, last.mono, channel.voltage.value)

    def _look_at_ends(self, changed: int, mono: float) -> None:
        for track in tuple(self.tracks):
            self._look_at_track(track, changed, mono)

    def _look_at_track(self, track: Track, changed: int, mono: float) -> None:
        step = track.step
        if step is None or not step.armed:
            return
        phase = self.channel.phase if self.channel is not None else ""
        if track is self.main and step.phases and step.phases[-1]["name"] != phase:
            self._on_phase(phase)
        for state in step.ends:
            if state.look(track.env, changed, phase, mono):
                step.goto = state.end.goto
                value = state.actual(track.env)
                self.end_step(track, state.end.name, state.end.verdict or "pass", value)
                return

    def end_step(
        self, track: Track, name: str, verdict: str = "pass", value: float | None = None
    ) -> None:
        """End the step of a line, which waits for this."""
        step = track.step
        if step is None or step.ended_by:
            return
        step.armed = False
        step.ended_by, step.end_value = name, value
        step.verdict = worst(step.verdict, verdict)
        self.mark_end(step)
        track.signal(Signal.END)

    def mark_end(self, step: StepRun) -> None:
        """Keep voltage and current of the moment an end came."""
        if self.channel is not None:
            step.at_end = (self.channel.voltage.value, self.channel.current)

    def fault(self, trip: Trip) -> None:
        """A limit was violated, or the channel is not what it must be."""
        if self.interrupted:
            return
        lost = trip.id in _NOT_KNOWN or trip.id in {"contact-lost", "foreign-change"}
        self.interrupt("error" if lost else "fail", trip.id, trip.text, trip.value)
        call = AlarmCall(
            key=f"run:{trip.id}",
            severity="critical",
            text=f"{self.flow.title}: {trip.text}",
            value=trip.value,
            cause=(self.owner,),
        )
        self._raise(call)

    def _raise(self, call: AlarmCall) -> None:
        task = asyncio.get_running_loop().create_task(self._alarm(call))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def count(self, step: StepRun) -> None:
        """Close the books of a step that is over, and compare them with the instrument's own."""
        counting = self.counting
        if counting is None:
            return
        totals = step.totals = counting.end(step.direction, step.ended_by, step.dcir)
        step.uncertainty = counting.uncertainty(step.direction, totals)
        step.device_ah, warning = counting.second_opinion(step.direction, totals)
        if warning:
            step.warnings.append(warning)
            text = f"{self.flow.title}: step {step.node.id}: {warning}"
            self._raise(AlarmCall(key="run:counter", text=text, cause=(self.owner,)))

    @property
    def _meters(self) -> Meters | None:
        return self.counting.meters if self.counting is not None else None

    async def _alarm(self, call: AlarmCall) -> None:
        await self.lab.alarm(call)

    def interrupt(
        self, verdict: str, ended_by: str, message: str, value: float | None = None
    ) -> None:
        """Break off at once: outputs to their safe state, then ``finally``."""
        if self.interrupted or self.state is RunState.FINISHED:
            return
        self.interrupted = True
        self.verdict = worst(self.verdict, verdict)
        self.ended_by, self.message = ended_by, message
        if self.switching is not None:
            self.switching.let_go()
        for track in self.tracks:
            step = track.step
            if step is not None and step.ended is None:
                step.armed = False
                step.ended_by, step.end_value = ended_by, value
                step.verdict = worst(step.verdict, verdict)
                self.mark_end(step)
        if self.body is not None:
            self.body.cancel()

    def tick(self) -> None:
        """Once a second: what no sample would tell."""
        now = self.lab.clock.monotonic()
        if self.channel is not None and not self.interrupted:
            silent = self.channel.silent_input(now)
            if silent is not None:
                self.fault(Trip("input-lost", f"{silent} has not been heard for too long"))
                return
        if not self.interrupted or self.state is RunState.STOPPING:
            self._look_at_ends(TIME, now)
        # Both are meant in wall time: a browser and a disk are no faster in scaled time.
        pace = max(1.0, self.lab.clock.pace)
        if now - self._told_mono >= EVENT_EVERY_S * pace:
            self.tell()
        if now - self._saved_mono >= CHECKPOINT_S * pace:
            self.save()

    # --- signals ------------------------------------------------------------------------------

    def signal(self, signal: Signal) -> None:
        """Tell all lines; a skip ends one step."""
        if signal is Signal.SKIP:
            self._skip()
            return
        for track in tuple(self.tracks):
            track.signal(signal)

    def _skip(self) -> None:
        """Skip the step that drives, else the first that waits; a pause is over with it."""
        busy = [track for track in self.tracks if not track.idle] or [self.main]
        waiting = (track for track in busy if track.is_waiting)
        chosen = busy[0] if busy[0] is self.main else next(waiting, busy[0])
        others = [track for track in self.tracks if track is not chosen]
        chosen.signal(Signal.SKIP)
        if self.state is RunState.PAUSED:
            for track in others:
                track.signal(Signal.RESUME)

    @property
    def is_waiting(self) -> bool:
        """Whether every line waits for the end of a step now, so that all can be told to stop."""
        busy = [track for track in self.tracks if not track.idle]
        return bool(busy) and all(track.is_waiting for track in busy)

    def note_pause(self) -> None:
        """The run is paused once every line is."""
        busy = [track for track in self.tracks if not track.idle]
        if self.state is RunState.RUNNING and busy and all(track.paused for track in busy):
            self.set_state(RunState.PAUSED, "paused")

    def open_closings(self) -> tuple[StepNode, ...]:
        """``finally`` of the called flows that were broken off, the innermost first."""
        return tuple(node for nodes in reversed(self.closings) for node in nodes)

    # --- questions ----------------------------------------------------------------------------

    def open_prompt(self, track: Track, question: Question) -> str:
        """Ask a person for the step of a line; returns the step's id."""
        prompt = Prompt(track, question, self.lab.clock.now())
        self.prompts[prompt.step_id] = prompt
        self.event("run_prompt", {**prompt.as_dict(), "run": self.id, "event": "asked"})
        self.tell()
        return prompt.step_id

    def close_prompt(self, step_id: str) -> None:
        """It was answered, or nobody waits for an answer any more."""
        prompt = self.prompts.pop(step_id)
        self.event("run_prompt", {**prompt.as_dict(), "run": self.id, "event": "closed"})

    def answer(self, given: Scalar | None, step_id: str = "", by: str = "") -> None:
        """Answer the open question of a step (of the only one without an id).

        Raises:
            NotFound: Nothing is asked.
            Conflict: Several steps ask, or the run is paused.
            Rejected: It is no answer to this question.
        """
        prompt = find_prompt(self.prompts, step_id)
        step = prompt.track.step
        if step is None or not step.armed:
            raise Conflict("the run is paused", code="WRONG_STATE", hint="resume it first")
        answer = prompt.read(given)
        self.answers[prompt.step_id] = answer.value
        step.answer = {"value": answer.value, "text": answer.shown, "by": by}
        if prompt.question.unit is not None:
            unit = coherent_unit(prompt.question.unit)
            row = describe_measure(step.node.name, answer.value, unit, answer.verdict)
            step.measures.append(row)
        value = answer.value if isinstance(answer.value, float) else None
        self.end_step(prompt.track, answer.ended_by, answer.verdict, value)

    # --- what becomes known -------------------------------------------------------------------

    def _on_phase(self, name: str) -> None:
        if self.step is not None and self.step.ended is None:
            self.step.enter_phase(name, self.lab.clock.now())

    def _on_cycle(self, result: CycleResult, began: float, ended: float) -> None:
        clock = self.lab.clock
        row = {
            **cycle_row(result, self._meters),
            "started": clock.utc_at(began),
            "ended": clock.utc_at(ended),
        }
        self.cycles.append(row)
        self.journal.cycle(self.id, row, row["started"], row["ended"])
        self.event("run_cycle", {**row, "run": self.id, "sequence": self.flow.id})

    def set_state(self, state: RunState, message: str | None = None) -> None:
        """Change the state and tell."""
        if message is not None:
            self.message = message
        self.state = state
        self.tell()
        self.save()

    def tell(self) -> None:
        """Publish the run as it is."""
        self._told_mono = self.lab.clock.monotonic()
        self.event("run", self.as_dict())

    def tell_step(self, step: StepRun, what: str) -> None:
        """Publish and store a step at its beginning and its end."""
        totals = None if step.is_side else self._totals()
        row = step.row(self.lab.clock.monotonic(), totals)
        self.journal.step(self.id, step.node.path, row)
        extra = {"run": self.id, "sequence": self.flow.id, "event": what}
        self.event("run_step", {**row, **extra})

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Publish an event about this run."""
        clock = self.lab.clock
        mono = clock.monotonic()
        self.lab.bus.publish(Event(kind, payload, clock.utc_at(mono), mono, self.origin.cause))

    def _totals(self) -> Any:  # noqa: ANN401 - Totals or None
        return self.counting.now("step") if self.counting is not None else None

    def save(self) -> None:
        """Checkpoint."""
        self._saved_mono = self.lab.clock.monotonic()
        if self.past.is_coming_back:
            return
        self.journal.update(self.id, self.columns())
        if self.state is not RunState.FINISHED:
            self.journal.checkpoint(self.id, take(self))

    def columns(self) -> dict[str, Any]:
        """The row as it must stand now."""
        totals = self.figures()
        return {
            "status": self.state.value,
            "verdict": self.verdict,
            "started": self.started,
            "ended": self.ended,
            "ended_by": self.ended_by,
            "session_id": (self.session or {}).get("id"),
            "totals": totals,
            "trace": {
                "conditions": dict(self.request.conditions),
                **waiting_callback(self.request.callback_url),
                "message": self.message,
                "limits": self.limits_shown,
                "checks": self.checks,
                "protections": self.protections(),
                "calls": [{**call, "text": flow.text} for call, flow in self._calls()],
                "sources": self.sources,
                "leakage": dict(self.leakage),
                "accepted": dict(self.channel.accepted) if self.channel is not None else {},
                "sheet": dict(self.sheet),
                "sampling": self.sampling.as_dict() if self.sampling is not None else {},
                **self.past.as_dict(),
            },
        }

    def figures(self) -> dict[str, Any]:
        """What the run has counted so far."""
        if self.counting is None:
            return {}
        return run_figures(self.counting.now("run"), self.cycles)

    def _calls(self) -> list[tuple[dict[str, str], Flow]]:
        """The called flows, as they were when the run began."""
        return [
            ({"step": node.id, "flow": flow.id, "revision": flow.revision}, flow)
            for node, flow in self.flow.calls()
        ]

    def protections(self) -> list[dict[str, Any]]:
        """Hardware protections, wanted and achieved."""
        if self.switching is None:
            return []
        return [armed.as_dict() for armed in self.switching.protections.values()]

    def _verdict_now(self) -> str:
        """A pass is one only when the run is through; what is worse shows at once."""
        if self.verdict == "pass" and self.is_active:
            return "not_set"
        return self.verdict

    def as_dict(self) -> dict[str, Any]:
        """The run for REST, WebSocket and rules."""
        step = self.step if self.step is not None and self.step.ended is None else None
        progress, eta = self._progress(step)
        return {
            "id": self.id,
            "sequence": self.flow.id,
            "title": self.flow.title,
            "flow_revision": self.flow.revision,
            "state": self.state.value,
            "verdict": self._verdict_now(),
            "started": self.started,
            "ended": self.ended,
            "ended_by": self.ended_by,
            "session_id": (self.session or {}).get("id"),
            "parameters": dict(self.request.parameters),
            "bindings": self.bindings,
            "conditions": dict(self.request.conditions),
            "step_path": list(self.path),
            "branches": self.branches,
            "step_id": step.node.id if step is not None else "",
            "step_title": step.node.name if step is not None else "",
            "phase": self.channel.phase if self.channel is not None else "",
            "progress": progress,
            "eta_s": eta,
            "message": self.message,
            "calls": [call for call, _ in self._calls()],
            "prompt": next((prompt.as_dict() for prompt in self.prompts.values()), None),
            "prompts": [prompt.as_dict() for prompt in self.prompts.values()],
            "limits": self.limits_shown,
            "checks": self.checks,
            "protections": self.protections(),
            "totals": self.figures(),
            "held": None,
            **self.past.as_dict(),
            "live": self._live(step),
        }

    def _progress(self, step: StepRun | None) -> tuple[float | None, float | None]:
        if self.state is RunState.FINISHED:
            return 1.0, 0.0
        if self.started_mono is None:
            return 0.0, None
        now = self.lab.clock.monotonic()
        elapsed = now - self.started_mono
        step_id, step_time = (step.node.id, step.time(now)) if step is not None else ("", 0.0)
        left = self.plan.remaining(step_id, step_time)
        if left is None:
            return None, None
        total = elapsed + left
        return (elapsed / total if total > 0 else 0.0), left

    def _live(self, step: StepRun | None) -> dict[str, Any] | None:
        channel = self.channel
        if channel is None or not self.is_active:
            return None
        now = self.lab.clock.monotonic()
        ah, wh = channel.step_amounts()
        return {
            "voltage": channel.voltage.value,
            "current": channel.current,
            "power": product(channel.voltage.value, channel.current),
            "temp": channel.temp.value if channel.temp is not None else None,
            "step_ah": ah,
            "step_wh": wh,
            "cycle": self.counting.cycle if self.counting is not None else 0,
            "step_time_s": step.time(now) if step is not None else 0.0,
            "next_end": step.next_end(self.env, channel.phase, now) if step is not None else None,
        }

    def step_rows(self) -> list[dict[str, Any]]:
        """All steps so far."""
        now, totals = self.lab.clock.monotonic(), self._totals()
        return [step.row(now, totals if step is self.step else None) for step in self.history]
