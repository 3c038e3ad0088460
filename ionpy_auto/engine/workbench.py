"""An open project at work: its devices, database, recorder and automation, wired up.

Order of a start: database → devices (connect, read, drive to safe what was left on) → only then
sessions, alarms, flows, rules and runs. A stop goes the other way round.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from sqlmodel import Session

from ionpy_auto import __version__
from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.interlocks import Interlocks
from ionpy_auto.connections.connection import Kit
from ionpy_auto.connections.manager import ConnectionManager
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import Clock, SystemClock, VirtualClock
from ionpy_auto.core.commands import Mode, WriteGate
from ionpy_auto.core.errors import BadInput, Conflict, NotFound
from ionpy_auto.core.files import shipped_path
from ionpy_auto.core.safety import PANIC_HEAD_START_S, SafeResult, drive_safe
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.config import (
    DeviceConfig,
    DevicesFile,
    load_devices,
    parse_device,
    save_devices,
)
from ionpy_auto.devices.guarding.client import Guard
from ionpy_auto.devices.guarding.report import in_words, take_reports
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.engine.automation import Automation
from ionpy_auto.engine.lab import WorkbenchLab
from ionpy_auto.engine.safeguard import Safeguard
from ionpy_auto.engine.site import ProjectSite
from ionpy_auto.projects.markers import Markers
from ionpy_auto.projects.models import MarkerRow
from ionpy_auto.projects.project import Project
from ionpy_auto.projects.sessions import Sessions
from ionpy_auto.projects.workspaces import Workspaces
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.export import ExportRequest, Exports
from ionpy_auto.storage.history import History
from ionpy_auto.storage.recent import Recent
from ionpy_auto.storage.recorder import Recorder
from ionpy_auto.storage.sessions import forget, last_sample

if TYPE_CHECKING:
    from ionpy_auto.engine.server import Engine

log = structlog.get_logger(__name__)

STORED_KINDS = frozenset({"numeric", "toggle", "enum", "bitmask", "text"})
FIRST_LOOK_S = 5.0
INSIST_EVERY_S, INSIST_QUICKLY_S, INSIST_SLOWLY_S = 0.5, 30.0, 5.0
ENDS_ALARMS = {"record_recovered": ("record_failed", "record_spilled"), "disk_ok": ("disk_low",)}
"""Good news of the recorder, and the alarms it ends; lost and rejected rows stay to be seen."""


class Workbench:
    """See the module's first lines.

    Args:
        engine: The server's engine: bus, latch, audit, settings.
        project: The project folder.
    """

    def __init__(self, engine: "Engine", project: Project) -> None:
        self.engine = engine
        self.project = project
        self.bus = engine.bus
        self.values = engine.values
        simulation = project.file.simulation
        self.clock: Clock = (
            SystemClock()
            if simulation is None
            else VirtualClock(engine.clock.now(), simulation.speed)
        )
        self.tasks = Tasks("project", self.clock)
        self.database = Database(
            project.database_path, self.clock, synchronous=engine.settings.synchronous
        )
        self.recent = Recent(self.bus)
        self.devices_file = DevicesFile([], [], [])
        self.devices = DeviceManager(
            self.bus,
            self.clock,
            engine.catalogue,
            project.path("device_state.json"),
            simulate=simulation is not None,
            adaptive=simulation is not None and simulation.polling == "adaptive",
        )
        self.gate = WriteGate(self.devices, engine.audit, engine.latch, self.clock)
        self.mode = self.gate.mode
        self.mode.mode = Mode.SHADOW if simulation is None else Mode.SIMULATE
        self.recorder = Recorder(self.database, self.bus, self.clock, on_alarm=self._record_alarm)
        self.history = History(self.database, self.recorder.tables)
        self.exports = Exports(self.database, self.recorder.tables, project.path("exports"))
        self.sessions = Sessions(
            project, self.database, self.recorder, self.bus, self.clock, self._session_snapshot
        )
        self.markers = Markers(self.database, self.sessions, self.bus, self.clock)
        self.workspaces = Workspaces(project, self.bus, engine.clock)
        self.site = ProjectSite(
            self.devices,
            (project.path("channels"), engine.home.root / "channels"),
            (project.path("cells"), engine.home.root / "cells", shipped_path("cells")),
        )
        self.env = LiveEnvironment(self.values, self.recent, self.clock)
        self.lab = WorkbenchLab(self)
        self.interlocks = Interlocks(
            project.path("interlocks.yaml"),
            self.site,
            self.env,
            self.bus,
            self.clock,
            self.gate.interlocks,
            Safeguard(self),
        )
        config = engine.home.root / "config"
        self.connections = ConnectionManager(
            project.path("connections.json"),
            Kit(
                self.bus,
                self.clock,
                engine.clock,
                Secrets(config / "secrets.json"),
                config,
                lambda: self.mode.mode is Mode.ARMED,
            ),
        )
        self.automation = Automation(self)
        self.guard = Guard(
            engine.home.root,
            project.id,
            self.devices,
            self._guard_alarm,
            enabled=simulation is None and engine.settings.guard == "on",
        )
        self.devices.reach = self.guard.reach
        self._leave: list[Callable[[], None]] = []

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open everything in order; an error leaves it to `stop` to take down what was opened."""
        report = await self.database.start()
        self.exports.start()
        await self.recorder.tables.start()
        await self._continue_time()
        self._leave = [
            self.bus.tap("sample/", self.values.update),
            self.bus.tap("event/device_added", self._declare),
            self.bus.tap("event/device_updated", self._declare),
            self.bus.tap("event/device_removed", self._forget),
        ]
        self.recent.start()
        await self.recorder.start()
        self.devices_file = load_devices(self.project.devices_path)
        self.devices.on_config = self._save_devices
        await self.automation.before_devices()
        await self.guard.wait_for_other()
        await self.devices.start(self.devices_file.devices)
        self.guard.start()
        for device in self.devices.stacks:
            await self._declare_columns(device)
        await self.devices.settle(FIRST_LOOK_S)
        closed = await self.sessions.recover(
            lambda number: last_sample(self.database, self.recorder.tables, number)
        )
        self.interlocks.start()
        await self.automation.start()
        await self.connections.start()
        self.workspaces.start()
        if report.problem is not None:
            self._record_alarm("database_damaged", report.problem.message)
        self._tell_what_the_guard_did()
        await self.guard.settle()
        for session in closed:
            log.warning("session was left open by a crash", session=session)

    async def stop(self, reason: str) -> None:
        """Runs to their end, outputs to safe, everything stored, links closed. Never raises."""
        log.info("project is closed", project=self.project.slug, reason=reason)
        for step in (
            self.workspaces.stop,
            self.automation.stop,
            self.connections.stop,
            self.interlocks.stop,
            self.devices.stop,
            self.guard.stop,
            self._close_session,
            self.recorder.stop,
            self.automation.after_devices,
            self.tasks.stop,
            self.database.stop,
        ):
            try:
                await step()
            except Exception:
                log.exception("closing the project: a part failed", part=repr(step))
        self.recent.stop()
        for leave in self._leave:
            leave()
        self._leave.clear()

    async def _close_session(self) -> None:
        if self.sessions.active is not None:
            self.sessions.users.clear()
            await self.sessions.stop("completed")

    async def _continue_time(self) -> None:
        """Virtual time goes on behind what is stored: times in one file only go forward."""
        if isinstance(self.clock, VirtualClock):
            ahead = await self.recorder.session_start() - self.clock.now()
            if ahead > 0:
                self.clock.step_utc(ahead + 1.0)

    # -- devices ----------------------------------------------------------------------------

    def split(self, point: str) -> tuple[str, str]:
        """Device and entity of an address; the longest device id wins.

        Raises:
            NotFound: No device has such a name.
        """
        parts = point.split(".")
        for count in range(len(parts) - 1, 0, -1):
            device = ".".join(parts[:count])
            if device in self.devices.stacks:
                return device, ".".join(parts[count:])
        msg = f"there is no point {point!r}"
        raise NotFound(msg, code="POINT_NOT_FOUND", hint="points are written device.entity")

    def _columns(self, device: str) -> list[EntityColumn]:
        slots = self.devices.stack(device).slots.values()
        return [
            EntityColumn(
                slot.entity.id,
                slot.entity.kind,  # type: ignore[arg-type]  # filtered by STORED_KINDS
                str(getattr(slot.entity, "unit", "")),
                tuple(getattr(slot.entity, "bits", ()) or ()),
            )
            for slot in slots
            if slot.entity.kind in STORED_KINDS
        ]

    async def _declare_columns(self, device: str) -> None:
        if columns := self._columns(device):
            await self.recorder.declare(device, columns)

    def _declare(self, event: Event) -> None:
        device = event.payload.get("device_id") or event.payload.get("meta", {}).get("id")
        if isinstance(device, str) and device in self.devices.stacks:
            self.tasks.start(f"declare {device}", self._declare_columns(device))

    def _forget(self, event: Event) -> None:
        device = str(event.payload.get("device_id"))
        self.values.forget(device)
        self.recent.forget(device)

    def _save_devices(self, configs: Sequence[DeviceConfig]) -> None:
        save_devices(self.project.devices_path, list(configs), self.devices_file.unread)

    def device_findings(self) -> list[dict[str, Any]]:
        """What is wrong with ``devices.json``."""
        return [finding.as_dict() for finding in self.devices_file.findings]

    async def add_device(self, content: dict[str, Any]) -> dict[str, Any]:
        """Add a device."""
        config = parse_device(content)
        if config.id in self.site.channels.paths():
            msg = f"{config.id} is the name of a channel"
            raise Conflict(msg, code="DEVICE_DUPLICATE", hint="choose another id")
        manifest = await self.devices.add(config)
        self.engine.audit.event("device_added", "rest", {"device": config.id})
        return manifest

    async def update_device(self, device: str, content: dict[str, Any]) -> dict[str, Any]:
        """Replace a device's configuration; the id stays."""
        self.require_unowned(device)
        config = parse_device({**content, "id": content.get("id", device)})
        if config.id != device:
            msg = "the id of a device never changes"
            raise BadInput(msg, hint="change the alias, or add another device")
        manifest = await self.devices.update(config)
        self.engine.audit.event("device_updated", "rest", {"device": device})
        return manifest

    async def remove_device(self, device: str) -> None:
        """Remove a device nobody owns."""
        self.require_unowned(device)
        await self.devices.remove(device)
        self.engine.audit.event("device_removed", "rest", {"device": device})

    def require_unowned(self, device: str) -> None:
        """Raises Conflict while a run holds the device."""
        owner = self.gate.leases.owner_of(device, "*")
        if owner is not None:
            msg = f"{device} is held by {owner}"
            raise Conflict(msg, code="OWNED", hint=f"stop {owner} first", args={"owner": owner})

    async def take_over(self, device: str, entity: str) -> None:
        """A person takes an output from the run that holds it: the run pauses, outputs off.

        Raises:
            Conflict: The run cannot be paused now, or does not come to rest in time.
        """
        owner = self.gate.leases.owner_of(device, entity) or ""
        if owner.startswith("run:"):
            await self.automation.pause_run(owner.removeprefix("run:"))
            self.engine.audit.event("take_over", "rest", {"device": device, "from": owner})

    # -- all off ----------------------------------------------------------------------------

    async def all_off(self) -> list[SafeResult]:
        """Every output to its safe state; runs are told to abort."""
        self.automation.abort_runs("panic")
        writers = self.devices.safe_writers()
        results = await drive_safe(writers, self.clock, PANIC_HEAD_START_S)
        self.disarm("panic")
        missed = {result.device for result in results if not result.ok}
        if missed:
            self.tasks.start("insist on off", self._insist(missed))
        return results

    async def _insist(self, missed: set[str]) -> None:
        """Tell devices that did not answer a panic again until they do, while it is latched."""
        began = self.clock.monotonic()
        while missed and self.engine.latch.pressed:
            quick = self.clock.monotonic() - began < INSIST_QUICKLY_S
            await self.clock.sleep(INSIST_EVERY_S if quick else INSIST_SLOWLY_S)
            writers = [w for w in self.devices.safe_writers() if w.device_id in missed]
            results = await drive_safe(writers, self.clock, PANIC_HEAD_START_S)
            missed -= {result.device for result in results if result.ok}
            missed &= set(self.devices.stacks)

    async def panic(self, by: str, reason: str) -> None:
        """All outputs of the server off, latched."""
        await self.engine.panic(by, reason)

    def set_mode(self, mode: str, by: str) -> dict[str, str]:
        """Shadow or armed.

        Raises:
            Conflict: The project is simulated, or panic is latched.
        """
        if self.mode.mode is Mode.SIMULATE:
            msg = "a simulated project has no hardware to arm"
            raise Conflict(msg, code="SIMULATED", hint="open a project with real devices")
        if mode == Mode.ARMED:
            self.engine.latch.check()
        elif self.automation.active_runs():
            msg = "a run is active"
            raise Conflict(msg, code="RUN_ACTIVE", hint="stop the run first")
        self.mode.mode, self.mode.armed_by = Mode(mode), by if mode == Mode.ARMED else ""
        self.engine.audit.event("mode", by, {"mode": mode})
        self.engine.event("mode", self.mode.as_dict())
        return self.mode.as_dict()

    def disarm(self, reason: str) -> None:
        """Back to shadow after a panic."""
        if self.mode.mode is Mode.ARMED:
            self.mode.mode, self.mode.armed_by = Mode.SHADOW, ""
            self.engine.audit.event("mode", reason, {"mode": Mode.SHADOW})
            self.engine.event("mode", self.mode.as_dict())

    # -- time -------------------------------------------------------------------------------

    def set_speed(self, speed: float | None) -> None:
        """Change the pace of simulated time, and remember it in the project.

        Raises:
            Conflict: The project runs on real time.
        """
        simulation = self.project.file.simulation
        if not isinstance(self.clock, VirtualClock) or simulation is None:
            msg = "the project runs on real time"
            raise Conflict(msg, code="REAL_TIME", hint="only simulated projects have a pace")
        self.clock.speed = speed
        self.project.update({"simulation": {"speed": speed}})
        self.engine.event("clock", self.clock_state())

    def clock_state(self) -> dict[str, Any]:
        """JSON form of the clock."""
        speed = self.clock.speed if isinstance(self.clock, VirtualClock) else None
        return {"virtual": self.clock.is_virtual, "speed": speed, "now": self.clock.now()}

    # -- recordings -------------------------------------------------------------------------

    def _record_alarm(self, kind: str, text: str) -> None:
        ended = ENDS_ALARMS.get(kind)
        for key in ended or (kind,):
            self.automation.server_alarm(f"server/{key}", text, active=ended is None)

    def _guard_alarm(self, what: str, text: str, active: bool) -> None:
        self.automation.server_alarm(f"server/{what}", text, active=active)

    def _tell_what_the_guard_did(self) -> None:
        """An event, an audit entry, and an alarm that is over but must be seen."""
        for report in take_reports(self.engine.home.folder("var"), self.project.id):
            self.engine.event("guard_acted", report)
            self.engine.audit.event("guard_acted", "guard", report)
            for active in (True, False):
                self._guard_alarm("guard_acted", in_words(report), active)

    def _session_snapshot(self) -> dict[str, Any]:
        devices = [
            {
                "id": stack.id,
                "driver": stack.config.driver,
                "driver_version": stack.driver.VERSION if stack.driver else "",
                "config": stack.config.as_dict(),
            }
            for stack in self.devices.stacks.values()
        ]
        return {
            "server_version": __version__,
            "devices": devices,
            "flows": self.automation.flow_revisions(),
        }

    async def delete_session(self, session_id: int) -> None:
        """Remove a session with all its samples."""

        async def forget_samples(number: int) -> None:
            await forget(self.database, self.recorder.tables, number)

        await self.sessions.delete(session_id, forget_samples)

    async def marker_time(self, marker_id: int) -> float:
        """When a marker was set."""

        def work(session: Session) -> float:
            row = session.get(MarkerRow, marker_id)
            if row is None:
                msg = f"there is no marker {marker_id}"
                raise NotFound(msg)
            return row.timestamp

        return await self.database.read(work)

    async def export(self, request: ExportRequest) -> dict[str, Any]:
        """Write an export; everything recorded so far is in it."""
        await self.recorder.flush()
        row = (await self.exports.export(request)).model_dump()
        self.engine.event("export", row)
        return row

    async def export_session(self, request: ExportRequest) -> dict[str, Any]:
        """Like `export`, of the running session when none is named."""
        if request.session_id is None and self.sessions.active is not None:
            request = replace(request, session_id=self.sessions.active["id"])
        return await self.export(request)

    # -- to be looked at --------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The project's part of what a browser starts from."""
        shown = self.project.as_dict()
        return {
            "project": {**shown, "is_open": True, "mode": self.mode.mode},
            "mode": self.mode.as_dict(),
            "session": self.sessions.active,
            "devices": self.devices.manifests(),
            "clock": self.clock_state(),
            "interlocks": [one.as_dict() for one in self.interlocks.active.values()],
            **self.automation.snapshot(),
        }

    def status(self) -> dict[str, Any]:
        """The project's part of the system status."""
        return {
            "project": {"id": self.project.id, "name": self.project.file.name},
            "mode": self.mode.as_dict(),
            "clock": self.clock_state(),
            "recording": self.sessions.active is not None,
            "recorder": self.recorder.status(),
            "gate": self.gate.counts,
            "guard": self.guard.status(),
            "database": self.database.stats(),
            "connections": self.connections.states(),
            "devices": [
                {"id": stack.id, "state": stack.state, "hint": stack.hint}
                for stack in self.devices.stacks.values()
            ],
        }
