"""Scripts on a lab of paper: a real sandbox, a virtual clock, and a protocol of what they did."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.scripts.api import ScriptApi
from ionpy_auto.automation.scripts.journal import ScriptJournal
from ionpy_auto.automation.scripts.manager import ScriptManager, ScriptRequest
from ionpy_auto.automation.scripts.native import Interpreters, is_native
from ionpy_auto.automation.scripts.output import Output
from ionpy_auto.automation.scripts.sandbox import Limits, Sandbox, ScriptFailed
from ionpy_auto.automation.scripts.store import ScriptStore
from ionpy_auto.core.commands import Origin, Priority
from ionpy_auto.core.errors import Forbidden
from ionpy_auto.core.safety import PanicLatch
from ionpy_auto.storage.database import Database
from tests.unit.automation.rules_bench import PaperLab, PaperSite


class PaperDesk:
    """What the engine's desk does, noted."""

    def __init__(self, lab):
        self.lab = lab
        self.site = PaperSite()
        self.env = LiveEnvironment(lab.values, lab.recent, lab.clock)
        self.chains = {}
        self.history_of = ([], [])

    def note_write(self, point, chain):
        self.chains[point] = chain

    async def start_run(self, sequence, channel, parameters, actor):
        self.lab.note("run", (sequence, channel, dict(parameters), actor))
        return "r1"

    async def run_ended(self, run_id, *, wait):
        if wait:
            await self.lab.clock.sleep(3600)
        return {"id": run_id, "state": "finished" if wait else "running", "verdict": "pass"}

    async def history(self, point, seconds, points, rows):
        return self.history_of


class PaperAudit:
    def __init__(self):
        self.events = []

    def event(self, action, actor, detail):
        self.events.append((action, actor, detail))


class ScriptBench:
    """One boot of the scripts of a project."""

    def __init__(self, folder, database, limits=None):
        self.lab = PaperLab()
        self.lab.clock = database.clock
        self.desk = PaperDesk(self.lab)
        self.latch = PanicLatch()
        self.audit = PaperAudit()
        self.sandbox = Interpreters(Sandbox(self.lab.clock, limits), self.lab.clock)
        self.trusted = set()
        self.store = ScriptStore(
            folder / "scripts", self.sandbox, self.lab.bus, self.lab.clock, self._may_run
        )
        self.journal = ScriptJournal(database)
        self.manager = ScriptManager(
            self.desk,
            self.store,
            self.sandbox,
            self.journal,
            self.latch,
            lambda: self.audit,
        )

    def _may_run(self, script):
        """Trusted is what a test names."""
        if is_native(script.text) and script.name not in self.trusted:
            msg = f"nobody trusts {script.name}"
            raise Forbidden(msg, code="SCRIPT_UNTRUSTED")

    async def start(self, text: str, name: str = "s", **wish: Any):
        """Put a script on disk and start it."""
        self.store.folder.mkdir(parents=True, exist_ok=True)
        (self.store.folder / f"{name}.py").write_text(text, encoding="utf-8")
        return await self.manager.start(ScriptRequest(script=name, actor="test", **wish))

    async def run(self, text: str, name: str = "s", **wish: Any) -> dict[str, Any]:
        """Run a script to its end."""
        run = await self.start(text, name, **wish)
        await run.done.wait()
        return await self.manager.describe(run.id)

    async def unchecked(self, text: str) -> tuple[str, list[str]]:
        """Run a text past the check, as one that deceives it would; how it ended and its output."""
        output = Output(self.lab.clock, lambda lines, dropped: None)
        api = ScriptApi(self.desk, Origin(Priority.SCRIPT, "script:s"), output)
        try:
            await self.sandbox.run("s", text, api, output.feed, {})
            end = "done"
        except ScriptFailed as error:
            end = f"{error.kind}: {error.message}"
        await output.close()
        return end, [line["text"] for line in output.lines]

    @property
    def names(self):
        output = Output(self.lab.clock, lambda lines, dropped: None)
        return ScriptApi(self.desk, Origin(Priority.SCRIPT, "script:s"), output).names

    def did(self, what):
        return [value for _, kind, value in self.lab.done if kind == what]

    def events(self, kind):
        return [event.payload for event in self.lab.events if event.kind == kind]

    async def turns(self, until):
        """Let the loop turn until something is so."""
        while not until():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.002)


@asynccontextmanager
async def script_bench(folder, clock, limits: Limits | None = None):
    """A bench with a database of its own."""
    database = Database(folder / "data.db", clock)
    await database.start()
    bench = ScriptBench(folder, database, limits)
    await bench.manager.start_up()
    try:
        yield bench
    finally:
        await bench.manager.stop()
        await database.stop()
