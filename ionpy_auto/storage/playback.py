"""Streams recorded samples out of a database another process may be writing, a page at a time.

Each page is a read of its own that is over before its rows are handed out: a reader that takes
minutes never keeps the writer's checkpoints waiting. Nothing here can write.
"""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from ionpy_auto.core.errors import NotFound
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage import problems, schema
from ionpy_auto.storage.device_tables import DeviceTable, StoredColumn, quoted
from ionpy_auto.storage.history import Curve, Query, curve_of
from ionpy_auto.storage.writer import driver_of, engine_for

PAGE = 5000
_QUALITIES = frozenset(quality.value for quality in Quality)


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A recording as far as playing it back needs it; times in Unix seconds."""

    id: int
    name: str
    created: float
    stopped: float | None


class Recording:
    """A read-only view of one ``data.db``; a context manager.

    Args:
        path: The file.

    Raises:
        NotFound: There is no such file.
        StorageError: It is of a newer or another program, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            msg = f"nothing was recorded here: there is no {path.name}"
            raise NotFound(msg, code="NO_RECORDING", hint="record a session first")
        self._path = path
        self._engine = engine_for(path, ("query_only=ON",), begin="BEGIN", mode="ro")
        try:
            with self._engine.connect() as connection:
                schema.refuse_unknown(connection, "project", path)
            self._connection = self._engine.connect()
        except sa.exc.DBAPIError as error:
            raise problems.translate(error, path) from error
        self._driver = driver_of(self._connection)
        self.tables: Mapping[str, DeviceTable] = {t.device_id: t for t in self._catalogue()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._engine.dispose()

    def _read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._driver.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise problems.translate(error, self._path) from error

    def _catalogue(self) -> Iterator[DeviceTable]:
        sql = "SELECT number, device_id, table_name, index_name, columns FROM devices_catalogue"
        for number, device, table, index, content in self._read(sql):
            columns = tuple(
                StoredColumn(**{**column, "bits": tuple(column["bits"])})
                for column in json.loads(content)
            )
            yield DeviceTable(number, device, table, index, columns)

    def sessions(
        self,
        session_id: int | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> list[RecordedSession]:
        """Sessions by time: one, or those that overlap a range.

        Raises:
            NotFound: There is no session with this number.
        """
        found = [
            RecordedSession(*row)
            for row in self._read(
                "SELECT id, name, created, stopped FROM sessions ORDER BY created, id"
            )
        ]
        if session_id is not None:
            found = [session for session in found if session.id == session_id]
            if not found:
                msg = f"there is no session {session_id}"
                raise NotFound(msg, hint="GET …/sessions lists them")
        return [
            session
            for session in found
            if (end is None or session.created <= end)
            and (start is None or session.stopped is None or session.stopped >= start)
        ]

    def bounds(
        self, session: RecordedSession, devices: Sequence[str]
    ) -> tuple[float, float] | None:
        """First and last stored time of a session over some devices; None when it has no rows."""
        times: list[float] = []
        for device in devices:
            sql = (
                f"SELECT min(timestamp), max(timestamp) FROM {quoted(self.tables[device].table)} "  # noqa: S608 - quoted
                "WHERE session_id = ?"
            )
            times += [time for time in self._read(sql, (session.id,))[0] if time is not None]
        return (min(times), max(times)) if times else None

    def markers(self, session_id: int) -> list[dict[str, Any]]:
        """Markers of a session by time."""
        names = ("id", "timestamp", "session_id", "device_id", "label", "color", "notes")
        sql = f"SELECT {', '.join(names)} FROM markers WHERE session_id = ? ORDER BY timestamp, id"  # noqa: S608 - names of ours
        return [dict(zip(names, row, strict=True)) for row in self._read(sql, (session_id,))]

    def alarms(self, session_id: int) -> list[dict[str, Any]]:
        """Transitions of alarms in a session by time, ``key`` and ``transition`` among them."""
        names = (
            *("id", "timestamp", "session_id", "device_id", "entity_id", "old_state", "new_state"),
            *("value", "alarm_key", "transition", "severity", "text", "source", "actor"),
        )
        sql = f"SELECT {', '.join(names)} FROM alarms WHERE session_id = ? ORDER BY timestamp, id"  # noqa: S608 - names of ours
        rows = [dict(zip(names, row, strict=True)) for row in self._read(sql, (session_id,))]
        return [{**row, "key": row.pop("alarm_key")} for row in rows]

    def runs(self, session_id: int) -> list[dict[str, Any]]:
        """Runs that recorded into a session and were started, by time, as their table has them."""
        names = (
            *("id", "flow", "flow_hash", "name", "channel", "session_id", "status", "verdict"),
            *("started", "ended", "ended_by", "parameters", "bindings"),
        )
        sql = (
            f"SELECT {', '.join(names)} FROM runs "  # noqa: S608 - names of ours
            "WHERE session_id = ? AND started IS NOT NULL ORDER BY started, id"
        )
        rows = [dict(zip(names, row, strict=True)) for row in self._read(sql, (session_id,))]
        return [{**row, **{k: json.loads(row[k]) for k in ("parameters", "bindings")}}
                for row in rows]  # fmt: skip

    def run_steps(self, run_id: str) -> list[dict[str, Any]]:
        """The steps of a run in their order, as their events told of them."""
        sql = "SELECT result FROM run_steps WHERE run_id = ? ORDER BY number"
        return [json.loads(text) for (text,) in self._read(sql, (run_id,))]

    def run_cycles(self, run_id: str) -> list[dict[str, Any]]:
        """The finished cycles of a run, as their events told of them."""
        sql = "SELECT figures, started, ended FROM run_cycles WHERE run_id = ? ORDER BY cycle"
        return [
            {**json.loads(text), "started": began, "ended": ended}
            for text, began, ended in self._read(sql, (run_id,))
        ]

    def curve(self, query: Query) -> Curve:
        """A downsampled curve in which no peak is lost, at a cost that hardly grows with the rows.

        Raises:
            NotFound: The device or an entity was never recorded.
        """
        table = self.tables.get(query.device)
        if table is None:
            msg = f"device {query.device!r} has no recordings in this project"
            raise NotFound(msg)
        try:
            return curve_of(self._driver, table, query)
        except sqlite3.Error as error:
            raise problems.translate(error, self._path) from error

    def snapshots(
        self,
        session: RecordedSession,
        device: str,
        entities: Sequence[str],
        span: tuple[float, float],
        origin: float,
    ) -> Iterator[Snapshot]:
        """The polls of a device as they were, oldest first.

        A value that was not to be believed comes back without value, with the reason that was
        recorded; an entity a poll did not hold is left out.

        Args:
            session: Of which recording.
            device: Its id.
            entities: Which of its entities.
            span: First and last time [Unix s].
            origin: The time [Unix s] at monotonic 0.
        """
        table = self.tables[device]
        columns = [column for column in table.active if column.entity in entities]
        if not columns:
            return
        maker = _Maker(device, columns, self._gaps(session.id, device), origin)
        names = ", ".join(quoted(column.column) for column in columns)
        sql = (
            f"SELECT timestamp, id, {names} FROM {quoted(table.table)} "  # noqa: S608 - quoted
            "WHERE session_id = ? AND (timestamp, id) > (?, ?) AND timestamp <= ? "
            f"ORDER BY timestamp, id LIMIT {PAGE}"
        )
        first, last = span
        place: tuple[float, int] = (first, -1)
        while rows := self._read(sql, (session.id, *place, last)):
            for row in rows:
                snapshot = maker.snapshot(row)
                if snapshot.samples:
                    yield snapshot
            place = (rows[-1][0], rows[-1][1])

    def _gaps(self, session_id: int, device: str) -> dict[str, list[tuple[float, float, str]]]:
        sql = (
            'SELECT entity, "from", "to", reason FROM gaps '
            'WHERE device = ? AND session_id = ? ORDER BY "from"'
        )
        found: dict[str, list[tuple[float, float, str]]] = {}
        for entity, begin, end, reason in self._read(sql, (device, session_id)):
            found.setdefault(entity, []).append((begin, end, reason))
        return found


class _Maker:
    """Turns rows into snapshots."""

    def __init__(
        self,
        device: str,
        columns: Sequence[StoredColumn],
        gaps: Mapping[str, list[tuple[float, float, str]]],
        origin: float,
    ) -> None:
        self._device = device
        self._origin = origin
        self._gaps = gaps
        self._columns = [
            (f"{device}.{column.entity}", column.entity, column.unit, column.kind == "toggle")
            for column in columns
        ]

    def snapshot(self, row: tuple[Any, ...]) -> Snapshot:
        """One poll."""
        timestamp: float = row[0]
        mono = timestamp - self._origin
        samples = []
        for (point, entity, unit, is_bool), value in zip(self._columns, row[2:], strict=True):
            quality, reason = Quality.GOOD, ""
            if value is None:
                reason = self._reason(entity, timestamp)
                if not reason:
                    continue
                quality = Quality(reason) if reason in _QUALITIES else Quality.STALE
            elif is_bool:
                value = bool(value)  # noqa: PLW2901 - as it was published
            samples.append(
                Sample(point, value, unit, quality, AlarmState.NORMAL, timestamp, mono, reason)
            )
        return Snapshot(self._device, timestamp, mono, 0.0, tuple(samples))

    def _reason(self, entity: str, timestamp: float) -> str:
        """Why there is no value, empty when the poll did not hold the entity."""
        gaps = self._gaps.get(entity, [])
        place = bisect_right(gaps, timestamp, key=lambda gap: gap[0]) - 1
        return gaps[place][2] if place >= 0 and timestamp <= gaps[place][1] else ""
