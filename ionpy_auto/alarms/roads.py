"""One address of a receiver: what waits for it in which order, when, and whether it is open."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from ionpy_auto.alarms.outbox_store import Entry

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0
LONGEST_WAIT_S: Final = 3600.0
"""What a receiver may ask for with Retry-After."""
JITTER: Final = 0.2
GRAIN_S: Final = 1e-3
"""Times of the wall clock are not compared finer."""

Path = tuple[str, str, int]
"""Receiver, channel, and which of its addresses."""


def pause_s(attempts: int, jitter: float, asked: float = 0.0) -> float:
    """How long to wait after so many tries; ``jitter`` from 0 to 1 only makes it longer.

    >>> [pause_s(n, 0.0) for n in (1, 2, 3, 7, 400)]
    [5.0, 10.0, 20.0, 300.0, 300.0]
    """
    plain = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20))
    return max(plain * (1 + JITTER * jitter), min(asked, LONGEST_WAIT_S))


@dataclass(eq=False, slots=True)
class Road:
    """One address: what waits for it, and whether it is open.

    Attributes:
        lanes: Waiting entries by lane, each in order.
        since: UTC of the last change of ``ok``.
    """

    path: Path
    lanes: dict[str, deque[Entry]] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    is_broken: bool = False
    since: float = 0.0
    error: str = ""
    last_sent: float | None = None

    def add(self, entry: Entry) -> None:
        """Let an entry wait behind those of its lane."""
        self.lanes.setdefault(entry.lane, deque()).append(entry)
        self.wake.set()

    def next(self) -> Entry | None:
        """The entry whose time comes first."""
        heads = (lane[0] for lane in self.lanes.values())
        return min(heads, key=lambda entry: entry.next_try, default=None)

    def due(self, now: float) -> Entry | None:
        """The oldest entry that may be tried; after a step of the wall clock all may."""
        heads = (
            lane[0]
            for lane in self.lanes.values()
            if not GRAIN_S < lane[0].next_try - now < LONGEST_WAIT_S * 2
        )
        return min(heads, key=lambda entry: (entry.created, entry.id), default=None)

    def drop(self, entry: Entry) -> None:
        """An entry waits no more."""
        lane = self.lanes.get(entry.lane)
        if lane is not None and entry in lane:
            lane.remove(entry)
            if not lane:
                del self.lanes[entry.lane]

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "receiver": self.path[0],
            "channel": self.path[1],
            "way": self.path[2],
            "ok": not self.is_broken,
            "since": self.since,
            "error": self.error,
            "last_sent": self.last_sent,
            "waiting": sum(map(len, self.lanes.values())),
        }
