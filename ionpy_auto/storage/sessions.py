"""What a session left in the device tables: when its last sample came, and taking it all away."""

import sqlite3
from functools import partial
from typing import Any

from ionpy_auto.storage import rollups
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTables, quoted


async def last_sample(db: Database, tables: DeviceTables, session_id: int) -> float | None:
    """The time [Unix s] of the newest sample of a session, None when it has none."""

    def find(connection: sqlite3.Connection) -> float | None:
        times = [
            connection.execute(
                f"SELECT max(timestamp) FROM {quoted(table.table)}"  # noqa: S608 - quoted
                " WHERE session_id = ?",
                (session_id,),
            ).fetchone()[0]
            for table in tables.all()
        ]
        return max((t for t in times if t is not None), default=None)

    return await db.read_driver(find)


class ChannelRecording:
    """Reads back what was recorded of a source before the server ended."""

    def __init__(self, db: Database, tables: DeviceTables) -> None:
        self._db = db
        self._tables = tables

    async def last_row(
        self, source: str, since: float, until: float
    ) -> dict[str, bool | int | float | str | None] | None:
        """The newest row between two times, by entity, with its ``timestamp``; None if none."""
        table = self._tables.get(source)
        if table is None:
            return None
        columns = table.active
        names = ", ".join(quoted(column.column) for column in columns)
        sql = (
            f"SELECT timestamp, {names} FROM {quoted(table.table)}"  # noqa: S608 - quoted
            " WHERE timestamp >= ? AND timestamp < ? ORDER BY timestamp DESC, id DESC LIMIT 1"
        )

        def find(connection: sqlite3.Connection) -> tuple[Any, ...] | None:
            found: tuple[Any, ...] | None = connection.execute(sql, (since, until)).fetchone()
            return found

        row = await self._db.read_driver(find)
        if row is None:
            return None
        return dict(zip(("timestamp", *(c.entity for c in columns)), row, strict=True))


async def forget(db: Database, tables: DeviceTables, session_id: int) -> int:
    """Delete samples, gaps and rollups of a session that is not being recorded; returns rows.

    A transaction per device, so recording another session goes on in between.
    """
    rows = 0
    for table in tables.all():

        def remove(connection: sqlite3.Connection, name: str = quoted(table.table)) -> int:
            return connection.execute(
                f"DELETE FROM {name} WHERE session_id = ?",  # noqa: S608 - quoted
                (session_id,),
            ).rowcount

        rows += await db.write_driver(remove)
        await db.write_driver(partial(rollups.forget_session, table=table, session_id=session_id))
    await db.write_driver(
        lambda connection: (
            connection.execute("DELETE FROM gaps WHERE session_id = ?", (session_id,)).rowcount
        )
    )
    return rows
