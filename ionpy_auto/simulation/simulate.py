"""Simulation: a flow with its sequence and rules on virtual devices, as fast as the clock jumps.

A copy of the project (without its recordings) is opened in a home of its own that is thrown away
afterwards. Every device is its driver's simulator; no port is opened, nobody is told anything.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ionpy_auto.automation.sequences.run import Run, RunRequest
from ionpy_auto.core.bus import Event
from ionpy_auto.core.errors import NotFound, Rejected
from ionpy_auto.core.files import Home, write_atomic
from ionpy_auto.core.settings import Settings
from ionpy_auto.engine import Engine
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.projects.project import load_project

LEFT_OUT = ("data.db*", "*.bak", "exports", "waveforms", "device_state.json", "*.corrupt.*")
SHARED = ("config", "drivers", "rules", "cells", "channels")
EVENTS = frozenset(
    {"run", "run_step", "run_cycle", "alarm", "marker", "rule_fired", "session", "device_note"}
)
QUIET = frozenset({"running"})
MAX_EVENTS = 2000
TELL_EVERY_S = 60.0
RULES_ONLY_HOURS = 1.0
MOST_HOURS = 1000.0

Tell = Callable[[float, str], None]


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


async def simulate(job: SimulateJob, tell: Tell) -> dict[str, Any]:
    """Run a simulation.

    Raises:
        Rejected: The flow has errors.
        NotFound: There is no such flow.
        IonpyError: The run was refused before it began.
    """
    with _copied(job) as (home, slug):
        engine = Engine(home, Settings(guard="off", synchronous="NORMAL", webhook_allow=()))
        await engine.start()
        try:
            bench = await engine.open_project(slug)
            return await _Simulation(job, bench, tell).run()
        finally:
            await engine.stop()


@contextlib.contextmanager
def _copied(job: SimulateJob) -> Iterator[tuple[Home, str]]:
    """A home with the project alone, in mode ``simulate`` on the jumping clock."""
    source = Path(job.folder)
    with tempfile.TemporaryDirectory(prefix="ionpy-simulation-") as name:
        home = Home(Path(name))
        if job.home:
            for folder in SHARED:
                if (Path(job.home) / folder).is_dir():
                    shutil.copytree(Path(job.home) / folder, home.root / folder)
        target = home.root / "projects" / source.name
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        load_project(target).update({"simulation": {"speed": None}, "active_session": None})
        if job.text:
            _put_text(target / "flows", job)
        yield home, source.name


def _put_text(folder: Path, job: SimulateJob) -> None:
    """The draft takes the place of the saved file, whatever that is called."""
    for path in sorted(folder.glob("*.yaml")):
        if f"id: {job.flow}" in path.read_text(encoding="utf-8").splitlines():
            path.unlink()
    folder.mkdir(exist_ok=True)
    write_atomic(folder / f"{job.flow}.yaml", job.text)


class _Simulation:
    """One simulation in an open project."""

    def __init__(self, job: SimulateJob, bench: Workbench, tell: Tell) -> None:
        self._job = job
        self._bench = bench
        self._tell = tell
        self._events: list[dict[str, Any]] = []
        self._count = 0
        self._run: Run | None = None
        self._begin = bench.clock.monotonic()

    async def run(self) -> dict[str, Any]:
        """Let it run to its end; what happened."""
        flow = self._bench.automation.flows.get(self._job.flow)
        if not flow["ok"]:
            findings = self._bench.automation.flows.findings_of(self._job.flow)
            msg = f"flow {self._job.flow!r} has errors"
            raise Rejected(msg, code="FLOW_INVALID", hint="see the findings", findings=findings)
        leave = self._bench.bus.tap("event/", self._note)
        telling = asyncio.ensure_future(self._tell_for_ever())
        try:
            if flow["steps"]:
                return await self._sequence()
            return await self._rules()
        finally:
            telling.cancel()
            leave()
