"""Alarms in a process of their own, to be killed: ``life.py FOLDER FIRST``.

Goes through the life of one alarm after another and says what it is about to do, and how the alarm
stands once that is durable.
"""

import asyncio
import os
import sys
from pathlib import Path

from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.storage.database import Database

STEPS = ("raise", "worse", "ack", "shelve", "unshelve", "unack", "clear", "again")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def do(manager: AlarmManager, step: str, key: str) -> None:
    """One step; durable when it returns."""
    number = next((a["id"] for a in manager.active() if a["key"] == key), 0)
    if step in {"raise", "again"}:
        await manager.raise_alarm(key, severity="warning", text=step)
    elif step == "worse":
        await manager.raise_alarm(key, severity="critical", text=step)
    elif step == "ack":
        await manager.acknowledge(number, "anna", "seen")
    elif step == "shelve":
        await manager.shelve(number, "anna", "known", 30)
    elif step == "unshelve":
        await manager.unshelve(number, "anna")
    elif step == "unack":
        await manager.unacknowledge(number, "anna")
    else:
        await manager.clear(key)
    await manager.flush()


async def live(folder: Path, first: int) -> None:
    clock = SystemClock()
    database = Database(folder / "data.db", clock)
    await database.start()
    manager = AlarmManager(database, Bus(), clock)
    await manager.start()
    say("ready")
    for number in range(first, first + 1_000_000):
        key = f"rule:k/{number}"
        for step in STEPS:
            say("doing", step, key)
            await do(manager, step, key)
            alarm = next(a for a in manager.active() if a["key"] == key)
            say("done", step, key, alarm["state"], alarm["severity"], alarm["overlay"] or "-")


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2])))
