"""The interlocks of an open project at work: looked at on every write and on every sample.

An interlock that has tripped denies writes to what it names, whoever asks, and drives devices to
their safe state, again with every sample that finds them otherwise. Unknown inputs trip. Rules,
runs and scripts cannot change interlocks; a person may shelve one for a while, with a reason.

The file is read when the project opens and when it is written here; a change on disk is shown but
not in force until it is applied. A file that cannot be read denies every write.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from ionpy_auto.automation.interlocks.reader import InterlockText, read_interlocks
from ionpy_auto.automation.names import Site
from ionpy_auto.core.bus import Bus, Event, Message
from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.core.errors import (
    BadInput,
    Finding,
    NotFound,
    Rejected,
    Severity,
    StaleRevision,
)
from ionpy_auto.core.files import revision_of, write_atomic
from ionpy_auto.core.samples import Scalar
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import UNKNOWN, ConditionState, Environment

log = structlog.get_logger(__name__)

FILE = "interlocks.yaml"
LONGEST_SHELF_S = 8 * 3600.0
TICK_S = 1.0
AGAIN_S = 0.5
"""A device that does not stay safe is driven there again, no more often than this."""


class Hands(Protocol):
    """What interlocks reach for."""

    def unsafe_devices(self, devices: Sequence[str]) -> list[str]:
        """Those of the devices that have an output which is on."""

    async def drive_safe(self, devices: Sequence[str]) -> bool:
        """Take devices to their safe state; whether all came there."""

    def alarm(self, key: str, text: str, *, active: bool) -> None:
        """Raise or clear an alarm."""

    def audit(self, kind: str, by: str, detail: Mapping[str, Any]) -> None:
        """Write down what a person or an interlock did."""


@dataclass(slots=True)
class Shelf:
    """A person has put an interlock aside.

    Attributes:
        until: Monotonic seconds.
        by: Who.
        reason: Why.
    """

    until: float
    by: str
    reason: str


@dataclass(eq=False)
class ActiveInterlock:
    """One interlock at work (`core.safety.Interlock`).

    Attributes:
        text: As written.
        env: Values now.
        clock: The project's.
    """

    text: InterlockText
    env: Environment
    clock: Clock
    state: ConditionState = field(init=False)
    tripped_at: float | None = None
    shelf: Shelf | None = None
    timer: Timer | None = None
    driving: bool = False
    driven_at: float = -1e9

    def __post_init__(self) -> None:
        self.state = ConditionState(self.text.condition)

    @property
    def id(self) -> str:
        """Named in refusals."""
        return self.text.id

    @property
    def is_shelved(self) -> bool:
        """Whether a person has put it aside."""
        return self.shelf is not None

    @property
    def word(self) -> str:
        """``ok``, ``tripped``, ``unknown`` (and therefore tripped) or ``shelved``."""
        if self.is_shelved:
            return "shelved"
        known = self.text.condition.result(self.env)
        if known not in {True, False}:
            return "unknown"
        return "tripped" if self.state.met else "ok"

    @property
    def reason(self) -> str:
        """What people read."""
        said = self.text.message or self.text.text
        return f"{said} (not known)" if self.word == "unknown" else said

    def denies(self, device: str, entity: str, value: Scalar) -> str | None:
        """The reason, or None to allow; a condition that is only about to hold denies already."""
        del value
        if self.is_shelved or not self.text.concerns(device, entity):
            return None
        if self.state.met or self.text.condition.result(self.env) is not False:
            return f"interlock {self.id}: {self.reason}"
        return None

    def update(self, *, sample: bool = True) -> bool:
        """Look again; whether it has tripped."""
        return self.state.update(self.env, self.clock.monotonic(), sample=sample)

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        shelf, now = self.shelf, self.clock.monotonic()
        return {
            "id": self.id,
            "text": self.text.text,
            "state": self.word,
            "since": None if self.tripped_at is None else self.clock.utc_at(self.tripped_at),
            "deny": list(self.text.deny),
            "safe": list(self.text.safe),
            "message": self.text.message,
            "line": self.text.line,
            "values": [
                {
                    "text": part.text,
                    "value": None if part.value is UNKNOWN else part.value,
                    "unit": part.unit,
                }
                for part in self.text.condition.explain(self.env)
            ],
            "shelved_until": self.clock.now() + shelf.until - now if shelf else None,
            "shelved_by": shelf.by if shelf else "",
            "shelved_for": shelf.reason if shelf else "",
        }


class Unreadable:
    """Stands for a file nobody can read: denies every write (`core.safety.Interlock`)."""

    id = FILE

    def __init__(self, finding: Finding) -> None:
        self._finding = finding

    def denies(self, device: str, entity: str, value: Scalar) -> str | None:
        """Always."""
        del device, entity, value
        return f"{FILE} cannot be read, so nothing is switched on: {self._finding}"


class Interlocks:
    """See the module's first lines.

    Args:
        path: The project's ``interlocks.yaml``; it need not exist.
        site: The project's devices.
        env: Values now.
        bus: Brings samples, hears ``interlock`` events.
        clock: The project's.
        gate: The gate's list of interlocks.
        hands: What they reach for.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the engine hands everything over once
        self,
        path: Path,
        site: Site,
        env: Environment,
        bus: Bus,
        clock: Clock,
        gate: list[Any],
        hands: Hands,
    ) -> None:
        self._path = path
        self._site = site
        self._env = env
        self._bus = bus
        self._clock = clock
        self._gate = gate
        self._hands = hands
        self._tasks = Tasks("interlocks", clock)
        self.source = ""
        self.findings: list[Finding] = []
        self.active: dict[str, ActiveInterlock] = {}
        self._installed: list[Any] = []
        self._by_source: dict[str, list[ActiveInterlock]] = {}
        self._leave: list[Callable[[], None]] = []
        self._writing = asyncio.Lock()
        self._present = asyncio.Event()

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Read the file and watch; a broken one denies every write until it is mended."""
        self._apply(self._on_disk())
        self._tasks.keep("tick", self._tick)

    async def _tick(self) -> None:
        """Ages and windows change without a sample, and what is not known brings none."""
        while True:
            await self._present.wait()
            await self._clock.sleep(TICK_S)
            for one in self.active.values():
                self._look(one, sample=one.word == "unknown")

    async def stop(self) -> None:
        """Watch no more; what is denied stays denied until the gate is gone."""
        self._detach()
        await self._tasks.stop()

    def _on_disk(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            log.warning("interlocks cannot be read", error=str(error))
            return f"interlocks: [unreadable: {error!r}]"

    def _apply(self, source: str) -> None:
        """Put a text in force; shelves of interlocks that keep their id and words stay."""
        texts, findings = read_interlocks(source, FILE, self._site)
        shelves = {one.text.text: one.shelf for one in self.active.values() if one.shelf}
        self._detach()
        for one in self.active.values():
            if one.tripped_at is not None:  # what stays so is told again right below
                self._release(one)
        self.source, self.findings = source, findings
        errors = [f for f in findings if f.severity is Severity.ERROR]
        self.active = {t.id: ActiveInterlock(t, self._env, self._clock) for t in texts}
        self._present.clear()
        if self.active:
            self._present.set()
        for one in self.active.values():
            one.shelf = shelves.get(one.text.text)
        self._installed = [*self.active.values(), *(Unreadable(e) for e in errors[:1])]
        self._gate.extend(self._installed)
        reason = str(errors[0]) if errors else ""
        self._hands.alarm(f"interlock/{FILE}", reason, active=bool(errors))
        self._watch()

    def _watch(self) -> None:
        for one in self.active.values():
            for point in one.text.condition.points:
                watched = self._by_source.setdefault(point.rpartition(".")[0], [])
                if one not in watched:
                    watched.append(one)
        topics = [f"sample/{source}" for source in self._by_source]
        if topics:
            self._leave.append(self._bus.tap(topics, self._on_sample))
        gone = ("event/device_removed", "event/device_added", "event/device_updated")
        self._leave.append(self._bus.tap(gone, self._on_device))
        for one in self.active.values():
            self._look(one)

    def _detach(self) -> None:
        for leave in self._leave:
            leave()
        self._leave.clear()
        self._by_source.clear()
        for one in self.active.values():
            if one.timer is not None:
                one.timer.cancel()
        for installed in self._installed:
            if installed in self._gate:
                self._gate.remove(installed)
        self._installed = []

    # -- watching ---------------------------------------------------------------------------

    def _on_sample(self, message: Message) -> None:
        if not isinstance(message, Event):
            for one in self._by_source.get(message.source, ()):
                self._look(one)

    def _on_device(self, message: Message) -> None:
        """A point that comes or goes may make a condition readable, or unknown."""
        del message
        for one in self.active.values():
            self._look(one, sample=False)

    def _look(self, one: ActiveInterlock, *, sample: bool = True) -> None:
        met = one.update(sample=sample)
        self._plan(one)
        if one.is_shelved:
            return
        if met and one.tripped_at is None:
            self._trip(one)
        elif not met and one.tripped_at is not None and not one.state.met:
            self._release(one)
        if one.tripped_at is not None:
            self._hold_safe(one)

    def _plan(self, one: ActiveInterlock) -> None:
        """Come back without a sample when ``for`` is over or a shelf ends."""
        if one.timer is not None:
            one.timer.cancel()
            one.timer = None
        due = one.state.next_deadline(self._clock.monotonic())
        if one.shelf is not None:
            due = one.shelf.until if due is None else min(due, one.shelf.until)
        if due is not None:
            one.timer = self._clock.call_at(due, lambda: self._on_time(one))

    def _on_time(self, one: ActiveInterlock) -> None:
        if one.shelf is not None and self._clock.monotonic() >= one.shelf.until:
            self._take_down(one, "time is over")
            return
        self._look(one, sample=False)

    def _trip(self, one: ActiveInterlock) -> None:
        one.tripped_at = self._clock.monotonic()
        log.warning("interlock tripped", interlock=one.id, reason=one.reason)
        self._hands.alarm(f"interlock/{one.id}", f"{one.id}: {one.reason}", active=True)
        self._hands.audit("interlock_tripped", f"interlock:{one.id}", {"reason": one.reason})
        self._tell(one)

    def _release(self, one: ActiveInterlock) -> None:
        one.tripped_at = None
        self._hands.alarm(f"interlock/{one.id}", one.id, active=False)
        self._tell(one)

    def _hold_safe(self, one: ActiveInterlock) -> None:
        """Level, not edge: while tripped, nothing it names may be on."""
        now = self._clock.monotonic()
        if one.driving or not one.text.safe or now - one.driven_at < AGAIN_S:
            return
        unsafe = self._hands.unsafe_devices(one.text.safe)
        if unsafe:
            one.driving, one.driven_at = True, now
            self._tasks.start(f"interlock {one.id}", self._drive(one, unsafe))

    async def _drive(self, one: ActiveInterlock, devices: Sequence[str]) -> None:
        try:
            ok = await self._hands.drive_safe(devices)
        finally:
            one.driving = False
        self._hands.audit(
            "interlock_safe", f"interlock:{one.id}", {"devices": list(devices), "ok": ok}
        )

    def _tell(self, one: ActiveInterlock) -> None:
        now = self._clock.monotonic()
        self._bus.publish(Event("interlock", one.as_dict(), self._clock.utc_at(now), now))

    # -- what people do ---------------------------------------------------------------------

    def shelve(self, interlock_id: str, seconds: float, by: str, reason: str) -> dict[str, Any]:
        """Put one aside for a while.

        Raises:
            NotFound: There is none of this id.
            BadInput: No reason, or longer than eight hours.
        """
        one = self._get(interlock_id)
        if not reason.strip():
            raise BadInput("say why", code="REASON_REQUIRED", hint="give a reason")
        if not 0 < seconds <= LONGEST_SHELF_S:
            raise BadInput("an interlock is shelved for at most 8 h", hint="give 1 to 480 minutes")
        one.shelf = Shelf(self._clock.monotonic() + seconds, by, reason)
        if one.tripped_at is not None:
            self._release(one)
        self._plan(one)
        self._hands.audit(
            "interlock_shelved", by, {"interlock": one.id, "seconds": seconds, "reason": reason}
        )
        self._tell(one)
        return one.as_dict()

    def unshelve(self, interlock_id: str, by: str) -> dict[str, Any]:
        """Put one in force again.

        Raises:
            NotFound: There is none of this id.
        """
        one = self._get(interlock_id)
        if one.shelf is not None:
            self._take_down(one, by)
        return one.as_dict()

    def _take_down(self, one: ActiveInterlock, by: str) -> None:
        one.shelf = None
        self._hands.audit("interlock_unshelved", by, {"interlock": one.id})
        self._look(one, sample=False)
        self._tell(one)

    def _get(self, interlock_id: str) -> ActiveInterlock:
        one = self.active.get(interlock_id)
        if one is None:
            names = ", ".join(self.active) or "none"
            raise NotFound(f"there is no interlock {interlock_id!r}", hint=f"there are: {names}")
        return one

    async def write(self, source: str, revision: str, by: str) -> dict[str, Any]:
        """Write the file and put it in force.

        Raises:
            StaleRevision: It changed on disk since ``revision``.
            Rejected: It has errors; nothing was written.
            StorageError: The disk refused; nothing has changed.
        """
        async with self._writing:
            now = revision_of(self._on_disk())
            if revision != now:
                msg = f"{FILE} has changed since"
                raise StaleRevision(msg, hint="read it again", args={"revision": now})
            _, findings = read_interlocks(source, FILE, self._site)
            errors = [f for f in findings if f.severity is Severity.ERROR]
            if errors:
                msg = f"{FILE}: {errors[0].message}"
                raise Rejected(
                    msg, code="INTERLOCKS_INVALID", hint="see the findings", findings=findings
                )
            with self._clock.hold():
                await asyncio.to_thread(write_atomic, self._path, source)
            self._apply(source)
            self._hands.audit("interlocks_changed", by, {"revision": revision_of(source)})
            return self.as_dict()

    def apply_disk(self, by: str) -> dict[str, Any]:
        """Put in force what stands on disk."""
        self._apply(self._on_disk())
        self._hands.audit("interlocks_changed", by, {"revision": revision_of(self.source)})
        return self.as_dict()

    # -- to be looked at --------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """JSON form of all."""
        on_disk = self._on_disk()
        return {
            "items": [one.as_dict() for one in self.active.values()],
            "source": on_disk,
            "revision": revision_of(on_disk),
            "in_force": on_disk == self.source,
            "findings": [finding.as_dict() for finding in self.findings],
        }
