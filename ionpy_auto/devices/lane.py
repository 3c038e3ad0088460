"""Who may talk to a device next: one at a time, safe-state writes before writes before polls.

Unlike a plain lock the waiting are served by priority, and a safe-state write sends waiting
ordinary writes away: an "on" that was queued must never follow the "off". Whoever talks too long
can be broken into, so that a poll that hangs does not keep an output on.
"""

import asyncio
import heapq
import itertools
from enum import IntEnum
from types import TracebackType
from typing import Self


class Turn(IntEnum):
    """Low goes first."""

    SAFE = 0
    WRITE = 1
    POLL = 2


class Interruptible:
    """Async context manager whose body somebody else may end with an error of his choice.

    A cancellation from outside passes through untouched, even when both come together.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._error: BaseException | None = None

    def interrupt(self, error: BaseException) -> None:
        """End the body with ``error``; does nothing when it is not running or already ending."""
        if self._task is not None and self._error is None:
            self._error = error
            self._task.cancel()

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self._error = None
        self._cancelling = self._task.cancelling() if self._task is not None else 0
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if self._error is None or task is None:
            return
        outside = task.uncancel() > self._cancelling
        if exc_type is asyncio.CancelledError and not outside:
            raise self._error from exc


class Lane:
    """The right to talk to one device."""

    def __init__(self) -> None:
        self._busy = False
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None], str]] = []
        self._holding: _Holding | None = None

    @property
    def is_busy(self) -> bool:
        """True while somebody talks."""
        return self._busy

    def turn(self, kind: Turn, key: str = "") -> "_Holding":
        """Async context manager: talk when it is your turn.

        Args:
            kind: Decides who goes first.
            key: What it is about, for `flush`.
        """
        return _Holding(self, kind, key)

    def flush(self, kind: Turn, error: BaseException, key: str = "") -> int:
        """Send away everyone of a kind (and key, if given) who still waits; returns how many."""
        count = 0
        for turn, _, future, about in self._waiting:
            if turn == kind and key in {"", about} and not future.done():
                future.set_exception(error)
                count += 1
        return count

    def break_in(self, error: BaseException) -> None:
        """End with ``error`` whoever talks now, unless it is a safe-state write."""
        if self._holding is not None and self._holding.kind is not Turn.SAFE:
            self._holding.interrupt(error)

    async def acquire(self, kind: Turn, key: str = "") -> None:
        """Wait for the turn; costs nothing when nobody talks."""
        if not self._busy:
            self._busy = True
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (kind, next(self._order), future, key))
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

    def held_by(self, holding: "_Holding | None") -> None:
        """Remember who talks."""
        self._holding = holding


class _Holding(Interruptible):
    def __init__(self, lane: Lane, kind: Turn, key: str) -> None:
        super().__init__()
        self.kind = kind
        self._lane = lane
        self._key = key

    async def __aenter__(self) -> Self:
        await self._lane.acquire(self.kind, self._key)
        self._lane.held_by(self)
        return await super().__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lane.held_by(None)
        self._lane.release()
        await super().__aexit__(exc_type, exc, traceback)
