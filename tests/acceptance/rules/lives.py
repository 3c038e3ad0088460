"""Lives of one server: booted on a real file, ended in order or killed, on one line of UTC."""

import asyncio
from typing import Any

from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import Quality
from ionpy_auto.storage.database import Database
from tests.unit.automation.rules_bench import Timeline, flow_of

START = 1_760_000_000.0


class MortalStore(DatabaseRuleStore):
    """Writes nothing more once it is dead."""

    is_dead = False

    async def save(self, states, traces):
        if self.is_dead:
            await asyncio.get_running_loop().create_future()
        await super().save(states, traces)


class Server:
    """What outlives its lives: the file, the text of the flows, and what was done when."""

    def __init__(self, folder, *texts: str) -> None:
        self.path = folder / "data.db"
        self.texts = list(texts)
        self.utc = START
        self.effects: list[tuple[float, str, Any]] = []
        self.session: int | None = None
        self.write_takes = 0.0

    @property
    def now(self) -> float:
        """Seconds since the very first start."""
        return self.clock.now() - START

    async def boot(self) -> None:
        """Open the file, start the engine, load the flows."""
        self.clock = VirtualClock(self.utc)
        self.database = Database(self.path, self.clock, synchronous="NORMAL")
        await self.database.start()
        self.store = MortalStore(self.database)
        self.bench = Timeline(self.store)
        lab = self.bench.lab
        lab.clock, lab.session, lab.write_takes = self.clock, self.session, self.write_takes
        lab.note = self._note
        self.bench.env._outer._clock = self.clock
        self.engine = self.bench.engine
        await self.engine.start()
        self.engine.follow(self)
        await self.bench.settle()

    def live(self):
        return [flow_of(text) for text in self.texts]

    def on_change(self, tell):
        del tell
        return lambda: None

    def _note(self, what, value):
        self.effects.append((round(self.now, 3), what, value))
        return {"ok": True}

    async def end(self, down: float = 0.0) -> None:
        """Stop in order; the next boot comes ``down`` seconds later."""
        await self.engine.stop()
        await self._close(down)

    async def kill(self, down: float = 0.0) -> None:
        """Nothing is written any more, nobody is asked: as kill -9 leaves the file."""
        self.store.is_dead = True
        self.clock._heap.clear()  # what it waited for never comes
        tasks = [task for task in self.engine._tasks._tasks if not task.done()]
        for task in (*tasks, *self.engine.writing, *self.engine._keeping._writing):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.clock._heap.clear()
        await self._close(down)

    async def _close(self, down: float) -> None:
        await self.database.stop()
        self.utc = self.clock.now() + down

    async def at(self, second: float, point: str = "", value: Any = None) -> None:
        """Go to this second since the first start, and give a sample there."""
        await self.clock.sleep(second - self.now)
        if point:
            quality = Quality.GOOD if value is not None else Quality.BAD
            self.bench.lab.sample(point, value, quality)
        await self.bench.settle()

    async def go(self, label: str = "go", **payload: Any) -> None:
        """A marker is set."""
        self.bench.lab.event("marker", label=label, **payload)
        await self.bench.settle()

    def did(self, what: str = "") -> list[tuple[float, Any]]:
        """When what was done, over all lives."""
        return [(t, value) for t, name, value in self.effects if what in {name, ""}]

    def rule(self, rule_id: str = "f/r") -> dict[str, Any]:
        return self.bench.rule(rule_id)

    async def outcomes(self, rule_id: str = "f/r") -> list[str]:
        """Outcomes of all traces, oldest first."""
        return [t["outcome"] for t in reversed(await self.engine.traces(rule_id, 1000))]
