"""A desk with an ``alarms.yaml``, as a project has it."""

from ionpy_auto.alarms.definition_file import Surroundings
from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import LiveValues, Quality
from ionpy_auto.language import Scope
from ionpy_auto.storage.recent import Recent
from tests.unit.alarms.desk import Desk

UNITS = {
    "PSU_01.u_out": "V",
    "PSU_01.u_set": "V",
    "PSU_01.temp": "°C",
    "PSU_01.output": "",
    "PSU_01.fault": "",
    "PSU_01.word": "",
    "DMM_01.volt": "mV",
    "CH1.phase": "",
}
KINDS = {"PSU_01.output": "bool", "PSU_01.word": "text", "CH1.phase": "text"}


def scope(units=UNITS):
    return Scope(
        units_of=units.get, kind_of=lambda one: KINDS.get(one, "number"), file="alarms.yaml"
    )


def split(point):
    device, _, entity = point.rpartition(".")
    return device, entity


class DefinedDesk(Desk):
    """Takes samples of any point, and a file with definitions."""

    def __init__(self, folder, text=None, database=None, clock=None):
        self.path = folder / "alarms.yaml"
        if text is not None:
            self.path.write_text(text)
        self.values = LiveValues()
        self.units = dict(UNITS)
        self.entities = {}
        self.figures = {}
        super().__init__(database, clock)

    def made(self, database, bus: Bus, clock):
        recent = Recent(bus)
        bus.tap("sample/", self.values.update)
        recent.start()
        env = LiveEnvironment(self.values, recent, clock)
        around = Surroundings(
            self.path,
            lambda: scope(self.units),
            split,
            env,
            self.entities.get,
            lambda: self.figures,
        )
        return super().made(database, bus, clock, around=around)

    async def begin(self):
        await self.manager.start()
        self.manager.devices_loaded()
        return self

    def put(self, point, value, quality=Quality.GOOD):
        self.sample(value, "NORMAL", quality, point, UNITS.get(point, ""))

    async def feed(self, point, *values, every=1.0):
        """One sample after another."""
        for value in values:
            self.put(point, value)
            await self.clock.sleep(every)

    def findings(self):
        return [(f.line, f.code) for f in self.manager.definitions.findings]
