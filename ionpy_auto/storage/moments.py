"""What all points were at a time of a recording: one moment, or many in a row for playing back.

A value holds from its row until the next one, as on a bench that is polled. Each answer is one
look into the index per device and moment, so a moment costs the same in any length of recording.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from ionpy_auto.core.errors import BadInput
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTable, DeviceTables, quoted

MAX_FRAMES = 600


class Moments:
    """Looks up recorded values by time.

    Args:
        db: The project's database.
        tables: Its device tables.
    """

    def __init__(self, db: Database, tables: DeviceTables) -> None:
        self._db = db
        self._tables = tables

    async def frames(
        self, session_id: int, start: float, step: float, count: int
    ) -> list[dict[str, Any]]:
        """The rows that hold at ``start``, ``start + step``, … of every device.

        Returns:
            Per device ``{device, entities, rows, frames}``: ``rows`` are
            ``[time, alarm state, value per entity]`` without repetition, ``frames`` names the row
            of each moment, -1 before the first one.

        Raises:
            BadInput: No or too many moments, or they do not go forward.
        """
        if not 1 <= count <= MAX_FRAMES or step <= 0:
            msg = f"1 to {MAX_FRAMES} moments, each later than the one before"
            raise BadInput(msg)
        times = [start + n * step for n in range(count)]
        return await self._db.read_driver(
            lambda connection: [
                found
                for table in self._tables.all()
                if (found := _frames_of(connection, table, session_id, times)) is not None
            ]
        )


def _frames_of(
    connection: sqlite3.Connection, table: DeviceTable, session_id: int, times: Sequence[float]
) -> dict[str, Any] | None:
    """The rows of one device; None when it has none by the last of the moments."""
    columns = table.active
    names = "".join(f", {quoted(column.column)}" for column in columns)
    sql = (
        f"SELECT id, timestamp, alarm_state{names} FROM {quoted(table.table)} "  # noqa: S608 - quoted
        "WHERE session_id = ? AND timestamp <= ? ORDER BY timestamp DESC LIMIT 1"
    )
    rows: list[list[Any]] = []
    frames: list[int] = []
    last_id: int | None = None
    for time in times:
        row = connection.execute(sql, (session_id, time)).fetchone()
        if row is not None and row[0] != last_id:
            last_id = row[0]
            rows.append(list(row[1:]))
        frames.append(len(rows) - 1)
    if not rows:
        return None
    entities = [column.entity for column in columns]
    return {"device": table.device_id, "entities": entities, "rows": rows, "frames": frames}
