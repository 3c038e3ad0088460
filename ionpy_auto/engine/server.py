"""The server's engine: one home, one server database, at most one open project."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto import __version__
from ionpy_auto.alarms import heartbeat
from ionpy_auto.alarms.receiver_reader import ReceiverReader
from ionpy_auto.alarms.routing.desk import RoutingDesk
from ionpy_auto.alarms.routing.silences import DatabaseSilences, Silences
from ionpy_auto.auth.acceptances import Acceptances
from ionpy_auto.auth.audit import AuditLog
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import Conflict, IonpyError, Unavailable
from ionpy_auto.core.files import Home, shipped_path, single_instance
from ionpy_auto.core.safety import PanicLatch, SafeResult
from ionpy_auto.core.samples import LiveValues
from ionpy_auto.core.settings import Settings
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.trust import TrustStore
from ionpy_auto.engine.panic_links import PanicLinks
from ionpy_auto.engine.workbench import Workbench
from ionpy_auto.projects.archive import write_archive
from ionpy_auto.projects.library import Library
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

LAG_EVERY_S = 0.25


class Engine:
    """Builds everything in order and takes it down in reverse.

    Args:
        home: The one folder that holds all that people write.
        settings: What this installation chose.
    """

    def __init__(self, home: Home, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self.clock = SystemClock()
        self.bus = Bus()
        self.values = LiveValues()
        self.latch = PanicLatch()
        self.links = PanicLinks(self)
        self.tasks = Tasks("engine", self.clock)
        self.library = Library(home.root / "projects", shipped_path("projects"), self.clock)
        self.trusted = TrustStore(home.root, self.clock)
        self.catalogue = Catalogue((home.root / "drivers",), self.trusted.is_trusted)
        self.bench: Workbench | None = None
        self.loop_lag_s = 0.0
        self.ready = False
        self._switching = asyncio.Lock()
        self._exit = ExitStack()
        self._database: Database | None = None
        self._audit: AuditLog | None = None
        self._acceptances: Acceptances | None = None
        self._routing: RoutingDesk | None = None

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the server database and remember the panic latch.

        Raises:
            StorageError: Another server uses this home, or the database cannot be opened.
        """
        self.home.create()
        self._exit.enter_context(single_instance(self.home.root / "var" / "server.lock"))
        self._database = Database(
            self.home.root / "data" / "ionpy_auto.sqlite3", self.clock, kind="server"
        )
        await self._database.start()
        self._audit = AuditLog(self._database, self.clock, self.tasks)
        self._acceptances = Acceptances(self._database, self.clock)
        await self._acceptances.load()
        self._routing = await self._open_routing(self._database)
        latch = await self._audit.load_latch()
        if latch and latch.get("pressed"):
            since = float(latch.get("since") or self.clock.now())
            self.latch.press(str(latch.get("by", "")), str(latch.get("reason", "")), since)
            log.warning("panic is still latched", by=self.latch.by)
        self.tasks.keep("loop-lag", self._watch_loop)
        self.ready = True

    async def stop(self) -> None:
        """Close the project safely, then the server database."""
        self.ready = False
        if self.bench is not None:
            await self.close_project("server stop")
        if self._routing is not None:
            await self._routing.stop()
        if self._audit is not None:
            await self._audit.settle()
            await self._store_latch()
        await self.tasks.stop()
        if self._database is not None:
            await self._database.stop()
        self._exit.close()

    async def _open_routing(self, database: Database) -> RoutingDesk:
        """Who is told of alarms, and what is silenced."""
        silences = Silences(DatabaseSilences(database), self.now, self._silence_changed)
        await silences.start()
        config, kept = self.home.folder("config"), self.home.folder("var")
        desk = RoutingDesk(config, kept, self.clock, silences, RoutingHearers(self))
        reader = ReceiverReader(Secrets(config / "secrets.json"))
        desk.know(reader.check, {heartbeat.KEY: heartbeat.read_heartbeat})
        desk.start()
        return desk

    def _silence_changed(self, what: str, by: str, silence: dict[str, Any]) -> None:
        self.audit.event(f"silence_{what}", by, silence)
        self.event("silence", {"what": what, "by": by, "silence": silence})

    async def _watch_loop(self) -> None:
        """How late the loop wakes us: the measure of everything that blocks it."""
        while True:
            before = self.clock.monotonic()
            await self.clock.sleep(LAG_EVERY_S)
            self.loop_lag_s = max(0.0, self.clock.monotonic() - before - LAG_EVERY_S)

    # -- the open project -------------------------------------------------------------------

    @property
    def audit(self) -> AuditLog:
        """The audit; there once the engine has started."""
        if self._audit is None:
            msg = "the server is starting"
            raise Unavailable(msg)
        return self._audit

    @property
    def routing(self) -> RoutingDesk:
        """Who is told of alarms; there once the engine has started."""
        if self._routing is None:
            msg = "the server is starting"
            raise Unavailable(msg)
        return self._routing

    @property
    def acceptances(self) -> Acceptances:
        """What persons accepted; there once the engine has started."""
        if self._acceptances is None:
            msg = "the server is starting"
            raise Unavailable(msg)
        return self._acceptances

    @property
    def project(self) -> Workbench:
        """The open project.

        Raises:
            Unavailable: None is open.
        """
        if self.bench is None:
            msg = "no project is open"
            raise Unavailable(msg, code="NO_PROJECT", hint="open one: POST /api/projects/{id}/open")
        return self.bench

    async def open_project(self, project_id: str) -> Workbench:
        """Open a project; the one before is closed cleanly first."""
        async with self._switching:
            project = self.library.get(project_id)
            if self.bench is not None and self.bench.project.id == project.id:
                return self.bench
            if self.bench is not None:
                await self._close("another project is opened")
            self.catalogue.project = project.folder / "drivers"
            bench = Workbench(self, project)
            self.audit.held = bench.clock
            try:
                await bench.start()
            except BaseException:
                await bench.stop("opening failed")
                self.catalogue.project = None
                self.values.clear()
                self.audit.held = self.clock
                raise
            self.bench = bench
            self.library.touch(project)
            self.audit.project = project.id
            self.routing.say_again()
            self.event("project_opened", {"id": project.id, "name": project.file.name})
            return bench

    async def close_project(self, reason: str = "closed by a person") -> None:
        """Outputs to their safe state, everything stored, links closed."""
        async with self._switching:
            if self.bench is not None:
                await self._close(reason)

    async def _close(self, reason: str) -> None:
        bench, self.bench = self.project, None
        self.links.forget()
        await bench.stop(reason)
        self.catalogue.project = None
        self.values.clear()
        self.audit.project, self.audit.held = None, self.clock
        self.event("project_closed", {"id": bench.project.id, "name": bench.project.file.name})

    async def archive_project(self, project_id: str) -> Path:
        """A project as one zip in ``var``; an open one with a sound copy of its database."""
        project, _ = self.library.find(project_id)
        folder = self.home.folder("var") / "archives"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{project.slug}.zip"
        copy: Path | None = None
        if self.bench is not None and self.bench.project.id == project.id:
            await self.bench.recorder.flush()
            copy = folder / f"{project.slug}.data.db"
            copy.unlink(missing_ok=True)
            await self.bench.database.backup(copy)
        try:
            return await asyncio.to_thread(write_archive, project, target, copy)
        finally:
            if copy is not None:
                copy.unlink(missing_ok=True)

    async def delete_project(self, project_id: str) -> None:
        """Remove a project that is not open.

        Raises:
            Conflict: It is open.
        """
        async with self._switching:
            project, _ = self.library.find(project_id)
            if self.bench is not None and self.bench.project.id == project.id:
                msg = "the project is open"
                raise Conflict(msg, code="PROJECT_OPEN", hint="close it first")
            self.library.delete(project_id)
            self.audit.event("project_deleted", "rest", {"project": project.id})

    # -- panic ------------------------------------------------------------------------------

    async def panic(self, by: str, reason: str = "") -> list[SafeResult]:
        """All outputs off at once and latched; returns what each device came to.

        Nothing here waits for a database, a rule or another device.
        """
        self.latch.press(by, reason, self.clock.now())
        self.links.press()
        self.tasks.start("panic-latch", self._store_latch())
        self.tell_latch()
        results = await self.bench.all_off() if self.bench is not None else []
        self.links.take(results)
        self.tell_latch()
        if self._audit is not None:
            came_to = [{"device": r.device, "ok": r.ok, "detail": r.detail} for r in results]
            self._audit.event("panic", by, {"reason": reason, "results": came_to})
        return results

    async def _store_latch(self) -> None:
        """The latch as it is when the writer gets to it, pressed or released meanwhile."""
        try:
            await self.audit.save_latch(self.latch.as_dict() if self.latch.pressed else None)
        except IonpyError:
            log.exception("the panic latch could not be stored")

    async def rearm(self, by: str, reason: str) -> None:
        """Release the latch; outputs stay as they are: off."""
        self.latch.rearm(by, reason)
        await self.audit.save_latch(None)
        self.audit.event("rearm", by, {"reason": reason})
        if self.bench is not None:
            self.bench.disarm("panic was released")
        await self.links.reopen()
        self.tell_latch()

    def latch_state(self) -> dict[str, Any]:
        """The latch, what each device came to, and how far the second stage is."""
        came_to = [asdict(result) for result in self.links.results or ()]
        return {**self.latch.as_dict(), "links": self.links.as_dict(), "results": came_to}

    def tell_latch(self) -> None:
        """Publish the latch to all who look."""
        self.event("panic", self.latch_state())

    # -- to be looked at --------------------------------------------------------------------

    def now(self) -> float:
        """UTC of the open project's clock, of the server's without one."""
        return (self.bench.clock if self.bench is not None else self.clock).now()

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Publish something about the server itself."""
        clock = self.bench.clock if self.bench is not None else self.clock
        self.bus.publish(Event(kind, payload, clock.now(), clock.monotonic()))

    def snapshot(self) -> dict[str, Any]:
        """What a browser starts from."""
        base: dict[str, Any] = {
            "project": None,
            "mode": {"mode": "shadow", "armed_by": ""},
            "session": None,
            "devices": [],
            "alarms": [],
            "runs": [],
            "clock": {"virtual": False, "speed": None, "now": self.clock.now()},
        }
        if self.bench is not None:
            base |= self.bench.snapshot()
        return {**base, "latch": self.latch_state()}

    def status(self) -> dict[str, Any]:
        """``GET /api/system/status``."""
        answer: dict[str, Any] = {
            "version": __version__,
            "uptime_s": self.clock.monotonic(),
            "home": str(self.home.root),
            "ready": self.ready,
            "project": None,
            "recording": False,
            "bus": self.bus.counters(),
            "latch": self.latch_state(),
            "audit_lost": self._audit.lost if self._audit else 0,
            "loop_lag_ms": round(self.loop_lag_s * 1000, 1),
            "rss_mb": resident_mb(),
        }
        if self.bench is not None:
            answer |= self.bench.status()
        return answer


class RoutingHearers:
    """What the alarm routing tells the rest (`alarms.routing.desk.Hearers`).

    Args:
        engine: The server's engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def alarm(self, text: str, *, active: bool) -> None:
        """Raise or clear it in the open project; without one the log has it."""
        bench = self._engine.bench
        if bench is not None:
            bench.automation.server_alarm("server/alarm-routing", text, active=active)

    def changed(self, what: str, by: str, detail: Mapping[str, Any]) -> None:
        """Audit and tell."""
        self._engine.audit.event(what, by, dict(detail))
        self._engine.event(what, {"by": by, **detail})


def resident_mb() -> float | None:
    """Resident memory of this process in MB, where the platform tells cheaply."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
