"""An alarm manager with its bus and what came out of it."""

from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot


class Desk:
    """Samples and device events go in, transitions and markers come out."""

    def __init__(self, database=None, clock=None):
        self.clock = clock or (database.clock if database else VirtualClock())
        self.bus = Bus()
        self.events = []
        self.markers = []
        self.bus.tap("event/alarm", self.events.append)
        self.manager = self.made(database, self.bus, self.clock)

    def made(self, database, bus, clock, **more):
        return AlarmManager(database, bus, clock, lambda: 7, self.mark, **more)

    async def mark(self, label, device):
        self.markers.append((label, device))

    def sample(self, value, alarm="NORMAL", quality=Quality.GOOD, point="PSU_01.u_out", unit="V"):
        now, mono = self.clock.now(), self.clock.monotonic()
        sample = Sample(point, value, unit, quality, AlarmState(alarm), now, mono)
        self.bus.publish(Snapshot(point.partition(".")[0], now, mono, 0.0, (sample,)))

    def device(self, state, device="PSU_01"):
        payload = {"device_id": device, "state": state, "hint": "cable?"}
        self.bus.publish(Event("device_state", payload, self.clock.now(), 0.0))

    def event(self, kind, **payload):
        self.bus.publish(Event(kind, payload, self.clock.now(), self.clock.monotonic()))

    def told(self):
        return [(e.payload["key"], e.payload["transition"]) for e in self.events]

    def words(self, key=None):
        return [word for one, word in self.told() if key in {None, one}]

    def alarm(self, key):
        """The alarm with a key as it is shown, or None."""
        return next((a for a in self.manager.active() if a["key"] == key), None)
