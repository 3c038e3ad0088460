"""Who may talk to a device next: one at a time, safe-state writes before writes before polls.

Unlike a plain lock the waiting are served by priority, and a safe-state write sends waiting
ordinary writes away: an "on" that was queued must never follow the "off".
"""

import asyncio
import heapq
import itertools
from enum import IntEnum
from types import TracebackType


class Turn(IntEnum):
    """Low goes first."""

    SAFE = 0
    WRITE = 1
    POLL = 2


class Lane:
    """The right to talk to one device."""

    def __init__(self) -> None:
        self._busy = False
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @property
    def is_busy(self) -> bool:
        """True while somebody talks."""
        return self._busy

    def turn(self, kind: Turn) -> "_Holding":
        """Async context manager: talk when it is your turn."""
        return _Holding(self, kind)

    def flush(self, kind: Turn, error: BaseException) -> int:
        """Send away everyone of a kind who still waits, with ``error``; returns how many."""
        count = 0
        for turn, _, future in self._waiting:
            if turn == kind and not future.done():
                future.set_exception(error)
                count += 1
        return count

    async def acquire(self, kind: Turn) -> None:
        """Wait for the turn; costs nothing when nobody talks."""
        if not self._busy:
            self._busy = True
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (kind, next(self._order), future))
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.release()  # the turn came together with the cancellation: pass it on
            raise

    def release(self) -> None:
        """Hand the turn to the next who still wants it."""
        while self._waiting:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)
                return
        self._busy = False


class _Holding:
    __slots__ = ("_kind", "_lane")

    def __init__(self, lane: Lane, kind: Turn) -> None:
        self._lane = lane
        self._kind = kind

    async def __aenter__(self) -> None:
        await self._lane.acquire(self._kind)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lane.release()
