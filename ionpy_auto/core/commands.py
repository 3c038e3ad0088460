"""The one write gate: every wish to change an output passes here, whoever has it.

role → panic latch → mode → ownership → type and finiteness → limits → interlocks → confirmation →
audit intent → wire → read-back → audit result. It rejects and never clamps; the refusal names who
or what is in the way. Lower priority is refused, never queued. Only safe-state writes go round it:
they must work when everything else is broken (see `core.safety`).
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.confirmations import Confirmations
from ionpy_auto.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    IonpyError,
    Rejected,
    StorageError,
)
from ionpy_auto.core.safety import Interlock, PanicLatch
from ionpy_auto.core.samples import Scalar

log = structlog.get_logger(__name__)

AUDIT_PATIENCE_S = 1.0
"""A write whose audit intent is not durable by then is refused."""


class Priority(IntEnum):
    """Who goes before whom; low goes first."""

    PANIC = 0
    INTERLOCK = 1
    LIMIT = 2
    OPERATOR = 3  # a person who has taken over from a run
    SEQUENCE = 4
    PERSON = 5  # a person at the browser or REST, without a take-over
    RULE = 6
    SCRIPT = 7


class Mode(StrEnum):
    """What a project may do to hardware (ENG-24)."""

    SIMULATE = "simulate"  # every stack is its simulator; no port is opened
    SHADOW = "shadow"  # reads only; a write is checked, audited and not sent
    ARMED = "armed"


class Role(StrEnum):
    """What a caller may do, in rising order."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMIN = "admin"


ROLE_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks.

    Attributes:
        kind: Decides the priority.
        id: ``run:<id>``, ``rule:<flow>/<id>``, ``user:<name>``, ``rest``, ``script:<name>``.
        role: The caller's role; rules, runs and scripts carry their author's.
        cause: What led here, oldest first.
    """

    kind: Priority
    id: str
    role: Role = Role.OPERATOR
    cause: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A wish to write one entity.

    Attributes:
        device: Id of the device.
        entity: Id of the entity.
        value: In the entity's unit.
        origin: Who asks.
        confirm: The token by which a person confirms a dangerous write.
    """

    device: str
    entity: str
    value: Scalar
    origin: Origin
    confirm: str = ""


class OutcomeKind(StrEnum):
    """What became of a command that was not refused."""

    DONE = "done"  # sent and read back equal
    UNCONFIRMED = "unconfirmed"  # sent; the device has no way to read it back
    SHADOWED = "shadowed"  # all checks passed, not sent: the project is in shadow


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write came to.

    Attributes:
        kind: See `OutcomeKind`.
        requested: What was asked for.
        sent: What went out, quantised to the device's resolution.
        read_back: What the device says now; None when it cannot say.
        confirmed_mono: Monotonic time of the proof: the switching time for integration.
    """

    kind: OutcomeKind
    requested: Scalar
    sent: Scalar
    read_back: Scalar | None
    confirmed_mono: float


class WriteTarget(Protocol):
    """One writable entity of one device, as the gate sees it."""

    def blocked(self, value: Scalar) -> str | None:
        """Why it takes no such write now (offline, must be re-armed), or None."""

    def check(self, value: Scalar) -> Scalar:
        """The value as it would be sent.

        Raises:
            BadInput: Wrong type.
            Rejected: Outside the range or not on the list.
        """

    @property
    def current(self) -> Scalar | None:
        """Last known value, for the audit."""

    @property
    def is_dangerous(self) -> bool:
        """Whether a person must confirm it."""

    def is_safe(self, value: Scalar) -> bool:
        """Whether this is its safe state, which no interlock denies and nobody must confirm."""

    async def send(
        self, value: Scalar, admit: Callable[[], object], *, in_turn: bool = False
    ) -> tuple[Scalar | None, float]:
        """Write and read back: ``(read_back, monotonic time of the proof)``.

        Args:
            value: What to send.
            admit: Called right before the wire; raises when something has come in between while
                the write waited for its turn.
            in_turn: Everything is sent in its turn; otherwise a newer value sends an older one
                that still waits away.

        Raises:
            DeviceError: The link failed, or the device says something else than was sent.
            Conflict: ``SUPERSEDED`` while it waited, or ``WRITE_EXPIRED``.
        """


class Targets(Protocol):
    """Finds what a command wants to write."""

    def write_target(self, device: str, entity: str) -> WriteTarget:
        """The target.

        Raises:
            NotFound: Unknown device or entity.
            Rejected: The entity is read-only.
        """


class Auditor(Protocol):
    """Durable record of what was intended and what came of it."""

    async def intent(self, command: Command, old: Scalar | None, sent: Scalar) -> int:
        """Returns once durable, with a number for `result`."""

    async def result(self, intent: int, outcome: str, read_back: Scalar | None) -> None:
        """What came of it."""

    def refused(self, command: Command, reason: str) -> None:
        """A refusal; written when there is time."""


class Guard(Protocol):
    """A further layer of limits, for example those of a running sequence or a channel."""

    def check(self, command: Command, value: Scalar) -> None:
        """Raises Rejected or Conflict to refuse."""


@dataclass(slots=True)
class Lease:
    """A run holds outputs; nobody of equal or lower standing may write them."""

    owner: str
    points: frozenset[str]


class Leases:
    """Who owns which output (``device.entity``, or ``device.*`` for a whole device)."""

    def __init__(self) -> None:
        self._by_point: dict[str, str] = {}

    def acquire(self, owner: str, points: Iterable[str]) -> Lease:
        """Take all points or none.

        Raises:
            Conflict: One is taken; names the owner.
        """
        wanted = frozenset(points)
        for point in sorted(wanted):
            holder = self._other_holder(owner, *_split(point))
            if holder is not None:
                msg = f"{point} is held by {holder}"
                raise Conflict(
                    msg,
                    code="OWNED",
                    hint=f"stop {holder} or wait for its end",
                    args={"owner": holder, "point": point},
                )
        for point in wanted:
            self._by_point[point] = owner
        return Lease(owner, wanted)

    def _other_holder(self, owner: str, device: str, entity: str) -> str | None:
        """Anyone else who holds this output, or one of the device when all are wanted."""
        for point, holder in self._by_point.items():
            its_device, its_entity = _split(point)
            overlaps = "*" in {entity, its_entity} or entity == its_entity
            if holder != owner and its_device == device and overlaps:
                return holder
        return None

    def release(self, owner: str) -> None:
        """Give back all that ``owner`` holds."""
        self._by_point = {p: o for p, o in self._by_point.items() if o != owner}

    def owner_of(self, device: str, entity: str) -> str | None:
        """Who holds this output, if anyone."""
        if entity == "*":
            return next((o for p, o in self._by_point.items() if _split(p)[0] == device), None)
        exact = self._by_point.get(f"{device}.{entity}")
        return exact if exact is not None else self._by_point.get(f"{device}.*")

    def held_by(self, owner: str) -> list[str]:
        """Points an owner holds."""
        return sorted(p for p, o in self._by_point.items() if o == owner)


def _split(point: str) -> tuple[str, str]:
    """Device and entity; ids of devices in older files may hold dots, entities never do."""
    device, _, entity = point.rpartition(".")
    if not device:
        msg = f"{point!r} is no output"
        raise BadInput(msg, hint="write device.entity, or device.* for all of a device")
    return device, entity


@dataclass(slots=True)
class ModeSwitch:
    """The project's mode and who armed it; bound to this process, never persisted."""

    mode: Mode = Mode.SHADOW
    armed_by: str = ""

    def as_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"mode": self.mode.value, "armed_by": self.armed_by}


class WriteGate:
    """See the module's first lines.

    Args:
        targets: Finds devices and entities.
        auditor: Durable record.
        latch: The panic latch.
        clock: Times the audit.
    """

    def __init__(self, targets: Targets, auditor: Auditor, latch: PanicLatch, clock: Clock) -> None:
        self._targets = targets
        self._auditor = auditor
        self._clock = clock
        self.latch = latch
        self.leases = Leases()
        self.mode = ModeSwitch()
        self.interlocks: list[Interlock] = []
        self.guards: list[Guard] = []
        self.confirmations = Confirmations(clock)
        self.counts = {"done": 0, "refused": 0, "failed": 0, "shadowed": 0, "unrecorded": 0}
        latch.listeners.append(self._disarm)

    def _disarm(self) -> None:
        """Panic ends arming: after the latch is released the project is in shadow (ENG-24)."""
        if self.latch.pressed and self.mode.mode is Mode.ARMED:
            self.mode.mode, self.mode.armed_by = Mode.SHADOW, ""

    async def write(self, command: Command) -> Outcome:
        """Carry out a command or refuse it.

        Raises:
            Forbidden: The role does not allow it.
            Conflict: Panic latch, owner, interlock or an offline device, named; a dangerous write
                that a person has not confirmed; or a check that broke down, which counts as a
                refusal.
            BadInput: Wrong type, ``true`` for a number.
            Rejected: NaN or infinity, outside a range or a limit, read-only.
            NotFound: Unknown device or entity.
            DeviceError: The wire or the read-back failed; the state is unknown.
            StorageError: The intent could not be recorded in time; nothing was sent. A result
                that could not be recorded raises nothing: the write has happened.
        """
        try:
            target, value = self._admit(command)
            self._require_confirmation(command, target, value)
        except IonpyError as error:
            self.counts["refused"] += 1
            self._note_refusal(command, error.message)
            raise
        return await self._carry_out(command, target.current, value)

    def _note_refusal(self, command: Command, reason: str) -> None:
        try:
            self._auditor.refused(command, reason)
        except Exception:  # the refusal stands, written down or not
            self.counts["unrecorded"] += 1
            log.exception("refusal not recorded", device=command.device, entity=command.entity)

    def _admit(self, command: Command) -> tuple[WriteTarget, Scalar]:
        """Ask every check; one that breaks down has not allowed anything."""
        try:
            return self._check(command)
        except IonpyError:
            raise
        except Exception as error:
            log.exception("check failed", device=command.device, entity=command.entity)
            msg = f"a check of {command.device}.{command.entity} broke down: {error!r}"
            raise Conflict(
                msg, code="CHECK_FAILED", hint="see the log; nothing was sent"
            ) from error

    def _check(self, command: Command) -> tuple[WriteTarget, Scalar]:
        origin = command.origin
        if ROLE_RANK[origin.role] < ROLE_RANK[Role.OPERATOR]:
            msg = f"role {origin.role} may not write"
            raise Forbidden(msg, hint="ask for the role operator")
        self.latch.check()
        target = self._targets.write_target(command.device, command.entity)
        self._check_owner(command)
        require_finite(command.value)
        value = target.check(command.value)
        require_finite(value)
        for guard in self.guards:
            guard.check(command, value)
        if not target.is_safe(value):
            self._check_interlocks(command.device, command.entity, value)
        if (reason := target.blocked(value)) is not None:
            raise Conflict(
                reason,
                code="DEVICE_BLOCKED",
                hint="see the device's page",
                args={"device_id": command.device},
            )
        return target, value

    def _require_confirmation(self, command: Command, target: WriteTarget, value: Scalar) -> None:
        """What people switch on by hand is confirmed; runs and rules were, when they were armed."""
        origin = command.origin
        by_hand = origin.kind in {Priority.PERSON, Priority.OPERATOR}
        if self.mode.mode is not Mode.ARMED or not by_hand:
            return
        if target.is_dangerous and not target.is_safe(value):
            point = f"{command.device}.{command.entity}"
            known = "unknown" if target.current is None else target.current
            question = f"set {point} from {known} to {value}?"
            if value is True:
                question = f"switch {point} on?"
            subject = (command.device, command.entity, value, origin.id, origin.kind)
            self.confirmations.require(subject, command.confirm, question)

    def _check_owner(self, command: Command) -> None:
        origin = command.origin
        owner = self.leases.owner_of(command.device, command.entity)
        if owner is None or owner == origin.id or origin.kind <= Priority.OPERATOR:
            return
        msg = f"{command.device}.{command.entity} is held by {owner}"
        raise Conflict(
            msg,
            code="OWNED",
            hint=f"stop {owner}, or take over as an operator",
            args={"owner": owner, "point": f"{command.device}.{command.entity}"},
        )

    def _check_interlocks(self, device: str, entity: str, value: Scalar) -> None:
        for interlock in self.interlocks:
            if (reason := interlock.denies(device, entity, value)) is not None:
                raise Conflict(
                    reason,
                    code="INTERLOCK",
                    hint=f"interlock {interlock.id} must allow it first",
                    args={"interlock": interlock.id},
                )

    async def _carry_out(self, command: Command, old: Scalar | None, value: Scalar) -> Outcome:
        intent = await self._record_intent(command, old, value)
        try:
            target = self._admit_again(command, value)
        except IonpyError as error:
            self.counts["refused"] += 1
            await self._record_result(intent, f"refused: {error.message}", None)
            raise
        if self.mode.mode is Mode.SHADOW:
            self.counts["shadowed"] += 1
            await self._record_result(intent, OutcomeKind.SHADOWED, None)
            return Outcome(
                OutcomeKind.SHADOWED, command.value, value, None, self._clock.monotonic()
            )
        read_back, mono = await self._send(intent, command, target, value)
        kind = OutcomeKind.UNCONFIRMED if read_back is None else OutcomeKind.DONE
        self.counts["done"] += 1
        await self._record_result(intent, kind, read_back)
        return Outcome(kind, command.value, value, read_back, mono)

    def _admit_again(self, command: Command, value: Scalar) -> WriteTarget:
        """Panic, an interlock, a new owner or a new device may have come during the record."""
        target, now = self._admit(command)
        if type(now) is not type(value) or now != value:
            msg = f"{command.device}.{command.entity} changed its range while this was recorded"
            raise Conflict(msg, code="CHANGED", hint="try again", args={"was": value, "is": now})
        return target

    async def _send(
        self, intent: int, command: Command, target: WriteTarget, value: Scalar
    ) -> tuple[Scalar | None, float]:
        def admit() -> None:
            self._admit_again(command, value)
            if self.mode.mode is Mode.SHADOW:
                msg = "the project went to shadow while the write waited"
                raise Conflict(msg, code="NOT_ARMED", hint="an engineer arms the project first")

        in_turn = command.origin.kind is Priority.SEQUENCE
        try:
            return await target.send(value, admit, in_turn=in_turn)
        except (Exception, asyncio.CancelledError) as error:  # no intent without a result
            self.counts["failed"] += 1
            reason = error.message if isinstance(error, IonpyError) else repr(error)
            await self._record_result(intent, f"failed: {reason}", None)
            raise

    async def _record_intent(self, command: Command, old: Scalar | None, value: Scalar) -> int:
        try:
            async with self._clock.timeout(AUDIT_PATIENCE_S):
                return await self._auditor.intent(command, old, value)
        except TimeoutError:
            msg = "the audit record was not durable in time; nothing was sent"
            self.counts["refused"] += 1
            raise StorageError(
                msg, code="AUDIT_TIMEOUT", hint="check the disk of the server database"
            ) from None
        except Exception:
            self.counts["refused"] += 1
            raise

    async def _record_result(self, intent: int, outcome: str, read_back: Scalar | None) -> None:
        """Must not raise: what happened has happened, and the caller has to learn it."""
        try:
            async with self._clock.timeout(AUDIT_PATIENCE_S):
                await self._auditor.result(intent, outcome, read_back)
        except Exception:
            self.counts["unrecorded"] += 1
            log.exception("audit result not recorded", intent=intent, outcome=outcome)

    async def write_all(self, commands: Sequence[Command]) -> list[Outcome]:
        """Write one after the other; stops at the first refusal."""
        return [await self.write(command) for command in commands]


def require_finite(value: object) -> None:
    """Refuse NaN and infinity, which no instrument can be set to, and what is no scalar at all.

    Raises:
        BadInput: Not a number, a bool or a text.
        Rejected: The value is not finite.
    """
    if not isinstance(value, float | int | str):
        msg = f"{type(value).__name__} is no value to write"
        raise BadInput(msg, code="WRONG_TYPE", hint="give a number, true, false or a text")
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{value} is not a finite number"
        raise Rejected(msg, code="NOT_FINITE", hint="give a finite number")
