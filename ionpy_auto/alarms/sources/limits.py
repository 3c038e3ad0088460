"""Limits of drivers: the alarm state that samples carry, LOLO, LO, HI or HIHI.

A flood is judged in slices, in order: a turn of the loop takes so many samples, the rest waits for
the next turns.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.sources._desk import Desk
from ionpy_auto.core.bus import Event
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot

LIMIT_SEVERITY: Final = {
    AlarmState.LO: "warning",
    AlarmState.HI: "warning",
    AlarmState.LOLO: "critical",
    AlarmState.HIHI: "critical",
}
SLICE: Final = 100
GOOD: Final = frozenset({Quality.GOOD, Quality.UNSURE})


class Source:
    """Follows the alarm state of samples; a value not to be believed says nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._abnormal: dict[str, AlarmState] = {}  # points outside a limit
        self._waiting: deque[tuple[str, Sample]] = deque()
        self._room = SLICE
        self._is_planned = False
        self._leave: list[Callable[[], None]] = []

    def start(self) -> None:
        """Go on with limits that were violated before the restart."""
        for alarm in self._desk.book.of_source("limit"):
            point = f"{alarm.device}.{alarm.entity}"
            if alarm.state.is_active and point not in self._desk.claimed:
                self._abnormal[point] = AlarmState(alarm.word)
        self._leave = [
            self._desk.bus.tap("sample/", self._take),
            self._desk.bus.tap("event/device_removed", self._removed),
        ]

    def stop(self) -> None:
        """Listen no more."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        while self._waiting:
            self._judge(*self._waiting.popleft())

    def _take(self, snapshot: Snapshot) -> None:
        abnormal = self._abnormal
        for sample in snapshot.samples:
            if sample.alarm is not AlarmState.NORMAL or sample.point in abnormal or self._waiting:
                self._waiting.append((snapshot.source, sample))
        if self._waiting:
            self._work()

    def _work(self) -> None:
        while self._waiting and self._room > 0:
            self._room -= 1
            self._judge(*self._waiting.popleft())
        if not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._is_planned, self._room = False, SLICE
        if self._waiting:
            self._work()

    def _judge(self, device: str, sample: Sample) -> None:
        """A value outside its limits, or one that was."""
        if sample.point in self._desk.claimed:
            self._abnormal.pop(sample.point, None)
            return
        before = self._abnormal.get(sample.point, AlarmState.NORMAL)
        if sample.quality not in GOOD or sample.alarm is before:
            return
        entity = sample.point[len(device) + 1 :]
        value = float(sample.value) if isinstance(sample.value, int | float) else None
        key = f"{device}/{entity}"
        if sample.alarm is AlarmState.NORMAL:
            del self._abnormal[sample.point]
            self._desk.book.clear(key, value=value, actor="limit")
            return
        self._abnormal[sample.point] = sample.alarm
        shown = "" if value is None else f" ({value:g} {sample.unit})".replace(" )", ")")
        call = Alarm(
            id=0,
            key=key,
            device=device,
            entity=entity,
            source="limit",
            severity=LIMIT_SEVERITY[sample.alarm],
            text=f"{sample.alarm.value} {entity} {device}{shown}",
            word=sample.alarm.value,
            value=value,
        )
        self._desk.book.raise_(call)

    def _removed(self, event: Event) -> None:
        device = str(event.payload.get("device_id"))
        for point in [p for p in self._abnormal if p.startswith(f"{device}.")]:
            del self._abnormal[point]
