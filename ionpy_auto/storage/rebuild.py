"""Makes the rollups of a device anew from its samples, in steps short enough to record meanwhile.

Each step is a transaction of its own. ``finest`` 0 in ``rollup_state`` says that old rollups are
being deleted: whoever finds it deletes the rest before anything is added, so an interruption at
any moment leaves rollups that are right as far as they say they reach.
"""

import sqlite3
from functools import partial
from typing import NamedTuple

from ionpy_auto.storage import rollups
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTable, quoted

VALUES_PER_STEP = 100_000
DELETED_PER_STEP = 2_000


class _Session(NamedTuple):
    session_id: int
    first: int  # ids of its rows
    last: int
    finest: int


async def rebuild(db: Database, table: DeviceTable, recording: int | None = None) -> None:
    """Throw the rollups of a device away and make them anew; other writes run in between.

    Args:
        db: The project's database.
        table: Of the device.
        recording: The session that is being recorded; it is left to its recorder.
    """
    for session in await db.read_driver(lambda connection: _sessions(connection, table)):
        if session.session_id == recording:
            continue
        while await db.write_driver(partial(_clear_some, table=table, session=session)):
            pass
        while await db.write_driver(partial(_add_some, table=table, session=session)):
            pass


def _sessions(connection: sqlite3.Connection, table: DeviceTable) -> list[_Session]:
    found = connection.execute(
        "SELECT session_id, min(id), max(id), count(*), max(timestamp) - min(timestamp)"  # noqa: S608 - quoted name
        f" FROM {quoted(table.table)} WHERE session_id IS NOT NULL GROUP BY session_id"
    )
    return [
        _Session(session_id, first, last, 10 if rollups.is_slow(count, span) else 1)
        for session_id, first, last, count, span in found
    ]


def _clear_some(connection: sqlite3.Connection, *, table: DeviceTable, session: _Session) -> bool:
    """Delete some rollups; true while there are more."""
    nothing = dict.fromkeys(rollups.LEVELS, 0)
    rollups.save_state(connection, table, session.session_id, 0, nothing)
    if rollups.delete_some(connection, table, session.session_id, DELETED_PER_STEP):
        return True
    before = dict.fromkeys(rollups.LEVELS, session.first - 1)
    rollups.save_state(connection, table, session.session_id, session.finest, before)
    return False


def _add_some(connection: sqlite3.Connection, *, table: DeviceTable, session: _Session) -> bool:
    """Take in the next samples; true while there are more.

    Only rows that were there at the start: later ones belong to whoever records them.
    """
    step = max(200, VALUES_PER_STEP // max(1, len(table.columns)))
    _, up_to = rollups.read_state(connection, table, session.session_id)
    end = min(session.last, min(up_to.values()) + step)
    rollups.catch_up(connection, table, session.session_id, end)
    return end < session.last
