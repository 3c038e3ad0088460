"""Tells of alarms: an event for each transition and a marker for each that is raised.

A flood is told in slices, in order: a turn of the loop publishes so many events, the rest waits
for the next turns. What the alarm *is* never waits; only the telling does.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import structlog

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

Marker = Callable[[str, str | None], Awaitable[object]]

SLICE: Final = 25
"""Events of one turn of the loop."""
MOST_MARKERS: Final = 200
"""Markers that may wait; the alarms behind them stand in the history alone."""


class _Word(NamedTuple):
    alarm: Alarm
    hidden: bool
    transition: str
    actor: str
    cause: tuple[str, ...]
    timestamp: float
    mono: float


class Teller:
    """Publishes ``alarm`` events.

    Args:
        bus: Hears them.
        clock: Stamps them.
        marker: Sets a marker ``(label, device)``; its failure is logged.
    """

    def __init__(self, bus: Bus, clock: Clock, marker: Marker | None) -> None:
        self._bus = bus
        self._clock = clock
        self._marker = marker
        self._words: deque[_Word] = deque()
        self._labels: deque[tuple[str, str | None]] = deque()
        self._tasks = Tasks("alarm teller", clock)
        self._room = SLICE
        self._is_planned = False
        self._is_marking = False

    def tell(
        self, alarm: Alarm, transition: str, actor: str, cause: tuple[str, ...], *, hidden: bool
    ) -> None:
        """Publish a transition, now or behind those that wait."""
        now, mono = self._clock.now(), self._clock.monotonic()
        self._words.append(_Word(alarm, hidden, transition, actor, cause, now, mono))
        if not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._publish()

    def _next_turn(self) -> None:
        self._room = SLICE
        self._publish()
        self._is_planned = bool(self._words)
        if self._is_planned:
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _publish(self) -> None:
        while self._words and self._room > 0:
            self._room -= 1
            self._say(self._words.popleft())

    def _say(self, word: _Word) -> None:
        payload: dict[str, Any] = {
            **word.alarm.as_dict(hidden=word.hidden),
            "transition": word.transition,
            "actor": word.actor,
        }
        self._bus.publish(Event("alarm", payload, word.timestamp, word.mono, word.cause))

    def mark(self, alarm: Alarm) -> None:
        """Set a marker for an alarm that was raised."""
        if self._marker is None or len(self._labels) >= MOST_MARKERS:
            return
        self._labels.append((f"ALARM: {alarm.text}", alarm.device))
        if not self._is_marking:
            self._is_marking = True
            self._tasks.start("markers", self._mark(self._marker))

    async def _mark(self, marker: Marker) -> None:
        try:
            while self._labels:
                label, device = self._labels.popleft()
                try:
                    await marker(label, device)
                except IonpyError as error:
                    log.warning("alarm without marker", label=label, message=error.message)
        finally:
            self._is_marking = False

    async def stop(self) -> None:
        """Say what waits; markers that wait are given up."""
        while self._words:
            self._say(self._words.popleft())
        await self._tasks.stop()
