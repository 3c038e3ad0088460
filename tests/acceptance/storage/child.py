"""A recording process to be killed or starved: ``child.py MODE FOLDER SESSION``."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.recorder import Recorder

ENTITIES = [EntityColumn(f"e{n}", "numeric", "V") for n in range(10)]


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def snapshot(number):
    samples = tuple(
        Sample(
            f"PSU_01.{e.entity_id}", float(number), "V", Quality.GOOD, AlarmState.NORMAL, 0.0, 0.0
        )
        for e in ENTITIES
    )
    return Snapshot("PSU_01", number / 100.0, 0.0, 0.0, samples)


async def recording(folder, session):
    clock, bus = SystemClock(), Bus()
    db = Database(folder / "data.db", clock)
    report = await db.start()
    recorder = Recorder(db, bus, clock, on_alarm=lambda kind, _: say("alarm", kind))
    await recorder.start()
    await recorder.declare("PSU_01", ENTITIES)
    recorder.set_session(session)
    bus.tap("event/recorded", lambda e: say("acked", round(e.payload["up_to"] * 100)))
    say("ready", report.corrupt)
    return clock, bus, db, recorder


async def until_killed(folder, session):
    clock, bus, _, recorder = await recording(folder, session)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            bus.publish(snapshot(number))
        await clock.sleep(0.002)
        if number % 500 == 0:
            await recorder.flush()


async def failing_disk(folder, session):
    """Record while some writes fail; what is not stored at the end waits in the overflow file."""
    _, bus, db, recorder = await recording(folder, session)
    for number in range(1, 4001):
        bus.publish(snapshot(number))
        if number % 20 == 0:
            with suppress(IonpyError):
                await recorder.flush()
    await recorder.stop()
    say("failures", db.stats()["failures"], "dropped", recorder.status()["dropped"])
    await db.stop()


async def full_disk(folder, session):
    clock, bus, db, recorder = await recording(folder, session)
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            say("full")
    number = 0
    while not recorder.status()["failing"]:
        for _ in range(200):
            number += 1
            bus.publish(snapshot(number))
        await clock.sleep(0.02)
    for _ in range(100):
        number += 1
        bus.publish(snapshot(number))
    say("waiting", recorder.status()["waiting"])
    await clock.sleep(1.0)
    ballast.unlink()
    while recorder.status()["waiting"]:
        await clock.sleep(0.05)
    say("dropped", recorder.status()["dropped"])
    await recorder.stop()
    rows = await db.read_driver(
        lambda c: c.execute(
            "SELECT count(*), count(DISTINCT e0), max(e0) FROM device_PSU_01"
        ).fetchone()
    )
    check = await db.read_driver(lambda c: c.execute("PRAGMA integrity_check").fetchone())
    await db.stop()
    say("published", number, "stored", *rows, *check)


if __name__ == "__main__":
    mode = {"kill": until_killed, "full": full_disk, "failing": failing_disk}[sys.argv[1]]
    asyncio.run(mode(Path(sys.argv[2]), int(sys.argv[3])))
