"""Simulation: a flow with its sequence and rules on virtual devices, as fast as the clock jumps.

A copy of the project (without its recordings) is opened in a home of its own that is thrown away
afterwards. Every device is its driver's simulator; no port is opened, nobody is told anything.
"""

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ionpy_auto.automation.sequences.run import Run, RunRequest
from ionpy_auto.core.bus import Event
from ionpy_auto.core.files import Home, write_atomic
from ionpy_auto.core.settings import load_settings
from ionpy_auto.engine import Engine
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.projects.project import load_project

LEFT_OUT = (
    *("data.db*", "*.bak", "exports", "waveforms", "device_state.json", "*.corrupt.*"),
    *("connections.json", "routing.json", "secrets*"),  # ways to reach others
)
SHARED = ("config", "drivers", "rules", "cells", "channels", "profiles")
EVENTS = frozenset(
    {"run", "run_step", "run_cycle", "alarm", "marker", "rule_fired", "session", "device_note"}
)
MAX_EVENTS = 2000
TELL_EVERY_S = 60.0
RULES_ONLY_HOURS = 1.0
MOST_HOURS = 1000.0

Tell = Callable[[float, str], None]


class Copied(Protocol):
    """What a copy of a project is made from."""

    @property
    def folder(self) -> str:
        """The project."""

    @property
    def home(self) -> str:
        """Its home; empty without."""

    def put(self, project: Path) -> None:
        """Put the draft into the copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateJob:
    """What is to be simulated.

    Attributes:
        folder: The project.
        home: Its home: drivers that are trusted there, rules, cells; empty without.
        flow: Id of the flow.
        text: In place of the saved one; empty: as saved.
        hours: Most virtual hours; None: one for a flow without a sequence, else until it ends.
        channel: To bind in place of the flow's own.
        parameters: Values of ``$names``.
    """

    folder: str
    flow: str
    home: str = ""
    text: str = ""
    hours: float | None = None
    channel: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def put(self, project: Path) -> None:
        """The draft takes the place of the saved file, whatever that is called."""
        if not self.text:
            return
        folder = project / "flows"
        line = re.compile(rf"^id:[ \t]*['\"]?{re.escape(self.flow)}['\"]?\s*(#.*)?$", re.MULTILINE)
        for path in sorted(folder.glob("*.yaml")):
            if line.search(path.read_text(encoding="utf-8", errors="replace")):
                path.unlink()
        folder.mkdir(exist_ok=True)
        write_atomic(folder / f"{self.flow}.yaml", self.text)


async def simulate(job: SimulateJob, tell: Tell) -> dict[str, Any]:
    """Run a simulation.

    Raises:
        Rejected: The flow has errors.
        NotFound: There is no such flow.
        IonpyError: The run was refused before it began.
    """
    with copied(job) as (home, slug):
        engine = Engine(home, load_settings(None, {}, guard="off", synchronous="NORMAL"))
        await engine.start()
        try:
            bench = await engine.open_project(slug)
            return await _Simulation(job, bench, tell).run()
        finally:
            await engine.stop()


@contextlib.contextmanager
def copied(job: Copied, *, polling: str = "fixed") -> Iterator[tuple[Home, str]]:
    """A home with the project alone, in mode ``simulate`` on the jumping clock."""
    source = Path(job.folder)
    with tempfile.TemporaryDirectory(prefix="ionpy-simulation-") as name:
        home = Home(Path(name))
        if job.home:
            for folder in SHARED:
                if (Path(job.home) / folder).is_dir():
                    _copy(Path(job.home) / folder, home.root / folder)
        target = home.root / "projects" / source.name
        _copy(source, target)
        simulation = {"speed": None, "polling": polling}
        load_project(target).update({"simulation": simulation, "active_session": None})
        job.put(target)
        yield home, source.name


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*LEFT_OUT))


class _Simulation:
    """One simulation in an open project."""

    def __init__(self, job: SimulateJob, bench: Workbench, tell: Tell) -> None:
        self._job = job
        self._bench = bench
        self._tell = tell
        self._events: list[dict[str, Any]] = []
        self._count = 0
        self._last_state = ""
        self._run: Run | None = None
        self._begin = bench.clock.monotonic()

    async def run(self) -> dict[str, Any]:
        """Let it run to its end; what happened."""
        automation = self._bench.automation
        automation.flow_text(self._job.flow)
        has_steps = bool(automation.flows.get(self._job.flow)["steps"])
        default = MOST_HOURS if has_steps else RULES_ONLY_HOURS
        hours = min(self._job.hours or default, MOST_HOURS)
        leave = self._bench.bus.tap("event/", self._note)
        telling = asyncio.ensure_future(self._tell_for_ever(hours))
        try:
            if not has_steps:
                await self._bench.clock.sleep(hours * 3600)
                return await self._result("finished")
            return await self._result(await self._sequence(hours))
        finally:
            telling.cancel()
            leave()

    async def _sequence(self, hours: float) -> str:
        """Run the sequence; how it came to an end."""
        automation = self._bench.automation
        request = RunRequest(
            sequence=self._job.flow,
            channel=self._job.channel,
            parameters=self._job.parameters,
            actor="simulation",
        )
        started = await automation.start_run(request)
        run = self._run = automation.runs.get(started["id"])
        try:
            async with self._bench.clock.timeout(hours * 3600):
                await run.done.wait()
        except TimeoutError:
            run.interrupt("aborted", "hours", f"the simulation ends after {hours:g} h")
            await run.done.wait()
            return "unfinished"
        return "finished"

    async def _tell_for_ever(self, hours: float) -> None:
        while True:
            await self._bench.clock.sleep(TELL_EVERY_S)
            passed = self._bench.clock.monotonic() - self._begin
            share, message = passed / (hours * 3600), f"{passed / 3600:.2f} h"
            if self._run is not None:
                about = self._run.as_dict()
                share = about["progress"] or 0.0
                message = f"{message}, {about['step_title']}"
            self._tell(share, message)

    def _note(self, event: Event) -> None:
        if event.kind not in EVENTS or self._is_repeated(event):
            return
        self._count += 1
        if len(self._events) < MAX_EVENTS:
            at = round(event.mono - self._begin, 3)
            self._events.append({**_short(event.payload), "at": at, "kind": event.kind})

    def _is_repeated(self, event: Event) -> bool:
        """Runs tell of themselves again and again; a new state is news."""
        if event.kind != "run":
            return False
        state = str(event.payload.get("state"))
        before, self._last_state = self._last_state, state
        return state == before

    async def _result(self, outcome: str) -> dict[str, Any]:
        bench, run = self._bench, self._run
        names = ("id", "title", "fired", "skipped", "suspended")
        rules = [
            {name: rule[name] for name in names}
            for rule in bench.automation.rules.list()
            if rule["flow"] == self._job.flow
        ]
        result: dict[str, Any] = {
            "flow": self._job.flow,
            "outcome": outcome,
            "duration_s": round(bench.clock.monotonic() - self._begin, 3),
            "verdict": None,
            "run": None,
            "steps": [],
            "cycles": [],
            "rules": rules,
            "alarms": bench.automation.alarms.active(),
            "events": self._events,
            "event_count": self._count,
            "truncated": self._count > len(self._events),
        }
        if run is not None:
            about = run.as_dict()
            kept = ("id", "verdict", "ended_by", "message", "started", "ended", "bindings")
            result |= {
                "verdict": about["verdict"],
                "run": {name: about[name] for name in kept},
                "steps": list(await bench.automation.runs.steps(run.id)),
                "cycles": list(await bench.automation.runs.cycles(run.id)),
            }
        return result


def _short(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What of an event is worth a line: plain values, and what rules would do."""
    kept = (str, int, float, bool)
    shown: dict[str, Any] = {k: v for k, v in payload.items() if isinstance(v, kept)}
    if "actions" in payload:
        shown["actions"] = [action["sentence"] for action in payload["actions"]]
    return shown
