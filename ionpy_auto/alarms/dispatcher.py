"""From alarms to messages: every transition goes through the routes, every notice to the outbox.

What was told to whom is stored together with the messages, in one transaction, and with it how far
the alarms were read. After a restart the alarms that are there now are compared with that: what was
raised behind it is told, what is over is said to be over, nothing is told twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Protocol

import structlog
from sqlmodel import Session, col, select

from ionpy_auto.alarms import outbox_store as store
from ionpy_auto.alarms.ack_links import AckLinks
from ionpy_auto.alarms.messages import Texts, severity_of
from ionpy_auto.alarms.models import AckLinkRow, AlarmRow, DispatchRow
from ionpy_auto.alarms.outbox import Outbox
from ionpy_auto.alarms.outbox_store import Entry
from ionpy_auto.alarms.receivers import Receiver
from ionpy_auto.alarms.routing import Alert, Grouper, Notice, Route, Routing, Silenced, labels_of
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

NAME: Final = "grouper"
SLICE: Final = 20
"""Transitions handled in one turn of the loop."""
SAVE_S: Final = 2.0
"""So long a change of the groups that told nobody may wait to be stored."""
LONGEST_S: Final = 10.0
"""It takes a turn at least so often, and whoever wants to know that it lives sees that."""
SICK_S: Final = 60.0
MOST_BEHIND: Final = 20_000
PATH_KEY: Final = "server/notification/"

PAGES_ONLY: Final = Routing(
    Route(key="", path=("root",), receiver="browser", group_by=("device",), group_wait=2.0)
)
"""Without a routing file only the pages are told."""


class Alarms(Protocol):
    """What is asked of the alarms."""

    def active(self) -> list[dict[str, Any]]:
        """All that are not normal, as the event ``alarm`` carries them."""


def alert_of(alarm: Mapping[str, Any], common: Mapping[str, str]) -> Alert:
    """An alarm as routes see it.

    What is covered, or hidden because its device is offline, is told to nobody new; who was told
    before still hears of its end.
    """
    is_firing = str(alarm.get("state", "")).startswith("active")
    cover = str(alarm.get("overlay") or "") or ("hidden" if alarm.get("hidden") else "")
    fields = ("text", "guidance", "value", "session_id", "priority")
    return Alert(
        key=str(alarm["key"]),
        id=int(alarm.get("id") or 0),
        labels=labels_of(alarm, common),
        annotations={name: alarm[name] for name in fields if alarm.get(name) not in {None, ""}},
        firing=is_firing,
        starts=float(alarm.get("timestamp") or 0.0),
        acked=bool(alarm.get("acknowledged")),
        muted=cover,
    )


class Dispatcher:
    """See the module's first lines.

    Args:
        database: Of the project; None keeps nothing.
        bus: Hears of alarms.
        outbox: Takes the messages; its clock is ours.
        texts: Write them.
        links: Put a link to acknowledge into them; None: there is none.
    """

    def __init__(
        self,
        database: Database | None,
        bus: Bus,
        outbox: Outbox,
        texts: Texts,
        links: AckLinks | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._outbox = outbox
        self._clock: Clock = outbox.clock
        self._texts = texts
        self._links = links
        self._alarms: Alarms | None = None
        self._common: Callable[[], Mapping[str, str]] = dict
        self._grouper = Grouper(PAGES_ONLY)
        self._events: deque[Mapping[str, Any]] = deque()
        self._wake = asyncio.Event()
        self._tasks = Tasks("dispatcher", self._clock)
        self._next_routes: tuple[Routing, Silenced | None] | None = None
        self._cursor = 0
        self._changed_at: float | None = None
        self._leave: Callable[[], None] | None = None
        self._handing: asyncio.Future[None] | None = None
        self.last_turn = 0.0
        self.write_failures = 0

    # -- life -------------------------------------------------------------------------------

    async def start(
        self,
        alarms: Alarms,
        common: Callable[[], Mapping[str, str]],
        routing: Routing | None = None,
        silenced: Silenced | None = None,
    ) -> None:
        """Take up the groups of the life before, then listen."""
        self._alarms, self._common = alarms, common
        row = await self._stored()
        self._cursor = row.cursor
        self._grouper = self._made(routing or PAGES_ONLY, silenced, row.state)
        await self._catch_up()
        self._leave = self._bus.tap("event/alarm", self._heard)
        self.last_turn = self._clock.monotonic()
        self._tasks.keep("work", self._work)

    async def stop(self) -> None:
        """Hand over what was heard; what is not due waits for the next start."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        await self._tasks.stop()
        if self._handing is not None:
            await asyncio.wait({self._handing})
        self._change_routes()
        while self._events:
            self._take(self._events.popleft())
        self._changed_at = self._clock.monotonic()
        await self._hand_over()

    def reroute(self, routing: Routing | None, silenced: Silenced | None = None) -> None:
        """Soon other routes; who was told before still hears of the end."""
        self._next_routes = (routing or PAGES_ONLY, silenced)
        self._wake.set()

    def _change_routes(self) -> None:
        if self._next_routes is None:
            return
        routing, silenced = self._next_routes
        self._next_routes = None
        while self._events:
            self._take(self._events.popleft())
        self._grouper = self._made(routing, silenced, self._grouper.state())
        self._changed_at = self._clock.monotonic()

    @property
    def grouper(self) -> Grouper:
        """The groups as they are, to be looked at."""
        return self._grouper

    def alerts(self) -> list[Alert]:
        """The alarms that are there now, as routes see them."""
        if self._alarms is None:
            return []
        common = self._common()
        found = (alert_of(alarm, common) for alarm in self._alarms.active())
        return [alert for alert in found if alert.firing]

    def sick(self) -> str:
        """Why it does not work; empty when it does."""
        behind = self._clock.monotonic() - self.last_turn
        return f"no turn for {behind:.0f} s" if behind > SICK_S else ""

    def _made(
        self, routing: Routing, silenced: Silenced | None, state: Mapping[str, Any]
    ) -> Grouper:
        more = {} if silenced is None else {"silenced": silenced}
        return Grouper.restored(routing, state, self.alerts(), self._clock.now(), **more)

    async def _stored(self) -> DispatchRow:
        if self._database is None:
            return DispatchRow(name=NAME)
        found = await self._database.read(lambda session: session.get(DispatchRow, NAME))
        return found or DispatchRow(name=NAME)

    async def _catch_up(self) -> None:
        """Alarms that came and went between the last notice stored and the end of that life."""
        if self._database is None:
            return
        cursor, there = self._cursor, {alert.key for alert in self.alerts()}
        for alarm in await self._database.read(lambda session: _behind(session, cursor)):
            self._cursor = max(self._cursor, alarm["raised"])
            if alarm["key"] not in there:
                alert, when = alert_of(alarm, self._common()), float(alarm["at"])
                if not alert.firing:
                    self._grouper.due(when)  # who waits for nothing was to be told
                self._grouper.update(alert if alert.firing else replace(alert, ends=when), when)

    # -- in ---------------------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        self._events.append(event.payload)
        self._wake.set()

    def _take(self, alarm: Mapping[str, Any]) -> None:
        now = self._clock.now()
        self._cursor = max(self._cursor, int(alarm.get("id") or 0))
        alert = alert_of(alarm, self._common())
        self._grouper.update(alert if alert.firing else replace(alert, ends=now), now)
        if self._changed_at is None:
            self._changed_at = self._clock.monotonic()

    async def _work(self) -> None:
        while True:
            self._change_routes()
            for _ in range(min(SLICE, len(self._events))):
                self._take(self._events.popleft())
            if not self._events:
                await self._hand_over()
            self.last_turn = self._clock.monotonic()
            await self._rest()

    async def _rest(self) -> None:
        if self._events:
            await self._clock.sleep(0)
            return
        self._wake.clear()
        with suppress(TimeoutError):
            async with self._clock.timeout(self._pause_s()):
                await self._wake.wait()

    def _pause_s(self) -> float:
        times = [LONGEST_S]
        due = self._grouper.next_due()
        if due is not None:
            times.append(due - self._clock.now())
        if self._changed_at is not None:
            times.append(self._changed_at + SAVE_S - self._clock.monotonic())
        return max(0.001, min(times))

    # -- out --------------------------------------------------------------------------------

    async def _hand_over(self) -> None:
        """Put what is due into the outbox; broken off between two steps, messages would be lost."""
        self._handing = asyncio.ensure_future(self._hand_over_whole())
        await asyncio.shield(self._handing)

    async def _hand_over_whole(self) -> None:
        """Messages and the state of the groups, in one transaction."""
        now = self._clock.now()
        notices = self._grouper.due(now)
        mono = self._clock.monotonic()
        is_late = self._changed_at is not None and mono - self._changed_at >= SAVE_S
        if not notices and not is_late and self._leave is not None:
            return
        entries: list[tuple[Entry, list[int]]] = []
        for number, notice in enumerate(notices, 1):
            entries += self._entries(notice)
            if number % SLICE == 0:  # others get a turn, also when time stands still
                await asyncio.sleep(0)  # noqa: TID251
        for notice in notices:  # not before all are written: what fails is due again
            self._grouper.settled(notice, now)
        links = self._links.rows(entries) if self._links is not None else []
        await self._store([entry for entry, _ in entries], links)
        self._outbox.enqueue(entry for entry, _ in entries)

    async def _store(self, entries: list[Entry], links: list[AckLinkRow]) -> None:
        if self._database is None:
            self._changed_at = None
            return
        state, cursor, now = self._grouper.state(), self._cursor, self._clock.now()
        self._changed_at = None

        def work(session: Session) -> None:
            store.put(session, entries)
            AckLinks.put(session, links, now)
            session.merge(DispatchRow(name=NAME, cursor=cursor, state=state))

        try:
            await self._database.write(work)
        except IonpyError as error:
            self.write_failures += 1
            self._changed_at = self._clock.monotonic()
            log.error("notices could not be stored", message=error.message)  # noqa: TRY400

    def _entries(self, notice: Notice) -> Iterable[tuple[Entry, list[int]]]:
        """The messages of a notice, one per address, with the alarms a link acknowledges."""
        receiver = self._receiver(notice)
        if receiver is None:
            return
        title, message = self._texts.write(notice, receiver)
        content = self._texts.content(notice)
        now = self._clock.now()
        ids = [alert.id for alert in notice.firing if not alert.acked]
        for number, way in enumerate(receiver.ways):
            entry = Entry(
                key=f"{notice.key}/{number}",
                receiver=receiver.name,
                channel=way.channel,
                title=title,
                message=message,
                created=now,
                next_try=now,
                way=way.number,
                lane=notice.key.partition(".")[0],
                status="firing" if notice.firing else "resolved",
                severity=severity_of(notice),
                alarms=[alert.key for alert in (*notice.firing, *notice.resolved)],
                content=content,
            )
            yield entry, ids

    def _receiver(self, notice: Notice) -> Receiver | None:
        """Who is told; that a receiver is not reached is told to its fallback."""
        keys = {alert.key for alert in (*notice.firing, *notice.resolved)}
        receivers = self._outbox.receivers
        if keys == {PATH_KEY + notice.receiver}:
            return receivers.fallback(notice.receiver)
        found = receivers.get(notice.receiver)
        if found is None:
            log.warning("a route leads to nobody", receiver=notice.receiver)
        return found


def _behind(session: Session, cursor: int) -> list[dict[str, Any]]:
    """Transitions behind the cursor, in order, in the form of the event ``alarm``."""
    query = select(AlarmRow).where(col(AlarmRow.id) > cursor).order_by(col(AlarmRow.id))
    return [
        {
            **row.model_dump(exclude={"state"}),
            "key": row.alarm_key,
            "state": "active" if row.new_state != "NORMAL" else "over",
            "raised": (row.id or 0) if row.transition == "raised" else 0,
            "at": row.timestamp,
        }
        for row in session.exec(query.limit(MOST_BEHIND))
    ]
