"""Makes recordings for tests: rows go through the real recorder into a project's database."""

import json
from contextlib import asynccontextmanager
from pathlib import Path

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.projects.models import MarkerRow, SessionRow
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.recorder import Recorder

BEGIN = 1_767_225_600.0  # 2026-01-01 00:00 UTC
COLUMNS = [
    EntityColumn("temp", "numeric", "°C"),
    EntityColumn("u_out", "numeric", "V"),
    EntityColumn("i_ma", "numeric", "mA"),
    EntityColumn("on", "toggle"),
    EntityColumn("mode", "enum"),
]


def poll(timestamp, device="PSU_01", stale="", **values):
    """One poll; with ``stale`` every value is one not to be believed."""
    samples = tuple(
        Sample(
            f"{device}.{name}",
            None if stale else value,
            "",
            Quality.STALE if stale else Quality.GOOD,
            AlarmState.NORMAL,
            timestamp,
            timestamp - BEGIN,
            stale,
        )
        for name, value in values.items()
    )
    return Snapshot(device, timestamp, timestamp - BEGIN, 0.0, samples)


def write_project(folder: Path):
    """The least a project is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.json").write_text(json.dumps({"name": "Week"}), encoding="utf-8")


@asynccontextmanager
async def recording(folder: Path):
    """A project folder with an open database and recorder."""
    write_project(folder)
    clock = VirtualClock(BEGIN)
    database = Database(folder / "data.db", clock)
    await database.start()
    recorder = Recorder(database, Bus(), clock)
    await recorder.start()
    await recorder.declare("PSU_01", COLUMNS)
    try:
        yield database, recorder
    finally:
        await recorder.stop()
        await database.stop()


async def record(place, number, polls, *, name="week", markers=()):
    """One closed session of these polls."""
    database, recorder = place
    polls = list(polls)
    recorder.set_session(number)
    for one in polls:
        recorder.queue_snapshot(one)
    await recorder.flush()
    recorder.set_session(None)
    first, last = polls[0].timestamp, polls[-1].timestamp

    def work(session):
        row = SessionRow(id=number, name=name, created=first, stopped=last, status="completed")
        session.add(row)
        for timestamp, label in markers:
            session.add(MarkerRow(timestamp=timestamp, session_id=number, label=label))

    await database.write(work)


async def make(folder, polls, **more):
    """A project folder with one session, closed again."""
    async with recording(folder) as place:
        await record(place, 1, polls, **more)
