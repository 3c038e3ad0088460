"""A database, and a recorder that listens once devices are known, for tests of recorded runs."""

from ionpy_auto.automation.names import CHANNEL_UNITS
from ionpy_auto.projects.models import SessionRow
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.recorder import Recorder

TEXTS = ("phase", "step")


class Recording:
    """A database, and a recorder that listens once devices are known."""

    def __init__(self, path):
        self._path = path
        self.opened = {}

    def kit(self, clock, bus):
        self.opened["database"] = Database(self._path, clock, synchronous="NORMAL")
        self.recorder = Recorder(self.opened["database"], bus, clock)
        return {"database": self.opened["database"]}

    async def start(self, lab):
        for device, stack in lab.devices.stacks.items():
            columns = [
                EntityColumn(key, slot.entity.kind, slot.entity.unit_text)
                for key, slot in stack.slots.items()
            ]
            await self.recorder.declare(device, columns)
        columns = [
            EntityColumn(name, "text" if name in TEXTS else "numeric", unit)
            for name, unit in CHANNEL_UNITS.items()
        ]
        await self.recorder.declare("CH1", columns)

        def begin(session):
            row = SessionRow(name="proof", created=lab.clock.now())
            session.add(row)
            session.flush()
            return row.id

        session_id = await self.opened["database"].write(begin)
        await self.recorder.start()
        self.recorder.set_session(session_id)

    async def rows(self, sql):
        await self.recorder.flush()
        return await self.opened["database"].read_driver(lambda c: c.execute(sql).fetchall())
