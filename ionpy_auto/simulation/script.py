"""Dry run of a script: the real interpreter and the real gate, virtual devices, a jumping clock.

A copy of the project (without its recordings) is opened in a home of its own that is thrown away
afterwards. What the script writes goes to simulators, through the same ranges, interlocks and
leases; what it would tell or store elsewhere is noted. No device, no file of the project, no
database and no receiver of messages hears of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from ionpy_auto.automation.context import AlarmCall, Lab
from ionpy_auto.automation.scripts.api import ScriptApi
from ionpy_auto.automation.scripts.native import is_native
from ionpy_auto.automation.scripts.output import Line, Output
from ionpy_auto.automation.scripts.sandbox import Sandbox, ScriptFailed, WorkerLost
from ionpy_auto.core.commands import Origin, Outcome, Priority
from ionpy_auto.core.errors import IonpyError, Rejected
from ionpy_auto.core.files import write_atomic
from ionpy_auto.core.samples import Scalar
from ionpy_auto.core.settings import load_settings
from ionpy_auto.engine import Engine
from ionpy_auto.engine.scripting import WorkbenchDesk
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.simulation.simulate import MOST_HOURS, Tell, copied

T = TypeVar("T")

USUAL_HOURS: Final = 24.0
SETTLE_S: Final = 5.0
"""So long the devices get to answer before the first line, as they would have in a real project."""
MAX_CALLS: Final = 50_000
MAX_LINES: Final = 2000
MAX_NOTES: Final = 2000
TELL_EVERY_S: Final = 10.0


def require_sandboxed(text: str) -> None:
    """Raises Rejected for a native script: only the sandbox can be kept off the machine."""
    if is_native(text):
        msg = "a native script cannot be tried out: it could do anything on this machine"
        hint = "take the line '# ionpy: native' away to try it in the sandbox"
        raise Rejected(msg, code="NATIVE_NOT_SIMULATED", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptJob:
    """What is to be tried.

    Attributes:
        folder: The project.
        home: Its home: drivers that are trusted there, rules, cells; empty without.
        script: Its name.
        text: Of the script.
        parameters: Become ``params``.
        hours: Most virtual hours.
    """

    folder: str
    script: str
    text: str
    home: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    hours: float = USUAL_HOURS

    def put(self, project: Path) -> None:
        """The draft takes the place of the saved file."""
        (project / "scripts").mkdir(exist_ok=True)
        write_atomic(project / "scripts" / f"{self.script}.py", self.text)


async def simulate_script(job: ScriptJob, tell: Tell) -> dict[str, Any]:
    """Try a script out.

    Raises:
        Rejected: It is native.
    """
    require_sandboxed(job.text)
    with copied(job) as (home, slug):
        engine = Engine(home, load_settings(None, {}, guard="off", synchronous="NORMAL"))
        await engine.start()
        try:
            return await _Trial(job, await engine.open_project(slug), tell).run()
        finally:
            await engine.stop()


class _Notes:
    """What the script did, with the virtual time since its first line."""

    def __init__(self, bench: Workbench) -> None:
        self._clock = bench.clock
        self.begin = bench.clock.monotonic()
        self.writes: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.count = 0

    @property
    def passed(self) -> float:
        """Virtual time since the first line [s]."""
        return round(self._clock.monotonic() - self.begin, 3)

    def write(self, **what: object) -> None:
        """A write, accepted or refused."""
        self._put(self.writes, what)

    def event(self, kind: str, text: str, **what: object) -> None:
        """Something it told or stored."""
        self._put(self.events, {"kind": kind, "text": text, **what})

    def _put(self, into: list[dict[str, Any]], what: Mapping[str, Any]) -> None:
        self.count += 1
        if len(into) < MAX_NOTES:
            into.append({"at": self.passed, **what})


class _NotedLab:
    """The lab of the copy; what the script asks of it is noted, and nobody outside hears of it."""

    def __init__(self, lab: Lab, notes: _Notes) -> None:
        self._lab = lab
        self._notes = notes

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for the lab
        return getattr(self._lab, name)

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Through the gate, to the simulator."""
        try:
            outcome = await self._lab.write(point, value, origin)
        except IonpyError as error:
            refusal = {"code": error.error_code, "message": error.message}
            self._notes.write(point=point, value=value, ok=False, outcome="refused", **refusal)
            raise
        told = {"outcome": outcome.kind.value, "sent": outcome.sent, "read_back": outcome.read_back}
        self._notes.write(point=point, value=value, ok=True, **told)
        return outcome

    async def marker(
        self, label: str, *, device: str | None = None, color: str | None = None, notes: str = ""
    ) -> Mapping[str, Any]:
        """In the copy."""
        self._notes.event("marker", label, device=device)
        return await self._lab.marker(label, device=device, color=color, notes=notes)

    async def alarm(self, call: AlarmCall) -> Mapping[str, Any]:
        """In the copy."""
        kind = "alarm" if call.active else "alarm_over"
        self._notes.event(kind, call.text, key=call.key, severity=call.severity)
        return await self._lab.alarm(call)

    async def notify(self, to: str, title: str, message: str) -> Mapping[str, Any]:
        """Nobody is told."""
        self._notes.event("notify", message, to=to, title=title)
        return {"would": "notify", "to": to, "title": title, "message": message}

    async def export(
        self, *, file_format: str, device: str | None, session_id: int | None
    ) -> Mapping[str, Any]:
        """No file is written."""
        what = {"device": device, "session_id": session_id}
        self._notes.event("export", file_format, **what)
        return {"would": "export", "file_format": file_format, **what}

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        """In the copy."""
        self._notes.event("session", f"start {name}".strip())
        return await self._lab.start_session(name, conditions)

    async def stop_session(self) -> Mapping[str, Any]:
        """In the copy."""
        self._notes.event("session", "stop")
        return await self._lab.stop_session()


class _NotedDesk(WorkbenchDesk):
    """What the script may do, in the copy."""

    def __init__(self, bench: Workbench, notes: _Notes) -> None:
        super().__init__(bench)
        self._notes = notes
        self._noted = _NotedLab(bench.lab, notes)

    @property
    def lab(self) -> Lab:
        """Noted."""
        return self._noted

    async def start_run(
        self, sequence: str, channel: str, parameters: Mapping[str, Any], actor: str
    ) -> str:
        """On the virtual bench."""
        self._notes.event("run", sequence, channel=channel)
        return await super().start_run(sequence, channel, parameters, actor)


class _CountedApi(ScriptApi):
    """Ends a script that asks for ever, so that a tight loop comes to a result."""

    full: Callable[[], None]

    async def call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the one it stands for
        """As ever, up to `MAX_CALLS`."""
        if self.calls >= MAX_CALLS:
            self.full()
        return await super().call(name, args, kwargs)


class _Trial:
    """One dry run in an open copy."""

    def __init__(self, job: ScriptJob, bench: Workbench, tell: Tell) -> None:
        self._job = job
        self._bench = bench
        self._tell = tell
        self._lines: list[dict[str, Any]] = []
        self._dropped = 0
        self._notes = _Notes(bench)
        self._origin_t = 0.0

    async def run(self) -> dict[str, Any]:
        """Let it run to its end; what happened."""
        clock = self._bench.clock
        await clock.sleep(SETTLE_S)
        notes = self._notes = _Notes(self._bench)
        self._origin_t = clock.now()
        output = Output(clock, self._printed)
        chain = (f"script:{self._job.script}",)
        origin = Origin(Priority.SCRIPT, chain[0], cause=chain)
        api = _CountedApi(_NotedDesk(self._bench, notes), origin, output)
        sandbox = Sandbox(clock)
        telling = asyncio.ensure_future(self._tell_for_ever(api))
        try:
            end = await self._driven(sandbox, api, output)
            lasted = notes.passed
            await output.close()
        finally:
            telling.cancel()
            await sandbox.stop()
        return {
            "script": self._job.script,
            **end,
            "duration_s": lasted,
            "calls": api.calls,
            "output": self._lines,
            "dropped": self._dropped,
            "writes": notes.writes,
            "events": notes.events,
            "truncated": notes.count > len(notes.writes) + len(notes.events),
            "alarms": self._bench.automation.alarms.active(),
        }

    async def _driven(self, sandbox: Sandbox, api: _CountedApi, output: Output) -> dict[str, Any]:
        """How it ended."""
        job, limit = self._job, min(self._job.hours, MOST_HOURS)
        work = asyncio.ensure_future(
            self._in_time(
                sandbox.run(job.script, job.text, api, output.feed, job.parameters), limit * 3600
            )
        )

        def full() -> None:
            work.cancel()

        api.full = full
        try:
            await work
        except asyncio.CancelledError:
            if not work.cancelled():
                work.cancel()
                raise
            return _end("stopped", "calls", f"it was ended after {MAX_CALLS} calls")
        except TimeoutError:
            return _end("stopped", "hours", f"the dry run ends after {limit:g} h")
        except ScriptFailed as error:
            return _end("failed", error.kind, error.message, error.line)
        except WorkerLost as error:
            return _end("failed", "worker", str(error))
        except IonpyError as error:
            return _end("failed", "refused", error.message)
        return _end("done", "end", "")

    async def _in_time(self, work: Awaitable[T], seconds: float) -> T:
        async with self._bench.clock.timeout(seconds):
            return await work

    async def _tell_for_ever(self, api: ScriptApi) -> None:
        while True:
            await self._bench.clock.sleep(TELL_EVERY_S)
            passed = self._notes.passed
            share = max(passed / (self._job.hours * 3600), api.calls / MAX_CALLS)
            self._tell(share, f"{passed:g} s")

    def _printed(self, lines: Sequence[Line], dropped: int) -> None:
        self._dropped += dropped
        for line in lines:
            if len(self._lines) >= MAX_LINES:
                self._dropped += 1
                continue
            at = round(line["t"] - self._origin_t, 3)
            self._lines.append({"at": at, "stream": line["stream"], "text": line["text"]})


def _end(state: str, ended_by: str, message: str, line: int = 0) -> dict[str, Any]:
    return {"state": state, "ended_by": ended_by, "message": message, "line": line}
