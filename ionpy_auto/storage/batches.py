"""From snapshots to rows: what a value's quality lets into the table, and the reasons left out.

Only values that may be believed are stored; others become NULL with a row in ``gaps``. The usual
snapshot, complete and all good, takes a short way: at thousands of rows per second it decides what
recording costs.
"""

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.device_tables import DeviceTable

Row = tuple[Any, ...]
OpenGaps = dict[tuple[str, str], tuple[float, str]]

_RANK = {
    AlarmState.NORMAL: 0,
    AlarmState.LO: 1,
    AlarmState.HI: 2,
    AlarmState.LOLO: 3,
    AlarmState.HIHI: 4,
}
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
    points = tuple(f"{table.device_id}.{c.entity}" for c in table.active)
    width = len(points)
    made = Rows(table, session_id, [])
    add = made.rows.append
    good, normal = Quality.GOOD, AlarmState.NORMAL
    maker = _Careful(table, made, open_gaps)
    for snapshot in snapshots:
        samples = snapshot.samples
        if len(samples) == width and not careful and width:
            names, values, _, qualities, alarms, _, _, _ = zip(*samples, strict=False)
            if (
                names == points
                and qualities.count(good) == width
                and alarms.count(normal) == width
                and not maker.has_gaps
            ):
                add((snapshot.timestamp, session_id, *values, _NORMAL))
                continue
        maker.take(snapshot)
    return made


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
        if isinstance(value, float) and not math.isfinite(value):
            return None, "not finite"
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            return None, "too large"
        return value, ""

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


def insert(connection: sqlite3.Connection, made: Rows) -> int:
    """Store the rows (at least one) and gaps; returns the id of the first row."""
    connection.executemany(made.table.insert_sql, made.rows)
    last: int = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
    if made.gaps:
        connection.executemany(GAP_SQL, last_of_each(made.gaps))
    return last - len(made.rows) + 1


def last_of_each(gaps: Iterable[Row]) -> list[Row]:
    """One row per gap, the longest."""
    return list({(gap[1], gap[2], gap[3]): gap for gap in gaps}.values())
