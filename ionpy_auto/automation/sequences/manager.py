"""Starts, queues and ends runs: leases, checks before anything moves, safe states on every way out.

A run is started only when its flow, channel, parameters, limits and the cell's state allow it; a
refusal says which. However it ends (its last step, an end, a limit, a person, a broken driver, the
server's stop) the outputs go to their safe state, proven by read-back, then ``finally`` runs.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.blocks import Action
from ionpy_auto.automation.context import AlarmCall, Lab
from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.flow_reader import Binding, read_flow
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.sequences.barriers import Barriers
from ionpy_auto.automation.sequences.cells import capacity_of
from ionpy_auto.automation.sequences.channel import CyclerChannel, ExclusiveOutputs
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.automation.sequences.checkpoint import identity
from ionpy_auto.automation.sequences.execution import Execution, run_closing
from ionpy_auto.automation.sequences.held import HeldRuns
from ionpy_auto.automation.sequences.journal import CALLED, Journal, RunFile
from ionpy_auto.automation.sequences.limits import effective_limits
from ionpy_auto.automation.sequences.listing import ALL_RUNS, RunFilter
from ionpy_auto.automation.sequences.pacing import RunPace
from ionpy_auto.automation.sequences.prestart import (
    Check,
    Inspector,
    Neighbour,
    Preview,
    refuse,
)
from ionpy_auto.automation.sequences.prestart.meters import SENSE_POLL_S
from ionpy_auto.automation.sequences.resume import (
    MayResume,
    Recording,
    Revival,
    never,
    resume_findings,
)
from ionpy_auto.automation.sequences.run import Run, RunParts, RunRequest, RunState
from ionpy_auto.automation.sequences.sampling import Sampling
from ionpy_auto.automation.sequences.sheet import sheet_of
from ionpy_auto.automation.sequences.steps import worst
from ionpy_auto.automation.sequences.track import Signal, StopRunError
from ionpy_auto.core.commands import Mode, Origin, Priority, Role, WriteGate
from ionpy_auto.core.errors import (
    Conflict,
    Finding,
    IonpyError,
    NotFound,
    Rejected,
    Severity,
    Unavailable,
)
from ionpy_auto.core.files import revision_of
from ionpy_auto.core.safety import SafeResult, drive_safe
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

TICK_S = 1.0
STAGGER_S = 0.5
"""Between the starts of two runs: their outputs do not go on together."""
HURRY_S = 10.0
RELAX_PATIENCE_S = 1800.0
"""A run that waited in the queue waits for the cell too: the one before has just let it go."""
KEPT_RUNS = 50
"""Finished runs kept in memory; older ones are read from the database."""


class FlowShelf(Protocol):
    """Where flow files are."""

    def flow_text(self, flow_id: str) -> tuple[str, str]:
        """Text and file name.

        Raises:
            NotFound: There is no such flow.
        """


class SessionBook(Protocol):
    """The part of `projects.sessions.Sessions` a run uses."""

    active: dict[str, Any] | None
    users: set[str]

    async def start(
        self, name: str = "", conditions: Mapping[str, Any] | None = None, notes: str = ""
    ) -> dict[str, Any]:
        """Start recording."""

    async def stop(self, status: str = "completed") -> dict[str, Any]:
        """Stop recording."""

    async def settled(self) -> None:
        """Return when no session is being opened or closed."""


@dataclass(frozen=True, kw_only=True)
class RunKit:
    """Everything runs work with; handed over by the engine.

    Attributes:
        environment: Live values and recent history.
        shelf: Flow files.
        site: Devices, channels and cells by name.
        accepted: What persons accepted for a channel, kept outside its file; None takes the file.
        sessions: None where nothing is recorded (tests, dry runs).
        database: None keeps no rows.
        may_resume: Whether a flow may go on by itself after a power loss.
        recording: What was recorded before a crash.
        text_of: Text of a file (``channel`` or ``cell``, its name), kept with a run.
        mains_w: What the mains gives all channels together [W]; None when nobody has said so.
    """

    lab: Lab
    devices: DeviceManager
    gate: WriteGate
    environment: LiveEnvironment
    shelf: FlowShelf
    site: Site
    accepted: Callable[[str], Mapping[str, Mapping[str, Any]]] | None = None
    sessions: SessionBook | None = None
    database: Database | None = None
    may_resume: MayResume = never
    recording: Recording | None = None
    text_of: Callable[[str, str], str | None] = lambda kind, name: None
    mains_w: Callable[[], float | None] = lambda: None


class RunManager:
    """See the module's first lines."""

    def __init__(self, kit: RunKit) -> None:
        self._kit = kit
        self._clock = kit.lab.clock
        self._tasks = Tasks("runs", self._clock)
        self.journal = Journal(kit.database, self._tasks, self._clock, self._storage_trouble)
        self.held = HeldRuns(kit.lab, kit.devices, kit.site, self.journal, self, self._tasks)
        self.held.may_resume, self.held.recording = kit.may_resume, kit.recording
        self._leased: dict[str, Run] = {}
        self._inspector = self._new_inspector()
        self.runs: dict[str, Run] = {}
        self.channels: dict[str, CyclerChannel] = {}
        self._interlocks: dict[str, ExclusiveOutputs] = {}
        self._holders: dict[str, str] = {}
        self._barriers = Barriers()
        self._next_start = 0.0
        self._queues: dict[str, list[Run]] = {}
        self._keys: dict[str, str] = {}
        self._starting: dict[str, tuple[asyncio.Lock, int]] = {}
        self._own_session = False
        self._closing = False

    def _new_inspector(self) -> Inspector:
        return Inspector(self._clock, self._kit.database, self._neighbours, self._kit.mains_w)

    def _neighbours(self, run_id: str) -> list[Neighbour]:
        """Runs that held their outputs before this one, so that of two only one is refused."""
        found = []
        for run in self._leased.values():
            if run.id == run_id:
                break
            if run.channel is not None:
                found.append(
                    Neighbour(
                        owner=run.owner, channel=run.channel, flow=run.flow, limits=run.limits
                    )
                )
        return found

    @property
    def may_resume(self) -> MayResume:
        """Whether a flow may go on by itself after a power loss."""
        return self._kit.may_resume

    # --- life ---------------------------------------------------------------------------------

    async def start_up(self) -> list[str]:
        """Hold runs a crash left open; returns their ids. Nothing is switched on by it."""
        self._kit.gate.latch.listeners.append(self._on_latch)
        # What the clock did before the project was open (simulated time goes on) is no jump.
        self._inspector = self._new_inspector()
        return await self.held.find()

    async def stop(self) -> None:
        """End all runs safely; returns when every output is off and every row stored."""
        self._closing = True
        for run in self.active():
            if not await self._drop_queued(run, "the server stops", "server_stop"):
                run.interrupt("aborted", "server_stop", "the server stops")
        active = self.active()
        await asyncio.gather(*(run.done.wait() for run in active))
        await self.journal.flush()
        self._holders.clear()  # held runs wait on in the database
        for channel_id in list(self.channels):
            self.close_channel(channel_id)
        if self._on_latch in self._kit.gate.latch.listeners:
            self._kit.gate.latch.listeners.remove(self._on_latch)
        await self._tasks.stop()

    def _on_latch(self) -> None:
        if self._kit.gate.latch.pressed:
            for run in self.active():
                run.interrupt("aborted", "panic", "panic was pressed")

    def _storage_trouble(self, message: str | None) -> None:
        """A disk that fails ends no run; what waits is written when it works again."""
        text = "runs are stored again" if message is None else f"run not stored: {message}"
        call = AlarmCall(
            key="run:storage", active=message is not None, severity="critical", text=text
        )
        self._tasks.start("alarm", self._alarm(call))

    async def _alarm(self, call: AlarmCall) -> None:
        """An alarm that cannot be raised must not keep outputs or leases."""
        try:
            await self._kit.lab.alarm(call)
        except Exception:
            log.exception("alarm not raised", alarm=call.key, text=call.text)

    # --- channels -----------------------------------------------------------------------------

    def channel(self, channel_id: str) -> CyclerChannel:
        """An open channel, opened at first use; it publishes from then on.

        Raises:
            NotFound: There is no such channel, or a device of it is missing.
            Rejected: A device cannot take its place.
        """
        found = self.channels.get(channel_id)
        file = self._kit.site.channel(channel_id)
        if found is not None:
            if found.file == file or self._is_driven(channel_id):
                return found
            self.close_channel(channel_id)
        if file is None:
            msg = f"there is no channel {channel_id!r}"
            raise NotFound(msg, hint=f"add channels/{channel_id}.yaml")
        kit = self._kit
        channel = CyclerChannel(channel_id, file, kit.devices, kit.lab.bus, self._clock)
        channel.open()
        self.channels[channel_id] = channel
        if file.wiring != "burn_in":
            interlock = self._interlocks[channel_id] = ExclusiveOutputs(channel)
            kit.gate.interlocks.append(interlock)
        return channel

    def _is_driven(self, channel_id: str) -> bool:
        """Whether a run is on the channel; one that waits for a person only keeps others away."""
        holder = self._holders.get(channel_id)
        return holder is not None and self.held.get(holder) is None

    def close_channel(self, channel_id: str) -> None:
        """Close a channel whose file has changed.

        Raises:
            Conflict: A run holds it.
        """
        if self._is_driven(channel_id):
            msg = f"{channel_id} is held by run:{self._holders[channel_id]}"
            raise Conflict(msg, code="OWNED", hint="stop the run first")
        channel = self.channels.pop(channel_id, None)
        if channel is not None:
            channel.close()
        interlock = self._interlocks.pop(channel_id, None)
        if interlock is not None:
            self._kit.gate.interlocks.remove(interlock)

    # --- starting -----------------------------------------------------------------------------

    async def start(self, request: RunRequest) -> Run:
        """Check everything, then start; returns before the first step.

        The same key twice gives the same run, also when both come at once.

        Raises:
            NotFound: No such flow, channel or device.
            Rejected: The flow, its parameters, its limits or the cell's state refuse it.
            Conflict: Shadow, panic, or the owner of the channel, named.
        """
        if self._closing:
            raise Unavailable("the server is stopping")
        async with self._key_lock(request.idempotency_key):
            known = await self._known(request.idempotency_key)
            return known if known is not None else await self._start(request)

    async def _start(self, request: RunRequest) -> Run:
        flow = await self.flow(request)
        self.check_armed(flow)
        run = self.make(request, flow)
        self._check_session(request)
        if run.channel is not None and run.channel.id in self._holders:
            return await self._queue(run)
        await self._launch(run)
        return run

    @asynccontextmanager
    async def _key_lock(self, key: str | None) -> AsyncIterator[None]:
        if key is None:
            yield
            return
        lock, waiting = self._starting.get(key, (asyncio.Lock(), 0))
        self._starting[key] = lock, waiting + 1
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._starting.pop(key)
            if waiting > 1:
                self._starting[key] = lock, waiting - 1

    async def _known(self, key: str | None) -> Run | None:
        if key is None:
            return None
        run_id = self._keys.get(key) or await self.journal.by_key(key)
        if run_id is None:
            return None
        run = self.runs.get(run_id)
        if run is None:
            msg = f"this key has started run {run_id}"
            raise Conflict(msg, code="ALREADY_STARTED", hint="see that run", args={"id": run_id})
        return run

    def _check_session(self, request: RunRequest) -> None:
        """The session a run wants to record into is the one that runs.

        Raises:
            Conflict: It is not; says which is.
        """
        wanted, sessions = request.session_id, self._kit.sessions
        active = sessions.active if sessions is not None else None
        if wanted is None or (active is not None and active["id"] == wanted):
            return
        now = "no session runs" if active is None else f"session {active['id']} runs"
        raise Conflict(
            f"session {wanted} is not running: {now}",
            code="SESSION_NOT_RUNNING",
            hint="start it first, or leave session out",
            args={"wanted": wanted, "active": None if active is None else active["id"]},
        )

    async def flow(self, request: RunRequest, draft: str = "") -> Flow:
        """The flow of a request as it would be run.

        Args:
            request: What is wanted.
            draft: A text in place of the saved one.

        Raises:
            NotFound: There is no such flow.
            Rejected: It has errors, or no sequence.
        """
        return self._flow(request, await capacity_of(request.bindings, self.journal), draft)

    def _read(
        self, request: RunRequest, capacity_ah: float | None = None, draft: str = ""
    ) -> tuple[Flow | None, Sequence[Finding]]:
        text, file = self._kit.shelf.flow_text(request.sequence)
        text = draft or text
        binding = Binding(
            channel=request.channel,
            cell=request.bindings.get("cell", ""),
            parameters=request.parameters,
            capacity_ah=capacity_ah,
        )
        flow, findings = read_flow(text, file, self._kit.site, binding, self._kit.shelf.flow_text)
        if flow is not None:
            findings = [*findings, *self._findings(flow)]
        return flow, findings

    def _flow(self, request: RunRequest, capacity_ah: float | None = None, draft: str = "") -> Flow:
        flow, findings = self._read(request, capacity_ah, draft)
        errors = [f for f in findings if f.severity is Severity.ERROR]
        if flow is None or errors:
            raise Rejected(
                f"{request.sequence} has errors: {errors[0].message}",
                code="FLOW_INVALID",
                hint=errors[0].hint,
                findings=findings,
            )
        if not flow.sequence:
            msg = f"{request.sequence} has no sequence"
            raise Rejected(msg, code="NO_SEQUENCE", hint="a run needs steps")
        return flow

    async def check(self, request: RunRequest) -> dict[str, Any]:
        """What a start would find: findings of the flow, limits in force, conditions; no start.

        Raises:
            NotFound: No such flow, channel or device.
            Rejected: A binding is not known, or the cell's capacity.
        """
        found = Preview(request.sequence)
        capacity_ah = await capacity_of(request.bindings, self.journal)
        flow, findings = self._read(request, capacity_ah)
        found.findings = [finding.as_dict() for finding in findings]
        try:
            flow = self._flow(request, capacity_ah)
            run = self.make(request, flow)
        except (Rejected, Conflict) as error:
            found.refuse(error)
            return found.as_dict()
        found.limits, found.duration_s = run.limits_shown, run.plan.remaining("", 0.0)
        try:
            self.check_armed(flow)
        except IonpyError as error:
            found.refuse(error)
        try:
            self._check_session(request)
            self._check_free(run)
            await self._correct(run)
            found.checks = await self._inspector.inspect(run, peek=True)
            refuse(found.checks)
        except (Rejected, Conflict) as error:
            found.refuse(error)
        return found.as_dict()

    def _check_free(self, run: Run) -> None:
        """Nobody holds the channel or one of its outputs."""
        channel = run.channel
        if channel is None:
            return
        for point in channel.outputs():
            device, _, entity = point.rpartition(".")
            owner = self._kit.gate.leases.owner_of(device, entity)
            if owner is not None:
                msg, args = f"{point} is held by {owner}", {"owner": owner, "channel": channel.id}
                raise Conflict(msg, code="OWNED", hint="stop it, or wait for its end", args=args)

    def _findings(self, flow: Flow) -> list[Finding]:
        kit = self._kit
        return [
            *check_flow(flow, kit.site, kit.devices),
            *resume_findings(flow, kit.may_resume),
        ]

    def check_flow(self, flow: Flow) -> None:
        """Look at a flow once more before a run of it goes on.

        Raises:
            Rejected: It has errors now; an instrument has other ranges for example.
        """
        found = check_flow(flow, self._kit.site, self._kit.devices)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if errors:
            msg = f"{flow.id} has errors: {errors[0].message}"
            raise Rejected(msg, code="FLOW_INVALID", hint=errors[0].hint, findings=found)

    def check_armed(self, flow: Flow) -> None:
        """Nothing is started while panic is latched, or the project in shadow.

        Raises:
            Conflict: Says which.
        """
        gate = self._kit.gate
        gate.latch.check()
        if gate.mode.mode is Mode.SHADOW and writes_outputs(flow):
            raise Conflict(
                "the project is in shadow: nothing is switched",
                code="NOT_ARMED",
                hint="an engineer arms the project first",
            )

    def make(self, request: RunRequest, flow: Flow, run_id: str = "") -> Run:
        """A run that has not begun; with an id, one that goes on.

        Raises:
            NotFound: There is no such channel, or a device of it is missing.
            Rejected: A device cannot take its place.
        """
        channel = self.channel(flow.channel) if flow.channel else None
        if channel is not None:
            channel.accepted = self._accepted(channel)
        names = flow.names
        limits = effective_limits(names.cell, names.channel, flow.channel, flow.limits)
        run_id = run_id or uuid.uuid4().hex[:12]
        origin = Origin(Priority.SEQUENCE, f"run:{run_id}", Role.OPERATOR, (f"run:{run_id}",))
        kit = self._kit
        parts = RunParts(
            kit.lab, flow, channel, limits, kit.environment, self.journal, self._barriers
        )
        run = Run(run_id, request, origin, parts)
        run.claim = lambda point: self._claim(run, point)
        return run

    def _claim(self, run: Run, point: str) -> str:
        try:
            self._kit.gate.leases.acquire(run.owner, (point,))
        except Conflict as error:
            return str(error.arguments["owner"])
        return ""

    def _accepted(self, channel: CyclerChannel) -> Mapping[str, Mapping[str, Any]]:
        """Where nothing real is driven the text of the channel file suffices (SEC-10)."""
        kit = self._kit
        if kit.accepted is None or kit.gate.mode.mode is Mode.SIMULATE:
            return {item: {"by": f"channels/{channel.id}.yaml"} for item in channel.file.accept}
        return kit.accepted(channel.id)

    async def _queue(self, run: Run) -> Run:
        channel_id = run.channel.id if run.channel is not None else ""
        holder = self._holders[channel_id]
        if not run.request.queue:
            raise Conflict(
                f"{channel_id} is held by run:{holder}",
                code="OWNED",
                hint="stop it, wait for its end, or queue this run",
                args={"owner": f"run:{holder}", "channel": channel_id},
            )
        await self._record(run)
        self._queues.setdefault(channel_id, []).append(run)
        run.set_state(RunState.QUEUED, f"waits for run:{holder}")
        return run

    async def _launch(self, run: Run, *, patience_s: float = 0.0) -> None:
        """Lease, check, store, go; on a refusal everything is given back.

        Args:
            run: Ready.
            patience_s: How long a cell that still relaxes is waited for.
        """
        try:
            self._check_session(run.request)
            self._lease(run)
            run.set_state(RunState.STARTING, "")
            await self._hurry(run)
            if run.channel is not None and run.watch is not None:
                run.checks = await self._checks(run, patience_s)
            await self._record(run)
            await self._stagger(run)
        except BaseException as error:
            self._give_back(run)
            run.verdict, run.state = "error", RunState.FINISHED
            run.message = error.message if isinstance(error, IonpyError) else str(error)
            if run.id in self.runs:  # it waited in a queue, or for its turn to begin
                run.ended = self._clock.now()
                run.save()
            run.tell()
            run.done.set()
            self._look_at_queue(run)
            raise
        self._tasks.start(f"run-{run.id}", self._execute(run))

    async def _stagger(self, run: Run) -> None:
        """Begin a moment after the run that began last.

        Raises:
            Conflict: It was stopped meanwhile.
        """
        if run.channel is None:
            return
        now = self._clock.monotonic()
        turn = max(now, self._next_start)
        self._next_start = turn + STAGGER_S
        if turn > now:
            await self._clock.sleep(turn - now)
        if run.interrupted:
            raise Conflict(run.message, code="STOPPED")

    def _lease(self, run: Run) -> None:
        channel = run.channel
        if channel is None:
            return
        points = channel.outputs()
        self._kit.gate.leases.acquire(run.owner, points)
        self._holders[channel.id] = run.id
        self._leased[run.id] = run
        run.leased = tuple(dict.fromkeys(point.rpartition(".")[0] for point in points))

    async def _hurry(self, run: Run) -> None:
        """Ask the meter at the cell at least every 500 ms for as long as the run lasts (SEQ-22)."""
        channel = run.channel
        if channel is None:
            return
        stack = self._kit.devices.stacks.get(channel.voltage.point.rpartition(".")[0])
        if stack is None or stack.interval_s <= SENSE_POLL_S:
            return
        planned = stack.interval_s
        run.calm_down = stack.hurry(SENSE_POLL_S, firm=True)
        channel.renew_patience()
        await self._clock.sleep(min(planned, HURRY_S))  # the poll that was planned before

    async def _checks(
        self, run: Run, patience_s: float, more: Callable[[], list[Check]] = list
    ) -> list[dict[str, Any]]:
        await self._correct(run)
        checks = [*await self._inspector.inspect(run, patience_s), *more()]
        refuse(checks)
        return [check.as_dict() for check in checks]

    async def _correct(self, run: Run) -> None:
        """What the last comparison of the channel's meters found, where its file asks for it."""
        channel = run.channel
        if channel is None:
            return
        row = None
        if channel.file.current.corrected:
            row = await self.journal.last_step(channel.id, "cross_check")
        found = (row or {}).get("figures") or {}
        gain, offset = found.get("gain"), found.get("offset")
        channel.correction = None if gain is None or offset is None else (gain, offset)

    async def _record(self, run: Run) -> None:
        if run.id in self.runs:
            return
        request, flow = run.request, run.flow
        await self.journal.insert(
            {
                "id": run.id,
                "flow": flow.id,
                "flow_hash": flow.revision,
                "name": flow.title,
                "channel": run.channel.id if run.channel is not None else None,
                "status": run.state.value,
                "verdict": run.verdict,
                "created": run.created,
                "actor": request.actor,
                "idempotency_key": request.idempotency_key,
                "parameters": dict(request.parameters),
                "bindings": run.bindings,
            },
            self._files(run),
        )
        self.runs[run.id] = run
        if request.idempotency_key is not None:
            self._keys[request.idempotency_key] = run.id
        self._forget_old()

    def _files(self, run: Run) -> list[RunFile]:
        """The texts the run is made of: it keeps these, whatever becomes of the files."""
        flow, text_of = run.flow, self._kit.text_of
        files = [RunFile("flow", flow.file, flow.revision, flow.text)]
        called = {f"{CALLED}{one.id}": one for _, one in flow.calls()}
        files += [RunFile(role, one.file, one.revision, one.text) for role, one in called.items()]
        cell = run.request.bindings.get("cell") or flow.cell
        for role, name in (("cell", cell), ("channel", flow.channel)):
            text = text_of(role, name) if name else None
            if text is not None:
                files.append(RunFile(role, f"{name}.yaml", revision_of(text), text))
        return files

    # --- going on after a crash -----------------------------------------------------------------

    def reserve(self, channel_id: str, run_id: str) -> None:
        """Nobody else starts on this channel."""
        self._holders[channel_id] = run_id

    def unreserve(self, channel_id: str, run_id: str) -> None:
        """The channel is free again, unless the run now drives it."""
        run = self.runs.get(run_id)
        if self._holders.get(channel_id) == run_id and (run is None or not run.is_active):
            del self._holders[channel_id]
            self._tasks.start("next", self._next(channel_id))

    async def go_on(self, run: Run, revival: Revival, patience_s: float) -> None:
        """Go on with a run that was held, once all conditions of a start hold, and some more.

        Raises:
            Conflict: Somebody holds an output.
            Rejected: What does not hold; everything is given back.
        """
        if self._closing:
            raise Unavailable("the server is stopping")

        def more() -> list[Check]:
            text = self._kit.text_of("channel", run.flow.channel) if run.flow.channel else None
            return self.held.checks(revival, run, text)

        try:
            self._lease(run)
            run.checks = await self._checks(run, patience_s, more)
            await self._open_session(run)
        except BaseException:
            self._kit.gate.leases.release(run.owner)
            self._leased.pop(run.id, None)
            raise
        self.runs[run.id] = run
        revival.note(run)
        run.state = RunState.STARTING
        run.tell()
        self._tasks.start(f"run-{run.id}", self._execute(run, revival))

    async def end_held(self, run: Run, revival: Revival) -> None:
        """End a run that does not go on: safe state, ``finally``, the books."""
        run.verdict, run.interrupted = worst(run.verdict, "aborted"), True
        try:
            self._lease(run)
        except IonpyError as error:
            run.message = f"{run.message}; {error.message}"
        self.runs[run.id] = run
        if run.channel is not None and run.counting is not None:
            run.counting.start()
        revival.note(run)
        revival.begin(run)
        execution = Execution(run)
        revival.close_steps(run, execution)
        await self._end(run, execution)

    def _forget_old(self) -> None:
        finished = [run.id for run in self.runs.values() if not run.is_active]
        for run_id in finished[:-KEPT_RUNS]:
            del self.runs[run_id]

    def _give_back(self, run: Run) -> None:
        if run.calm_down is not None:
            run.calm_down()
            run.calm_down = None
            if run.channel is not None:
                run.channel.renew_patience()
        self._kit.gate.leases.release(run.owner)
        self._leased.pop(run.id, None)
        if run.channel is not None and self._holders.get(run.channel.id) == run.id:
            del self._holders[run.channel.id]

    # --- executing ----------------------------------------------------------------------------

    async def _execute(self, run: Run, revival: Revival | None = None) -> None:
        execution = Execution(run)
        try:
            await self._begin(run, revival)
            if revival is not None:
                revival.place(execution)
            run.body = asyncio.get_running_loop().create_task(
                execution.steps(run.flow.sequence), name=f"run/{run.id}"
            )
            if run.interrupted:
                run.body.cancel()
            await self._wait(run)
        except IonpyError as error:
            _fail(run, error.error_code.lower(), error.message)
        except Exception as error:
            log.exception("run failed", run=run.id)
            _fail(run, "internal", f"{type(error).__name__}: {error}")
        finally:
            await self._end(run, execution)

    async def _begin(self, run: Run, revival: Revival | None) -> None:
        await self._open_session(run)
        if revival is None:
            run.started, run.started_mono = self._clock.now(), self._clock.monotonic()
        if run.channel is not None and run.counting is not None:
            run.channel.observer = run
            run.channel.renew_patience()
            run.counting.start()
            if self._kit.devices.pacing is not None:
                run.pace = RunPace(run, run.channel, self._kit.devices.pacing)
            if not run.past.identity:
                run.past.identity = identity(self._kit.devices, run.channel.file.devices)
            before = revival.held.kept.row.get("sampling") if revival is not None else None
            run.sampling = Sampling(run.channel.file.devices, before)
            run.sampling.start(self._kit.lab.bus)
        await self._take_sheet(run)
        if revival is not None:
            revival.begin(run)
            self._tasks.start("mark gap", self._mark(revival))
        run.leave = run.follow_others()
        run.set_state(RunState.RUNNING, "")
        self._tick(run)

    async def _take_sheet(self, run: Run) -> None:
        """What its results are traced back to; a run that goes on keeps the one it began with."""
        if run.sheet:
            return
        cell_id = run.request.bindings.get("cell_id", "")
        try:
            cycles = await self.journal.cycles_of_cell(cell_id) if cell_id else None
        except IonpyError as error:  # the run must not wait for a disk
            log.warning("cycles of the cell not known", run=run.id, error=error.message)
            cycles = None
        run.sheet = sheet_of(run.flow, run.channel, run.bindings, run.request.conditions, cycles)

    async def _mark(self, revival: Revival) -> None:
        """Two markers: the gap, and that it goes on."""
        for label in revival.texts():
            try:
                await self._kit.lab.marker(label)
            except IonpyError as error:
                log.warning("marker not set", label=label, reason=error.message)

    def _tick(self, run: Run) -> None:
        def tick() -> None:
            run.tick()
            self._tick(run)

        # Between two samples nothing happens that a tick would find; see `pacing`.
        paced = run.pace is not None and run.channel is not None
        pause = max(TICK_S, run.channel.longest_poll_s) if paced and run.channel else TICK_S
        run.ticker = self._clock.call_at(self._clock.monotonic() + pause, tick)

    @staticmethod
    async def _wait(run: Run) -> None:
        """Until the steps are through, told to stop, or broken off."""
        if run.body is None:
            return
        try:
            await run.body
        except StopRunError:
            run.verdict = worst(run.verdict, "aborted")
            run.ended_by, run.message = "stopped", run.message or "stopped by a person"
        except asyncio.CancelledError:
            if not run.interrupted:  # cancelled from outside, not by us
                run.interrupt("aborted", "cancelled", "the server stops")
                raise
        else:
            run.ended_by = run.ended_by or "done"

    async def _end(self, run: Run, execution: Execution) -> None:
        """Safe state, ``finally``, safe state again, then the books."""
        run.interrupted, run.past.is_coming_back = True, False
        run.main.forget_signals()
        run.set_state(RunState.STOPPING)
        await self._make_safe(run)
        if run.step is not None and run.step.ended is None:
            run.step.ended_by = run.step.ended_by or run.ended_by or "error"
            run.step.verdict = worst(run.step.verdict, run.verdict)
            execution.close(run.step)
        own = [node for node in run.flow.closing if node.id not in run.past.closing]
        closing = (*run.open_closings(), *own)
        failures = await run_closing(execution, closing)
        for failure in failures:
            run.verdict = worst(run.verdict, "error")
            run.message = f"{run.message} finally: {failure['error']}".strip()
        if closing:
            await self._make_safe(run)
        await self._close_books(run)

    async def _make_safe(self, run: Run) -> None:
        """Outputs of the run to their safe state, proven; an unproven one is an alarm."""
        channel = run.channel
        if channel is None:
            return
        channel.trust_nothing()
        leases = self._kit.gate.leases
        writers = self._kit.devices.safe_writers_for(run.owner, run.leased, leases)
        results = await drive_safe(writers, self._clock)
        for result in results:
            if not (result.ok and result.proven):
                await self._not_safe(run, result)
        if run.switching is not None:
            run.switching.note_safe(proven=all(r.ok and r.proven for r in results))

    async def _not_safe(self, run: Run, result: SafeResult) -> None:
        run.verdict = worst(run.verdict, "error")
        text = f"{result.device} is not proven off: {result.detail or 'no read-back'}"
        run.message = f"{run.message} {text}".strip()
        call = AlarmCall(
            key=f"run:not-safe:{result.device}",
            severity="critical",
            text=text,
            device=result.device,
            cause=(run.owner,),
        )
        await self._alarm(call)

    async def _close_books(self, run: Run) -> None:
        if run.leave is not None:
            run.leave()
        if run.ticker is not None:
            run.ticker.cancel()
        if run.pace is not None:
            run.pace.leave()
        if run.sampling is not None:
            run.sampling.stop()
        if run.counting is not None and run.channel is not None:
            run.counting.finish()
            run.counting.stop()
            run.channel.observer = None
            run.channel.labels.step = ""
        self._give_back(run)
        run.ended = self._clock.now()
        run.set_state(RunState.FINISHED)
        try:
            await self.journal.flush()
            await self._leave_session(run)
        except IonpyError as error:
            self._storage_trouble(error.message)
        run.done.set()
        self._look_at_queue(run)

    def _look_at_queue(self, run: Run) -> None:
        """The channel of a run has become free."""
        if run.channel is not None and not self._closing:
            self._tasks.start("next", self._next(run.channel.id))

    def holder(self, channel_id: str) -> str | None:
        """Id of the run that holds a channel."""
        return self._holders.get(channel_id)

    def queue(self, channel_id: str) -> list[Run]:
        """The runs that wait for a channel, the next one first."""
        return [run for run in self._queues.get(channel_id, []) if run.is_active]

    async def _next(self, channel_id: str) -> None:
        """Start the run that waits for the channel; one that is refused makes room for the next."""
        queue = self._queues.get(channel_id, [])
        while queue and channel_id not in self._holders:
            run = queue.pop(0)
            if run.interrupted:
                continue
            try:
                await self._launch(run, patience_s=RELAX_PATIENCE_S)
            except IonpyError as error:
                log.warning("queued run refused", run=run.id, error=error.message)

    # --- sessions -----------------------------------------------------------------------------

    async def _open_session(self, run: Run) -> None:
        """Record into the running session, or open one (ENG-25)."""
        sessions = self._kit.sessions
        if sessions is None:
            return
        # One that is being closed looks active until it is closed: a run that joined it would
        # record nothing.
        await sessions.settled()
        self._check_session(run.request)
        while sessions.active is None:
            name = run.request.session_name or f"{run.flow.title} {run.id}"
            try:
                await sessions.start(name, run.request.conditions)
                self._own_session = True
            except Conflict as error:  # another run has just opened one, or closes it again
                if error.error_code != "SESSION_RUNNING":
                    raise
                await sessions.settled()
        run.session = sessions.active
        number = (run.session or {}).get("id")
        if isinstance(number, int) and number not in run.past.sessions:
            run.past.sessions.append(number)
        sessions.users.add(run.owner)

    async def _leave_session(self, run: Run) -> None:
        sessions = self._kit.sessions
        if sessions is None or run.owner not in sessions.users:
            return
        sessions.users.discard(run.owner)
        if self._own_session and not sessions.users and sessions.active is not None:
            self._own_session = False
            try:
                await sessions.stop()
            except Conflict:  # a run joined it meanwhile, and closes it in our place
                self._own_session = True

    # --- telling a run --------------------------------------------------------------------------

    def active(self) -> list[Run]:
        """Runs that are not finished, oldest first."""
        return [run for run in self.runs.values() if run.is_active]

    def get(self, run_id: str) -> Run:
        """A run in memory.

        Raises:
            NotFound: There is none; an older one is in `journal`.
        """
        run = self.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id!r}", hint="see the list of runs")
        return run

    def pause(self, run_id: str) -> Run:
        """Outputs off and proven, clock of the step stopped; takes effect when the step waits.

        Raises:
            Conflict: It is not running.
        """
        run = self._in_state(run_id, RunState.RUNNING)
        run.message = "pausing"
        run.signal(Signal.PAUSE)
        return run

    async def resume_run(self, run_id: str, by: str = "") -> Run:
        """Go on after a pause or with a held run; see `resume` and `HeldRuns.resume`.

        Raises:
            Conflict: It is neither paused nor held, or may not go on now.
            Rejected: A held run may not go on: what does not hold.
        """
        if self.held.get(run_id) is not None:
            return await self.held.resume(run_id, by)
        return await self.resume(run_id)

    async def end_run(self, run_id: str, *, abort: bool, by: str) -> Mapping[str, Any]:
        """Stop or abort a run, also one that is held.

        Raises:
            Conflict: It is finished, or somebody is resuming or ending it.
        """
        word = "aborted" if abort else "stopped"
        if self.held.get(run_id) is not None:
            return await self.held.end(run_id, word, f"{word} by {by} after a power loss")
        run = await (self.abort if abort else self.stop_run)(run_id, f"{word} by {by}")
        return run.as_dict()

    async def resume(self, run_id: str) -> Run:
        """Go on after a pause: all conditions of a start again, then the whole switching order.

        A cell that still relaxes is waited for behind the answer; the run stays paused meanwhile.

        Raises:
            Conflict: It is not paused.
            Rejected: What does not hold; it stays paused.
        """
        run = self._in_state(run_id, RunState.PAUSED)
        checks = await self._inspector.inspect(run)
        failed = [check.name for check in checks if check.ok is False]
        if failed == ["stable"]:
            run.message = "paused; waits for the cell to relax"
            run.tell()
            self._tasks.start(f"resume-{run.id}", self._resume_relaxed(run))
            return run
        refuse(checks)
        if run.state is RunState.PAUSED:  # it may have been ended meanwhile
            run.signal(Signal.RESUME)
        return run

    async def _resume_relaxed(self, run: Run) -> None:
        try:
            refuse(await self._inspector.inspect(run, RELAX_PATIENCE_S))
        except IonpyError as error:
            run.message = f"paused; not resumed: {error.message}"
            run.tell()
            return
        if run.state is RunState.PAUSED:
            run.signal(Signal.RESUME)

    def skip(self, run_id: str) -> Run:
        """End the step under way.

        Raises:
            Conflict: No step waits for an end.
        """
        run = self._in_state(run_id, RunState.RUNNING, RunState.PAUSED)
        run.signal(Signal.SKIP)
        return run

    async def stop_run(self, run_id: str, message: str = "stopped by a person") -> Run:
        """End in order: the step's outputs off, its row closed, then ``finally``.

        Raises:
            Conflict: It is finished.
        """
        run = self.get(run_id)
        if await self._drop_queued(run, message):
            return run
        self._in_state(run_id, RunState.STARTING, RunState.RUNNING, RunState.PAUSED)
        run.message = message
        if run.is_waiting:
            run.signal(Signal.STOP)
        else:
            run.interrupt("aborted", "stopped", message)
        return run

    async def abort(self, run_id: str, message: str = "aborted by a person") -> Run:
        """Break off at once: safe state first, then ``finally``.

        Raises:
            Conflict: It is finished.
        """
        run = self.get(run_id)
        if await self._drop_queued(run, message):
            return run
        if not run.is_active:
            raise Conflict(f"run {run_id} is finished", code="RUN_FINISHED")
        run.interrupt("aborted", "aborted", message)
        return run

    async def _drop_queued(self, run: Run, message: str, ended_by: str = "stopped") -> bool:
        if run.state is not RunState.QUEUED:
            return False
        if run.channel is not None and run in self._queues.get(run.channel.id, []):
            self._queues[run.channel.id].remove(run)
        run.interrupt("aborted", ended_by, message)
        run.ended = self._clock.now()
        run.set_state(RunState.FINISHED)
        await self.journal.flush()
        run.done.set()
        return True

    def _in_state(self, run_id: str, *states: RunState) -> Run:
        run = self.get(run_id)
        if run.state not in states:
            wanted = " or ".join(state.value for state in states)
            msg = f"run {run_id} is {run.state}, not {wanted}"
            raise Conflict(msg, code="WRONG_STATE", hint="see the run's state")
        return run

    # --- reading --------------------------------------------------------------------------------

    async def list(
        self, limit: int = 100, offset: int = 0, wanted: RunFilter = ALL_RUNS
    ) -> tuple[Sequence[Mapping[str, Any]], int]:
        """Runs, newest first: those in memory as they are, the others as stored."""
        live = {run.id: run.as_dict() for run in (*self.held, *self.runs.values())}
        if self._kit.database is None:
            found = [run for run in reversed(live.values()) if wanted.fits_now(run)]
            return found[offset : offset + limit], len(found)
        stored, total = await self.journal.runs(limit, offset, wanted.where(live))
        return [self._fresh(row) for row in stored], total

    def _fresh(self, row: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.get(row["id"]) or self.held.get(row["id"])
        return run.as_dict() if run is not None else row

    async def describe(self, run_id: str) -> Mapping[str, Any]:
        """One run.

        Raises:
            NotFound: There is none.
        """
        run = self.runs.get(run_id) or self.held.get(run_id)
        return run.as_dict() if run is not None else await self.journal.run(run_id)

    async def steps(self, run_id: str) -> Sequence[Mapping[str, Any]]:
        """Steps of a run, finished or not."""
        run = self.runs.get(run_id)
        return run.step_rows() if run is not None else await self.journal.steps(run_id)

    async def files(self, run_id: str) -> Sequence[dict[str, Any]]:
        """The flow, cell, channel and called flows as they were when a run began.

        Raises:
            NotFound: There is no such run.
        """
        await self.describe(run_id)
        return [asdict(file) for file in await self.journal.files(run_id)]

    async def cycles(self, run_id: str) -> Sequence[Mapping[str, Any]]:
        """Finished cycles of a run."""
        run = self.runs.get(run_id)
        return run.cycles if run is not None else await self.journal.cycles(run_id)


def _fail(run: Run, ended_by: str, message: str) -> None:
    run.verdict = worst(run.verdict, "error")
    if run.interrupted:  # what followed from the interruption is not its cause
        run.message = f"{run.message}; {message}"
        return
    run.ended_by, run.message = ended_by, message


def writes_outputs(flow: Flow) -> bool:
    """Whether a flow switches or sets anything."""
    for node in flow.all_steps():
        if node.drives or (isinstance(node.block, Action) and node.block.outputs()):
            return True
    return False
