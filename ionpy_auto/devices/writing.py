"""Writing to a device: what the gate sees (`Target`), and what safety sees (`DeviceSafeWriter`)."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress

from ionpy_auto.core.errors import Conflict, DeviceError, IonpyError
from ionpy_auto.core.safety import Safe, SafeResult
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.entities import Entity
from ionpy_auto.devices.lane import Turn
from ionpy_auto.devices.links import LinkLost, NoAnswer
from ionpy_auto.devices.slots import Slot
from ionpy_auto.devices.stack import LINKED, Stack

WRITE_PATIENCE_S = 2.0
"""A write that waited longer than this for its turn is not sent: an old wish is no wish."""
READ_BACK_S = 1.0
READ_BACK_PAUSE_S = 0.05
SAFE_ATTEMPTS = 3
BREAK_IN_S = 0.1
"""A safe-state write waits this long for whoever talks, and then breaks in."""
SHARED_BREAK_IN_S = 0.5
"""The same where another output of the device is somebody else's, who may be talking."""


IN_TURN = "="
"""Before the key of a write that no newer one sends away."""


class Target:
    """One writable entity of one device (`core.commands.WriteTarget`)."""

    def __init__(self, stack: Stack, slot: Slot) -> None:
        self._stack = stack
        self._slot = slot

    @property
    def current(self) -> Scalar | None:
        """Last known value."""
        return self._slot.known

    def check(self, value: Scalar) -> Scalar:
        """The value as it would be sent; see `Entity.check`."""
        return self._slot.entity.check(value)

    @property
    def is_dangerous(self) -> bool:
        """Whether a person must confirm it."""
        return self._slot.entity.danger

    def blocked(self, value: Scalar) -> str | None:
        """Why the device takes no such write now, or None."""
        stack = self._stack
        if stack.removing:
            return f"{stack.id} is being removed"
        if stack.state not in LINKED:
            why = f": {stack.hint}" if stack.hint else ""
            return f"{stack.id} is {stack.state}{why}"
        if stack.needs_rearm and not self.is_safe(value):
            return f"{stack.id} lost its link and must be re-armed first; only off is taken"
        return None

    def is_safe(self, value: Scalar) -> bool:
        """Whether this is the declared safe state of the output."""
        entity = self._slot.entity
        safe = entity.safe
        if safe is None or safe.action != "write" or safe.value is None:
            return False
        return entity.same(safe.value, value)

    async def send(
        self, value: Scalar, admit: Callable[[], object] = bool, *, in_turn: bool = False
    ) -> tuple[Scalar | None, float]:
        """Write and read back; see `core.commands.WriteTarget.send`.

        Raises:
            DeviceError: ``READBACK_MISMATCH``, or the link failed; the state is unknown then.
            Conflict: It waited too long, or was sent away by a newer value or a safe-state write.
        """
        stack, entity = self._stack, self._slot.entity
        asked = stack.clock.monotonic()
        if self.is_safe(value):
            send_away(stack, {entity.channel})
        elif not in_turn:
            stack.lane.flush(Turn.WRITE, outdated(stack.id, entity.id), entity.id)
        key = f"{IN_TURN}{entity.id}" if in_turn else entity.id
        try:
            async with stack.lane.turn(Turn.WRITE, key):
                self._still_wanted(value, asked)
                admit()
                if self._switches_on(value):
                    await arm_watchdog(stack)
                    stack.note_on(entity.id)
                stack.counters["writes"] += 1
                return await self._write(value)
        except IonpyError as error:
            stack.counters["failed_writes"] += 1
            told = {"code": error.error_code, "message": error.message, "hint": error.hint}
            stack.remember("write_failed", {"entity": entity.id, "value": value, **told})
            raise
        except Exception as error:
            stack.counters["failed_writes"] += 1
            told = {"code": "DRIVER_FAILED", "message": f"{type(error).__name__}: {error}"}
            stack.remember("write_failed", {"entity": entity.id, "value": value, **told})
            raise DeviceError(
                f"{stack.id}.{entity.id}: the driver failed: {type(error).__name__}: {error}",
                hint="the state of the output is unknown; see the server's log",
                args={"device_id": stack.id, "stage": "write"},
            ) from error

    def _still_wanted(self, value: Scalar, asked: float) -> None:
        stack = self._stack
        if (reason := self.blocked(value)) is not None:
            raise Conflict(reason, code="DEVICE_BLOCKED", args={"device_id": stack.id})
        waited = stack.clock.monotonic() - asked
        if waited > WRITE_PATIENCE_S:
            raise Conflict(
                f"{stack.id} was busy for {waited:.1f} s; the write was not sent",
                code="WRITE_EXPIRED",
                hint="try again",
                args={"device_id": stack.id},
            )

    def _switches_on(self, value: Scalar) -> bool:
        safe = self._slot.entity.safe
        return safe is not None and safe.action == "write" and not self.is_safe(value)

    async def _write(self, value: Scalar) -> tuple[Scalar | None, float]:
        stack, entity = self._stack, self._slot.entity
        driver = linked(stack)
        await driver.write(entity.id, value)
        stack.stir()
        if not entity.is_readable:
            return None, stack.clock.monotonic()
        read = await read_back(stack, driver, entity, value)
        if read is not None and entity.persist:
            stack.store.remember(stack.id, entity.id, read)
        if read is not None and not entity.same(value, read):
            raise DeviceError(
                f"{stack.id}.{entity.id}: sent {value}, the device says {read}",
                code="READBACK_MISMATCH",
                hint="look at the device: a limit, a lock or a preset of its own may be in the way",
                args={"device_id": stack.id, "stage": "write", "sent": value, "read": read},
            )
        return read, stack.clock.monotonic()


def send_away(stack: Stack, channels: Collection[str]) -> None:
    """Drop the waiting writes to some channels of a device: an "on" must not follow the "off"."""
    for slot in stack.slots.values():
        if slot.entity.channel in channels:
            for key in (slot.entity.id, f"{IN_TURN}{slot.entity.id}"):
                stack.lane.flush(Turn.WRITE, superseded(stack.id), key)


def linked(stack: Stack) -> Driver:
    """The driver of a device that can be talked to.

    Raises:
        LinkLost: It cannot.
    """
    if stack.driver is None or not stack.can_talk:
        raise LinkLost(f"{stack.id} is {stack.state}", hint=stack.hint)
    return stack.driver


async def arm_watchdog(stack: Stack) -> None:
    """Before an output goes on: the device itself switches off when it hears nothing for a while.

    Raises:
        DeviceError: ``WATCHDOG_NOT_ARMED``: the device says something else; nothing is switched on.
    """
    entity = stack.watchdog
    if entity is None:
        return
    driver = linked(stack)
    wanted = entity.check(stack.watchdog_s)
    known = stack.slots[entity.id].known
    if isinstance(known, float) and 0.0 < known < stack.watchdog_s:
        wanted = entity.check(known)  # a tighter one that somebody chose stays
    elif known is None or not entity.same(wanted, known):
        await driver.write(entity.id, wanted)
    read = await read_back(stack, driver, entity, wanted)
    if read is None or not entity.same(wanted, read):
        raise DeviceError(
            f"{stack.id}: its watchdog is {read}, not {wanted} s; the output stays off",
            code="WATCHDOG_NOT_ARMED",
            hint="look at the device, or set watchdog_s in its configuration",
            args={"device_id": stack.id, "stage": "write", "sent": wanted, "read": read},
        )


async def read_back(stack: Stack, driver: Driver, entity: Entity, wanted: Scalar) -> Scalar | None:
    """What the device says after a write; asked again for a moment while it differs.

    The last answer is published at once, so nobody waits for the next poll.
    """
    clock = stack.clock
    deadline = clock.monotonic() + READ_BACK_S
    while True:
        began = clock.monotonic()
        raw = await driver.read_back(entity.id)
        if raw is None:
            return None
        value, quality, _ = entity.decode(raw)
        same = value is not None and quality is Quality.GOOD and entity.same(wanted, value)
        if same or clock.monotonic() >= deadline:
            stack.take_one(entity.id, raw, began)
            return value
        await clock.sleep(READ_BACK_PAUSE_S)


def superseded(device: str) -> Conflict:
    """The error for a write that waited when the output was told to be off."""
    return Conflict(
        f"{device} was switched to its safe state; the waiting write was dropped",
        code="SUPERSEDED",
        hint="write again when it is safe",
        args={"device_id": device},
    )


def outdated(device: str, entity: str) -> Conflict:
    """The error for a write that still waited when a newer one of the same output came."""
    return Conflict(
        f"a newer value for {device}.{entity} came while this one waited",
        code="SUPERSEDED",
        args={"device_id": device},
    )


def interrupted(device: str) -> NoAnswer:
    """The error for whoever was talking when an output had to go off."""
    return NoAnswer(f"{device}: its safe state was written first", hint="it goes on by itself")


class DeviceSafeWriter:
    """Drives a device to its safe state, before everything else (`core.safety.SafeWriter`).

    Args:
        stack: The device.
        outputs: Only these; None for all that have a safe state to write.
        spares_others: The other outputs are somebody else's: his waiting writes stay, and he has
            longer to finish what he says.
    """

    def __init__(
        self,
        stack: Stack,
        outputs: Collection[str] | None = None,
        *,
        spares_others: bool = False,
    ) -> None:
        self._stack = stack
        self._chosen = outputs
        self._spares_others = spares_others

    @property
    def device_id(self) -> str:
        """Id of the device."""
        return self._stack.id

    @property
    def _steps(self) -> list[tuple[Entity, Safe]]:
        chosen = self._chosen
        return [
            (e, e.safe)
            for e in self._stack.safe_entities()
            if e.safe is not None and (chosen is None or e.id in chosen)
        ]

    @property
    def safe_orders(self) -> list[tuple[int, tuple[str, ...]]]:
        """Outputs by declared order."""
        steps = self._steps
        orders = sorted({safe.order for _, safe in steps})
        return [(n, tuple(e.id for e, safe in steps if safe.order == n)) for n in orders]

    @property
    def safe_timeout_s(self) -> float:
        """Longest time the whole device may take."""
        return max(1.0, sum(safe.timeout_s for _, safe in self._steps))

    async def drive_safe(self, outputs: Sequence[str] | None = None) -> SafeResult:
        """Write and prove the safe state of all (or the named) outputs; never raises.

        All are told before the first is asked, and every one is tried, even when an earlier failed.
        """
        stack = self._stack
        steps = [(e, s) for e, s in self._steps if outputs is None or e.id in outputs]
        if not steps:
            return SafeResult(stack.id, ok=True, proven=True, detail="nothing to switch")
        if not stack.can_talk:
            return SafeResult(
                stack.id, ok=False, proven=False, detail=f"{stack.state}: {stack.hint}"
            )
        if self._spares_others:
            send_away(stack, {entity.channel for entity, _ in steps})
        else:
            stack.lane.flush(Turn.WRITE, superseded(stack.id))
        stack.stir()
        results: list[tuple[str, Scalar | None]] = []
        failures: list[str] = []
        proven = True
        async with self._turn():
            told = await self._tell_all(steps)
            for entity, safe in steps:
                read, failure = await self._drive_one(entity, safe, is_told=entity.id in told)
                results.append((entity.id, read))
                proven = proven and read is not None and not failure
                if failure:
                    failures.append(f"{entity.id}: {failure}")
        return SafeResult(
            stack.id,
            ok=not failures,
            proven=proven,
            detail="; ".join(failures),
            outputs=tuple(results),
        )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """The right to talk, taken from whoever does not hand it over in time."""
        stack = self._stack
        patience = SHARED_BREAK_IN_S if self._spares_others else BREAK_IN_S
        due = stack.clock.monotonic() + patience
        impatient = stack.clock.call_at(due, lambda: stack.lane.break_in(interrupted(stack.id)))
        try:
            async with stack.lane.turn(Turn.SAFE):
                impatient.cancel()
                yield
        finally:
            impatient.cancel()

    async def _tell_all(self, steps: Sequence[tuple[Entity, Safe]]) -> set[str]:
        """Write every safe value once, without waiting for a proof; returns which went out."""
        told = set()
        for entity, safe in steps:
            with suppress(Exception):  # each is tried again, and what fails then is reported
                await linked(self._stack).write(entity.id, entity.check(safe.value))
                told.add(entity.id)
        return told

    async def _drive_one(
        self, entity: Entity, safe: Safe, *, is_told: bool
    ) -> tuple[Scalar | None, str]:
        """Write until it is proven, a few times; returns what was read and what failed."""
        stack = self._stack
        proof = entity
        if safe.verify and safe.verify in stack.slots:
            proof = stack.slots[safe.verify].entity
        failure = ""
        read: Scalar | None = None
        for _ in range(SAFE_ATTEMPTS):
            try:
                driver = linked(stack)
                wanted = entity.check(safe.value)
                if not is_told:
                    await driver.write(entity.id, wanted)
                is_told = False
                read = await read_back(stack, driver, proof, wanted)
            except LinkLost as error:
                stack.link_open = False
                return read, error.message
            except Exception as error:  # noqa: BLE001 - tried again, then reported
                failure = str(error)
                continue
            if read is None or proof.same(wanted, read):
                return read, ""
            failure = f"the device says {read}"
        return read, failure
