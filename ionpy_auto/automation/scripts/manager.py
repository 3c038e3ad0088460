"""Runs of scripts: started, watched, stopped and remembered.

A run is written down before its first line is executed, so that after a crash of the server its
state is known: ``interrupted``. So it is when the worker process dies. A run never goes on by
itself afterwards. What a script has switched on stays on when it ends, unless the start named
devices to be left ``safe``.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

import structlog

from ionpy_auto.automation.context import AlarmCall, ScriptCall
from ionpy_auto.automation.rules.cause import MAX_DEPTH
from ionpy_auto.automation.scripts.api import Desk, ScriptApi
from ionpy_auto.automation.scripts.journal import ScriptJournal
from ionpy_auto.automation.scripts.native import LONGEST_S, Interpreters, is_native
from ionpy_auto.automation.scripts.output import Line, Output
from ionpy_auto.automation.scripts.sandbox import ScriptFailed, WorkerLost
from ionpy_auto.automation.scripts.store import Script, ScriptStore
from ionpy_auto.core.bus import Event
from ionpy_auto.core.commands import Origin, Priority
from ionpy_auto.core.errors import Conflict, IonpyError, NotFound, Rejected, Unavailable
from ionpy_auto.core.safety import PanicLatch
from ionpy_auto.core.samples import Scalar
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

MAX_RUNS: Final = 6
MAX_PARAMETERS: Final = 100
STORED_LINES: Final = 200


class State(StrEnum):
    """Where a run is."""

    RUNNING = "running"
    DONE = "done"  # its last line was reached
    FAILED = "failed"  # an error of its own, or a limit
    STOPPED = "stopped"  # by a person, a rule, panic or the end of the project
    INTERRUPTED = "interrupted"  # its worker or the server died


class Audit(Protocol):
    """Where starts and ends are recorded."""

    def event(self, action: str, actor: str, detail: Mapping[str, Any]) -> None:
        """Record something that happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptRequest:
    """A wish to run a script.

    Attributes:
        script: Its name.
        parameters: Become ``params``.
        safe: Devices to be driven to their safe state however the run ends.
        timeout_s: It is stopped after so long; None: never.
        actor: Who asks.
        cause: What led here, oldest first.
    """

    script: str
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    safe: Sequence[str] = ()
    timeout_s: float | None = None
    actor: str = ""
    cause: tuple[str, ...] = ()


@dataclass(kw_only=True)
class ScriptRun:
    """One run.

    Attributes:
        done: Set when everything is over, the safe state too.
        stopped_by: Why it is being stopped; empty while it is not.
    """

    id: str
    script: Script
    request: ScriptRequest
    started: float
    state: State = State.RUNNING
    ended: float | None = None
    ended_by: str = ""
    message: str = ""
    line: int = 0
    stopped_by: str = ""
    safe_result: list[Mapping[str, Any]] = field(default_factory=list)
    output: Output | None = None
    api: ScriptApi | None = None
    task: "asyncio.Task[None] | None" = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def as_dict(self) -> dict[str, Any]:
        """JSON form, without the output."""
        return {
            "id": self.id,
            "script": self.script.name,
            "revision": self.script.revision,
            "state": self.state.value,
            "started": self.started,
            "ended": self.ended,
            "ended_by": self.ended_by,
            "message": self.message,
            "line": self.line,
            "actor": self.request.actor,
            "cause": list(self.request.cause),
            "parameters": dict(self.request.parameters),
            "safe": list(self.request.safe),
            "safe_result": [dict(one) for one in self.safe_result],
            "calls": self.api.calls if self.api is not None else 0,
            "dropped": self.output.dropped if self.output is not None else 0,
        }

    def lines(self) -> list[Line]:
        """What it printed lately."""
        return list(self.output.lines) if self.output is not None else []


class ScriptManager:
    """See the module's first lines.

    Args:
        desk: What scripts may do.
        store: Their files.
        sandbox: Where they run, each in its place.
        journal: Remembers runs.
        latch: Panic stops every script.
        audit: Records starts and ends.
    """

    def __init__(
        self,
        desk: Desk,
        store: ScriptStore,
        sandbox: Interpreters,
        journal: ScriptJournal,
        latch: PanicLatch,
        audit: Callable[[], Audit],
    ) -> None:
        self._desk = desk
        self.store = store
        self._sandbox = sandbox
        self._journal = journal
        self._latch = latch
        self._audit = audit
        self._clock = desk.lab.clock
        self._tasks = Tasks("scripts", self._clock)
        self._runs: dict[str, ScriptRun] = {}
        self._starting = asyncio.Lock()
        self._closing = False

    # -- life -------------------------------------------------------------------------------

    async def start_up(self) -> None:
        """Mark what a crash has left behind, and leave safe what was asked to be."""
        self._latch.listeners.append(self._on_latch)
        for row in await self._journal.interrupt_left(self._clock.now()):
            log.warning("a script was interrupted by the end of the server", script=row["script"])
            self._audit().event("script_interrupted", "server", _short(row))
            self._tell("script_run", _public(row))
            if row["safe"]:
                self._tasks.start("left safe", self._leave_safe_of(row))

    async def stop(self) -> None:
        """Stop all scripts and end the workers; nothing is written afterwards."""
        self._closing = True
        if self._on_latch in self._latch.listeners:
            self._latch.listeners.remove(self._on_latch)
        async with self._starting:  # one that is just being started is seen as well
            active = self.active()
        for run in active:
            self._interrupt(run, "project", "the project was closed")
        for run in active:
            await run.done.wait()
        await self._tasks.stop()
        await self._sandbox.stop()

    def _on_latch(self) -> None:
        if self._latch.pressed:
            for run in self.active():
                self._interrupt(run, "panic", "panic was pressed")

    # -- starting ---------------------------------------------------------------------------

    async def start(self, request: ScriptRequest) -> ScriptRun:
        """Check everything, write it down, then start; returns before the first line.

        Raises:
            NotFound: No such script, or no such device to be left safe.
            Rejected: The script has errors, or the parameters do not fit.
            Forbidden: It is native Python that nobody trusts.
            Conflict: It is running already, panic is latched, or a rule and a script feed each
                other.
            Unavailable: Too many scripts are running, or the project is closing.
        """
        self._require_startable(request)
        script = await self.store.read(request.script)
        await self.store.require_runnable(script)
        begun = asyncio.get_running_loop().create_task(self._begin(request, script))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:  # who asked is gone: nobody wants it any more
            begun.add_done_callback(self._take_back)
            raise

    async def _begin(self, request: ScriptRequest, script: Script) -> ScriptRun:
        """Not torn: a run is either written down and running, or was never begun."""
        async with self._starting:
            self._require_room(request)
            now = self._clock.now()
            run = ScriptRun(id=secrets.token_hex(6), script=script, request=request, started=now)
            run.output = Output(self._clock, lambda lines, lost: self._printed(run, lines, lost))
            chain = (*request.cause, f"script:{script.name}")
            origin = Origin(Priority.SCRIPT, f"script:{script.name}", cause=chain)
            run.api = ScriptApi(self._desk, origin, run.output)
            await self._journal.put({**run.as_dict(), "output": []})
            self._runs[run.id] = run
            self._audit().event("script_started", request.actor, _short(run.as_dict()))
            self._tell("script_run", run.as_dict())
            run.task = self._tasks.start(f"{script.name} {run.id}", self._drive(run, run.api))
            self._tasks.start(f"end of {run.id}", self._accompany(run, run.task))
            self._on_latch()  # panic may have come while it was written down
        return run

    def _take_back(self, begun: "asyncio.Task[ScriptRun]") -> None:
        if not begun.cancelled() and begun.exception() is None:
            self._interrupt(begun.result(), "stopped", "who started it was stopped")

    def _require_startable(self, request: ScriptRequest) -> None:
        self._latch.check()
        if len(request.cause) >= MAX_DEPTH:
            msg = "a chain of rules and scripts feeds itself: " + " → ".join(request.cause)
            raise Conflict(msg, code="FEEDS_ITSELF", hint="break the chain")
        if len(request.parameters) > MAX_PARAMETERS:
            msg = f"at most {MAX_PARAMETERS} parameters"
            raise Rejected(msg)
        for device in request.safe:
            if not self._desk.site.has_device(device):
                msg = f"there is no device {device!r}"
                raise NotFound(msg, code="DEVICE_NOT_FOUND")

    def _require_room(self, request: ScriptRequest) -> None:
        if self._closing:
            msg = "the project is closing"
            raise Unavailable(msg)
        active = self.active()
        twin = next((run for run in active if run.script.name == request.script), None)
        if twin is not None:
            msg = f"script {request.script!r} is running already"
            raise Conflict(
                msg, code="SCRIPT_RUNNING", hint=f"stop run {twin.id}", args={"run": twin.id}
            )
        if len(active) >= MAX_RUNS:
            msg = f"{MAX_RUNS} scripts are running"
            raise Unavailable(msg, code="TOO_MANY_SCRIPTS", hint="stop one of them first")

    # -- running ----------------------------------------------------------------------------

    async def _accompany(self, run: ScriptRun, work: "asyncio.Task[None]") -> None:
        """Wait for the end, whatever it is, and close the books."""
        await asyncio.wait({work})
        if run.state is State.RUNNING:  # stopped before its first turn
            self._set(run, State.STOPPED, run.stopped_by or "stopped", run.message)
        if run.api is not None:
            run.api.closed = True
        await self._end(run)

    async def _drive(self, run: ScriptRun, api: ScriptApi) -> None:
        """Run to the end; how it ended stands in the run."""
        output = run.output
        assert output is not None  # noqa: S101 - made by start
        limit = run.request.timeout_s
        if limit is None and is_native(run.script.text):
            limit = LONGEST_S
        try:
            async with self._clock.timeout(float("inf") if limit is None else limit):
                await self._sandbox.run(
                    run.script.name, run.script.text, api, output.feed, run.request.parameters
                )
            self._set(run, State.DONE, "end", "")
        except asyncio.CancelledError:
            self._set(run, State.STOPPED, run.stopped_by or "stopped", run.message)
        except TimeoutError:
            self._set(run, State.FAILED, "timeout", f"it ran longer than {limit:g} s")
        except ScriptFailed as error:
            run.line = error.line
            self._set(run, State.FAILED, error.kind, error.message)
        except WorkerLost as error:
            self._set(run, State.INTERRUPTED, "worker", str(error))
        except IonpyError as error:
            self._set(run, State.FAILED, "refused", error.message)
        except Exception as error:
            log.exception("a script ended in an unforeseen way", script=run.script.name)
            self._set(run, State.FAILED, "internal", type(error).__name__)

    @staticmethod
    def _set(run: ScriptRun, state: State, ended_by: str, message: str) -> None:
        run.state, run.ended_by, run.message = state, ended_by, message

    async def _end(self, run: ScriptRun) -> None:
        """Close the books; nothing here may keep the run from being over."""
        try:
            if run.output is not None:
                await run.output.close()
            if run.request.safe:
                run.safe_result = await self._leave_safe(run.script.name, run.request.safe)
            run.ended = self._clock.now()
            if run.state is State.FAILED:
                at = f" in line {run.line}" if run.line else ""
                log.warning(
                    "script failed", script=run.script.name, run=run.id, reason=run.message + at
                )
            self._audit().event("script_ended", run.request.actor, _short(run.as_dict()))
            await self._journal.put({**run.as_dict(), "output": run.lines()[-STORED_LINES:]})
        except Exception:
            log.exception("the end of a script was not stored", script=run.script.name, run=run.id)
        finally:
            run.ended = run.ended or self._clock.now()
            self._runs.pop(run.id, None)
            self._tell("script_run", run.as_dict())
            run.done.set()

    async def _leave_safe(self, name: str, devices: Sequence[str]) -> list[Mapping[str, Any]]:
        """Drive devices to their safe state; what did not obey is an alarm."""
        try:
            results = list(await self._desk.lab.safe_state(list(devices)))
            failed = [str(one.get("device")) for one in results if not one.get("ok", True)]
        except IonpyError as error:
            results, failed = [{"ok": False, "detail": error.message}], list(devices)
        if failed:
            text = f"not proven safe after script {name}: {', '.join(failed)}"
            call = AlarmCall(key=f"script:{name}/safe", severity="critical", text=text)
            await self._desk.lab.alarm(call)
        return results

    async def _leave_safe_of(self, row: Mapping[str, Any]) -> None:
        devices = [one for one in row["safe"] if self._desk.site.has_device(one)]
        result = await self._leave_safe(row["script"], devices)
        await self._journal.put({**row, "safe_result": [dict(one) for one in result]})

    # -- telling ----------------------------------------------------------------------------

    def _printed(self, run: ScriptRun, lines: list[Line], lost: int) -> None:
        payload = {"run": run.id, "script": run.script.name, "lines": lines, "dropped": lost}
        self._tell("script_output", payload)

    def _tell(self, kind: str, payload: Mapping[str, Any]) -> None:
        clock = self._clock
        cause = tuple(payload.get("cause") or ())
        self._desk.lab.bus.publish(Event(kind, payload, clock.now(), clock.monotonic(), cause))

    # -- stopping and answers ---------------------------------------------------------------

    def active(self) -> list[ScriptRun]:
        """Runs that have not ended."""
        return list(self._runs.values())

    def _interrupt(self, run: ScriptRun, by: str, message: str) -> None:
        if run.api is not None:
            run.api.closed = True  # from now on no call is begun
        if run.stopped_by or run.task is None or run.state is not State.RUNNING:
            return
        run.stopped_by, run.message = by, message
        run.task.cancel()

    async def stop_run(self, run_id: str, by: str = "rest") -> dict[str, Any]:
        """Stop a run, whatever it is doing; returns once it is over.

        Raises:
            NotFound: There never was such a run.
            Conflict: It has ended.
        """
        run = self._runs.get(run_id)
        if run is None:
            ended = await self.describe(run_id)
            msg = f"run {run_id} has ended: {ended['state']}"
            raise Conflict(msg, code="RUN_ENDED", args={"state": ended["state"]})
        self._audit().event("script_stop", by, {"run": run.id, "script": run.script.name})
        self._interrupt(run, "stopped", f"stopped by {by}")
        await run.done.wait()
        return run.as_dict()

    async def call(self, call: ScriptCall, origin: Origin) -> dict[str, Any]:
        """Run a script for a rule or a step.

        Raises:
            Conflict: ``SCRIPT_FAILED``: it was waited for and did not reach its last line.
        """
        request = ScriptRequest(
            script=call.name,
            parameters=call.parameters,
            safe=call.safe,
            timeout_s=call.timeout_s,
            actor=origin.id,
            cause=origin.cause,
        )
        run = await self.start(request)
        if not call.wait:
            return {"run": run.id, "state": run.state.value}
        try:
            await run.done.wait()
        except asyncio.CancelledError:
            self._interrupt(run, "stopped", f"{origin.id} was stopped")
            raise
        if run.state is not State.DONE:
            msg = f"script {call.name} {run.state}: {run.message}"
            raise Conflict(msg, code="SCRIPT_FAILED", args={"run": run.id})
        return {"run": run.id, "state": run.state.value}

    async def list(self, limit: int = 100, script: str = "") -> tuple[list[dict[str, Any]], int]:
        """The newest runs first, and how many are kept."""
        rows, total = await self._journal.list(limit, script)
        live = self._runs
        return [live[row["id"]].as_dict() if row["id"] in live else row for row in rows], total

    async def describe(self, run_id: str) -> dict[str, Any]:
        """One run with its output.

        Raises:
            NotFound: There is none, or it is too long ago.
        """
        run = self._runs.get(run_id)
        if run is not None:
            return {**run.as_dict(), "output": run.lines()}
        row = await self._journal.get(run_id)
        if row is None:
            msg = f"there is no run {run_id!r} of a script"
            raise NotFound(msg, hint="GET /api/scripts/runs lists them")
        return row


def _public(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "output"}


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit keeps of a run."""
    keys = ("id", "script", "revision", "state", "ended_by", "message", "parameters", "safe")
    return {key: row[key] for key in keys}
