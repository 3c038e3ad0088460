"""What the storage tests share: an open database with a recorder, and snapshots to feed it."""

from contextlib import asynccontextmanager

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.recorder import Recorder

PSU = [
    EntityColumn("u", "numeric", "V"),
    EntityColumn("i", "numeric", "A"),
    EntityColumn("on", "toggle"),
    EntityColumn("mode", "enum"),
]


def sample(point, value, t=0.0, quality=Quality.GOOD, alarm=AlarmState.NORMAL, reason=""):
    return Sample(point, value, "", quality, alarm, t, t, reason)


def snapshot(source, t, /, **values):
    return Snapshot(
        source, t, t, 0.0, tuple(sample(f"{source}.{k}", v, t) for k, v in values.items())
    )


def psu(t, u=12.0, i=1.0, on=True, mode="cc", source="PSU_01"):
    return snapshot(source, t, u=u, i=i, on=on, mode=mode)


class Lab:
    """A database, a bus and a recorder on virtual time, with what they said."""

    def __init__(self, path, clock=None, **options):
        self.clock = clock or VirtualClock()
        self.bus = Bus()
        self.db = Database(path, self.clock, **options)
        self.alarms = []
        self.recorded = []
        self.recorder = Recorder(
            self.db, self.bus, self.clock, on_alarm=lambda *a: self.alarms.append(a)
        )
        self.bus.tap("event/recorded", lambda e: self.recorded.append(dict(e.payload)))

    async def rows(self, sql, *args):
        return await self.db.read_driver(lambda c: c.execute(sql, args).fetchall())


@asynccontextmanager
async def lab(path, **options):
    it = Lab(path, **options)
    await it.db.start()
    await it.recorder.start()
    try:
        yield it
    finally:
        await it.recorder.stop()
        await it.db.stop()
