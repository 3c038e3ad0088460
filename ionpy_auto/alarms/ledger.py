"""The rows of alarms: one per transition, kept in memory until the database has them.

An alarm counts from the moment it is raised, whether or not its row could be written: rows that
could not wait and are tried again, in order. After a restart the newest row of each alarm says
where it stood.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.models import AlarmMemoryRow, AlarmRow
from ionpy_auto.alarms.states import PRIORITY_OF, Overlay, OverlayKind, State
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.storage.database import Database

log = structlog.get_logger(__name__)

RETRY_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
MAX_WAITING: Final = 100_000
MOST_AT_ONCE: Final = 2_000
"""Rows in one write, so that samples get their turn in a flood."""


@dataclass(slots=True)
class Kept:
    """What a restart finds.

    Attributes:
        next_id: First free row number.
        alarms: All that are not normal, or covered.
        memory: Of the sources, by alarm key.
    """

    next_id: int = 1
    alarms: list[Alarm] = field(default_factory=list)
    memory: dict[str, dict[str, Any]] = field(default_factory=dict)


class Line(NamedTuple):
    """A transition that waits for the database."""

    number: int
    timestamp: float
    session_id: int | None
    alarm: Alarm
    transition: str
    actor: str
    cause: str


class Ledger:
    """Numbers the transitions and brings them into the database.

    Args:
        database: Of the project; None keeps nothing.
        clock: Stamps the rows and times the tries.
    """

    def __init__(self, database: Database | None, clock: Clock) -> None:
        self.database = database
        self._clock = clock
        self._next_id = 1
        self._rows: list[Line] = []
        self._memory: dict[str, dict[str, Any] | None] = {}
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self.lost = 0
        self.failures = 0

    @property
    def waiting(self) -> int:
        """Rows that are not durable yet."""
        return len(self._rows)

    @property
    def next_id(self) -> int:
        """The number the next row gets."""
        return self._next_id

    async def load(self) -> Kept:
        """What stands in the file."""
        if self.database is None:
            return Kept()
        kept = await self.database.read(_kept)
        self._next_id = kept.next_id
        return kept

    def add(
        self,
        alarm: Alarm,
        transition: str,
        actor: str,
        cause: tuple[str, ...],
        session_id: int | None,
    ) -> None:
        """Queue the row of a transition."""
        row = Line(
            self._next_id,
            self._clock.now(),
            session_id,
            alarm,
            transition,
            actor,
            " → ".join(cause),
        )
        self._next_id += 1
        if self.database is None:
            return
        if len(self._rows) >= MAX_WAITING:
            self._rows.pop(0)
            self.lost += 1
        self._rows.append(row)
        self._wake.set()

    def remember(self, key: str, content: Mapping[str, Any] | None) -> None:
        """Keep what a source must not forget about an alarm; None: nothing any more."""
        if self.database is not None:
            self._memory[key] = None if content is None else dict(content)
            self._wake.set()

    async def flush(self) -> None:
        """Write what is waiting.

        Raises:
            StorageError: The database refused; the rows are kept and tried again.
        """
        async with self._lock:
            while self.database is not None and (self._rows or self._memory):
                await self._write(self.database)

    async def _write(self, database: Database) -> None:
        rows, memory = self._rows[:MOST_AT_ONCE], dict(self._memory)
        now = self._clock.now()

        def work(session: Session) -> None:
            if rows:
                session.execute(
                    insert(AlarmRow).prefix_with("OR REPLACE"), [_row(line) for line in rows]
                )
            for key, content in memory.items():
                old = session.get(AlarmMemoryRow, key)
                if content is not None:
                    session.merge(AlarmMemoryRow(key=key, updated=now, content=content))
                elif old is not None:
                    session.delete(old)

        try:
            await database.write(work)
        except IonpyError:
            self.failures += 1
            raise
        done = {row.number for row in rows}
        self._rows = [row for row in self._rows if row.number not in done]
        for key, content in memory.items():
            if self._memory.get(key, content) is content:
                self._memory.pop(key, None)

    async def write_for_ever(self) -> None:
        """Write whenever there is something, and again when it could not be written."""
        failures = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except IonpyError as error:
                log.warning("alarm rows wait for the database", message=error.message)
                await self._clock.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                self._wake.set()
            else:
                failures = 0


def _row(line: Line) -> dict[str, Any]:
    """The row of a transition; made in the writer's thread, for floods make many."""
    alarm = line.alarm
    cover = alarm.cover
    return {
        "id": line.number,
        "timestamp": line.timestamp,
        "session_id": line.session_id,
        "transition": line.transition,
        "actor": line.actor,
        "cause": line.cause,
        "device_id": alarm.device,
        "entity_id": alarm.entity,
        "old_state": alarm.old_word,
        "new_state": alarm.word,
        "value": alarm.value,
        "acknowledged": not alarm.state.is_unacked,
        "ack_time": alarm.ack_time,
        "ack_by": alarm.ack_by,
        "alarm_key": alarm.key,
        "severity": alarm.severity,
        "priority": alarm.priority,
        "text": alarm.text,
        "source": alarm.source,
        "comment": alarm.comment,
        "state": alarm.state.value,
        "raised_id": alarm.id,
        "latching": alarm.latching,
        "overlay": alarm.overlay,
        "count": alarm.times,
        "detail": {
            "since": alarm.timestamp,
            "session": alarm.session_id,
            "level": alarm.level,
            "seen": alarm.seen,
            "first": alarm.first,
            "guidance": alarm.guidance,
            "labels": dict(alarm.labels),
            "realarm_s": alarm.realarm_s,
            "suppressed": alarm.suppressed,
            "chattering": alarm.chattering,
            "cover": asdict(cover) if cover else None,
        },
    }


def _kept(session: Session) -> Kept:
    """The next free id, and each alarm that is not normal or covered."""
    newest = session.exec(select(func.max(AlarmRow.id))).one() or 0
    last = select(func.max(AlarmRow.id)).group_by(AlarmRow.alarm_key)
    rows = session.exec(select(AlarmRow).where(col(AlarmRow.id).in_(last))).all()
    alarms = [alarm for alarm in map(alarm_of, rows) if alarm.is_kept]
    memory = {row.key: row.content for row in session.exec(select(AlarmMemoryRow)).all()}
    return Kept(newest + 1, alarms, memory)


def _state_of(row: AlarmRow) -> State:
    """The state a row leaves an alarm in; rows of older programs do not name it."""
    if row.state:
        return State(row.state)
    if row.new_state != "NORMAL":
        return State.ACTIVE_ACKED if row.acknowledged else State.ACTIVE_UNACKED
    if not row.acknowledged:
        return State.CLEARED_UNACKED
    return State.LATCHED if row.latching and row.transition != "reset" else State.NORMAL


def alarm_of(row: AlarmRow) -> Alarm:
    """The alarm as it was after a row."""
    detail: Mapping[str, Any] = row.detail or {}
    severity = row.severity or "warning"
    cover = detail.get("cover")
    return Alarm(
        id=row.raised_id or row.id or 0,
        key=row.alarm_key,
        state=_state_of(row),
        timestamp=detail.get("since", row.timestamp),
        session_id=detail.get("session", row.session_id),
        device=row.device_id,
        entity=row.entity_id,
        source=row.source,
        severity=severity,
        level=detail.get("level", severity),
        seen=detail.get("seen", severity if row.acknowledged else ""),
        text=row.text,
        old_word=row.old_state,
        word=row.new_state,
        value=row.value,
        ack_time=row.ack_time,
        ack_by=row.ack_by,
        comment=row.comment,
        first=bool(detail.get("first")),
        latching=row.latching,
        priority=row.priority or PRIORITY_OF.get(severity, 2),
        guidance=detail.get("guidance", ""),
        times=row.count,
        chattering=bool(detail.get("chattering")),
        cover=Overlay(**{**cover, "kind": OverlayKind(cover["kind"])}) if cover else None,
        suppressed=detail.get("suppressed", ""),
        realarm_s=detail.get("realarm_s", 0.0),
        labels=detail.get("labels", {}),
    )
