"""Alarms and their delivery in a process of its own, to be killed: ``child.py FOLDER URL ALARMS``.

Time jumps and goes on where the life before was seen last. Every few seconds an alarm is raised,
after two minutes it is over; both are told to a webhook.
"""

import asyncio
import os
import sys
from pathlib import Path

import structlog
from sqlmodel import Session, func, select

from ionpy_auto.alarms.channels import Kit
from ionpy_auto.alarms.dispatcher import Dispatcher
from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.alarms.messages import Texts
from ionpy_auto.alarms.models import AlarmRow
from ionpy_auto.alarms.outbox import Outbox
from ionpy_auto.alarms.outward import Outward
from ionpy_auto.alarms.receiver_reader import ReceiverReader
from ionpy_auto.alarms.receivers import Receivers
from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.storage.database import Database

START = 1_760_000_000.0
EVERY_S = 7.0
LASTS_S = 120.0
PATIENCE_S = 4 * 3600.0
ROUTES = """
route:
  receiver: lab
  group_by: ['...']
  group_wait: 0s
  group_interval: 30s
  repeat_interval: 24h
receivers:
  - name: lab
    webhook_configs: [{url: 'URL'}]
"""


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def _past(session: Session) -> tuple[int, float]:
    """How many alarms were raised in earlier lives, and when the last of them was seen."""
    count = session.exec(select(func.count(func.distinct(AlarmRow.alarm_key)))).one()
    return count, session.exec(select(func.max(AlarmRow.timestamp))).one() or START


class Life:
    """One life."""

    def __init__(self, database: Database, clock: VirtualClock, url: str) -> None:
        self.clock, bus = clock, Bus()
        reader = ReceiverReader(Secrets(Path("none"), {}))
        routing, findings = read_routing(ROUTES.replace("URL", url), check=reader.check)
        assert routing is not None, findings
        self.routing = routing
        kit = Kit(clock, Outward(clock, ("127.0.0.1",)))
        self.receivers = Receivers(kit, Secrets(Path("none"), {}))
        self.receivers.take(reader.all(routing))
        self.alarms = AlarmManager(database, bus, clock)
        self.outbox = Outbox(database, bus, clock, self.receivers)
        self.dispatcher = Dispatcher(database, bus, self.outbox, Texts())

    async def begin(self) -> None:
        await self.alarms.start()
        await self.outbox.start()
        await self.dispatcher.start(self.alarms, dict, self.routing)

    async def end_old_ones(self) -> None:
        for alarm in self.alarms.active():
            old = self.clock.now() - alarm["timestamp"] >= LASTS_S
            if old and alarm["state"].startswith("active"):
                await self.alarms.clear(alarm["key"])

    @property
    def has_more(self) -> bool:
        open_ = [a for a in self.alarms.active() if a["state"].startswith("active")]
        groups = self.dispatcher.grouper.state()["groups"]
        owed = [line for group in groups for line in group["lines"] if line["owed"]]
        return bool(open_ or owed or self.outbox.status()["under_way"])


async def live(folder: Path, url: str, wanted: int, seen: float) -> None:
    probe = Database(folder / "data.db", VirtualClock())
    await probe.start()
    number, last = await probe.read(_past)
    await probe.stop()
    clock = VirtualClock(max(last, seen) + 1.0)
    database = Database(folder / "data.db", clock)
    await database.start()
    life = Life(database, clock, url)
    await life.begin()
    say("ready")
    while number < wanted or life.has_more:
        if number < wanted:
            await life.alarms.raise_alarm(f"CH{number}/u", severity="critical", text=f"a{number}")
            await life.alarms.flush()
            number += 1
        await life.end_old_ones()
        say("now", clock.now(), number)
        await clock.sleep(EVERY_S if number < wanted else 60.0)
    say("done", clock.now())


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # stdout is ours
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
