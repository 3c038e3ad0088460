"""From snapshots to rows: what a value's quality lets into the table, and the reasons left out.

Only values that may be believed are stored; others become NULL with a row in ``gaps``. The usual
snapshot, complete and all good, takes a short way: at thousands of rows per second it decides what
recording costs.
"""

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

from ionpy_auto.core.samples import AlarmState, Quality, Sample, Scalar, Snapshot
from ionpy_auto.storage.device_tables import DeviceTable

Row = tuple[Any, ...]
OpenGaps = dict[tuple[str, str], tuple[float, str]]

_USED = ("point", "value", "quality", "alarm")
_RANK = {
    AlarmState.NORMAL: 0,
    AlarmState.LO: 1,
    AlarmState.HI: 2,
    AlarmState.LOLO: 3,
    AlarmState.HIHI: 4,
}
_POINT, _VALUE, _QUALITY, _ALARM = map(itemgetter, map(Sample._fields.index, _USED))
_NORMAL = "NORMAL"
_INT64 = 2**63

GAP_SQL = (
    'INSERT INTO gaps (session_id, device, entity, "from", "to", reason) VALUES (?, ?, ?, ?, ?, ?)'
    ' ON CONFLICT (device, entity, "from") DO UPDATE SET "to" = excluded."to"'
)


@dataclass(slots=True)
class Rows:
    """Rows of one device in one session, ready to be stored: time, session, values, alarm."""

    table: DeviceTable
    session_id: int
    rows: list[Row]
    gaps: list[Row] = field(default_factory=list)


def make_rows(
    table: DeviceTable,
    session_id: int,
    snapshots: Sequence[Snapshot],
    open_gaps: OpenGaps,
    *,
    careful: bool = False,
) -> Rows:
    """Turn snapshots into rows.

    Args:
        table: Where they will go.
        session_id: The recording they belong to.
        snapshots: In the order they came.
        open_gaps: ``(device, entity)`` to start and reason of gaps that last; changed in place.
        careful: Check every value; used when a value was refused.
    """
    made = Rows(table, session_id, [])
    maker = _Careful(table, made, open_gaps)
    rows = None if careful or maker.has_gaps else _whole_polls(table, session_id, snapshots)
    if rows is None:
        for snapshot in snapshots:
            maker.take(snapshot)
    else:
        made.rows = rows
    return made


def _whole_polls(
    table: DeviceTable, session_id: int, snapshots: Sequence[Snapshot]
) -> list[Row] | None:
    """Rows of snapshots that all hold every entity with a good value, else None.

    Column by column over all of them: what is asked of each sample costs more than its storage.
    """
    points = table.points
    width, count = len(points), len(snapshots)
    polls = [snapshot.samples for snapshot in snapshots]
    samples = list(chain.from_iterable(polls))
    if (
        set(map(len, polls)) != {width}
        or list(map(_POINT, samples)) != list(points) * count
        or list(map(_QUALITY, samples)).count(Quality.GOOD) != len(samples)
    ):
        return None
    values = list(map(_VALUE, samples))
    columns = [values[place::width] for place in range(width)]
    for place, types in table.expected_types:
        if not types.issuperset(map(type, columns[place])):
            return None
    alarms = list(map(_ALARM, samples))
    states: Iterable[str] = repeat(_NORMAL)
    if alarms.count(AlarmState.NORMAL) != len(alarms):
        states = [
            max(alarms[start : start + width], key=_RANK.__getitem__).value
            for start in range(0, len(alarms), width)
        ]
    times = [snapshot.timestamp for snapshot in snapshots]
    return list(zip(times, repeat(session_id), *columns, states))


class _Careful:
    """The long way: partial polls, bad values, alarms."""

    def __init__(self, table: DeviceTable, made: Rows, open_gaps: OpenGaps) -> None:
        self._made = made
        self._device = table.device_id
        self._skip = len(table.device_id) + 1
        self._place = {c.entity: i for i, c in enumerate(table.active)}
        self._texts = {c.entity for c in table.active if c.kind in {"enum", "text"}}
        self._open = open_gaps
        self.has_gaps = any(device == self._device for device, _ in open_gaps)

    def take(self, snapshot: Snapshot) -> None:
        values: list[Any] = [None] * len(self._place)
        worst = AlarmState.NORMAL
        known = False
        for sample in snapshot.samples:
            entity = sample.point[self._skip :]
            place = self._place.get(entity)
            if place is None:
                continue
            known = True
            value, reason = self._judge(sample, entity)
            values[place] = value
            self._note(entity, snapshot.timestamp, reason)
            if _RANK[sample.alarm] > _RANK[worst]:
                worst = sample.alarm
        if known:
            made = self._made
            made.rows.append((snapshot.timestamp, made.session_id, *values, worst.value))
        self.has_gaps = any(device == self._device for device, _ in self._open)

    def _judge(self, sample: Sample, entity: str) -> tuple[Any, str]:
        value = sample.known
        if value is None:
            if sample.quality in {Quality.GOOD, Quality.UNSURE}:
                return None, ""
            return None, sample.reason or sample.quality.value
        if isinstance(value, str) != (entity in self._texts):
            return None, f"unexpected {type(value).__name__}"
        problem = _problem_of(value)
        return (None, problem) if problem else (value, "")

    def _note(self, entity: str, timestamp: float, reason: str) -> None:
        key = (self._device, entity)
        if not reason:
            self._open.pop(key, None)
            return
        since, known = self._open.get(key, (timestamp, reason))
        if known != reason:
            since = timestamp
        self._open[key] = (since, reason)
        self._made.gaps.append(
            (self._made.session_id, self._device, entity, since, timestamp, reason)
        )


def _problem_of(value: Scalar) -> str:
    """Why SQLite could not hold a value, empty if it can."""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "not finite"
    if isinstance(value, int):
        return "" if -_INT64 <= value < _INT64 else "too large"
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return "not storable as text"
    return ""


def insert(connection: sqlite3.Connection, made: Rows) -> int:
    """Store the rows (at least one) and gaps; returns the id of the first row."""
    table, rows = made.table, made.rows
    whole = len(rows) - len(rows) % table.block
    for start in range(0, whole, table.block):
        block = rows[start : start + table.block]
        connection.execute(table.block_sql, list(chain.from_iterable(block)))
    if whole < len(rows):
        connection.executemany(table.insert_sql, rows[whole:])
    last: int = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
    if made.gaps:
        connection.executemany(GAP_SQL, last_of_each(made.gaps))
    return last - len(rows) + 1


def last_of_each(gaps: Iterable[Row]) -> list[Row]:
    """One row per gap, the longest."""
    return list({(gap[1], gap[2], gap[3]): gap for gap in gaps}.values())
