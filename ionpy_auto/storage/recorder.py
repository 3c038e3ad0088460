"""Writes what the bus brings into the device tables, while a session runs, and loses nothing.

A snapshot is queued at once and stored within 250 ms. A batch leaves the memory only when its
COMMIT returned; then ``recorded`` says up to when a device is safe. When the database refuses, the
batch is kept and tried again; when that lasts, the oldest go to an overflow file, which is stored
first as soon as the database takes writes again, or at the next start. Every batch has a number
that is stored with it, so a batch whose COMMIT failed but arrived is not stored twice.
"""

import asyncio
import math
import sqlite3
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage import batches, rollups
from ionpy_auto.storage.batches import OpenGaps, Rows
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import (
    DeviceTable,
    DeviceTables,
    EntityColumn,
    last_timestamp,
)
from ionpy_auto.storage.disk import Room, RoomOf, room_of
from ionpy_auto.storage.spill import SpilledBatch, SpilledPart, SpillFile
from ionpy_auto.storage.thinning import Thinning

log = structlog.get_logger(__name__)

FLUSH_S = 0.25
FLUSH_ROWS = 5000
DISK_CHECK_S = 10.0
MAX_WAITING = 100_000
BATCHES_PER_WRITE = 20
ROWS_AT_ONCE = 500  # the loop waits for no longer stretch of arithmetic
RETRY_S = (0.25, 0.5, 1.0, 2.0, 5.0)

OnAlarm = Callable[[str, str], None]
# A value the driver of SQLite or the arithmetic of the rollups cannot take.
_REFUSED_VALUE = (OverflowError, TypeError, ValueError, sqlite3.InterfaceError)


class _Ack(NamedTuple):
    device: str
    session_id: int
    up_to: float
    rows: int


@dataclass(slots=True)
class _Batch:
    number: int
    session_id: int
    snapshots: dict[str, list[Snapshot]]

    @property
    def size(self) -> int:
        return sum(map(len, self.snapshots.values()))


@dataclass(slots=True)
class Counters:
    """What the recorder did, for the status page."""

    recorded: int = 0  # rows that are stored
    undeclared: int = 0  # snapshots of sources without a table
    thinned: int = 0
    failures: int = 0
    spilled: int = 0  # rows that went to the overflow file
    replayed: int = 0  # rows that came back from it
    dropped: int = 0  # rows lost: neither database nor memory nor overflow file took them
    rejected: int = 0  # rows whose values no check could make storable


@dataclass(slots=True)
class _State:
    """What the writer thread knows of the session; only touched by one write at a time."""

    session_id: int | None = None
    gaps: OpenGaps = field(default_factory=dict)
    ladders: dict[str, rollups.Ladder] = field(default_factory=dict)


class Recorder:
    """Records the snapshots of all declared sources.

    Args:
        db: The project's database.
        bus: Where snapshots come from and ``recorded`` goes to.
        clock: Times flushes and retries.
        tables: The device tables of ``db``.
        on_alarm: Called with a kind (``record_failed``, ``record_recovered``, ``record_spilled``,
            ``record_lost``, ``record_rejected``, ``disk_low``, ``disk_ok``) and a sentence.
        spill: The overflow file; beside the database by default.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        clock: Clock,
        tables: DeviceTables | None = None,
        on_alarm: OnAlarm | None = None,
        spill: Path | None = None,
    ) -> None:
        self.tables = tables or DeviceTables(db)
        self.counters = Counters()
        self.max_waiting = MAX_WAITING
        self._db = db
        self._bus = bus
        self._clock = clock
        self._on_alarm = on_alarm
        self._spill = SpillFile(spill or db.path.with_name(f"{db.path.name}.spill"))
        self._spill_waits = False
        self._name = uuid.uuid4().hex
        self._number = 0
        self._session: int | None = None
        self._pending: dict[str, list[Snapshot]] = {}
        self._pending_rows = 0
        self._sealed: deque[_Batch] = deque()
        self._sealed_rows = 0
        self._state = _State()
        self._thinning: dict[str, Thinning] = {}
        self._lock = asyncio.Lock()
        self._timer: Timer | None = None
        self._failed_in_a_row = 0
        self._lossy = False
        self.room_of: RoomOf = room_of
        self._room: Room | None = None
        self._room_is_low = False
        self._room_until = -math.inf
        self._rejected_before = 0
        self._doubtful = 0  # batches up to this may be stored although their write failed
        self._tasks = Tasks("recorder", clock)
        self._leave: Callable[[], None] | None = None

    async def start(self) -> None:
        """Store what an earlier run left in the overflow file, then listen to the bus."""
        await self.tables.start()
        self._spill_waits = self._spill.size > 0
        try:
            await self._replay()
            await self._db.write_driver(self._forget_other_recorders)
        except IonpyError as error:
            self._failed(error)
        self._leave = self._bus.tap("sample/", self.queue_snapshot)

    async def stop(self) -> None:
        """Leave the bus and store everything; what cannot be stored goes to the overflow file."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        self._session = self._seal_for(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            await self.flush()
        except IonpyError as error:
            self._failed(error)
            async with self._lock:
                await self._to_spill(keep=0)
        await self._tasks.stop()

    async def declare(self, source: str, columns: Sequence[EntityColumn]) -> DeviceTable:
        """Make or extend the table of a source; must be done before its first snapshot."""
        return await self.tables.declare(source, columns)

    @property
    def session_id(self) -> int | None:
        """The session that is recorded, None when nothing is."""
        return self._session

    def set_session(self, session_id: int | None) -> None:
        """Record into this session from the next snapshot on, or record nothing."""
        self._session = self._seal_for(session_id)

    async def session_start(self) -> float:
        """The time [Unix s] a new session starts: now, or the last stored time if that is later."""
        tables = self.tables.all()
        last = await self._db.read_driver(lambda connection: last_timestamp(connection, tables))
        return max(self._clock.now(), last or 0.0)

    def thin(
        self, source: str, every_s: float, on_change: Mapping[str, float] | None = None
    ) -> Callable[[], None]:
        """Store fewer rows of one source; what others see and integrate stays complete.

        Args:
            source: The device or channel.
            every_s: A row at least this often, per entity.
            on_change: Entity id to the change that is stored at once.

        Returns:
            The way to undo it.
        """
        rule = Thinning(source, every_s, dict(on_change or {}))
        self._thinning[source] = rule

        def undo() -> None:
            if self._thinning.get(source) is rule:
                del self._thinning[source]

        return undo

    def queue_snapshot(self, snapshot: Snapshot) -> None:
        """Take a snapshot in; returns at once and never raises."""
        if self._session is None:
            return
        source = snapshot.source
        waiting = self._pending.get(source)
        if waiting is None and self.tables.get(source) is None:
            self.counters.undeclared += 1
            return
        if self._thinning and not self._is_kept(snapshot):
            return
        self._pending_rows = rows = self._pending_rows + 1
        rows += self._sealed_rows
        if rows > 2 * self.max_waiting:
            self._pending_rows -= 1
            self._lose(1, "the database does not answer and the memory is full")
            return
        if waiting is None:
            self._pending[source] = [snapshot]
        else:
            waiting.append(snapshot)
        if self._timer is None:
            self._arm(FLUSH_S * self._clock.pace)
        elif self._pending_rows == FLUSH_ROWS or rows == self.max_waiting:
            self._tasks.start("flush", self._flush_quietly())

    def _is_kept(self, snapshot: Snapshot) -> bool:
        thinning = self._thinning.get(snapshot.source)
        if thinning is None or thinning.keeps(snapshot):
            return True
        self.counters.thinned += 1
        return False

    async def flush(self) -> None:
        """Return when everything queued so far is stored.

        Raises:
            StorageError: The database refused; everything is kept and tried again.
        """
        async with self._lock:
            self._seal()
            await self._watch_disk()
            await self._replay()
            await self._store_sealed()

    async def _watch_disk(self) -> None:
        """Say once that room gets scarce, and again only when there was enough in between."""
        now = self._clock.monotonic()
        if now < self._room_until:
            return
        self._room_until = now + DISK_CHECK_S * self._clock.pace
        try:
            with self._clock.hold():
                room = await asyncio.to_thread(self.room_of, self._db.path.parent)
        except OSError as error:
            log.warning("the disk could not be measured", error=str(error))
            return
        was_low, self._room_is_low, self._room = self._room_is_low, room.is_low, room
        if room.is_low and not was_low:
            self._alarm("disk_low", f"the disk of the project has {room}")
        elif was_low and not room.is_low:
            self._alarm("disk_ok", f"the disk of the project has {room}")

    def status(self) -> dict[str, Any]:
        """Counters, waiting rows and the size of the overflow file."""
        return {
            **{name: getattr(self.counters, name) for name in Counters.__slots__},
            "waiting": self._pending_rows + self._sealed_rows,
            "spill_bytes": self._spill.size if self._spill_waits else 0,
            "failing": self._failed_in_a_row > 0,
            "session_id": self._session,
            "disk_free": self._room.free if self._room else None,
            "disk_low": self._room_is_low,
        }

    def _arm(self, delay: float) -> None:
        self._timer = self._clock.call_at(self._clock.monotonic() + delay, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._tasks.start("flush", self._flush_quietly())

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except IonpyError as error:
            self._failed(error)
            async with self._lock:
                if self._pending_rows + self._sealed_rows >= self.max_waiting:
                    await self._to_spill(keep=self.max_waiting // 2)
        finally:
            self._arm_again()

    def _arm_again(self) -> None:
        waits = self._pending_rows or self._sealed or self._spill_waits
        if waits and self._timer is None and self._leave is not None:
            step = min(self._failed_in_a_row, len(RETRY_S)) - 1
            self._arm(RETRY_S[step] if self._failed_in_a_row else FLUSH_S * self._clock.pace)

    def _seal_for(self, session_id: int | None) -> int | None:
        if session_id != self._session:
            self._seal()
        return session_id

    def _seal(self) -> None:
        """Close the growing batch: from here on it is stored as it is, under its number."""
        if not self._pending or self._session is None:
            return
        self._number += 1
        self._sealed.append(_Batch(self._number, self._session, self._pending))
        self._sealed_rows += self._pending_rows
        self._pending, self._pending_rows = {}, 0

    async def _store_sealed(self) -> None:
        while self._sealed:
            # After a failure the least at a time: a disk that fails now and then takes that.
            in_doubt = self._sealed[0].number <= self._doubtful
            some = list(islice(self._sealed, 1 if in_doubt else BATCHES_PER_WRITE))
            acks = await self._write(partial(self._store, some))
            for batch in some:
                self._sealed.popleft()
                self._sealed_rows -= batch.size
            self._acknowledge(acks)

    async def _write(self, work: Callable[[sqlite3.Connection], list[_Ack]]) -> list[_Ack]:
        before = _State(self._state.session_id, dict(self._state.gaps))
        try:
            return await self._db.write_driver(work)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                # The thread still runs the work; behind an empty write it is over.
                with suppress(IonpyError):
                    await self._db.write_driver(lambda _: None)
            # What the thread believed of the file is forgotten and read anew.
            self._state = before
            self._doubtful = self._number
            raise

    def _store(self, some: Sequence[_Batch], connection: sqlite3.Connection) -> list[_Ack]:
        """Runs in the writer thread: all of ``some`` in one transaction."""
        in_doubt = some[0].number <= self._doubtful
        last = self._last_stored(connection, self._name) if in_doubt else 0
        acks: list[_Ack] = []
        for batch in some:
            if batch.number <= last:
                continue
            for source, snapshots in batch.snapshots.items():
                if (table := self.tables.get(source)) is None:
                    continue
                for start in range(0, len(snapshots), ROWS_AT_ONCE):
                    some_of_it = snapshots[start : start + ROWS_AT_ONCE]
                    acks += self._store_device(connection, table, batch.session_id, some_of_it)
        self._remember(connection, self._name, some[-1].number)
        return acks

    def _store_device(
        self,
        connection: sqlite3.Connection,
        table: DeviceTable,
        session_id: int,
        snapshots: Sequence[Snapshot],
    ) -> list[_Ack]:
        state = self._enter(session_id)
        gaps = dict(state.gaps)
        try:
            return self._attempt(
                connection, batches.make_rows(table, session_id, snapshots, state.gaps)
            )
        except _REFUSED_VALUE as error:
            log.warning("a value was refused", device=table.device_id, error=str(error))
        state.gaps = gaps
        made = batches.make_rows(table, session_id, snapshots, state.gaps, careful=True)
        try:
            return self._attempt(connection, made)
        except _REFUSED_VALUE:
            log.exception("rows refused", device=table.device_id, rows=len(made.rows))
            self.counters.rejected += len(made.rows)
            return []

    def _attempt(self, connection: sqlite3.Connection, made: Rows) -> list[_Ack]:
        """Store rows, gaps and rollups of a device, or nothing of them."""
        if not made.rows:
            return []
        connection.execute("SAVEPOINT device")
        try:
            self._put(connection, made)
        except _REFUSED_VALUE:
            connection.execute("ROLLBACK TO device")
            self._state.ladders.pop(made.table.device_id, None)
            raise
        finally:
            # When SQLite gave up the whole transaction there is no savepoint left to release.
            with suppress(sqlite3.OperationalError):
                connection.execute("RELEASE device")
        return [_Ack(made.table.device_id, made.session_id, made.rows[-1][0], len(made.rows))]

    def _put(self, connection: sqlite3.Connection, made: Rows) -> None:
        ladders = self._enter(made.session_id).ladders
        device_id = made.table.device_id
        ladder = ladders.get(device_id)
        if ladder is None or ladder.table is not made.table:
            ladder = rollups.open_ladder(connection, made.table, made.session_id, made.rows)
            ladders[device_id] = ladder
        first_id = batches.insert(connection, made)
        ladder.add(connection, made.rows, first_id)

    def _enter(self, session_id: int) -> _State:
        if self._state.session_id != session_id:
            self._state = _State(session_id)
        return self._state

    @staticmethod
    def _last_stored(connection: sqlite3.Connection, recorder: str) -> int:
        row = connection.execute(
            "SELECT last FROM recorded_batches WHERE recorder = ?", (recorder,)
        ).fetchone()
        return row[0] if row else 0

    @staticmethod
    def _remember(connection: sqlite3.Connection, recorder: str, number: int) -> None:
        connection.execute(
            "INSERT INTO recorded_batches (recorder, last) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
            (recorder, number),
        )

    def _forget_other_recorders(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM recorded_batches WHERE recorder != ?", (self._name,))

    def _acknowledge(self, acks: Sequence[_Ack]) -> None:
        if self._failed_in_a_row:
            self._failed_in_a_row, self._lossy = 0, False
            self._alarm("record_recovered", "recording works again, what waited is stored")
        if self.counters.rejected > self._rejected_before:
            self._rejected_before = self.counters.rejected
            self._alarm("record_rejected", "rows with values of a wrong type were not stored")
        newest: dict[tuple[str, int], _Ack] = {}
        for ack in acks:
            self.counters.recorded += ack.rows
            known = newest.get(ack[:2])
            rows = ack.rows + (known.rows if known else 0)
            newest[ack[:2]] = _Ack(*ack[:3], rows)
        for ack in newest.values():
            self._bus.publish(
                Event("recorded", ack._asdict(), self._clock.now(), self._clock.monotonic())
            )

    def _failed(self, error: IonpyError) -> None:
        self.counters.failures += 1
        self._failed_in_a_row += 1
        if self._failed_in_a_row == 1:
            self._alarm("record_failed", f"{error.message}; samples are kept and tried again")

    def _lose(self, rows: int, why: str) -> None:
        self.counters.dropped += rows
        if not self._lossy:
            self._lossy = True
            self._alarm("record_lost", f"samples are being lost: {why}")

    def _alarm(self, kind: str, text: str) -> None:
        log.warning("recorder", kind=kind, text=text)
        if self._on_alarm is not None:
            self._on_alarm(kind, text)

    async def _to_spill(self, keep: int) -> None:
        """Move the oldest batches to the overflow file until ``keep`` rows are left in memory."""
        self._seal()
        moved: list[_Batch] = []
        rows = self._sealed_rows
        for batch in self._sealed:
            if rows <= keep:
                break
            moved.append(batch)
            rows -= batch.size
        if not moved:
            return
        try:
            with self._clock.hold():
                await asyncio.to_thread(self._append_to_spill, moved)
        except OSError as error:
            if self._sealed_rows > 2 * self.max_waiting or not keep:
                self._lose(sum(b.size for b in moved), f"the overflow file: {error}")
                self._drop(len(moved))
            return
        self._spill_waits = True
        count = sum(b.size for b in moved)
        self.counters.spilled += count
        self._drop(len(moved))
        self._alarm("record_spilled", f"{count} rows were put aside in {self._spill.path.name}")

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._sealed_rows -= self._sealed.popleft().size

    def _append_to_spill(self, moved: Sequence[_Batch]) -> None:
        gaps: OpenGaps = {}
        spilled = []
        for batch in moved:
            parts = []
            for source, snapshots in batch.snapshots.items():
                table = self.tables.get(source)
                if table is not None:
                    made = batches.make_rows(table, batch.session_id, snapshots, gaps, careful=True)
                    parts.append(_spilled(made))
            spilled.append(SpilledBatch(self._name, batch.number, parts))
        self._spill.append(spilled)

    async def _replay(self) -> None:
        """Store what the overflow file holds and remove it."""
        if not self._spill_waits:
            return
        with self._clock.hold():
            reader = self._spill.read()
            while batch := await asyncio.to_thread(next, reader, None):
                acks = await self._write(partial(self._store_spilled, batch))
                self.counters.replayed += sum(ack.rows for ack in acks)
                self._acknowledge(acks)
            await asyncio.to_thread(self._spill.clear)
        self._spill_waits = False

    def _store_spilled(self, batch: SpilledBatch, connection: sqlite3.Connection) -> list[_Ack]:
        if batch.number <= self._last_stored(connection, batch.recorder):
            return []
        acks: list[_Ack] = []
        for part in batch.parts:
            if (table := self.tables.get(part.device)) is not None:
                acks += self._attempt(connection, _unspilled(table, part))
        self._remember(connection, batch.recorder, batch.number)
        return acks


def _spilled(made: Rows) -> SpilledPart:
    return SpilledPart(
        made.table.device_id,
        made.session_id,
        [c.entity for c in made.table.active],
        [[row[0], *row[2:]] for row in made.rows],
        [list(gap) for gap in made.gaps],
    )


def _unspilled(table: DeviceTable, part: SpilledPart) -> Rows:
    """Rows for the table as it is now; entities it has no column for any more are left out."""
    places = {entity: 1 + i for i, entity in enumerate(part.entities)}
    order = [places.get(c.entity) for c in table.active]
    rows = [
        (
            row[0],
            part.session_id,
            *(None if place is None else row[place] for place in order),
            row[-1],
        )
        for row in part.rows
    ]
    return Rows(table, part.session_id, rows, [tuple(gap) for gap in part.gaps])
