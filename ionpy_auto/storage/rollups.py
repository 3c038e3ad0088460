"""Minimum, maximum, sum and count per 1, 10, 60 and 600 s, kept by the writer from its own batches.

A level of a session contains exactly the rows up to an id that stands in ``rollup_state``; rows
behind it are read raw. So a bucket is written once, when it is over, in the transaction of the
samples that ended it; after a crash nothing is missing or counted twice, and `catch_up` closes the
distance with one statement per level. Buckets that come back (a wall clock stepped back) merge.

A session that is sampled slower than twice a second keeps no 1 s level: it would be larger than
the samples themselves.
"""

import math
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, pairwise
from operator import add, le
from typing import Any, cast

from ionpy_auto.storage.device_tables import DeviceTable, StoredColumn, quoted

LEVELS = (1, 10, 60, 600)  # [s], each a multiple of the one before
CHUNK = 50
"""Columns of a device per rollup table: four each, within SQLite's 2000."""
MAX_ID = 2**63 - 1
MAX_TAIL = 20_000
"""Rows a level may lag behind before its open bucket is written early."""
WRITE_AT_ONCE = 20
WRITE_ROWS = 2_000
"""Closed buckets and rows a ladder may keep to itself; what is not written is read raw."""
TRIAL_BUCKETS = 50
WORTHWHILE = 2.0  # rows per 1 s bucket

Row = tuple[Any, ...]
Numbered = tuple[int, StoredColumn]  # with its place among all columns
Number = float | int
Combine = Callable[[Any, Any], Any]
Stats = tuple[  # minimum, maximum, sum and count of each column; not changed once made
    Sequence[Number | None], Sequence[Number | None], Sequence[Number | None], Sequence[int]
]
Bucket = tuple[int, int, Stats]  # level, number and figures


class _Open:
    """The bucket of one level that is still growing."""

    __slots__ = ("bucket", "last_id", "stats")

    def __init__(self) -> None:
        self.bucket = -1
        self.last_id = 0
        self.stats: Stats | None = None


class Ladder:
    """The rollups of one device in one session, as far as they are still open."""

    def __init__(self, table: DeviceTable, session_id: int, finest: int = 1) -> None:
        self.table = table
        self.session_id = session_id
        self.finest = finest
        self.up_to = dict.fromkeys(LEVELS, 0)
        self._places = [2 + k for k, c in enumerate(table.active) if c.is_rolled_up]
        self._statements = list(_statements(table))
        self._open = {level: _Open() for level in LEVELS}
        self._closed: list[Bucket] = []
        self._trial_rows = 0
        self._trial_buckets = 0
        self._is_ready = False
        self._written = 0

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels this session keeps."""
        return LEVELS[LEVELS.index(self.finest) :]

    def add(self, connection: sqlite3.Connection, rows: Sequence[Row], first_id: int) -> None:
        """Take in rows that were just inserted with ids from ``first_id`` on."""
        columns = list(zip(*rows, strict=True))
        picked = [columns[place] for place in self._places]
        for bucket, start, end in _runs(columns[0], self.finest):
            stats = _summarise([column[start:end] for column in picked])
            self._merge(self.finest, bucket, stats, first_id + end - 1)
        self._trial_rows += len(rows)
        newest = first_id + len(rows) - 1
        if newest - min(self.up_to.values()) > MAX_TAIL:
            for level in self.levels:
                if self._open[level].stats is not None and newest - self.up_to[level] > MAX_TAIL:
                    self._close(level)
        if len(self._closed) >= WRITE_AT_ONCE or newest - self._written > WRITE_ROWS:
            self._write(connection)
            self._written = newest

    def _merge(self, level: int, bucket: int, stats: Stats, last_id: int) -> None:
        current = self._open[level]
        if current.stats is not None and current.bucket != bucket:
            self._close(level)
        if current.stats is None:
            current.bucket, current.stats = bucket, stats
        else:
            current.stats = _merged(current.stats, stats)
        current.last_id = last_id

    def _close(self, level: int) -> None:
        current = self._open[level]
        if current.stats is None:
            return
        stats, current.stats = current.stats, None
        self._closed.append((level, current.bucket, stats))
        self.up_to[level] = current.last_id
        above = LEVELS.index(level) + 1
        if above < len(LEVELS):
            upper = LEVELS[above]
            self._merge(upper, current.bucket * level // upper, stats, current.last_id)

    def _write(self, connection: sqlite3.Connection) -> None:
        if not self._closed:
            return
        if not self._is_ready:
            ensure(connection, self.table)
            self._is_ready = True
        self._trial_buckets += sum(1 for level, _, _ in self._closed if level == 1)
        if self.finest == 1 and TRIAL_BUCKETS <= self._trial_buckets < 2 * TRIAL_BUCKETS:
            self._judge_finest(connection)
        closed, self._closed = self._closed, []
        for sql, part in self._statements:
            connection.executemany(
                sql,
                [
                    (level, self.session_id, bucket, *_flat(stats, part))
                    for level, bucket, stats in closed
                ],
            )
        save_state(connection, self.table, self.session_id, self.finest, self.up_to)

    def _judge_finest(self, connection: sqlite3.Connection) -> None:
        if self._trial_rows / self._trial_buckets >= WORTHWHILE:
            return
        self._close(1)  # what it holds belongs to the level above
        self._closed = [entry for entry in self._closed if entry[0] != 1]
        self.finest = 10
        for chunk in range(chunks_of(self.table)):
            if columns_of(self.table, chunk):
                connection.execute(
                    f"DELETE FROM {table_name(self.table, chunk)}"  # noqa: S608 - numbered name
                    " WHERE level = 1 AND session_id = ?",
                    (self.session_id,),
                )


def open_ladder(
    connection: sqlite3.Connection, table: DeviceTable, session_id: int, coming: Sequence[Row]
) -> Ladder:
    """The ladder of a session, caught up with what is stored; must be called before inserting."""
    row = connection.execute(
        "SELECT finest FROM rollup_state WHERE number = ? AND session_id = ?",
        (table.number, session_id),
    ).fetchone()
    if row is None:
        span = abs(coming[-1][0] - coming[0][0])
        finest = 10 if is_slow(len(coming), span) else 1
        save_state(connection, table, session_id, finest, dict.fromkeys(LEVELS, 0))
    up_to = catch_up(connection, table, session_id)
    ladder = Ladder(table, session_id, read_state(connection, table, session_id)[0])
    ladder.up_to = up_to
    return ladder


def is_slow(rows: int, span: float) -> bool:
    """True when a 1 s level over ``span`` seconds would hardly be smaller than the samples."""
    return rows >= TRIAL_BUCKETS and rows / max(1.0, span) < WORTHWHILE


def _runs(times: Sequence[float], width: int) -> Iterator[tuple[int, int, int]]:
    """``(bucket, start, end)`` of neighbouring rows in the same bucket."""
    count = len(times)
    if all(map(le, times, times[1:])):
        start = 0
        while start < count:
            bucket = int(times[start] // width)
            end = bisect_left(times, (bucket + 1) * width, start)
            yield bucket, start, end
            start = end
        return
    buckets = [int(t // width) for t in times]
    edges = [0, *(i for i, (a, b) in enumerate(pairwise(buckets), 1) if a != b), count]
    for start, end in pairwise(edges):
        yield buckets[start], start, end


def _summarise(columns: Sequence[Sequence[Any]]) -> Stats:
    """The figures of each column.

    Raises:
        TypeError: A value is not a number.
        ValueError: A value is not finite.
    """
    try:
        sums = list(map(sum, columns))
        lows, highs = list(map(min, columns)), list(map(max, columns))
        stats: Stats = (lows, highs, sums, list(map(len, columns)))
    except TypeError:  # None among them
        stats = _summarise_sparse(columns)
    if not math.isfinite(sum(total for total in stats[2] if total is not None)):
        msg = "a value is not finite"
        raise ValueError(msg)
    return stats


def _summarise_sparse(columns: Sequence[Sequence[Any]]) -> Stats:
    known = [[value for value in column if value is not None] for column in columns]
    return (
        [min(values, default=None) for values in known],
        [max(values, default=None) for values in known],
        [sum(values) if values else None for values in known],
        list(map(len, known)),
    )


def _merged(one: Stats, other: Stats) -> Stats:
    counts = list(map(add, one[3], other[3]))
    figures: tuple[Combine, ...] = (min, max, add)
    try:
        lows, highs, sums = (
            list(map(f, a, b)) for f, a, b in zip(figures, one, other, strict=False)
        )
    except TypeError:  # a column without a value
        lows, highs, sums = (
            list(map(partial(_of_known, f), a, b))
            for f, a, b in zip(figures, one, other, strict=False)
        )
    return lows, highs, sums, counts


def _of_known(function: Combine, one: Number | None, other: Number | None) -> Number | None:
    if one is None:
        return other
    return one if other is None else cast("Number", function(one, other))


def chunks_of(table: DeviceTable) -> int:
    """How many rollup tables a device has."""
    return (len(table.columns) + CHUNK - 1) // CHUNK


def table_name(table: DeviceTable, chunk: int) -> str:
    """The rollup table that holds the given group of columns."""
    return f"rollup_{table.number}_{chunk}"


def columns_of(table: DeviceTable, chunk: int) -> list[Numbered]:
    """Index and column of what a rollup table holds."""
    indexed = list(enumerate(table.columns))[chunk * CHUNK : (chunk + 1) * CHUNK]
    return [(i, column) for i, column in indexed if column.is_rolled_up]


def _flat(stats: Stats, part: slice) -> Iterator[Any]:
    return chain.from_iterable(zip(*(numbers[part] for numbers in stats), strict=True))


def _statements(table: DeviceTable) -> Iterator[tuple[str, slice]]:
    """The statement of each rollup table, and which of the active rolled-up columns it takes."""
    start = 0
    for chunk in range(chunks_of(table)):
        columns = [(i, column) for i, column in columns_of(table, chunk) if not column.retired]
        if columns:
            marks = ", ".join("?" * (3 + 4 * len(columns)))
            head, merge = _insert_head(table, chunk, columns), _merge_sql(columns)
            yield f"{head} VALUES ({marks}) {merge}", slice(start, start + len(columns))
        start += len(columns)


def _insert_head(table: DeviceTable, chunk: int, columns: Sequence[Numbered]) -> str:
    names = "".join(f", c{i}_min, c{i}_max, c{i}_sum, c{i}_n" for i, _ in columns)
    return f"INSERT INTO {table_name(table, chunk)} (level, session_id, bucket{names})"


def _merge_sql(columns: Sequence[Numbered]) -> str:
    parts = []
    for i, _ in columns:
        for word in ("min", "max"):
            a = f"c{i}_{word}"
            parts.append(f"{a} = {word}(coalesce({a}, excluded.{a}), coalesce(excluded.{a}, {a}))")
        parts.append(
            f"c{i}_sum = CASE WHEN c{i}_sum IS NULL THEN excluded.c{i}_sum "
            f"ELSE c{i}_sum + coalesce(excluded.c{i}_sum, 0) END"
        )
        parts.append(f"c{i}_n = coalesce(c{i}_n, 0) + coalesce(excluded.c{i}_n, 0)")
    return f"ON CONFLICT DO UPDATE SET {', '.join(parts)}"


def ensure(connection: sqlite3.Connection, table: DeviceTable) -> None:
    """Make the rollup tables of a device, and the columns they lack."""
    for chunk in range(chunks_of(table)):
        name = table_name(table, chunk)
        wanted = [f"c{i}_{word}" for i, _ in columns_of(table, chunk) for word in _TYPES_OF]
        have = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        if not have and wanted:
            columns = "".join(f", {c} {_type_of(c)}" for c in wanted)
            connection.execute(
                f"CREATE TABLE {name} (level INTEGER NOT NULL, session_id INTEGER NOT NULL, "
                f"bucket INTEGER NOT NULL{columns}, "
                "PRIMARY KEY (level, session_id, bucket)) WITHOUT ROWID"
            )
        elif wanted:
            for column in wanted:
                if column not in have:
                    connection.execute(f"ALTER TABLE {name} ADD COLUMN {column} {_type_of(column)}")


_TYPES_OF = {"min": "REAL", "max": "REAL", "sum": "REAL", "n": "INTEGER"}


def _type_of(column: str) -> str:
    return _TYPES_OF[column.rsplit("_", 1)[1]]


def save_state(
    connection: sqlite3.Connection,
    table: DeviceTable,
    session_id: int,
    finest: int,
    up_to: dict[int, int],
) -> None:
    """Store how far the levels of a session reach."""
    connection.execute(
        "INSERT INTO rollup_state"
        " (number, session_id, finest, up_to_1, up_to_10, up_to_60, up_to_600)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET finest = excluded.finest,"
        " up_to_1 = excluded.up_to_1, up_to_10 = excluded.up_to_10,"
        " up_to_60 = excluded.up_to_60, up_to_600 = excluded.up_to_600",
        (table.number, session_id, finest, *(up_to[level] for level in LEVELS)),
    )


def read_state(
    connection: sqlite3.Connection, table: DeviceTable, session_id: int
) -> tuple[int, dict[int, int]]:
    """``(finest, up_to per level)`` of a session; nothing is kept when it was never recorded."""
    row = connection.execute(
        "SELECT finest, up_to_1, up_to_10, up_to_60, up_to_600 FROM rollup_state"
        " WHERE number = ? AND session_id = ?",
        (table.number, session_id),
    ).fetchone()
    if row is None:
        return 1, dict.fromkeys(LEVELS, 0)
    return row[0], dict(zip(LEVELS, row[1:], strict=True))


def catch_up(
    connection: sqlite3.Connection, table: DeviceTable, session_id: int, end: int = MAX_ID
) -> dict[int, int]:
    """Bring every level of a session up to its last stored row, or to the row with id ``end``.

    Returns how far they reach.
    """
    finest, up_to = read_state(connection, table, session_id)
    if not finest:  # deleting old rollups was interrupted
        finest = 1
        while delete_some(connection, table, session_id, MAX_TAIL):
            pass
        save_state(connection, table, session_id, finest, up_to)
    newest = connection.execute(
        f"SELECT max(id) FROM {quoted(table.table)}"  # noqa: S608 - quoted name
        " WHERE session_id = ? AND id > ? AND id <= ?",
        (session_id, min(up_to.values()), end),
    ).fetchone()[0]
    if newest is None:
        return up_to
    ensure(connection, table)
    for level in LEVELS[LEVELS.index(finest) :]:
        for chunk in range(chunks_of(table)):
            if columns_of(table, chunk):
                connection.execute(
                    _catch_up_sql(table, chunk, level), (session_id, session_id, up_to[level], end)
                )
    for level in LEVELS:
        up_to[level] = max(up_to[level], newest)
    save_state(connection, table, session_id, finest, up_to)
    return up_to


def _catch_up_sql(table: DeviceTable, chunk: int, level: int) -> str:
    columns = columns_of(table, chunk)
    parts = []
    for _, column in columns:
        name = quoted(column.column)
        parts.append(f"min({name}), max({name}), sum({name}), count({name})")
    return (
        f"{_insert_head(table, chunk, columns)} "  # noqa: S608 - numbered and quoted names only
        f"SELECT {level}, ?, CAST(timestamp / {level}.0 AS INTEGER) AS b, {', '.join(parts)} "
        f"FROM {quoted(table.table)} NOT INDEXED"
        " WHERE session_id = ? AND id > ? AND id <= ? GROUP BY b "
        f"{_merge_sql(columns)}"
    )


def delete_some(
    connection: sqlite3.Connection, table: DeviceTable, session_id: int, limit: int
) -> int:
    """Delete at most ``limit`` rollups of a session and table; returns how many there were."""
    ensure(connection, table)
    deleted = 0
    for chunk in range(chunks_of(table)):
        if not columns_of(table, chunk):
            continue
        name = table_name(table, chunk)
        for level in LEVELS:
            deleted += connection.execute(
                f"DELETE FROM {name} WHERE level = ?1 AND session_id = ?2 AND bucket <= "  # noqa: S608 - numbered name
                f"(SELECT max(bucket) FROM (SELECT bucket FROM {name}"
                " WHERE level = ?1 AND session_id = ?2 ORDER BY bucket LIMIT ?3))",
                (level, session_id, limit),
            ).rowcount
    return deleted


def forget_session(connection: sqlite3.Connection, table: DeviceTable, session_id: int) -> None:
    """Delete the rollups of a session."""
    while delete_some(connection, table, session_id, MAX_TAIL):
        pass
    connection.execute(
        "DELETE FROM rollup_state WHERE number = ? AND session_id = ?", (table.number, session_id)
    )
