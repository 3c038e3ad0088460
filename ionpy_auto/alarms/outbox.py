"""The outbox: what is to be told to people, until it was told or a day has passed.

Every message is a row before anybody tries to deliver it, so neither a stop nor a kill loses one.
Each address is served by one task, one message at a time: messages of one lane arrive in order,
and a kill repeats at most the one that was on its way. A message that fails is tried again after
5 s, then after growing pauses up to 5 min, for 24 h; then the fallback of its receiver is told
about it. When the database refuses, messages are kept in memory and delivered all the same: rather
one too many than none.
"""

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog
from sqlmodel import Session

from ionpy_auto.alarms import outbox_store as store
from ionpy_auto.alarms.outbox_store import Entry
from ionpy_auto.alarms.receivers import Receivers
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, Conflict, IonpyError, NotFound, Unavailable
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0
LONGEST_WAIT_S: Final = 3600.0
"""What a receiver may ask for with Retry-After."""
JITTER: Final = 0.2
PATIENCE_S: Final = 86_400.0
BROKEN_AFTER: Final = 3
"""Failures in a row after which a path counts as broken."""
STOP_S: Final = 12.0
MAX_WAITING: Final = 20_000
GRAIN_S: Final = 1e-3
"""Times of the wall clock are not compared finer."""

Path = tuple[str, str, int]
OnPath = Callable[[str, str], Coroutine[Any, Any, object]]


def pause_s(attempts: int, jitter: float, asked: float = 0.0) -> float:
    """How long to wait after so many tries; ``jitter`` from 0 to 1 only makes it longer.

    >>> [pause_s(n, 0.0) for n in (1, 2, 3, 7, 400)]
    [5.0, 10.0, 20.0, 300.0, 300.0]
    """
    plain = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20))
    return max(plain * (1 + JITTER * jitter), min(asked, LONGEST_WAIT_S))


@dataclass(eq=False, slots=True)
class _Road:
    """One address: what waits for it, and whether it is open.

    Attributes:
        lanes: Waiting entries by lane, each in order.
        since: UTC of the last change of ``ok``.
    """

    path: Path
    lanes: dict[str, deque[Entry]] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    is_broken: bool = False
    since: float = 0.0
    error: str = ""
    last_sent: float | None = None

    def add(self, entry: Entry) -> None:
        self.lanes.setdefault(entry.lane, deque()).append(entry)
        self.wake.set()

    def next(self) -> Entry | None:
        """The entry whose time comes first."""
        heads = (lane[0] for lane in self.lanes.values())
        return min(heads, key=lambda entry: entry.next_try, default=None)

    def due(self, now: float) -> Entry | None:
        """The oldest entry that may be tried; after a step of the wall clock all may."""
        heads = (
            lane[0]
            for lane in self.lanes.values()
            if not GRAIN_S < lane[0].next_try - now < LONGEST_WAIT_S * 2
        )
        return min(heads, key=lambda entry: (entry.created, entry.id), default=None)

    def drop(self, entry: Entry) -> None:
        lane = self.lanes.get(entry.lane)
        if lane is not None and entry in lane:
            lane.remove(entry)
            if not lane:
                del self.lanes[entry.lane]


class Outbox:
    """See the module's first lines.

    Args:
        database: Of the project; None keeps messages in memory only.
        bus: Hears ``outbox`` for each change of a message, and ``notify`` for those of rules.
        clock: Times the pauses.
        receivers: Deliver.
        on_path: Told ``(receiver, error)`` when an address of a receiver is broken, and with an
            empty error when all of them work again.
    """

    def __init__(
        self,
        database: Database | None,
        bus: Bus,
        clock: Clock,
        receivers: Receivers,
        on_path: OnPath | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self.clock = clock
        self.receivers = receivers
        self._on_path = on_path
        self._tasks = Tasks("outbox", clock)
        self._roads: dict[Path, _Road] = {}
        self._random = random.Random()  # noqa: S311 - spreads tries, hides nothing
        self._served: dict[Path, asyncio.Task[Any]] = {}
        self._unwritten: dict[str, Entry] = {}
        self._stopping = False
        self._waiting = 0
        self.recent: deque[Entry] = deque(maxlen=100)
        self.counts = {"sent": 0, "failed": 0, "retried": 0}

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Go on with what waits since before a restart."""
        if self._database is None:
            return
        now = self.clock.now()
        await self._database.write(lambda session: store.forget(session, now))
        self.enqueue(await self._database.read(store.undelivered))

    async def stop(self) -> None:
        """Let what is on its way arrive, within reason; the rest waits for the next start."""
        self._stopping = True
        for road in self._roads.values():
            road.wake.set()
        with suppress(TimeoutError):
            async with self.clock.timeout(STOP_S):
                if self._served:
                    await asyncio.wait(self._served.values())
        await self._tasks.stop()

    # -- in ---------------------------------------------------------------------------------

    async def send(self, to: str, title: str, message: str) -> dict[str, Any]:
        """Take a message of a rule; it is durable when this returns. What is known of it now.

        A receiver nobody knows gets its message in the log, and the answer says so.
        """
        receiver, target, remark = self.receivers.address(to)
        now, key = self.clock.now(), f"message/{uuid.uuid4().hex}"
        entries = [
            Entry(
                key=f"{key}/{number}",
                receiver=receiver.name,
                channel=way.channel,
                title=title,
                message=message,
                created=now,
                next_try=now,
                way=way.number,
                lane=f"message/{title[:200]}",
                error=remark,
                target=target,
            )
            for number, way in enumerate(receiver.ways)
        ]
        if not entries:
            msg = f"receiver {to!r} has no address"
            raise BadInput(msg, hint="give it one in config/alarms.yaml")
        await self.take(entries)
        return entries[0].as_dict() | {"to": to}

    async def take(self, entries: Sequence[Entry]) -> None:
        """Store entries and deliver them; they are delivered also when they cannot be stored."""
        if self._database is not None:
            try:
                await self._database.write(lambda session: store.put(session, entries))
            except IonpyError as error:
                log.error("messages could not be stored", message=error.message)  # noqa: TRY400
        self.enqueue(entries)

    def enqueue(self, entries: Iterable[Entry]) -> None:
        """Deliver entries, which are stored already."""
        for entry in entries:
            self.recent.append(entry)
            if self._waiting >= MAX_WAITING:
                self._tasks.start("full", self._refuse(entry))
                continue
            self._waiting += 1
            self._road(entry.path).add(entry)

    async def _refuse(self, entry: Entry) -> None:
        entry.state, entry.error = "failed", "too many messages wait"
        await self._settle(entry)

    def _road(self, path: Path) -> _Road:
        road = self._roads.get(path)
        if road is None:
            road = self._roads[path] = _Road(path, since=self.clock.now())
            name = f"serve {path[0]}"
            self._served[path] = self._tasks.keep(name, partial(self._serve, road))
        return road

    # -- out --------------------------------------------------------------------------------

    async def _serve(self, road: _Road) -> None:
        """Deliver what waits for one address, one after the other."""
        while not self._stopping:
            now = self.clock.now()
            entry = road.due(now)
            if entry is not None:
                await self._try(road, entry)
                continue
            road.wake.clear()
            upcoming = road.next()
            pause = LONGEST_WAIT_S if upcoming is None else upcoming.next_try - now
            with suppress(TimeoutError):
                async with self.clock.timeout(max(0.0, pause)):
                    await road.wake.wait()

    async def _try(self, road: _Road, entry: Entry) -> None:
        entry.attempts += 1
        try:
            await self.receivers.deliver(entry)
        except IonpyError as error:
            await self._failed(road, entry, error)
        except Exception as error:
            log.exception("a channel failed", channel=entry.channel, receiver=entry.receiver)
            msg = f"{entry.channel}: {type(error).__name__}"
            await self._failed(road, entry, Unavailable(msg, code="NOT_DELIVERED"))
        else:
            entry.state, entry.sent = "sent", self.clock.now()
            self.counts["sent"] += 1
            self._leave(road, entry)
            self._open(road)
            await self._settle(entry)

    async def _failed(self, road: _Road, entry: Entry, error: IonpyError) -> None:
        now = self.clock.now()
        is_final = bool(error.arguments.get("final"))
        entry.error = error.message
        log.debug("message not delivered", to=entry.receiver, reason=error.message)
        self._close(road, error.message, is_final=is_final)
        if not is_final and now - entry.created < PATIENCE_S:
            asked = float(error.arguments.get("retry_after_s") or 0.0)
            entry.state = "retrying"
            entry.next_try = now + pause_s(entry.attempts, self._random.random(), asked)
            self.counts["retried"] += 1
            await self._settle(entry)
            return
        entry.state = "failed"
        self.counts["failed"] += 1
        log.error(
            "a message was given up", to=entry.receiver, title=entry.title, reason=entry.error
        )
        self._leave(road, entry)
        instead = self._instead(entry)
        await self._settle(entry, instead)
        self.enqueue(instead)

    def _leave(self, road: _Road, entry: Entry) -> None:
        road.drop(entry)
        self._waiting -= 1

    def _instead(self, entry: Entry) -> list[Entry]:
        """What the fallback is told about a message that nobody got."""
        if entry.status == "undelivered":
            return []
        receiver = self.receivers.fallback(entry.receiver)
        now = self.clock.now()
        return [
            Entry(
                key=f"{entry.key}/instead/{number}",
                receiver=receiver.name,
                channel=way.channel,
                title=f"[NOT DELIVERED to {entry.receiver}] {entry.title}",
                message=f"{entry.receiver}: {entry.error}\n\n{entry.message}",
                created=now,
                next_try=now,
                way=way.number,
                lane=entry.lane,
                status="undelivered",
                severity=entry.severity,
                alarms=entry.alarms,
                content=entry.content,
            )
            for number, way in enumerate(receiver.ways)
        ]

    async def _settle(self, entry: Entry, more: Sequence[Entry] = ()) -> None:
        """Write what became of an entry, with all that could not be written before; tell it."""
        changed = list((self._unwritten | {entry.key: entry}).values())
        if self._database is not None:

            def work(session: Session) -> None:
                for one in changed:
                    store.settle(session, one)
                if more:
                    store.put(session, more)

            try:
                await self._database.write(work)
            except IonpyError as error:
                self._unwritten[entry.key] = entry
                log.error("outbox could not be written", message=error.message)  # noqa: TRY400
            else:
                for one in changed:
                    self._unwritten.pop(one.key, None)
        self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        now, mono = self.clock.now(), self.clock.monotonic()
        shown = entry.as_dict()
        if entry.status == "message":
            self._bus.publish(Event("notify", shown, now, mono))
        brief = {name: one for name, one in shown.items() if name != "message"}
        self._bus.publish(Event("outbox", brief, now, mono))

    # -- paths ------------------------------------------------------------------------------

    def _close(self, road: _Road, error: str, *, is_final: bool) -> None:
        road.failures += 1
        road.error = error
        if not road.is_broken and (is_final or road.failures >= BROKEN_AFTER):
            road.is_broken, road.since = True, self.clock.now()
            log.warning("messages do not arrive", to=road.path[0], reason=error)
            self._say(road.path[0], error)

    def _open(self, road: _Road) -> None:
        """It works; the first success of a life also ends what an earlier one complained of."""
        is_news = road.is_broken or road.last_sent is None
        if road.is_broken:
            road.since = self.clock.now()
        road.failures, road.is_broken, road.error = 0, False, ""
        road.last_sent = self.clock.now()
        others = [one for one in self._roads.values() if one.path[0] == road.path[0]]
        if is_news and not any(one.is_broken for one in others):
            self._say(road.path[0], "")

    def _say(self, receiver: str, error: str) -> None:
        if self._on_path is not None:
            self._tasks.start("path", self._on_path(receiver, error))

    def sick(self) -> str:
        """Why it does not work; empty when it does, also while receivers are not reached."""
        dead = [path[0] for path, task in self._served.items() if task.done()]
        return f"nobody serves {', '.join(dead)}" if dead and not self._stopping else ""

    def paths(self) -> list[dict[str, Any]]:
        """Each address that was used in this life."""
        return [
            {
                "receiver": road.path[0],
                "channel": road.path[1],
                "way": road.path[2],
                "ok": not road.is_broken,
                "since": road.since,
                "error": road.error,
                "last_sent": road.last_sent,
                "waiting": sum(map(len, road.lanes.values())),
            }
            for road in self._roads.values()
        ]

    # -- to be looked at --------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Counts, and the last messages."""
        shown = [entry.as_dict() for entry in list(self.recent)[-20:]]
        return {**self.counts, "under_way": self._waiting, "recent": shown}

    async def list(self, state: str = "", receiver: str = "", limit: int = 200) -> dict[str, Any]:
        """Messages, the newest first, with counts and paths."""
        if self._database is None:
            items = list(reversed(self.recent))[:limit]
            counts: dict[str, int] = {}
        else:

            def work(session: Session) -> tuple[list[Entry], dict[str, int]]:
                return store.newest(session, state, receiver, limit), store.counts(session)

            items, counts = await self._database.read(work)
        shown = [entry.as_dict() for entry in items]
        return {"items": shown, "total": len(shown), "counts": counts, "paths": self.paths()}

    async def retry(self, number: int) -> dict[str, Any]:
        """Try a message again now; one that had failed has another day.

        Raises:
            NotFound: There is no such message.
            Conflict: It has arrived.
        """
        entry = self._open_entry(number)
        if entry is None:
            entry = await self._over(number)
            entry.created, entry.state = self.clock.now(), "queued"
            entry.next_try = entry.created
            await self._settle(entry)
            self.enqueue([entry])
        else:
            entry.next_try = self.clock.now()
            self._roads[entry.path].wake.set()
        return entry.as_dict()

    def _open_entry(self, number: int) -> Entry | None:
        lanes = (lane for road in self._roads.values() for lane in road.lanes.values())
        return next((entry for lane in lanes for entry in lane if entry.id == number), None)

    async def _over(self, number: int) -> Entry:
        found = None
        if self._database is not None:
            found = await self._database.read(lambda session: store.one(session, number))
        if found is None:
            msg = f"there is no message {number}"
            raise NotFound(msg, hint="GET /api/alarms/outbox lists them")
        if found.state != "failed":
            msg = f"message {number} is {found.state}"
            raise Conflict(msg, hint="only what failed, or waits, can be tried again")
        return found
