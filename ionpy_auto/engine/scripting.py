"""What scripts may ask of the open project (`automation.scripts.api.Desk`)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ionpy_auto.automation.context import Lab
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.scripts.native import is_native
from ionpy_auto.automation.sequences.run import RunRequest
from ionpy_auto.core.bus import Event
from ionpy_auto.language import Environment
from ionpy_auto.storage.history import Query

if TYPE_CHECKING:
    from ionpy_auto.engine.workbench import Workbench

T = TypeVar("T")


class WorkbenchDesk:
    """Hands every wish to the room that owns it."""

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench

    @property
    def lab(self) -> Lab:
        """What rules may do."""
        return self._bench.lab

    @property
    def site(self) -> Site:
        """Devices and channels there are."""
        return self._bench.site

    @property
    def env(self) -> Environment:
        """Values of expressions."""
        return self._bench.automation.env

    def note_write(self, point: str, chain: tuple[str, ...]) -> None:
        """So that a rule that reacts to the point continues the chain of cause."""
        self._bench.automation.rules.note_write(point, chain)

    async def start_run(
        self, sequence: str, channel: str, parameters: Mapping[str, Any], actor: str
    ) -> str:
        """Start a sequence; returns the id of the run."""
        request = RunRequest(sequence=sequence, channel=channel, parameters=parameters, actor=actor)
        return str((await self._bench.automation.start_run(request))["id"])

    async def run_ended(self, run_id: str, *, wait: bool) -> Mapping[str, Any]:
        """The run as it is, or, with ``wait``, once it has finished."""
        finished = asyncio.Event()

        def look(event: Event) -> None:
            if event.payload.get("id") == run_id and event.payload.get("state") == "finished":
                finished.set()

        leave = self._bench.bus.tap("event/run", look)
        try:
            run = await self._bench.automation.runs.describe(run_id)
            if wait and run["state"] != "finished":
                await finished.wait()
                run = await self._bench.automation.runs.describe(run_id)
        finally:
            leave()
        return run

    async def history(
        self, point: str, seconds: float, points: int | None, rows: int
    ) -> tuple[Sequence[float], Sequence[Any]]:
        """Times and values recorded lately, all that was measured so far included."""
        bench = self._bench
        source, _, entity = point.rpartition(".")
        await bench.recorder.flush()
        start = bench.clock.now() - seconds
        curve = await bench.history.history(
            Query(source, (entity,), start, points=points, limit=rows)
        )
        column = curve.columns.get(entity, {})
        return curve.t, column.get("value") or column.get("avg") or []


class ScriptTrusting:
    """Trusting native scripts of the open project; every decision is audited.

    Args:
        bench: The open project.
    """

    def __init__(self, bench: "Workbench") -> None:
        self._bench = bench
        self._store = bench.automation.scripts.store
        self._trust = bench.automation.script_trust

    async def look(self, name: str) -> dict[str, Any]:
        """What an administrator reads before trusting a script; nothing of it is run."""
        script = await self._store.read(name)
        return await self._in_thread(lambda: self._trust.look(script))

    async def trust(self, name: str, digest: str, by: str) -> dict[str, Any]:
        """Trust what was read.

        Raises:
            Conflict: ``CONTENT_CHANGED`` since it was read, or it is not native.
        """
        script = await self._store.read(name)
        await self._in_thread(lambda: self._trust.trust(script, digest, by))
        self._tell("script_trusted", by, {"script": name, "hash": digest})
        return await self.look(name)

    async def distrust(self, name: str, by: str) -> dict[str, Any]:
        """Trust it no more; runs of it are stopped."""
        await self._store.read(name)
        if await self._in_thread(lambda: self._trust.distrust(name)):
            self._tell("script_distrusted", by, {"script": name})
        scripts = self._bench.automation.scripts
        for run in scripts.active():
            if run.script.name == name and is_native(run.script.text):
                await scripts.stop_run(run.id, by)
        return await self.look(name)

    def _tell(self, action: str, by: str, detail: dict[str, Any]) -> None:
        self._bench.engine.audit.event(action, by, detail)
        self._bench.engine.event(action, detail)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with self._bench.clock.hold():
            return await asyncio.to_thread(work)
