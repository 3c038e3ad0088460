"""Reading what was recorded: curves with no peak lost, and figures per session.

A curve is as many buckets as a chart has points, each with minimum, maximum and mean. Short ranges
come from the samples, long ones from the rollup level that has at most about ten rows per point;
the ragged ends of the range and what a level does not contain yet come from the samples again. So
the answer is exact, and costs nearly the same for an hour as for a year.
"""

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.storage import rollups
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTable, DeviceTables, StoredColumn, quoted

MAX_POINTS = 20_000
MAX_LIMIT = 200_000
DEFAULT_LIMIT = 10_000
ROWS_PER_POINT = 10
PATIENCE = 100  # rows per point that are still read raw when a level would be too coarse
MIN_GAP_S = 2.0
_CHARGE_UNITS = {"A": "ah", "W": "wh"}


@dataclass(slots=True)
class Query:
    """What of a device is wanted.

    Attributes:
        device: Device id.
        entities: Entity ids; empty for all.
        start: First time [Unix s], None from the beginning.
        end: Last time [Unix s], None to the end.
        session_id: Only this session.
        points: Downsample to about so many buckets; None for samples as they are.
        limit: Most rows without ``points``.
    """

    device: str
    entities: Sequence[str] = ()
    start: float | None = None
    end: float | None = None
    session_id: int | None = None
    points: int | None = None
    limit: int = DEFAULT_LIMIT


@dataclass(slots=True)
class Curve:
    """Columns of an answer, all as long as ``t``.

    Attributes:
        t: Time of each row [Unix s]; of a bucket its middle.
        columns: Entity id to ``{"value": [...]}`` for samples and for texts, or to
            ``{"min": [...], "max": [...], "avg": [...]}`` for buckets.
        width: Seconds per bucket, 0 for samples.
        level: Coarsest rollup used [s], 0 when only samples were read.
        truncated: True when ``limit`` cut the answer off.
    """

    device: str
    t: list[float] = field(default_factory=list)
    columns: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    width: float = 0.0
    level: int = 0
    truncated: bool = False


class _Span(NamedTuple):
    """The part of a session that lies in the range."""

    session_id: int
    first: float
    last: float
    rows: int


class _Plan(NamedTuple):
    table: DeviceTable
    query: Query
    columns: list[tuple[int, StoredColumn]]
    origin: float
    width: float
    buckets: int


class History:
    """Answers questions about the device tables of a project."""

    def __init__(self, db: Database, tables: DeviceTables) -> None:
        self._db = db
        self._tables = tables

    async def history(self, query: Query) -> Curve:
        """The curve of some entities of a device.

        Raises:
            NotFound: The device or an entity was never recorded.
            BadInput: ``points`` or ``limit`` out of range.
        """
        table, columns = self._resolve(query)
        return await self._db.read_driver(lambda c: _curve(c, table, columns, query))

    async def statistics(self, query: Query, *, charge: bool = True) -> list[dict[str, Any]]:
        """Per session: times, rows, and min/max/avg/n of each numeric entity.

        Entities in A and W also get ``ah`` and ``wh`` by the trapezoid rule; distances longer than
        three times the usual one (at least 2 s) are not bridged, their sum is ``gap_s``. That reads
        every sample: without ``charge`` the answer costs nearly the same for any length.
        """
        table, columns = self._resolve(query)
        return await self._db.read_driver(
            lambda c: _statistics(c, table, columns, query, charge=charge)
        )

    async def recorded(self, session_id: int | None = None) -> list[dict[str, Any]]:
        """Which devices have rows, in one session or at all: from when to when, how many, of what.

        ``rows`` is counted from row numbers: exact for a session that was recorded alone.
        """
        return await self._db.read_driver(
            lambda connection: [
                found
                for table in self._tables.all()
                if (found := _recorded(connection, table, session_id)) is not None
            ]
        )

    def _resolve(self, query: Query) -> tuple[DeviceTable, list[tuple[int, StoredColumn]]]:
        table = self._tables.get(query.device)
        if table is None:
            msg = f"device {query.device!r} has no recordings in this project"
            raise NotFound(msg)
        return table, _columns_of(table, query)


def curve_of(connection: sqlite3.Connection, table: DeviceTable, query: Query) -> Curve:
    """The same as `History.history` for whoever reads a file in a thread of their own.

    Raises:
        NotFound: An entity was never recorded.
        BadInput: ``points`` or ``limit`` out of range.
    """
    return _curve(connection, table, _columns_of(table, query), query)


def _recorded(
    connection: sqlite3.Connection, table: DeviceTable, session_id: int | None
) -> dict[str, Any] | None:
    spans = _spans(connection, table, Query(table.device_id, session_id=session_id))
    if not spans:
        return None
    return {
        "device": table.device_id,
        "first": spans[0].first,
        "last": max(span.last for span in spans),
        "rows": sum(span.rows for span in spans),
        "entities": [
            {"id": c.entity, "kind": c.kind, "unit": c.unit} for c in table.columns if not c.retired
        ],
    }


def rows_between(connection: sqlite3.Connection, table: DeviceTable, query: Query) -> int:
    """How many rows a question is about, counted from row numbers at no cost."""
    return sum(span.rows for span in _spans(connection, table, query))


def _columns_of(table: DeviceTable, query: Query) -> list[tuple[int, StoredColumn]]:
    """The columns a query asks for, with their numbers."""
    if query.points is not None and not 1 <= query.points <= MAX_POINTS:
        msg = f"points must be 1 to {MAX_POINTS}, not {query.points}"
        raise BadInput(msg)
    if not 0 <= query.limit <= MAX_LIMIT:
        msg = f"limit must be 0 to {MAX_LIMIT}, not {query.limit}"
        raise BadInput(msg)
    indexed = {c.entity: (i, c) for i, c in enumerate(table.columns) if not c.retired}
    wanted = list(query.entities) or list(indexed)
    missing = [entity for entity in wanted if entity not in indexed]
    if missing:
        msg = f"{query.device} has no entity {', '.join(map(repr, missing))}"
        raise NotFound(msg)
    return [indexed[entity] for entity in dict.fromkeys(wanted)]


def sessions_of(connection: sqlite3.Connection, table: DeviceTable) -> Iterator[int]:
    """The sessions a device has rows of, by skipping through its index."""
    sql = f"SELECT min(session_id) FROM {quoted(table.table)} WHERE session_id > ?"  # noqa: S608 - quoted
    last = -(2**63)
    while (session_id := connection.execute(sql, (last,)).fetchone()[0]) is not None:
        yield session_id
        last = session_id


def _spans(connection: sqlite3.Connection, table: DeviceTable, query: Query) -> list[_Span]:
    start = -math.inf if query.start is None else query.start
    end = math.inf if query.end is None else query.end
    if query.session_id is not None:
        sessions: list[int] = [query.session_id]
    else:
        sessions = list(sessions_of(connection, table))
    edge = (
        f"SELECT timestamp, id FROM {quoted(table.table)} "  # noqa: S608 - quoted
        "WHERE session_id = ? AND timestamp BETWEEN ? AND ? ORDER BY timestamp {0} LIMIT 1"
    )
    spans = []
    for session_id in sessions:
        first = connection.execute(edge.format("ASC"), (session_id, start, end)).fetchone()
        last = connection.execute(edge.format("DESC"), (session_id, start, end)).fetchone()
        if first is not None:
            rows = abs(last[1] - first[1]) + 1
            spans.append(_Span(session_id, first[0], last[0], rows))
    return sorted(spans, key=lambda span: span.first)


def _curve(
    connection: sqlite3.Connection,
    table: DeviceTable,
    columns: list[tuple[int, StoredColumn]],
    query: Query,
) -> Curve:
    spans = _spans(connection, table, query)
    curve = Curve(table.device_id, units={c.entity: c.unit for _, c in columns})
    rows = sum(span.rows for span in spans)
    if query.points is None or rows <= query.points:
        limit = query.limit if query.points is None else query.points
        _read_samples(connection, table, columns, spans, curve, limit)
        return curve
    origin = spans[0].first
    width = (max(span.last for span in spans) - origin) / query.points or 1.0
    plan = _Plan(table, query, columns, origin, width, query.points)
    curve.width = width
    is_plain = len(spans) == 1 and all(c.is_rolled_up for _, c in columns)
    if is_plain and rows <= ROWS_PER_POINT * query.points:
        _read_few(connection, plan, spans[0], curve)
    else:
        _read_buckets(connection, plan, spans, curve, rows)
    return curve


def _read_few(connection: sqlite3.Connection, plan: _Plan, span: _Span, curve: Curve) -> None:
    """Buckets of a short range straight from the samples, with nothing to merge."""
    figures = "".join(
        f", min({q}), max({q}), avg({q})" for q in (quoted(c.column) for _, c in plan.columns)
    )
    # A hair wider, so that the last sample falls into the last bucket and not behind it.
    width = plan.width * (1 + 1e-12)
    found = connection.execute(
        f"SELECT CAST((timestamp - ?) / ? AS INTEGER) AS k{figures} "  # noqa: S608 - quoted
        f"FROM {quoted(plan.table.table)} "
        "WHERE session_id = ? AND timestamp BETWEEN ? AND ? GROUP BY k",
        (plan.origin, width, span.session_id, span.first, span.last),
    ).fetchall()
    keys, *cells = map(list, zip(*found, strict=True))
    curve.t = [plan.origin + (key + 0.5) * plan.width for key in keys]
    for place, (_, column) in enumerate(plan.columns):
        low, high, mean = cells[3 * place : 3 * place + 3]
        curve.columns[column.entity] = {"min": low, "max": high, "avg": mean}


def _read_samples(
    connection: sqlite3.Connection,
    table: DeviceTable,
    columns: list[tuple[int, StoredColumn]],
    spans: Sequence[_Span],
    curve: Curve,
    limit: int,
) -> None:
    names = "".join(f", {quoted(c.column)}" for _, c in columns)
    sql = (
        f"SELECT timestamp{names} FROM {quoted(table.table)} "  # noqa: S608 - quoted
        "WHERE session_id = ? AND timestamp BETWEEN ? AND ? ORDER BY timestamp, id LIMIT ?"
    )
    lists: list[list[Any]] = [[] for _ in columns]
    for span in spans:
        left = limit + 1 - len(curve.t)
        for row in connection.execute(sql, (span.session_id, span.first, span.last, left)):
            curve.t.append(row[0])
            for values, value in zip(lists, row[1:], strict=True):
                values.append(value)
    curve.truncated = len(curve.t) > limit
    if curve.truncated:
        del curve.t[limit:]
    for (_, column), values in zip(columns, lists, strict=True):
        curve.columns[column.entity] = {"value": values[:limit]}


def choose_level(
    rows: int, length: float, points: int, finest: int, up_to: Mapping[int, int]
) -> int:
    """The rollup level [s] for a range, 0 for the samples themselves.

    Args:
        rows: Samples in the range.
        length: Seconds that have samples.
        points: Wanted buckets.
        finest: The finest level that is kept.
        up_to: How far each level reaches; 0 where nothing was ever written.
    """
    if rows <= ROWS_PER_POINT * points:
        return 0
    fitting = (
        level
        for level in rollups.LEVELS
        if level >= finest and length / level <= ROWS_PER_POINT * points
    )
    level = next(fitting, rollups.LEVELS[-1])
    too_coarse = length / level < points and rows <= PATIENCE * points
    return 0 if too_coarse or not up_to.get(level) else level


def _read_buckets(
    connection: sqlite3.Connection,
    plan: _Plan,
    spans: Sequence[_Span],
    curve: Curve,
    rows: int,
) -> None:
    length = sum(span.last - span.first for span in spans)
    merged: dict[int, dict[str, list[Any]]] = {}
    for span in spans:
        finest, up_to = rollups.read_state(connection, plan.table, span.session_id)
        level = choose_level(rows, length, plan.buckets, finest, up_to)
        curve.level = max(curve.level, level)
        for group in _groups(plan.columns):
            source = _Source(plan, span, level, up_to.get(level, 0), group)
            for key, *stats in connection.execute(*source.sql()):
                _merge_row(merged.setdefault(key, {}), group, stats)
        for _, column in plan.columns:
            if not column.is_rolled_up:
                for key, value in _last_values(connection, plan, span, column):
                    merged.setdefault(key, {})[column.entity] = [value]
    keys = sorted(merged)
    curve.t = [plan.origin + (key + 0.5) * plan.width for key in keys]
    for _, column in plan.columns:
        cells = [merged[key].get(column.entity) for key in keys]
        curve.columns[column.entity] = _cells_to_columns(cells, column)


def _cells_to_columns(
    cells: Sequence[list[Any] | None], column: StoredColumn
) -> dict[str, list[Any]]:
    if not column.is_rolled_up:
        return {"value": [cell[0] if cell else None for cell in cells]}
    return {
        "min": [cell[0] if cell else None for cell in cells],
        "max": [cell[1] if cell else None for cell in cells],
        "avg": [cell[2] / cell[3] if cell else None for cell in cells],
    }


def _merge_row(
    into: dict[str, list[Any]], group: Sequence[tuple[int, StoredColumn]], stats: Sequence[Any]
) -> None:
    for k, (_, column) in enumerate(group):
        low, high, total, count = stats[4 * k : 4 * k + 4]
        if not count:
            continue
        known = into.get(column.entity)
        if known is None:
            into[column.entity] = [low, high, total, count]
        else:
            into[column.entity] = [
                min(low, known[0]),
                max(high, known[1]),
                total + known[2],
                count + known[3],
            ]


def _groups(
    columns: Sequence[tuple[int, StoredColumn]],
) -> Iterator[list[tuple[int, StoredColumn]]]:
    """Columns that share a rollup table."""
    chunks: dict[int, list[tuple[int, StoredColumn]]] = {}
    for index, column in columns:
        if column.is_rolled_up:
            chunks.setdefault(index // rollups.CHUNK, []).append((index, column))
    yield from chunks.values()


class _Source(NamedTuple):
    """The buckets of some columns in one span, from a level and from samples where it ends."""

    plan: _Plan
    span: _Span
    level: int
    up_to: int
    group: list[tuple[int, StoredColumn]]

    def sql(self) -> tuple[str, list[float]]:
        """Statement and parameters; rows are bucket number and four figures per column."""
        span, level = self.span, self.level
        parts: list[str] = []
        values: list[float] = []
        begin, end = self._whole_buckets()
        if not level or end <= begin:
            parts.append(self._raw("session_id = ? AND timestamp BETWEEN ? AND ?"))
            values += [span.session_id, span.first, span.last]
        else:
            parts.append(self._rolled())
            values += [span.session_id, begin, end]
            low, high = begin * level, end * level
            parts.append(self._raw("session_id = ? AND timestamp >= ? AND timestamp < ?"))
            values += [span.session_id, span.first, low]
            parts.append(self._raw("session_id = ? AND timestamp >= ? AND timestamp <= ?"))
            values += [span.session_id, high, span.last]
            tail = "id > ? AND session_id = ? AND timestamp >= ? AND timestamp < ?"
            parts.append(self._raw(tail, index="NOT INDEXED"))
            values += [self.up_to, span.session_id, low, high]
        figures = "".join(f", min(a{i}), max(b{i}), sum(s{i}), sum(n{i})" for i, _ in self.group)
        union = " UNION ALL ".join(parts)
        return f"SELECT k{figures} FROM ({union}) GROUP BY k", values  # noqa: S608 - made here

    def _whole_buckets(self) -> tuple[int, int]:
        """Buckets that lie in the range with all their samples: first and one past the last."""
        level = self.level or 1
        query = self.plan.query
        first, last = int(self.span.first // level), int(self.span.last // level) + 1
        if query.start is not None:
            first = max(first, math.ceil(query.start / level))
        if query.end is not None:
            last = min(last, math.floor(query.end / level))
        return first, last

    def _key(self, time: str) -> str:
        plan = self.plan
        return (
            f"max(0, min({plan.buckets - 1}, "
            f"CAST(({time} - {plan.origin!r}) / {plan.width!r} AS INTEGER)))"
        )

    def _raw(self, where: str, index: str = "") -> str:
        names = "".join(
            f", {q} AS a{i}, {q} AS b{i}, {q} AS s{i}, {q} IS NOT NULL AS n{i}"
            for i, q in ((i, quoted(c.column)) for i, c in self.group)
        )
        table = quoted(self.plan.table.table)
        return f"SELECT {self._key('timestamp')} AS k{names} FROM {table} {index} WHERE {where}"  # noqa: S608 - quoted

    def _rolled(self) -> str:
        names = "".join(
            f", c{i}_min AS a{i}, c{i}_max AS b{i}, c{i}_sum AS s{i}, c{i}_n AS n{i}"
            for i, _ in self.group
        )
        middle = f"(bucket + 0.5) * {self.level}"
        table = rollups.table_name(self.plan.table, self.group[0][0] // rollups.CHUNK)
        return (
            f"SELECT {self._key(middle)} AS k{names} FROM {table} "  # noqa: S608 - numbered
            f"WHERE level = {self.level} AND session_id = ? AND bucket >= ? AND bucket < ?"
        )


def _last_values(
    connection: sqlite3.Connection, plan: _Plan, span: _Span, column: StoredColumn
) -> Iterator[tuple[int, Any]]:
    """The last text or bits of each bucket."""
    source = _Source(plan, span, 0, 0, [])
    name = quoted(column.column)
    # With a single max(), SQLite takes the other columns from the row that holds it.
    sql = (
        f"SELECT {source._key('timestamp')} AS k, {name}, max(timestamp) "  # noqa: S608, SLF001 - quoted
        f"FROM {quoted(plan.table.table)} "
        f"WHERE session_id = ? AND timestamp BETWEEN ? AND ? AND {name} IS NOT NULL GROUP BY k"
    )
    for key, value, _ in connection.execute(sql, (span.session_id, span.first, span.last)):
        yield key, value


def _statistics(
    connection: sqlite3.Connection,
    table: DeviceTable,
    columns: list[tuple[int, StoredColumn]],
    query: Query,
    *,
    charge: bool = True,
) -> list[dict[str, Any]]:
    answer = []
    for span in _spans(connection, table, query):
        length = max(span.last - span.first, 1e-9)
        plan = _Plan(table, query, columns, span.first, length * 2, 1)
        finest, up_to = rollups.read_state(connection, table, span.session_id)
        level = choose_level(span.rows, length, 200, finest, up_to)
        merged: dict[str, list[Any]] = {}
        for group in _groups(columns):
            source = _Source(plan, span, level, up_to.get(level, 0), group)
            for _, *stats in connection.execute(*source.sql()):
                _merge_row(merged, group, stats)
        figures: dict[str, dict[str, Any]] = {
            entity: {"min": low, "max": high, "avg": total / count, "n": count}
            for entity, (low, high, total, count) in merged.items()
        }
        for _, column in columns:
            if charge and column.unit in _CHARGE_UNITS and column.entity in figures:
                figures[column.entity] |= _integral(connection, table, column, span)
        answer.append(
            {
                "session_id": span.session_id,
                "start": span.first,
                "end": span.last,
                "rows": span.rows,
                "entities": figures,
            }
        )
    return answer


def _integral(
    connection: sqlite3.Connection, table: DeviceTable, column: StoredColumn, span: _Span
) -> dict[str, float]:
    """Ah or Wh over a span, and the seconds that could not be bridged."""
    name = quoted(column.column)
    usual = (span.last - span.first) / max(1, span.rows - 1)
    max_gap = max(3 * usual, MIN_GAP_S)
    total, gap = connection.execute(
        "SELECT total(CASE WHEN dt <= ?1 THEN (v + before) / 2 * dt END), "  # noqa: S608 - quoted
        "total(CASE WHEN dt > ?1 THEN dt END) FROM ("
        f"SELECT {name} AS v, lag({name}) OVER w AS before, timestamp - lag(timestamp) OVER w AS dt"
        f" FROM {quoted(table.table)} WHERE session_id = ?2 AND timestamp BETWEEN ?3 AND ?4"
        f" AND {name} IS NOT NULL WINDOW w AS (ORDER BY timestamp, id))",
        (max_gap, span.session_id, span.first, span.last),
    ).fetchone()
    return {_CHARGE_UNITS[column.unit]: total / 3600.0, "gap_s": gap}
