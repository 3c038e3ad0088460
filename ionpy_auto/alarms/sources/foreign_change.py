"""Settings that somebody changed at the device after we had set them.

Our own writes end with a sample of the one value that was read back; whatever differs from that in
a later poll was changed elsewhere: at the front panel, by another program, by the device itself. A
few seconds after a write of ours nothing is said: a device may change one setting with another.
Settings we never wrote belong to whoever sets them. The alarm is over at once, but must be seen.
"""

from collections.abc import Callable
from typing import Final

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.bus import Event
from ionpy_auto.core.samples import Sample, Scalar, Snapshot
from ionpy_auto.devices import Role

SETTINGS: Final = frozenset(
    {
        *(Role.SET_VOLTAGE, Role.SET_CURRENT, Role.OUTPUT, Role.SET_OVP, Role.SET_OCP),
        *(Role.OVP_ENABLED, Role.OCP_ENABLED, Role.LOAD_MODE, Role.LOAD_LEVEL, Role.LOAD_POWER),
        *(Role.LOAD_RESISTANCE, Role.LOAD_VOLTAGE, Role.INPUT, Role.CUTOFF_VOLTAGE, Role.RELAY),
        *(Role.WATCHDOG, Role.POWER_UP_OUTPUT),
    }
)
QUIET_S: Final = 5.0


class Source:
    """Compares what devices say of their settings with what we set."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ours: dict[str, dict[str, Scalar]] = {}  # device → point → value
        self._written: dict[str, float] = {}  # device → when we wrote last
        self._leave: list[Callable[[], None]] = []

    def start(self) -> None:
        """Listen; what was set before a restart is nobody's."""
        bus = self._desk.bus
        self._leave = [
            bus.tap("sample/", self._take),
            bus.tap("event/device_removed", self._removed),
        ]

    def stop(self) -> None:
        """Listen no more."""
        for leave in self._leave:
            leave()
        self._leave.clear()

    def _removed(self, event: Event) -> None:
        device = str(event.payload.get("device_id"))
        self._ours.pop(device, None)
        self._written.pop(device, None)

    def _take(self, snapshot: Snapshot) -> None:
        if len(snapshot.samples) == 1:
            self._note(snapshot.source, snapshot.samples[0])
            return
        ours = self._ours.get(snapshot.source)
        if not ours:
            return
        for sample in snapshot.samples:
            if sample.point in ours and sample.value is not None:
                self._compare(snapshot.source, ours, sample)

    def _note(self, device: str, sample: Sample) -> None:
        """One value alone is the read-back of a write."""
        entity = self._desk.entity_of(sample.point)
        if entity is None or not entity.is_writable or sample.known is None:
            return
        self._written[device] = sample.mono
        if entity.role in SETTINGS:
            self._ours.setdefault(device, {})[sample.point] = sample.known

    def _compare(self, device: str, ours: dict[str, Scalar], sample: Sample) -> None:
        value, before = sample.known, ours[sample.point]
        if value is None or value == before:
            return
        entity = self._desk.entity_of(sample.point)
        ours[sample.point] = value
        is_quiet = sample.mono - self._written.get(device, sample.mono) < QUIET_S
        if entity is None or is_quiet or entity.same(before, value):
            return
        call = Alarm(
            id=0,
            key=f"{device}/{entity.id}/foreign",
            device=device,
            entity=entity.id,
            source="foreign",
            severity="warning",
            text=f"{sample.point} was changed at the device: {_said(before)} → {_said(value)}",
            value=float(value) if isinstance(value, int | float) else None,
        )
        self._desk.book.raise_(call)
        self._desk.book.clear(call.key, actor="device")


def _said(value: Scalar) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
