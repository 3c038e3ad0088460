"""What a session left in the device tables: when its last sample came, and taking it all away."""

import sqlite3
from functools import partial

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
