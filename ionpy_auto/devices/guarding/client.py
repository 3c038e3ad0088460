"""The server's side: starts the guard process, keeps its copy true, and notices when it is gone."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import StorageError
from ionpy_auto.core.files import single_instance
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.guarding.link import GuardLink, start_guard
from ionpy_auto.devices.guarding.protocol import (
    BEAT_S,
    Beat,
    Configure,
    Drivers,
    FromGuard,
    On,
    Ready,
)
from ionpy_auto.devices.guarding.reach import Reach, reach_of
from ionpy_auto.devices.guarding.report import LOCK
from ionpy_auto.devices.manager import DeviceManager

log = structlog.get_logger(__name__)

OTHER_S: Final = 35.0
"""A guard of a server before may be at work this long; nobody else opens a port meanwhile."""
READY_S: Final = 10.0
HANDOVER_S: Final = 0.25
"""How long an "on" waits for the pipe to take the note; it is a fraction of a millisecond."""
FAREWELL_S: Final = 2.0
UNANSWERED: Final = 10  # beats: 5 s
UNANSWERED_AT_START: Final = 60
BACKOFF_S: Final = (0.0, 1.0, 5.0, 30.0)
STEADY_S: Final = 60.0
SIMULATED: Final = "a simulated project switches nothing real"
OFF: Final = "the guard process is switched off in the settings"

Alarm = Callable[[str, str, bool], None]


class Guard:
    """The guard process of an open project.

    Args:
        home: Root of the home.
        project: Id of the project, for the report.
        devices: What is guarded.
        alarm: Raises (True) or clears (False) an alarm by its key, with a text.
        enabled: False: nothing is started, and devices say so (also of a simulated project).
    """

    def __init__(
        self, home: Path, project: str, devices: DeviceManager, alarm: Alarm, *, enabled: bool
    ) -> None:
        self._home = home
        self._project = project
        self._devices = devices
        self._alarm = alarm
        self.enabled = enabled
        self._clock: Clock = devices.clock
        self._tasks = Tasks("guard", devices.clock)
        self._link: GuardLink | None = None
        self._needed = asyncio.Event()
        self._is_ready = asyncio.Event()
        self._told: Configure | None = None
        self._on: dict[str, tuple[str, ...]] = {}
        self._unanswered = 0
        self._is_open = False
        self._starts = 0
        self._leave: list[Callable[[], None]] = []

    # -- life

    async def wait_for_other(self) -> None:
        """Return when no guard of a server before is at work, or after a bounded wait."""
        if self._devices.builder.simulate:
            return  # it opens no port
        deadline = self._clock.monotonic() + OTHER_S
        told = False
        while self._other_works():
            if not told:
                log.warning("a guard process is switching outputs off; waiting for it")
                told = True
            if self._clock.monotonic() > deadline:
                log.error("the guard process does not end; devices are opened all the same")
                return
            await self._clock.sleep(0.1)

    def _other_works(self) -> bool:
        try:
            with single_instance(self._home / "var" / LOCK):
                return False
        except StorageError:
            return True

    def start(self) -> None:
        """Follow the devices; the process is started as soon as there is one it can serve."""
        if not self.enabled:
            return
        bus = self._devices.bus
        kinds = ("event/device_added", "event/device_updated", "event/device_removed")
        self._leave = [bus.tap(kinds, lambda _: self._devices_changed())]
        self._devices.on_outputs = self._outputs_changed
        self._configure()
        self._tasks.keep("mind", self._mind_for_ever)

    async def settle(self) -> None:
        """The project is open: from now on the loop must turn in time.

        Returns when the guard is ready, or none is needed, or after a bounded wait.
        """
        self._is_open = True
        if self._link is not None:  # at once: a loop that hangs before its next beat counts as well
            self._link.send(Beat(starting=False))
        if not self._needed.is_set():
            return
        try:
            async with self._clock.timeout(READY_S):
                await self._is_ready.wait()
        except TimeoutError:
            self._alarm("guard", "no guard process runs: it does not get ready", True)

    async def stop(self) -> None:
        """Say good-bye; the outputs have been seen to."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        self._devices.on_outputs = lambda: None
        await self._tasks.stop()
        link, self._link = self._link, None
        if link is not None:
            await asyncio.to_thread(link.farewell, FAREWELL_S)

    # -- the process

    async def _mind_for_ever(self) -> None:
        failures = 0
        while True:
            await self._needed.wait()
            began = self._clock.monotonic()
            try:
                trouble = await self._mind_one()
            except OSError as error:
                trouble = f"cannot be started: {error}"
            self._is_ready.clear()
            text = f"no guard process runs: it {trouble}; outputs would survive a server crash"
            log.error("no guard process", reason=trouble)
            self._alarm("guard", text, True)
            if self._clock.monotonic() - began > STEADY_S:
                failures = 0
            await self._clock.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1

    async def _mind_one(self) -> str:
        """Start a guard and keep it going; returns what became of it."""
        if self._link is not None:  # the one before was not seen to its end
            await asyncio.to_thread(self._link.kill)
        self._unanswered = 0
        self._starts += 1
        self._told, self._on = self._wanted(), self._outputs()
        first = (self._told, On(outputs=self._on))
        link = self._link = start_guard(self._home, first, self._heard)
        while (code := link.exit_code) is None:
            limit = UNANSWERED if self._is_ready.is_set() else UNANSWERED_AT_START
            if self._unanswered > limit:
                trouble = "does not answer"
                break
            self._unanswered += 1
            link.send(Beat(starting=not self._is_open))
            await self._clock.sleep(BEAT_S)
        else:
            trouble = f"ended with code {code}"
        self._link = None
        await asyncio.to_thread(link.kill)
        return trouble

    def _heard(self, message: FromGuard) -> None:
        self._unanswered = 0
        if not isinstance(message, Ready):
            return
        self._is_ready.set()
        self._alarm("guard", "", False)
        unserved = [
            f"{device}: {reason}"
            for device, reason in message.devices.items()
            if reason and self._is_built(device)
        ]
        text = f"the guard process cannot serve {'; '.join(unserved)}"
        self._alarm("guard_device", text, bool(unserved))

    def _is_built(self, device: str) -> bool:
        """What we cannot build either has its own alarm, and was never switched on."""
        stack = self._devices.stacks.get(device)
        return stack is not None and stack.driver is not None

    # -- its copy

    def _served(self) -> tuple[DeviceConfig, ...]:
        return tuple(c for c in self._devices.configs if c.enabled and reach_of(c).ok)

    def _wanted(self) -> Configure:
        catalogue = self._devices.builder.catalogue
        drivers = Drivers.model_validate(catalogue.copy())
        return Configure(project=self._project, devices=self._served(), drivers=drivers)

    def _devices_changed(self) -> None:
        self._configure()
        self._outputs_changed()  # a device that was removed is no longer ours

    def _configure(self) -> None:
        if self._link is not None:
            wanted = self._wanted()
            if wanted != self._told:
                self._told = wanted
                self._is_ready.clear()  # until it has loaded what is new
                self._link.send(wanted)
        elif self._served():
            self._needed.set()

    def _outputs(self) -> dict[str, tuple[str, ...]]:
        return {d: tuple(sorted(on)) for d, on in self._devices.store.all_on().items()}

    def _outputs_changed(self) -> None:
        """What is on changed: before an "on" goes to the wire the pipe holds the note of it."""
        link, before, self._on = self._link, self._on, self._outputs()
        if link is None or self._on == before:
            return
        written = link.send(On(outputs=self._on))
        is_more = any(set(on) - set(before.get(d, ())) for d, on in self._on.items())
        if is_more and not written.wait(HANDOVER_S):
            log.error("the guard process did not take the note of an output", outputs=self._on)

    # -- to be looked at

    def reach(self, config: DeviceConfig) -> Reach:
        """Whether a device's outputs go off when the server dies or hangs."""
        if self.enabled:
            return reach_of(config)
        return Reach(ok=False, reason=SIMULATED if self._devices.builder.simulate else OFF)

    def status(self) -> dict[str, Any]:
        """For the system status."""
        link = self._link
        return {
            "enabled": self.enabled,
            "needed": self._needed.is_set(),
            "ready": self._is_ready.is_set(),
            "pid": link.pid if link is not None else None,
            "starts": self._starts,
        }
