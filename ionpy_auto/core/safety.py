"""Panic latch, safe states and interlocks: what makes outputs go off and stay off.

Every driver declares for each writable output what its safe state is (`Safe`). `drive_safe` takes
many devices there at once, in declared order, each under its own timeout, so that one hung device
never delays the others. The panic latch refuses every other write until a person re-arms.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict
from ionpy_auto.core.samples import Scalar

log = structlog.get_logger(__name__)

DEFAULT_TIMEOUT_S = 2.0
PANIC_HEAD_START_S = 0.15
"""In an emergency the next order waits this long for the one before, and no longer."""


@dataclass(frozen=True, slots=True)
class Safe:
    """The safe state of one writable output; a driver declares it, there is no default.

    Attributes:
        action: ``write`` the value; ``hold`` what is (a fan, a contactor); ``none``: has no
            influence on energy (a setpoint behind an output switch).
        value: What to write.
        order: Low numbers first; within a project a source goes off before a sink.
        verify: Entity that proves it by read-back; the written one by default.
        timeout_s: How long the write and its proof may take.
    """

    action: Literal["write", "hold", "none"]
    value: Scalar | None = None
    order: int = 50
    verify: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class SafeResult:
    """What came of driving one device to its safe state."""

    device: str
    ok: bool
    proven: bool
    detail: str = ""
    outputs: tuple[tuple[str, Scalar | None], ...] = ()

    def joined(self, other: "SafeResult") -> "SafeResult":
        """This and another result of the same device as one."""
        return SafeResult(
            self.device,
            ok=self.ok and other.ok,
            proven=self.proven and other.proven,
            detail="; ".join(text for text in (self.detail, other.detail) if text),
            outputs=self.outputs + other.outputs,
        )


class SafeWriter(Protocol):
    """A device that can be driven to its safe state."""

    @property
    def device_id(self) -> str:
        """Id of the device."""

    @property
    def safe_orders(self) -> Sequence[tuple[int, tuple[str, ...]]]:
        """Its outputs by declared order, each order once."""

    @property
    def safe_timeout_s(self) -> float:
        """Longest time the whole device may take."""

    async def drive_safe(self, outputs: Sequence[str] | None = None) -> SafeResult:
        """Write and prove the safe state of all (or the named) outputs; must not raise."""


class Interlock(Protocol):
    """A condition that can deny a write; evaluated at every write, whoever asks."""

    @property
    def id(self) -> str:
        """Named in the refusal."""

    def denies(self, device: str, entity: str, value: Scalar) -> str | None:
        """The reason in one sentence, or None to allow. Unknown inputs must deny."""


async def drive_safe(
    writers: Sequence[SafeWriter], clock: Clock, head_start_s: float = math.inf
) -> list[SafeResult]:
    """Take devices to their safe state: same order together, lower orders first.

    Never raises; a device that failed or did not answer in time is in the results with
    ``ok=False``. A cancelled caller (a browser that went away) stops nothing: all orders, also
    those not yet begun, are carried out behind its back.

    Args:
        writers: The devices.
        clock: Bounds how long each may take.
        head_start_s: The next order begins when the one before is done, or this much later, so
            that in an emergency one hung supply does not keep the loads on.
    """
    work = asyncio.get_running_loop().create_task(_drive_all(list(writers), clock, head_start_s))
    _under_way.add(work)
    work.add_done_callback(_under_way.discard)
    return await asyncio.shield(work)


_under_way: set[asyncio.Task[Any]] = set()
"""The loop keeps only weak references to tasks; these must not be lost half-way."""


async def _drive_all(
    writers: Sequence[SafeWriter], clock: Clock, head_start_s: float
) -> list[SafeResult]:
    steps: dict[int, list[tuple[SafeWriter, Sequence[str] | None]]] = {}
    for writer in writers:
        for order, outputs in _orders_of(writer):
            steps.setdefault(order, []).append((writer, outputs))
    begun: list[asyncio.Task[SafeResult]] = []
    for order in sorted(steps):
        group = [_start(_drive_one(writer, outputs, clock)) for writer, outputs in steps[order]]
        begun += group
        with suppress(TimeoutError):
            async with clock.timeout(head_start_s):
                await asyncio.wait(group)
    results = _by_device(await asyncio.gather(*begun))
    for result in results:
        if not result.ok:
            log.error("safe state not reached", device=result.device, detail=result.detail)
    return results


def _start(work: Coroutine[Any, Any, SafeResult]) -> asyncio.Task[SafeResult]:
    task = asyncio.get_running_loop().create_task(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return task


def _by_device(results: Sequence[SafeResult]) -> list[SafeResult]:
    """One result per device, though its outputs may have gone in several orders."""
    merged: dict[str, SafeResult] = {}
    for result in results:
        known = merged.get(result.device)
        merged[result.device] = result if known is None else known.joined(result)
    return list(merged.values())


def _orders_of(writer: SafeWriter) -> Sequence[tuple[int, Sequence[str] | None]]:
    try:
        return writer.safe_orders
    except Exception:  # a device that cannot even say that goes first, whole
        log.exception("no safe order", device=writer.device_id)
        return [(0, None)]


def _patience(writer: SafeWriter) -> float:
    """The device's own timeout; one that is no positive number must not hang or skip anything."""
    try:
        seconds = writer.safe_timeout_s
    except Exception:
        log.exception("no safe timeout", device=writer.device_id)
        return DEFAULT_TIMEOUT_S
    return seconds if 0 < seconds < math.inf else DEFAULT_TIMEOUT_S


async def _drive_one(writer: SafeWriter, outputs: Sequence[str] | None, clock: Clock) -> SafeResult:
    """Wait for one device no longer than its timeout, even if it ignores being cancelled."""
    work = _start(_call_safe(writer, outputs))
    with suppress(TimeoutError):
        async with clock.timeout(_patience(writer)):
            await asyncio.wait([work])
    if not work.done():
        work.cancel()
        return SafeResult(writer.device_id, ok=False, proven=False, detail="no answer in time")
    if work.cancelled():
        return SafeResult(writer.device_id, ok=False, proven=False, detail="cancelled")
    return work.result()


async def _call_safe(writer: SafeWriter, outputs: Sequence[str] | None) -> SafeResult:
    try:
        return await writer.drive_safe(outputs)
    except Exception as error:  # one broken device must not keep the others on
        log.exception("safe state failed", device=writer.device_id)
        detail = str(error) or type(error).__name__
        return SafeResult(writer.device_id, ok=False, proven=False, detail=detail)


class LatchStore(Protocol):
    """Where the panic latch survives a restart."""

    async def load_latch(self) -> dict[str, Any] | None:
        """What `save_latch` got last, or None."""

    async def save_latch(self, state: dict[str, Any] | None) -> None:
        """Keep the state; None when released."""


@dataclass(slots=True)
class PanicLatch:
    """Pressed: every write but safe-state ones is refused until a person re-arms with a reason."""

    pressed: bool = False
    since: float = 0.0
    by: str = ""
    reason: str = ""
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def press(self, by: str, reason: str, now: float) -> None:
        """Latch. Pressing again changes nothing but tells the listeners again.

        Every listener is told, whatever another one raises.
        """
        if not self.pressed:
            self.pressed, self.since, self.by, self.reason = True, now, by, reason
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            try:
                listener()
            except Exception:
                log.exception("latch listener failed", listener=repr(listener))

    def rearm(self, by: str, reason: str) -> None:
        """Release the latch; nothing is switched on by it.

        Raises:
            Conflict: No reason given.
        """
        if not reason.strip():
            msg = "re-arming needs a reason"
            raise Conflict(msg, code="REASON_REQUIRED", hint="say why it is safe again")
        log.warning("panic latch released", by=by, reason=reason)
        self.pressed, self.since, self.by, self.reason = False, 0.0, "", ""
        self._tell()

    def as_dict(self) -> dict[str, Any]:
        """JSON form for REST, WebSocket and the store."""
        return {
            "pressed": self.pressed,
            "since": self.since or None,
            "by": self.by,
            "reason": self.reason,
        }

    def check(self) -> None:
        """Raises Conflict while pressed."""
        if self.pressed:
            msg = f"all outputs are off: panic was pressed by {self.by}"
            raise Conflict(
                msg,
                code="PANIC_LATCHED",
                hint="an administrator re-arms with a reason first",
                args={"by": self.by, "since": self.since},
            )
