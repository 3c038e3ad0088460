"""All devices of the open project: added, removed, changed and switched while everything runs.

Implements what the write gate (`core.commands.Targets`) and safety (`core.safety.SafeWriter`) ask
of devices. One device that cannot be built, or is not there, never stops the others.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.commands import Leases
from ionpy_auto.core.errors import Conflict, IonpyError, NotFound, Rejected
from ionpy_auto.core.safety import SafeWriter, drive_safe
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.bench import Benches
from ionpy_auto.devices.build import Builder
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.guarding.reach import NO_GUARD, Reach
from ionpy_auto.devices.pacing import Pacing
from ionpy_auto.devices.stack import LINKED, DeviceState, Stack
from ionpy_auto.devices.state import StateStore
from ionpy_auto.devices.writing import DeviceSafeWriter, Target

log = structlog.get_logger(__name__)

SAVE_EVERY_S = 30.0
NOT_STARTED = "not connected; auto_start is off"
DISCONNECTED = "disconnected by a person"


class DeviceManager:
    """See the module's first lines.

    Args:
        bus: Where snapshots and events go.
        clock: The project's clock.
        catalogue: Where drivers are found.
        state_path: ``device_state.json``; None keeps nothing over a restart.
        simulate: Every stack is its driver's simulator; no port is opened.
        adaptive: Simulated devices may be asked less often while nothing moves; has no effect
            unless ``simulate`` is set and the clock is virtual.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        catalogue: Catalogue,
        state_path: Path | None = None,
        *,
        simulate: bool = False,
        adaptive: bool = False,
    ) -> None:
        self.bus = bus
        self.clock = clock
        paced = adaptive and simulate and clock.is_virtual
        self.pacing = Pacing(clock) if paced else None
        self.builder = Builder(catalogue, clock, simulate=simulate)
        self.store = StateStore(None if simulate else state_path)
        self.stacks: dict[str, Stack] = {}
        self.on_config: Callable[[list[DeviceConfig]], None] | None = None
        """Called with all configurations after `add`, `remove` and `update`, to write them."""
        self.reach: Callable[[DeviceConfig], Reach] = lambda _: Reach(ok=False, reason=NO_GUARD)
        """Whether a device's outputs go off when the server dies or hangs."""
        self.on_outputs: Callable[[], None] = lambda: None
        """Called when the set of outputs we left on changed; before the wire when one goes on."""
        self._tasks = Tasks("devices", clock)

    @property
    def benches(self) -> Benches:
        """Virtual circuits of this project."""
        return self.builder.benches

    @property
    def configs(self) -> list[DeviceConfig]:
        """Configurations in order."""
        return [stack.config for stack in self.stacks.values()]

    # --- life ---------------------------------------------------------------------------------

    async def start(self, configs: Sequence[DeviceConfig]) -> None:
        """Load all devices and begin to connect; returns before they are online."""
        self.store.load()
        for config in configs:
            if config.id in self.stacks:
                log.error("device id stands twice", device=config.id)
                continue
            self._load(config)
        self._tasks.keep("save", self._save_for_ever)

    async def settle(self, patience_s: float) -> None:
        """Return when every starting device was reached and looked at once, or ``patience_s`` on.

        Until then nobody may act on what is not known yet.
        """
        done = asyncio.Event()

        def look(_: object = None) -> None:
            if not any(stack.is_starting for stack in self.stacks.values()):
                done.set()

        leave = self.bus.tap("event/device_state", look)
        look()
        try:
            async with self.clock.timeout(patience_s):
                await done.wait()
        except TimeoutError:
            log.info("some devices are still being looked for")
        finally:
            leave()

    async def _save_for_ever(self) -> None:
        while True:
            await self.clock.sleep(SAVE_EVERY_S)
            self._save()

    def _save(self) -> None:
        try:
            self.store.save()
        except IonpyError as error:
            log.error("device state not saved", error=error.message)  # noqa: TRY400

    async def stop(self) -> None:
        """Outputs we switched on to their safe state, links closed, settings saved."""
        await self._tasks.stop()
        await drive_safe(self._left_on(self.stacks.values()), self.clock)
        await asyncio.gather(*(s.stop("the project is closed") for s in self.stacks.values()))
        self._save()
        self.stacks.clear()

    def _left_on(self, stacks: Iterable[Stack]) -> list[SafeWriter]:
        """Writers for what we switched on and have not seen off."""
        return [
            DeviceSafeWriter(stack, on)
            for stack in stacks
            if (on := self.store.switched_on(stack.id))
        ]

    def _new_stack(self, config: DeviceConfig) -> Stack:
        stack = Stack(
            config,
            lambda: self.builder.build(stack.config),
            self.bus,
            self.clock,
            self.store,
            self.pacing,
        )
        stack.make_safe = DeviceSafeWriter(stack).drive_safe
        stack.on_entities = lambda: self._tell_updated(stack)
        stack.on_lost = lambda: self._lost(stack)
        stack.on_outputs = self._outputs_changed
        return stack

    def _outputs_changed(self) -> None:
        self.on_outputs()

    def _lost(self, stack: Stack) -> None:
        """The other devices of its group go to their safe state with it."""
        group = stack.config.safe_group
        if group:
            others = [s for s in self.stacks.values() if s.config.safe_group == group]
            self._tasks.start(f"safe group {group}", self._group_safe(stack, others))

    async def _group_safe(self, lost: Stack, group: Sequence[Stack]) -> None:
        writers = self._left_on(s for s in group if s is not lost)
        if writers:
            results = await drive_safe(writers, self.clock)
            for result in results:
                self.stack(result.device).event(
                    "device_unsafe",
                    {
                        "outputs": [key for key, _ in result.outputs],
                        "action": "group_safe",
                        "ok": result.ok,
                        "detail": f"{lost.id} was lost",
                    },
                )

    def _load(self, config: DeviceConfig) -> Stack:
        """Make a device's stack; one that cannot be built is listed with its error."""
        stack = self._new_stack(config)
        self.stacks[config.id] = stack
        if not config.enabled:
            return stack
        try:
            stack.load()
        except IonpyError as error:
            self._refuse(stack, error)
            return stack
        if config.auto_start:
            stack.start()
        else:
            stack.set_state(DeviceState.OFFLINE, NOT_STARTED)
        return stack

    @staticmethod
    def _refuse(stack: Stack, error: IonpyError) -> None:
        untrusted = error.error_code == "DRIVER_UNTRUSTED"
        state = DeviceState.OFFLINE if untrusted else DeviceState.ERROR
        stack.set_state(state, f"{error.message} ({error.hint})" if error.hint else error.message)
        payload = {
            "stage": error.arguments.get("stage", "driver"),
            "code": error.error_code,
            "message": error.message,
            "hint": error.hint,
        }
        stack.event("device_error", payload)

    # --- change ---------------------------------------------------------------------------------

    async def add(self, config: DeviceConfig) -> dict[str, Any]:
        """Add a device while everything runs; absent hardware is no error (state offline).

        Raises:
            Conflict: ``DEVICE_DUPLICATE``.
            IonpyError: ``SPAWN_<STAGE>``: it cannot be built; nothing is left of it.
        """
        if config.id in self.stacks:
            raise Conflict(
                f"there is a device {config.id!r} already",
                code="DEVICE_DUPLICATE",
                hint="choose another id",
                args={"device_id": config.id},
            )
        stack = self._new_stack(config)
        if config.enabled:
            stack.load()
        self.stacks[config.id] = stack
        self._changed()
        if config.enabled:  # what is about to happen is what people see in the answer
            begins = DeviceState.CONNECTING if config.auto_start else DeviceState.OFFLINE
            stack.state, stack.hint = begins, "" if config.auto_start else NOT_STARTED
        manifest = self.manifest(config.id)
        stack.event("device_added", {"meta": manifest, "state": self.values(config.id)})
        if config.enabled and config.auto_start:
            stack.start()
        return manifest

    async def remove(self, device: str) -> None:
        """Guard, safe state, stop polling, disconnect, unregister, forget, tell.

        Raises:
            NotFound: Unknown device.
        """
        stack = self.stack(device)
        stack.removing = True
        try:
            await self._leave_safe(stack)
            await stack.stop("removed")
        finally:
            # Whatever failed above, the device must not stay half removed.
            left_on = sorted(self.store.switched_on(device))
            self.stacks.pop(device, None)
            self.store.forget(device)
            self.benches.leave(device)
            self._save()
            self._changed()
            if left_on:
                log.error("device removed without proof that it is off", device=device, on=left_on)
            stack.event("device_removed", {"left_on": left_on})

    async def _leave_safe(self, stack: Stack) -> None:
        if stack.state in LINKED:
            await drive_safe(self._left_on([stack]), self.clock)

    async def update(self, config: DeviceConfig) -> dict[str, Any]:
        """Change a device; it is connected anew only when the way to it changed.

        Raises:
            NotFound: Unknown device.
            IonpyError: ``SPAWN_<STAGE>``: the new configuration cannot be built; the old one runs.
        """
        stack = self.stack(config.id)
        if stack.driver is not None and _same_way(stack.config, config):
            stack.config = config
        else:
            if config.enabled:
                self.builder.build(config)  # refuse before the old one is touched
            await self._leave_safe(stack)
            await stack.stop("changed")
            self._replace(config)
        self._changed()
        self._tell_updated(self.stacks[config.id])
        return self.manifest(config.id)

    async def reload_drivers(self, drivers: Collection[str]) -> None:
        """Make the devices of these drivers anew, whose files were trusted, distrusted or changed.

        Left alone: what is online with a driver that may run, and what a person disconnected.

        Args:
            drivers: Names and aliases in lower case.
        """
        for stack in tuple(self.stacks.values()):
            config = stack.config
            if config.driver.lower() not in drivers or not config.enabled:
                continue
            if (stack.state in LINKED or stack.is_at_rest) and self._may_run(config):
                continue
            await self._leave_safe(stack)
            await stack.stop("its driver changed")
            self._replace(config)
            self.stacks[config.id].needs_rearm = stack.needs_rearm
            self._tell_updated(self.stacks[config.id])

    def _may_run(self, config: DeviceConfig) -> bool:
        try:
            self.builder.catalogue.get(config.driver)
        except IonpyError:
            return False
        return True

    def _replace(self, config: DeviceConfig) -> None:
        """Load anew in the same place of the order."""
        order = list(self.stacks)
        self._load(config)
        self.stacks = {key: self.stacks[key] for key in order}

    async def set_enabled(self, device: str, *, enabled: bool) -> dict[str, Any]:
        """Load or unload a device.

        Raises:
            NotFound: Unknown device.
        """
        stack = self.stack(device)
        return await self.update(stack.config.model_copy(update={"enabled": enabled}))

    async def connect(self, device: str) -> dict[str, Any]:
        """Connect a loaded device.

        Raises:
            NotFound: Unknown device.
            Conflict: It is disabled or cannot be built.
        """
        stack = self.stack(device)
        if stack.driver is None:
            raise Conflict(
                f"{device} is {stack.state}",
                code="DEVICE_NOT_LOADED",
                hint=stack.hint or "enable it first",
                args={"device_id": device},
            )
        stack.start()
        return self.manifest(device)

    async def disconnect(self, device: str) -> dict[str, Any]:
        """Outputs we switched on to their safe state, then let go of the link.

        Raises:
            NotFound: Unknown device.
        """
        stack = self.stack(device)
        await self._leave_safe(stack)
        await stack.stop(DISCONNECTED)
        return self.manifest(device)

    def rearm(self, device: str) -> dict[str, Any]:
        """A person confirms that a device whose link was lost may be written again.

        Raises:
            NotFound: Unknown device.
            Conflict: It is not linked now.
        """
        stack = self.stack(device)
        if stack.state not in LINKED:
            raise Conflict(
                f"{device} is {stack.state}",
                code="DEVICE_BLOCKED",
                hint="wait until it is online again",
                args={"device_id": device},
            )
        stack.needs_rearm = False
        stack.set_state(stack.state, "")
        stack.event("device_rearmed", {})
        return self.manifest(device)

    def _changed(self) -> None:
        if self.on_config is not None:
            self.on_config(self.configs)

    def _tell_updated(self, stack: Stack) -> None:
        stack.event("device_updated", {"meta": self.manifest(stack.id)})

    # --- for the gate and safety ------------------------------------------------------------------

    def stack(self, device: str) -> Stack:
        """The running device.

        Raises:
            NotFound: ``DEVICE_NOT_FOUND``.
        """
        stack = self.stacks.get(device)
        if stack is None:
            raise NotFound(
                f"there is no device {device!r}",
                code="DEVICE_NOT_FOUND",
                hint=f"devices: {', '.join(self.stacks) or 'none'}",
                args={"device_id": device},
            )
        return stack

    def write_target(self, device: str, entity: str) -> Target:
        """What a command writes to (`core.commands.Targets`).

        Raises:
            NotFound: Unknown device or entity.
            Rejected: The entity is read-only.
        """
        stack = self.stack(device)
        slot = stack.slots.get(entity)
        if slot is None:
            raise NotFound(
                f"{device} has no entity {entity!r}",
                code="ENTITY_NOT_FOUND",
                hint=f"entities: {', '.join(stack.slots) or 'none, the device is not loaded'}",
                args={"device_id": device, "entity": entity},
            )
        if not slot.entity.is_writable:
            raise Rejected(
                f"{device}.{entity} is read-only",
                code="READ_ONLY",
                hint="choose a setting of the device",
                args={"device_id": device, "entity": entity},
            )
        return Target(stack, slot)

    def safe_writers(self) -> list[SafeWriter]:
        """Every device with an output that has a safe state to write."""
        return [DeviceSafeWriter(s) for s in self.stacks.values() if s.safe_entities()]

    def safe_writers_for(
        self, owner: str, devices: Collection[str], leases: Leases
    ) -> list[SafeWriter]:
        """Writers for what an owner has to make safe: the devices but for others' outputs.

        An output of the device that nobody holds goes off with the owner's own.
        """
        found: list[SafeWriter] = []
        for stack in self.stacks.values():
            if stack.id not in devices:
                continue
            outputs = [entity.id for entity in stack.safe_entities()]
            own = [e for e in outputs if leases.owner_of(stack.id, e) in {None, owner}]
            if len(own) == len(outputs) and outputs:
                found.append(DeviceSafeWriter(stack))
            elif own:
                found.append(DeviceSafeWriter(stack, own, spares_others=True))
        return found

    # --- to be looked at

    def values(self, device: str) -> list[dict[str, Any]]:
        """Latest samples of a device in the form of the ``device_added`` event."""
        return [
            {
                "sensor": key,
                "value": slot.last.value,
                "unit": slot.last.unit,
                "quality": slot.last.quality.value,
                "timestamp": slot.last.timestamp,
                "alarm_state": slot.last.alarm.value,
                "reason": slot.last.reason,
            }
            for key, slot in self.stack(device).slots.items()
            if slot.last is not None
        ]

    def manifest(self, device: str) -> dict[str, Any]:
        """Everything a page needs to draw a device (JSON types)."""
        stack = self.stack(device)
        config, driver = stack.config, stack.driver
        return {
            "id": config.id,
            "driver": driver.NAME if driver else config.driver,
            "driver_version": driver.VERSION if driver else "",
            "category": driver.CATEGORY if driver else "other",
            "icon": config.icon if config.icon != "developer-board" or not driver else driver.ICON,
            "alias": config.shown,
            "color": config.color,
            "location": config.location,
            "description": config.description,
            "enabled": config.enabled,
            "auto_start": config.auto_start,
            "state": stack.state.value,
            "state_hint": stack.hint,
            "hint": stack.hint,
            "needs_rearm": stack.needs_rearm,
            "retry_at": stack.retry_at,
            "note": stack.note,
            "transport": config.transport.flat(),
            "framing": config.framing.flat() if config.framing else None,
            "params": dict(config.params),
            "guarded": asdict(self.reach(config)),
            "polling_interval_ms": config.polling_interval_ms,
            "entities": [slot.entity.describe() for slot in stack.slots.values()],
            "protection": driver.describe()["protection"] if driver else None,
            "on_comm_loss": config.on_comm_loss,
            "safe_group": config.safe_group,
            "watchdog_s": stack.watchdog_s if stack.watchdog is not None else None,
            "watchdog_wish_s": config.watchdog_s,
            "logging": config.logging.model_dump(),
            "values": {v.pop("sensor"): v for v in self.values(device)},
            "counters": dict(stack.counters),
        }

    def manifests(self) -> list[dict[str, Any]]:
        """All manifests in order."""
        return [self.manifest(device) for device in self.stacks]


def _same_way(old: DeviceConfig, new: DeviceConfig) -> bool:
    """Whether a change concerns only what people see, or the polling interval."""
    cosmetic = ("alias", "color", "icon", "description", "location", "polling_interval_ms")
    policy = ("logging", "auto_start", "safe_group", "watchdog_s")
    same = {name: getattr(old, name) for name in (*cosmetic, *policy)}
    return new.model_copy(update=same) == old
