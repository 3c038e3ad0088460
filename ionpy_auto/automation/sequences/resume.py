"""What becomes of runs that a crash or a power loss broke off (SEQ-8, SEQ-24).

Nothing is switched on by a start of the server. A run that was under way waits as *held* for a
person, who resumes or aborts it; a flow may say ``on_power_loss: abort``, or ``resume`` where an
engineer has armed that. To go on everything of a start must hold again, and besides: the same
instruments, outputs that were found off, and a cell voltage that relaxation explains.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from ionpy_auto.automation.context import PointRange
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.flow_reader import Binding, read_flow
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.profiles import Profile
from ionpy_auto.automation.sequences.cells import BINDINGS
from ionpy_auto.automation.sequences.checkpoint import (
    PastStep,
    Position,
    identity,
    other_instruments,
    restore_step,
)
from ionpy_auto.automation.sequences.execution import Execution
from ionpy_auto.automation.sequences.journal import CALLED, Kept
from ionpy_auto.automation.sequences.prestart import Check
from ionpy_auto.automation.sequences.run import Run, RunRequest
from ionpy_auto.automation.sequences.steps import StepRun, worst
from ionpy_auto.automation.wiring import CellFile, ChannelFile, read_cell
from ionpy_auto.core.errors import Finding, NotFound, Rejected, Severity
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.language import format_duration, format_quantity

log = structlog.get_logger(__name__)

RELAXATION_V: Final = 0.1
"""A cell that was left alone moves no further than this from where its ohmic drop has gone."""

NO_CURRENT_A: Final = 1e-3

MayResume = Callable[[Flow], str | None]
"""Why a flow may not go on by itself after a power loss; None when it may."""


def never(flow: Flow) -> str | None:
    """Nobody has armed anything."""
    del flow
    return "no engineer has armed it to go on by itself"


def resume_findings(flow: Flow, may_resume: MayResume) -> list[Finding]:
    """``on_power_loss: resume`` is an error until it is armed (ENG-13)."""
    if flow.on_power_loss != "resume" or (reason := may_resume(flow)) is None:
        return []
    return [
        Finding(
            code="resume-not-armed",
            message=f"on_power_loss: resume: {reason}",
            hint="an engineer arms it, or write on_power_loss: hold",
            file=flow.file,
            line=flow.power_loss_line,
            column=1,
            path="on_power_loss",
            severity=Severity.ERROR,
            args={"reason": reason},
        )
    ]


class Recording(Protocol):
    """What was recorded of a channel before the crash."""

    async def last_row(
        self, source: str, since: float, until: float
    ) -> Mapping[str, Scalar | None] | None:
        """The newest stored row between two times, with its ``timestamp``."""


@dataclass(frozen=True)
class PinnedSite:
    """A site whose cell is the one a run was started with."""

    site: Site
    kept: CellFile | None

    def unit_of(self, address: str) -> str | None:
        """Of the site."""
        return self.site.unit_of(address)

    def kind_of(self, address: str) -> str:
        """Of the site."""
        return self.site.kind_of(address)

    def channel(self, channel_id: str) -> ChannelFile | None:
        """Of the site: a channel that has changed is refused before."""
        return self.site.channel(channel_id)

    def cell(self, name: str) -> CellFile | None:
        """The one that was kept."""
        return self.kept if self.kept is not None else self.site.cell(name)

    def is_writable(self, address: str) -> bool:
        """Of the site."""
        return self.site.is_writable(address)

    def has_device(self, device_id: str) -> bool:
        """Of the site."""
        return self.site.has_device(device_id)

    def range_of(self, address: str) -> PointRange | None:
        """Of the site."""
        return self.site.range_of(address)

    def profile(self, name: str) -> tuple[Profile | None, list[Finding]]:
        """Of the site."""
        return self.site.profile(name)


@dataclass
class Held:
    """A run that waits for a person.

    Attributes:
        kept: As it was stored.
        reason: Why it does not run.
        since: UTC of the start of the server that found it.
        proven_off: Whether nothing can have flowed since.
        refused: Why the last try to go on was refused.
        is_busy: Somebody tries just now.
    """

    kept: Kept
    reason: str
    since: float
    proven_off: bool = True
    refused: str = ""
    is_busy: bool = False

    @property
    def id(self) -> str:
        """Of the run."""
        return str(self.kept.row["id"])

    @property
    def channel(self) -> str:
        """Its channel, empty for none."""
        return self.kept.row["channel"] or ""

    @property
    def unknown(self) -> str:
        """Which step was to be done once, when nobody knows whether it was."""
        for state in tracks_of(self.kept):
            if is_unknown(self.kept, state["step"]):
                return str(state["step"]["id"])
        return ""

    @property
    def message(self) -> str:
        """Everything a person must know to decide."""
        parts = [self.reason]
        if self.unknown:
            parts.append(f"nobody knows whether step {self.unknown} was done; it is not repeated")
        if self.refused:
            parts.append(f"not resumed: {self.refused}")
        return "; ".join(parts)

    def details(self) -> dict[str, Any]:
        """What the record keeps of the waiting."""
        return {
            "since": self.since,
            "reason": self.reason,
            "from": self.kept.checkpoint.get("timestamp"),
            "outputs": "off" if self.proven_off else "unknown",
            "unknown_step": self.unknown,
            "refused": self.refused,
        }

    def as_dict(self) -> dict[str, Any]:
        """The run for REST, WebSocket and rules."""
        state = self.kept.checkpoint
        step = state.get("step") or {}
        hidden = {"created", "channel", "actor", "sheet", "sampling"}
        verdict = self.kept.row["verdict"]
        return {
            **{key: value for key, value in self.kept.row.items() if key not in hidden},
            "state": "held",
            "verdict": "not_set" if verdict == "pass" else verdict,
            "ended": None,
            "progress": None,
            "step_path": state.get("path", []),
            "step_id": step.get("id", ""),
            "message": self.message,
            "held": self.details(),
        }


def tracks_of(kept: Kept) -> list[Mapping[str, Any]]:
    """The lines of steps that were under way, the driving one first, those with a step."""
    return [track for track in kept.checkpoint.get("tracks", ()) if track.get("step")]


def is_unknown(kept: Kept, step: Mapping[str, Any]) -> bool:
    """Whether a step that is done at most once was begun, and nobody knows what came of it."""
    deed = kept.deeds.get(int(step["index"]))
    return deed is not None and not deed.outcome and step["ended"] is None


def request_of(kept: Kept) -> RunRequest:
    """What somebody had asked for."""
    row = kept.row
    return RunRequest(
        sequence=row["sequence"],
        channel=row["channel"] or "",
        parameters=row["parameters"],
        bindings={key: row["bindings"][key] for key in BINDINGS if key in row["bindings"]},
        conditions=row["conditions"],
        actor=row["actor"],
        callback_url=row["callback_url"],
    )


def kept_flow(kept: Kept, site: Site) -> Flow:
    """The flow as the run began with it.

    Raises:
        Rejected: It cannot be read any more, a device is missing for example.
    """
    file, cell_file = kept.files["flow"], kept.files.get("cell")
    cell = read_cell(cell_file.text, cell_file.name)[0] if cell_file is not None else None
    bindings = kept.row["bindings"]
    binding = Binding(
        channel=kept.row["channel"] or "",
        cell=bindings.get("cell", ""),
        parameters=kept.row["parameters"],
        capacity_ah=bindings.get("capacity_ah"),
    )

    def called(flow_id: str) -> tuple[str, str]:
        found = kept.files.get(f"{CALLED}{flow_id}")
        if found is None:
            raise NotFound(f"the text of {flow_id!r} was not kept", hint="abort the run")
        return found.text, found.name

    flow, findings = read_flow(file.text, file.name, PinnedSite(site, cell), binding, called)
    if flow is None:
        first = next(f for f in findings if f.severity is Severity.ERROR)
        msg = f"the flow cannot be read: {first.message}"
        raise Rejected(msg, code="FLOW_INVALID", hint=first.hint, findings=findings)
    return flow


@dataclass
class Revival:
    """A held run on its way to go on.

    Attributes:
        held: As it was.
        by: Who decided.
        recorded: The last row that was recorded of its channel, newer than its checkpoint.
        delta_v: How far the cell voltage has moved.
    """

    held: Held
    by: str
    recorded: Mapping[str, Scalar | None] | None = None
    delta_v: float | None = None

    @property
    def _state(self) -> Mapping[str, Any]:
        return self.held.kept.checkpoint

    @property
    def broke_off(self) -> float:
        """UTC up to which it is known what flowed."""
        last = self._number("timestamp")
        return max(float(self._state["timestamp"]), last if last is not None else 0.0)

    def _number(self, name: str) -> float | None:
        value = (self.recorded or {}).get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None  # type: ignore[arg-type]  # checked above

    # --- may it go on -------------------------------------------------------------------------

    def checks(self, run: Run, devices: DeviceManager) -> Iterator[Check]:
        """What must hold besides the checks of a start."""
        channel = run.channel
        if channel is None:
            return
        now = identity(devices, channel.file.devices)
        other = other_instruments(self._state.get("identity") or {}, now)
        text = "; ".join(other) if other else "the same as before"
        hint = "put the instruments back it was started with, or abort it"
        yield Check(
            "instruments", not other, text, f"instruments: {text}", "OTHER_INSTRUMENT", hint
        )
        on = [d for i in channel.instruments for d in devices.store.switched_on(i.device)]
        text = f"not proven off: {', '.join(on)}" if on else "off since the start of the server"
        hint = "see that they are connected and off"
        yield Check("found off", not on, text, f"outputs {text}", "FOUND_ON", hint)
        yield self._voltage(run)

    def _voltage(self, run: Run) -> Check:
        channel = run.channel
        then = self._number("voltage")
        then = self._state.get("voltage") if then is None else then
        now = channel.voltage.value if channel is not None else None
        if then is None or now is None:
            text = "the cell voltage before or now is not known"
            return Check("relaxation", False, None, text, "CELL_UNKNOWN", "check the meter")
        self.delta_v = now - then
        drop = self._drop()
        low, high = min(-drop, 0.0) - RELAXATION_V, max(-drop, 0.0) + RELAXATION_V
        ok = low <= self.delta_v <= high
        word = "as relaxation explains" if ok else f"relaxation explains {low:+.3g} … {high:+.3g} V"
        text = f"the cell moved {format_quantity(self.delta_v, 'V')}, {word}"
        hint = "something else than the run has changed the cell; abort it"
        return Check("relaxation", ok, self.delta_v, text, "CELL_CHANGED", hint)

    def _drop(self) -> float:
        """The ohmic part of the voltage when it broke off, as the step measured it at its start."""
        step = self._state.get("step") or {}
        volts, amps = step.get("at_start") or (None, None)
        before, current = step.get("before"), self._state.get("current")
        if volts is None or before is None or current is None or abs(amps or 0.0) < NO_CURRENT_A:
            return 0.0
        return float((volts - before) * current / amps)

    # --- going on -----------------------------------------------------------------------------

    def prepare(self, run: Run) -> None:
        """Put back what the run was before: rows, cycles, verdict, times, counters."""
        row, clock = self.held.kept.row, run.lab.clock
        now, now_utc = clock.monotonic(), clock.now()
        run.created = row["created"]
        run.verdict = self._state.get("verdict", row["verdict"])
        run.started = row["started"]
        run.started_mono = now - max(now_utc - (row["started"] or now_utc), 0.0)
        run.past.identity = self._state.get("identity") or {}
        run.past.gaps, run.past.resumed = list(row["gaps"]), list(row["resumed"])
        run.past.sessions = list(row["sessions"])
        run.sheet = row.get("sheet") or {}
        run.cycles = [dict(cycle) for cycle in self.held.kept.cycles]
        run.jumps.update(self._state.get("jumps", {}))
        run.answers.update(self._state.get("answers", {}))
        self._put_steps_back(run)
        run.past.is_coming_back = True

    def _put_steps_back(self, run: Run) -> None:
        """The rows so far; of those under way also where to go on."""
        kept, clock = self.held.kept, run.lab.clock
        nodes = {n.id: n for top in (*run.flow.sequence, *run.flow.closing) for n in top.walk()}
        tracks = {int(track["step"]["index"]): track for track in tracks_of(kept)}
        for row in kept.steps:
            node, track = nodes[row["step_id"]], tracks.get(int(row["index"]))
            if track is None or track["step"]["ended"] is not None:
                step: StepRun = PastStep.of(row, node, clock)
                run.plan.finished(node.id, float(row["duration_s"]))
            else:
                started = float(row["started"])
                step = StepRun(node, int(row["index"]), node.direction, started, 0.0)
                restore_step(step, track["step"], clock.monotonic())
            run.history.append(step)
            if track is not None:
                state = track["step"]
                step.path, step.goto = tuple(track["path"]), state["goto"]
                step.decided = state["decided"]
                run.past.places[step.path] = self._place(step, track)
        closing = {node.id for node in run.flow.closing}
        run.past.closing = {row["step_id"] for row in kept.steps} & closing

    def _place(self, step: StepRun, track: Mapping[str, Any]) -> Position:
        """How a step that was under way goes on, or ends."""
        deed = self.held.kept.deeds.get(step.index)
        if deed is not None:
            known = {"done": ("done", "pass"), "failed": ("failed", "error")}
            return Position(step, track, *known.get(deed.outcome, ("unknown", "inconclusive")))
        if not getattr(step.node.block, "goes_on", True):
            return Position(step, track, "power_loss", "inconclusive")
        return Position(step, track)

    def place(self, execution: Execution) -> None:
        """Let the walk begin where it was broken off."""
        paths = [tuple(track["path"]) for track in self.held.kept.checkpoint.get("tracks", ())]
        closing = {node.id for node in execution.run.flow.closing}
        if paths and not closing.intersection(paths[0][:1]):
            execution.go_to(paths[0], paths[1:])

    def close_steps(self, run: Run, execution: Execution) -> None:
        """Close what was under way and does not go on."""
        for place in run.past.places.values():
            step = place.step
            if not place.is_over:
                step.ended_by = place.ended_by or "power_loss"
                step.verdict = worst(step.verdict, "aborted")
                execution.close(step)
        run.past.places.clear()

    def note(self, run: Run) -> None:
        """Put the gap and the decision into the books."""
        now = run.lab.clock.now()
        seconds = now - self.broke_off
        gap = {
            "cause": "power_loss",
            "from": self.broke_off,
            "to": now,
            "seconds": max(seconds, 0.0),
            "outputs": "off" if self.held.proven_off else "unknown",
        }
        run.past.gaps.append(gap)
        run.past.resumed.append(
            {
                "at": now,
                "by": self.by,
                "gap_s": gap["seconds"],
                "delta_v": self.delta_v,
                "step": (self._state.get("step") or {}).get("id", ""),
                "session_id": None,
            }
        )

    def begin(self, run: Run) -> None:
        """Count on behind the gap."""
        clock = run.lab.clock
        now = clock.now()
        run.past.gaps[-1] |= {"to": now, "seconds": max(now - self.broke_off, 0.0)}
        run.past.resumed[-1]["session_id"] = (run.session or {}).get("id")
        run.past.is_coming_back = False
        counted = self._state.get("counting")
        if run.counting is None or counted is None:
            return
        # The clock of the process that died ran from elsewhere; UTC joins the two.
        ago = max(now - float(self._state["timestamp"]), 0.0)
        shift = clock.monotonic() - ago - float(self._state["mono"])
        run.counting.restore(counted, shift, proven_off=self.held.proven_off)
        self._catch_up(run)

    def _catch_up(self, run: Run) -> None:
        """Count what was recorded after the checkpoint: stored counters never run backwards."""
        counting, step = run.counting, self._state.get("step")
        if self.recorded is None or counting is None:
            return
        before = counting.now("run")
        more = {
            name: (self._number(name) or 0.0) - getattr(before, name)
            for name in ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
        }
        more = {name: amount for name, amount in more.items() if amount > 0.0}
        is_same_step = step and step["ended"] is None and self._count() == int(step["index"]) + 1
        counting.integrator.add(
            more, ("step", "cycle", "run") if is_same_step else ("cycle", "run")
        )

    def _count(self) -> float | None:
        return self._number("step_count")

    def texts(self) -> tuple[str, str]:
        """Labels of the two markers: the gap, and that it goes on."""
        gap = format_duration(self._last_gap())
        known = "outputs off" if self.held.proven_off else "charge unknown"
        return f"gap of {gap}: power loss, {known}", f"resumed by {self.by}"

    def _last_gap(self) -> float:
        return max(self.held.since - self.broke_off, 0.0)
