"""Hardware protections that tripped: a supply or a load has switched itself off."""

from collections.abc import Callable
from typing import Final

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.bus import Event
from ionpy_auto.core.samples import Sample, Scalar, Snapshot
from ionpy_auto.devices import Role

CALM: Final[frozenset[Scalar]] = frozenset({"none", "", 0})


class Source:
    """Follows the points that say which protection has tripped."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._points: dict[str, bool] = {}  # whether a point is one of these
        self._tripped: set[str] = set()
        self._leave: list[Callable[[], None]] = []

    def start(self) -> None:
        """Go on with what had tripped before the restart."""
        for alarm in self._desk.book.of_source("protection"):
            if alarm.state.is_active:
                self._tripped.add(f"{alarm.device}.{alarm.entity}")
        bus = self._desk.bus
        self._leave = [
            bus.tap("sample/", self._take),
            bus.tap(("event/device_added", "event/device_updated"), self._changed),
            bus.tap("event/device_removed", self._changed),
        ]

    def stop(self) -> None:
        """Listen no more."""
        for leave in self._leave:
            leave()
        self._leave.clear()

    def _changed(self, event: Event) -> None:
        device = str(event.payload.get("device_id") or event.payload.get("meta", {}).get("id"))
        self._points = {p: is_one for p, is_one in self._points.items() if not _of(p, device)}
        if event.kind == "device_removed":
            self._tripped = {point for point in self._tripped if not _of(point, device)}

    def _take(self, snapshot: Snapshot) -> None:
        points = self._points
        for sample in snapshot.samples:
            is_one = points.get(sample.point)
            if is_one is None:
                entity = self._desk.entity_of(sample.point)
                is_one = points[sample.point] = entity is not None and (
                    entity.role is Role.PROTECTION
                )
            if is_one:
                self._judge(snapshot.source, sample)

    def _judge(self, device: str, sample: Sample) -> None:
        value = sample.known
        if value is None:
            return
        entity = sample.point[len(device) + 1 :]
        key = f"{device}/{entity}"
        if value in CALM:
            if sample.point in self._tripped:
                self._tripped.discard(sample.point)
                self._desk.book.clear(key, actor="device")
            return
        self._tripped.add(sample.point)
        call = Alarm(
            id=0,
            key=key,
            device=device,
            entity=entity,
            source="protection",
            severity="critical",
            text=f"{device}: its protection has tripped ({str(value).upper()})",
            guidance="The device switched itself off. Find out why before you reset it.",
        )
        self._desk.book.raise_(call)


def _of(point: str, device: str) -> bool:
    return point.rpartition(".")[0] == device
