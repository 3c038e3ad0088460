"""One running device: connects, polls on a fixed grid, publishes, and is driven to its safe state.

States: ``disabled`` (not loaded) · ``connecting`` · ``online`` · ``degraded`` (a poll failed, or
values are stale) · ``offline`` (no link; retried, unless a person disconnected it) · ``error``
(cannot be built; a person must act). Each device has a task of its own, so a dead one costs the
others nothing.

After a link was lost no output is written but "off" until a person re-arms the device. Outputs this
installation had switched on are told to go off as soon as their values are stale, again and again,
also over a link opened anew (`_rescue`).
"""

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any
from zlib import crc32

import structlog

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.core.errors import DeviceError, IonpyError
from ionpy_auto.core.safety import SafeResult
from ionpy_auto.core.samples import Quality, Sample, Snapshot
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.entities import Entity, Numeric
from ionpy_auto.devices.lane import Interruptible, Lane, Turn
from ionpy_auto.devices.links import LinkLost, NoAnswer, SpawnError, note_of
from ionpy_auto.devices.pacing import DRIVEN_S, Pacing, Place
from ionpy_auto.devices.roles import Role
from ionpy_auto.devices.slots import Slot
from ionpy_auto.devices.state import StateStore

log = structlog.get_logger(__name__)

BACKOFF_MIN_S = 2.0
BACKOFF_MAX_S = 60.0
BACKOFF_FACTOR = 1.5
BACKOFF_JITTER = 0.2
CONNECT_TIMEOUT_S = 15.0
DISCONNECT_TIMEOUT_S = 3.0
RESCUE_S = 30.0
"""So long an output of a device that went silent is told to go off."""
RESCUE_EVERY_S = 0.5
REOPEN_S = 3.0
BLIND_ATTEMPTS = 2
"""Unanswered attempts on one link before it is opened anew."""
WATCHDOG_POLLS = 10
WATCHDOG_MIN_S = 5.0
SLOWEST_POLL_S = 5.0
JOURNAL = 200
"""So many of the last events of a device are kept in memory."""
MISSED_POLLS = 3
"""So many polls without an answer, and the values are stale and the link is opened anew."""
HUNG_S = 10.0
"""A poll that takes longer than this (and ten intervals) is broken off."""

_ABSENT = object()


class DeviceState(StrEnum):
    """How a device is doing."""

    DISABLED = "disabled"
    CONNECTING = "connecting"
    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    ERROR = "error"


LINKED = (DeviceState.ONLINE, DeviceState.DEGRADED)
CHECKING = "checking outputs"


class Stack:
    """See the module's first lines.

    Args:
        config: What the project says about the device.
        build: Makes a fresh driver with its link.
        bus: Where snapshots and events go.
        clock: The project's clock.
        store: What is remembered over a restart.
        pacing: Of simulated devices in virtual time that may be asked less often; None asks at
            every place of the grid.
    """

    def __init__(
        self,
        config: DeviceConfig,
        build: Callable[[], Driver],
        bus: Bus,
        clock: Clock,
        store: StateStore,
        pacing: Pacing | None = None,
    ) -> None:
        self.config = config
        self.bus = bus
        self.clock = clock
        self.store = store
        self.lane = Lane()
        self.state = DeviceState.DISABLED
        self.hint = ""
        self.needs_rearm = False
        self.removing = False
        self.driver: Driver | None = None
        self.slots: dict[str, Slot] = {}
        self.counters = {
            "polls": 0,
            "failed_polls": 0,
            "skipped_polls": 0,
            "connects": 0,
            "writes": 0,
            "failed_writes": 0,
            "unknown_values": 0,
        }
        self.journal: deque[dict[str, Any]] = deque(maxlen=JOURNAL)
        self.link_open = False
        self.note = ""
        self.retry_at: float | None = None
        self.make_safe: Callable[[Sequence[str]], Awaitable[SafeResult]] | None = None
        self.on_entities: Callable[[], None] = lambda: None
        self.on_lost: Callable[[], None] = lambda: None
        self.on_outputs: Callable[[], None] = lambda: None
        self._build = build
        self._pacing = pacing
        self._watchdog: Numeric | None = None
        self._place: Place | None = None
        self._task: asyncio.Task[None] | None = None
        self._watch: Timer | None = None
        self._last_ok = 0.0
        self._poll_began: float | None = None
        self._poll_took = 0.0
        self._hurries: dict[object, tuple[float, bool]] = {}
        self._serving = Interruptible()
        self._rescuing = False
        self._stale = False
        self._was_linked = False
        self._last_error = ""
        self._told: list[dict[str, Any]] = []

    # --- life ---------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Id of the device."""
        return self.config.id

    @property
    def interval_s(self) -> float:
        """Seconds between polls that everybody may rely on: what counts as silence follows it."""
        firm = [seconds for seconds, is_firm in self._hurries.values() if is_firm]
        return min([self.config.polling_interval_ms / 1000.0, *firm])

    @property
    def grid_s(self) -> float:
        """Seconds between polls now: `interval_s`, or less while somebody is in a hurry."""
        return min([self.interval_s, *(seconds for seconds, _ in self._hurries.values())])

    @property
    def poll_took_s(self) -> float:
        """How long the last poll took."""
        return self._poll_took

    def hurry(self, seconds: float, *, firm: bool = False) -> Callable[[], None]:
        """Poll at least so often, beginning with the next poll; returns the way back.

        A device that is slower is asked as fast as it answers.

        Args:
            seconds: Between polls.
            firm: The device is known to be that fast: what counts as silence follows.
        """
        key = object()
        self._hurries[key] = (seconds, firm)
        self.stir()

        def leave() -> None:
            self._hurries.pop(key, None)

        return leave

    @property
    def promised_s(self) -> float:
        """Longest distance between two polls that counts as on time: what silence is judged by."""
        return self.interval_s if self._place is None else self._place.promised_s

    @property
    def is_running(self) -> bool:
        """True while the device's task lives."""
        return self._task is not None and not self._task.done()

    @property
    def is_at_rest(self) -> bool:
        """Whether it could run and was asked not to: disconnected, closed, or not started."""
        return self.driver is not None and not self.is_running

    @property
    def is_starting(self) -> bool:
        """Whether it is not known yet what the device does."""
        return self.state is DeviceState.CONNECTING or self.hint == CHECKING

    @property
    def can_talk(self) -> bool:
        """Whether a safe-state write may try its luck."""
        return self.state in LINKED or (self._rescuing and self.link_open)

    @property
    def watchdog(self) -> Numeric | None:
        """The device's own watchdog, if it has one."""
        return self._watchdog

    @property
    def watchdog_s(self) -> float:
        """How long the device may hear nothing of us before it switches off by itself."""
        if self.config.watchdog_s is not None:
            return self.config.watchdog_s
        longest = self.interval_s if self._pacing is None else max(self.interval_s, DRIVEN_S)
        return max(WATCHDOG_MIN_S, WATCHDOG_POLLS * longest)

    def load(self) -> None:
        """Build the driver once, so that the entities are known before anything is connected.

        Raises:
            IonpyError: ``SPAWN_<STAGE>``; ``HOLD_NEEDS_WATCHDOG``.
        """
        self._take(self._build())
        if self.config.on_comm_loss == "hold" and self.watchdog is None:
            raise SpawnError(
                f"{self.id} has no watchdog of its own, so its outputs cannot be held",
                code="HOLD_NEEDS_WATCHDOG",
                hint="set on_comm_loss to safe",
                args={"stage": "params", "field": "on_comm_loss"},
            )
        self._told = [slot.entity.describe() for slot in self.slots.values()]
        remembered = self.store.remembered(self.id)
        now = self.clock.monotonic()
        samples = []
        for key, slot in self.slots.items():
            if slot.entity.persist and key in remembered:
                value, quality, _ = slot.entity.decode(remembered[key])
                if value is not None and quality is Quality.GOOD:
                    samples.append(slot.remembered(value, self.clock.utc_at(now), now))
        if samples:
            self._publish(samples, now, 0.0)

    def _take(self, driver: Driver) -> None:
        self.driver = driver
        self.reslot()

    def reslot(self) -> None:
        """Follow the driver's entities, keeping what was last known of them."""
        if self.driver is None:
            return
        self.driver.entities_changed = False
        old = self.slots
        self.slots = {key: Slot(self.id, entity) for key, entity in self.driver.entities.items()}
        for key, slot in self.slots.items():
            if key in old:
                slot.last = old[key].last
        entities = (slot.entity for slot in self.slots.values())
        found = next((e for e in entities if e.role is Role.WATCHDOG), None)
        self._watchdog = found if isinstance(found, Numeric) else None

    def start(self) -> None:
        """Connect and poll in the background."""
        if not self.is_running and self.driver is not None:
            self.set_state(DeviceState.CONNECTING)
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._run(), name=f"device/{self.id}")

    async def stop(self, hint: str = "disconnected") -> None:
        """Stop polling and let go of the link; the outputs are not touched."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._close()
        if self.state in {*LINKED, DeviceState.CONNECTING, DeviceState.OFFLINE}:
            self._go_stale(hint)
            self.set_state(DeviceState.OFFLINE, hint)

    async def _run(self) -> None:
        delay = BACKOFF_MIN_S
        while True:
            try:
                await self._open()
                delay = BACKOFF_MIN_S
                await self._serve()
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, it is tried again
                self._report(error, "poll" if self.state in LINKED else "connect")
                await self._lose(error)
            if self.store.switched_on(self.id):
                delay = BACKOFF_MIN_S  # what we left on is looked for without a longer pause
            # Jitter keeps many devices behind one dead switch from knocking at the same moment.
            jitter = 1.0 + random.uniform(-BACKOFF_JITTER, BACKOFF_JITTER)  # noqa: S311
            self.retry_at = self.clock.now() + delay * jitter
            self._tell_state()
            await self.clock.sleep(delay * jitter)
            self.retry_at = None
            delay = min(BACKOFF_MAX_S, delay * BACKOFF_FACTOR)
            self.set_state(DeviceState.CONNECTING, self.hint)

    async def _open(self) -> None:
        """Link, greeting, first reading; outputs we left on are driven to their safe state."""
        try:
            async with self.clock.timeout(CONNECT_TIMEOUT_S):
                await self._greet()
                self.counters["connects"] += 1
                self._was_linked = True
                if self.store.switched_on(self.id):
                    # Linked from here on: if reading fails now, "off" is sent blindly.
                    self.set_state(DeviceState.DEGRADED, CHECKING)
                await self.poll_once()
                await self._check_outputs()
        except TimeoutError:
            raise NoAnswer("no connection in time", hint="check cable, power and address") from None
        self._stale = False
        self.set_state(DeviceState.ONLINE, "re-arm before writing" if self.needs_rearm else "")
        self._tell_entities()

    async def _greet(self) -> None:
        """Open the link and let the driver identify the device; a lost one is built anew."""
        driver = self._build() if self._was_linked or self.driver is None else self.driver
        self._take(driver)
        async with self.lane.turn(Turn.WRITE):
            await driver.link.open()
            self.link_open = True
            self._take_note(driver)
            await driver.connect()
        self.reslot()

    def _take_note(self, driver: Driver) -> None:
        """What the link did on its own, for example that it found the adapter at another port."""
        note = note_of(driver.link)
        if note and note != self.note:
            self.event("device_note", {"message": note})
        self.note = note

    def _tell_entities(self) -> None:
        """Connecting may teach a driver its ranges: pages hear of it."""
        told = [slot.entity.describe() for slot in self.slots.values()]
        if told != self._told:
            self._told = told
            self.on_entities()

    async def _check_outputs(self) -> None:
        """After connecting: what this installation left on goes off; what others left on is told.

        Never switches off what somebody else operates by hand: opening a project must not end
        another's test.
        """
        on = [e.id for e in self.safe_entities() if self.is_unsafe(e)]
        ours = sorted(self.store.switched_on(self.id))
        if ours and self._holds and self.counters["connects"] > 1:
            self.event("device_unsafe", {"outputs": ours, "action": "held", "ok": True})
        elif ours and self.make_safe is not None:
            result = await self.make_safe(ours)
            self.needs_rearm = self.needs_rearm or not result.ok
            self._tell_driven(ours, ok=result.ok, detail=result.detail)
        others = [key for key in on if key not in ours]
        if others:
            self.event("device_unsafe", {"outputs": others, "action": "left", "ok": False})

    def _tell_driven(self, outputs: Sequence[str], *, ok: bool, detail: str) -> None:
        content = {"outputs": list(outputs), "action": "driven_safe", "ok": ok, "detail": detail}
        self.event("device_unsafe", content)

    @property
    def _holds(self) -> bool:
        """Whether a lost link leaves the outputs as they are; a restart of ours never does."""
        return self.config.on_comm_loss == "hold"

    def safe_entities(self) -> list[Entity]:
        """Outputs whose safe state is written, lowest order first."""
        entities = [
            s.entity
            for s in self.slots.values()
            if s.entity.safe is not None and s.entity.safe.action == "write"
        ]
        return sorted(entities, key=lambda e: e.safe.order if e.safe else 0)

    def is_unsafe(self, entity: Entity) -> bool:
        """True when the output is known not to be in its safe state."""
        slot = self.slots.get(entity.id)
        if slot is None or slot.known is None or entity.safe is None or entity.safe.value is None:
            return False
        return not entity.same(entity.safe.value, slot.known)

    async def _serve(self) -> None:
        """Poll on a fixed grid until the link is lost."""
        self._watch_over()
        async with self._serving:
            await self._poll_on_grid()

    async def _poll_on_grid(self) -> None:
        interval = self.grid_s
        begin, count, missed = self.clock.monotonic() - self._phase * interval, 0, 0
        while True:
            if interval != self.grid_s:  # changed while running: a new grid
                interval, begin, count = self.grid_s, self.clock.monotonic(), 0
            now = self.clock.monotonic()
            passed = int((now - begin) / interval)
            if passed > count:  # late: the missed places on the grid are left out, not caught up
                self.counters["skipped_polls"] += passed - count
                count = passed
            count += 1
            if self._pacing is None or not all(firm for _, firm in self._hurries.values()):
                await self.clock.sleep(begin + count * interval - now)
            else:
                await self._paced(self._pacing, interval)
                begin, count = self.clock.monotonic(), 0
            try:
                await self.poll_once()
            except LinkLost:
                raise
            except Exception as error:
                missed += 1
                self._report(error, "poll")
                self.set_state(DeviceState.DEGRADED, _sentence(error))
                if missed >= MISSED_POLLS:
                    raise
            else:
                missed = 0

    async def _paced(self, pacing: Pacing, interval: float) -> None:
        """Wait for the next place of the common grid that counts."""
        place = self._place
        if place is None or place.interval_s != interval:
            place = self._place = Place(interval, narrowed=self._watch_anew)
        place.silence_s = self._longest_silence()
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        leave = pacing.wait(place, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            leave()

    def _longest_silence(self) -> float:
        """A watchdog of the device that somebody has set tighter must still hear us in time."""
        watchdog = self.watchdog
        known = self.slots[watchdog.id].known if watchdog is not None else None
        return known / 3.0 if isinstance(known, float) and known > 0.0 else math.inf

    def stir(self) -> None:
        """Something was written: what is measured may change from now on."""
        if self._pacing is not None:
            self._pacing.stir()

    def _watch_anew(self) -> None:
        """The next poll comes earlier than promised: so does the moment at which silence counts."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = self.clock.call_at(self._last_ok + self._patience(), self._look)

    async def poll_once(self) -> None:
        """One question to the device, one snapshot on the bus.

        Raises:
            DeviceError: No answer, or the link is gone.
        """
        driver, clock = self.driver, self.clock
        if driver is None:
            raise LinkLost("no driver")
        async with self.lane.turn(Turn.POLL):
            began = self._poll_began = clock.monotonic()
            try:
                values = await driver.poll()
            except BaseException:
                self.counters["failed_polls"] += 1
                raise
            finally:
                self._poll_began = None
            ended = clock.monotonic()
        self.counters["polls"] += 1
        if driver.entities_changed:
            self.reslot()
            self._tell_entities()
        self._take_values(values, began, ended)
        self._last_ok, self._poll_took = ended, ended - began
        if self.state is DeviceState.DEGRADED and self._watch is not None:
            self._stale = False
            self._last_error = ""
            self.set_state(DeviceState.ONLINE, "re-arm before writing" if self.needs_rearm else "")

    def _take_values(self, values: Mapping[str, object], began: float, ended: float) -> None:
        mono = (began + ended) * 0.5
        timestamp = self.clock.utc_at(mono)
        samples: list[Sample] = []
        get = values.get
        for key, slot in self.slots.items():
            raw = get(key, _ABSENT)
            if raw is not _ABSENT:
                sample = slot.sample(raw, timestamp, mono)
                samples.append(sample)
                if slot.unipolar and sample.value == 0.0 and self._output_is_on(slot, values):
                    samples[-1] = slot.doubtful("zero of a source that cannot show less")
        if len(samples) != len(values):
            self.counters["unknown_values"] += len(values) - len(samples)
        self._note_outputs(samples)
        self._publish(samples, mono, (ended - began) * 0.5)

    def _output_is_on(self, slot: Slot, values: Mapping[str, object]) -> bool:
        if self.driver is None:
            return False
        output = self.driver.by_role(Role.OUTPUT, slot.entity.channel)
        return output is not None and bool(values.get(output.id))

    def _note_outputs(self, samples: Sequence[Sample]) -> None:
        """An output that reads back safe is no longer one we left on."""
        on = self.store.switched_on(self.id)
        if not on:
            return
        seen = {s.point for s in samples}
        for key in on:
            slot = self.slots.get(key)
            fresh = slot is not None and slot.point in seen and slot.known is not None
            if fresh and slot is not None and not self.is_unsafe(slot.entity):
                self.store.note_off(self.id, key)
                self.on_outputs()

    def note_on(self, key: str) -> None:
        """An output is about to be switched on: known to all who watch over it before the wire is.

        Raises:
            StorageError: It could not be written down; the output must not be switched on then.
        """
        self.store.note_on(self.id, key)
        self.on_outputs()

    def take_one(self, key: str, raw: object, began: float) -> Sample | None:
        """Publish one value read back after a write."""
        slot = self.slots.get(key)
        if slot is None:
            return None
        ended = self.clock.monotonic()
        mono = (began + ended) * 0.5
        sample = slot.sample(raw, self.clock.utc_at(mono), mono)
        self._note_outputs((sample,))
        self._publish((sample,), mono, (ended - began) * 0.5)
        return sample

    def _publish(self, samples: Sequence[Sample], mono: float, half_width: float) -> None:
        self.bus.publish(
            Snapshot(self.id, self.clock.utc_at(mono), mono, half_width, tuple(samples))
        )

    # --- when things go wrong -------------------------------------------------------------------

    def _watch_over(self) -> None:
        """See to it that silence is noticed even when the driver hangs."""
        if self._watch is None:
            self._last_ok = self.clock.monotonic()
            self._watch = self.clock.call_at(self._last_ok + self._patience(), self._look)

    @property
    def _phase(self) -> float:
        """Where between two polls of the others ours lies, so that many do not wake at once.

        In virtual time nobody is in another's way, and one moment is cheaper than many.
        """
        return 0.0 if self.clock.is_virtual else crc32(self.id.encode()) / 2**32

    def _patience(self) -> float:
        # An instrument that needs longer than its interval is slow, not silent.
        period = max(self.promised_s, min(self._poll_took, SLOWEST_POLL_S))
        return (MISSED_POLLS + 0.5) * period

    def _look(self) -> None:
        now = self.clock.monotonic()
        due = self._last_ok + self._patience()
        if now < due - 1e-9:
            self._watch = self.clock.call_at(due, self._look)
            return
        self._go_stale("no answer for three polls")
        if self.state is DeviceState.ONLINE:
            self.set_state(DeviceState.DEGRADED, "no answer")
        began = self._poll_began
        if self._left_on():
            self._serving.interrupt(NoAnswer("no answer for three polls", hint="see its power"))
        elif began is not None and now - began > max(HUNG_S, 10.0 * self.interval_s):
            hangs = LinkLost("the driver hangs in its poll", hint="restart device")
            self._serving.interrupt(hangs)
        self._watch = self.clock.call_at(now + max(self.interval_s, 0.5), self._look)

    def _left_on(self) -> list[str]:
        """Outputs that must go off when nothing is known of the device any more."""
        return [] if self._holds else sorted(self.store.switched_on(self.id))

    def _go_stale(self, reason: str) -> None:
        """Tell that the values of this device are no longer known, single answers included."""
        if not self._was_linked:
            return
        now = self.clock.monotonic()
        timestamp = self.clock.utc_at(now)
        samples = [
            slot.without_value(Quality.STALE, reason, timestamp, now)
            for slot in self.slots.values()
            if slot.entity.is_readable and not slot.is_stale
        ]
        if samples:
            self._publish(samples, now, 0.0)
        if not self._stale:
            self._stale = True
            self.event("device_stale", {"reason": reason})

    async def _lose(self, error: BaseException) -> None:
        """The link is gone: say so, see to it that outputs go off, close."""
        hint = _sentence(error)
        was_linked = self.state in LINKED
        self.link_open = self.link_open and not isinstance(error, LinkLost)
        if was_linked:
            self.needs_rearm = True
            self._go_stale(hint)
        self.set_state(DeviceState.OFFLINE, hint)
        if was_linked:
            self.on_lost()
            await self._rescue()
            self._go_stale(hint)  # what the rescue read back is not followed up
        await self._close()

    async def _rescue(self) -> None:
        """Tell outputs to go off until it is proven, for a while.

        Answers may be lost while commands still arrive, so it is also sent blindly; a link that
        broke or stays silent is opened anew.
        """
        outputs = self._left_on()
        if not outputs or self.make_safe is None:
            return
        self._rescuing = True
        try:
            async with self.clock.timeout(RESCUE_S):
                await self._tell_off(outputs, self.make_safe)
            self._tell_driven(outputs, ok=True, detail="")
        except TimeoutError as error:
            self._tell_driven(outputs, ok=False, detail=str(error))
        finally:
            self._rescuing = False

    async def _tell_off(
        self, outputs: Sequence[str], make_safe: Callable[[Sequence[str]], Awaitable[SafeResult]]
    ) -> None:
        unanswered = 0
        while True:
            began = self.clock.monotonic()
            if not self.link_open or unanswered >= BLIND_ATTEMPTS:
                unanswered = 0
                await self._reopen()
            if self.link_open:
                result = await make_safe(outputs)
                if result.ok and result.proven:
                    return
                unanswered += 1
            await self.clock.sleep(began + RESCUE_EVERY_S - self.clock.monotonic())

    async def _reopen(self) -> None:
        """The same driver over a new link; another device that answers there is left alone."""
        driver = self.driver
        if driver is None:
            return
        self.link_open = False
        try:
            async with self.clock.timeout(REOPEN_S), self.lane.turn(Turn.WRITE):
                await driver.link.close()
                await driver.link.open()
                with suppress(NoAnswer):  # silent: the command may still arrive
                    await driver.connect()
                self.link_open = True
        except Exception as error:  # noqa: BLE001 - it is tried again
            log.debug("not reachable yet", device=self.id, error=str(error))

    async def _close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        driver = self.driver
        if driver is None:
            return
        try:
            async with self.clock.timeout(DISCONNECT_TIMEOUT_S):
                if self.state in LINKED:
                    await driver.close()
        except Exception as error:  # noqa: BLE001 - closing must go on
            log.info("driver did not close cleanly", device=self.id, error=str(error))
        self.link_open = False
        try:
            await driver.link.close()
        except Exception as error:  # noqa: BLE001 - closing must go on
            log.info("link did not close cleanly", device=self.id, error=str(error))

    def _report(self, error: BaseException, stage: str) -> None:
        """One event per new trouble, not one per poll."""
        text = _sentence(error)
        if text == self._last_error:
            return
        self._last_error = text
        known = isinstance(error, IonpyError)
        if not known:
            log.error("driver failed", device=self.id, stage=stage, exc_info=error)
        arguments = error.arguments if isinstance(error, IonpyError) else {}
        self.event(
            "device_error",
            {
                "stage": arguments.get("stage", stage),
                "code": error.error_code if isinstance(error, IonpyError) else "DRIVER_FAILED",
                "message": text,
                "hint": error.hint if isinstance(error, IonpyError) else "see the server's log",
            },
        )

    def set_state(self, state: DeviceState, hint: str = "") -> None:
        """Change the state and tell."""
        if (state, hint) == (self.state, self.hint):
            return
        self.state, self.hint = state, hint
        self._tell_state()

    def _tell_state(self) -> None:
        content = {
            "state": self.state.value,
            "hint": self.hint,
            "needs_rearm": self.needs_rearm,
            "retry_at": self.retry_at,
            "at_rest": self.is_at_rest,
        }
        self.event("device_state", content)

    def event(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Publish an event about this device."""
        now = self.clock.monotonic()
        content = {"device_id": self.id, **payload}
        self.remember(kind, payload)
        self.bus.publish(Event(kind, content, self.clock.utc_at(now), now))

    def remember(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Keep something that happened for whoever asks later (`traffic`).

        A manifest (``meta``) is left out: hundreds of them would be kept, and it can be asked for.
        """
        kept = {key: value for key, value in payload.items() if key != "meta"}
        self.journal.append({"timestamp": self.clock.now(), "event": kind, **kept})

    def traffic(self) -> dict[str, Any]:
        """Counters, how long the last poll took, and what happened last, newest first."""
        seen = self.state in LINKED and self.counters["polls"] > 0
        return {
            "counters": dict(self.counters),
            "interval_ms": self.grid_s * 1000.0,
            "last_poll": self.clock.utc_at(self._last_ok) if seen else None,
            "poll_ms": self._poll_took * 1000.0 if seen else None,
            "items": list(reversed(self.journal)),
            "total": len(self.journal),
        }


def _sentence(error: BaseException) -> str:
    if isinstance(error, DeviceError):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return error.message if isinstance(error, IonpyError) else f"{type(error).__name__}: {error}"
