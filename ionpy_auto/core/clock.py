"""The one source of time: nobody else reads the wall clock, sleeps or sets timeouts.

Two clocks share one protocol. `SystemClock` is real time. `VirtualClock` keeps its own timer heap
and moves to the next timer only when nothing on the loop is runnable and no *hold* is open, so a
ten-hour test takes seconds and still runs every poll. With a ``speed`` it never runs ahead of
``speed`` times wall time ("scaled"): it may fall behind, it never skips a timer.

Whoever leaves the loop (a writer thread, an executor, a socket request) takes a hold; otherwise
virtual time would run away while the answer is on its way.

``monotonic()`` starts at 0. UTC is a separate offset for the record only; durations, hold times
and integration use ``monotonic()`` alone, so a stepped wall clock cannot end or stretch a step.
"""

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from types import TracebackType
from typing import Protocol, Self
from weakref import WeakKeyDictionary

UNBOUNDED_PACE = 1_000.0
"""What a virtual clock without a ceiling is taken to reach."""


class Timer(Protocol):
    """A planned call; cancelling it twice, or after it fired, does nothing."""

    def cancel(self) -> None:
        """Make sure the call does not happen."""


class Timeout:
    """Async context manager that raises TimeoutError when its body takes too long.

    Works like ``asyncio.timeout`` but on any `Clock`. A cancellation from outside passes through
    untouched, even when it arrives together with the deadline.
    """

    def __init__(self, clock: "Clock", seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None
        self._timer: Timer | None = None
        self._expired = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        if self._task is None:
            msg = "Clock.timeout needs a running task"
            raise RuntimeError(msg)
        self._cancelling = self._task.cancelling()
        self._timer = self._clock.call_at(self._clock.monotonic() + self._seconds, self._expire)
        return self

    def _expire(self) -> None:
        self._expired = True
        if self._task is not None:
            self._task.cancel()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._expired or self._task is None:
            return
        outside = self._task.uncancel() > self._cancelling
        if exc_type is asyncio.CancelledError and not outside:
            msg = f"no answer within {self._seconds:g} s"
            raise TimeoutError(msg) from exc


class Clock(Protocol):
    """What the rest of the program may know of time."""

    def monotonic(self) -> float:
        """Seconds since this clock was made; never steps, never goes back."""

    def now(self) -> float:
        """UTC in Unix seconds, for the record only."""

    def utc_at(self, monotonic: float) -> float:
        """UTC that belongs to a monotonic reading of this clock."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back on the loop at the monotonic time ``when``, or at once if it has passed."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` (at least one turn of the loop)."""

    def timeout(self, seconds: float) -> Timeout:
        """Bound the body of an ``async with``; raises TimeoutError."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep virtual time still while work is on its way outside the loop."""

    @property
    def is_virtual(self) -> bool:
        """True when this clock is not real time, so no real hardware may be driven by it."""

    @property
    def pace(self) -> float:
        """Seconds of this clock per wall second, about: 1 in real time.

        What is bounded in wall time (a flush to disk, a progress message) multiplies by it.
        """


def _checked(seconds: float) -> float:
    """The same number; NaN would order nothing and is refused."""
    if math.isnan(seconds):
        msg = "a time must be a number, not NaN"
        raise ValueError(msg)
    return seconds


class SystemClock:
    """Real time."""

    is_virtual = False
    pace = 1.0

    def __init__(self) -> None:
        self._start = time.monotonic()

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return time.monotonic() - self._start

    def now(self) -> float:
        """UTC in Unix seconds."""
        return time.time()

    def utc_at(self, monotonic: float) -> float:
        """UTC that belongs to a monotonic reading."""
        return time.time() - (self.monotonic() - monotonic)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back on the running loop at monotonic time ``when``."""
        delay = max(0.0, _checked(when) - self.monotonic())
        return asyncio.get_running_loop().call_later(delay, callback)

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        await asyncio.sleep(max(0.0, _checked(seconds)))

    def timeout(self, seconds: float) -> Timeout:
        """Bound the body of an ``async with``."""
        return Timeout(self, seconds)

    def hold(self) -> AbstractContextManager[None]:
        """Real time cannot be held; does nothing."""
        return nullcontext()


def _checked_speed(speed: float | None) -> float | None:
    if speed is not None and not 0 < speed < math.inf:
        msg = f"speed must be positive and finite, not {speed}"
        raise ValueError(msg)
    return speed


_pumping_on: WeakKeyDictionary[asyncio.AbstractEventLoop, set[int]] = WeakKeyDictionary()
"""Which clocks are looking for an idle moment of a loop."""


class _VirtualTimer:
    __slots__ = ("callback", "clock", "context")

    def __init__(self, clock: "VirtualClock", callback: Callable[[], None]) -> None:
        self.clock: VirtualClock | None = clock
        self.callback: Callable[[], None] | None = callback
        # As on the loop's own timers: it is called in the context of whoever planned it, not of
        # whoever happened to make the clock move.
        self.context = copy_context()

    def cancel(self) -> None:
        """Also works for a timer that is due in this very turn but was not called yet."""
        self.callback = None
        if self.clock is not None:
            clock, self.clock = self.clock, None
            clock.forget_cancelled()

    def fire(self) -> None:
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class VirtualClock:
    """Time that jumps from timer to timer, optionally no faster than ``speed`` × wall time.

    Args:
        start_utc: UTC (Unix seconds) at monotonic 0.
        speed: Ceiling in virtual seconds per wall second; None jumps as fast as it can. May be
            set while running; the new pace counts from that moment.
    """

    is_virtual = True

    def __init__(self, start_utc: float = 1_760_000_000.0, speed: float | None = None) -> None:
        self._now = 0.0
        self._utc = start_utc
        self._speed = _checked_speed(speed)
        self._heap: list[tuple[float, int, _VirtualTimer]] = []
        self._order = itertools.count()
        self._cancelled = 0
        self._holds = 0
        self._idle_turns = 0
        self._pumping = False
        self._wake: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wall_start: float | None = None

    @property
    def pace(self) -> float:
        """The ceiling, or what a busy clock without one reaches."""
        return UNBOUNDED_PACE if self.speed is None else self.speed

    def monotonic(self) -> float:
        """Virtual seconds since the start."""
        return self._now

    def now(self) -> float:
        """Virtual UTC in Unix seconds."""
        return self._utc + self._now

    def utc_at(self, monotonic: float) -> float:
        """UTC that belongs to a monotonic reading."""
        return self._utc + monotonic

    def step_utc(self, seconds: float) -> None:
        """Step the wall clock (a DST bug, an NTP correction) without touching monotonic time."""
        self._utc += seconds

    @property
    def speed(self) -> float | None:
        """Ceiling in virtual seconds per wall second; None: none."""
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        self._speed = _checked_speed(speed)
        self._wall_start = None  # the new pace counts from now on
        if self._wake is not None:
            self._stop_waiting()
            self._pump()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back when virtual time reaches ``when``; never, if that is infinite."""
        timer = _VirtualTimer(self, callback)
        if when == math.inf:  # as a timer it would move the clock to infinity
            timer.clock = None
            return timer
        heapq.heappush(self._heap, (max(_checked(when), self._now), next(self._order), timer))
        if self._wake is not None and self._heap[0][2] is timer:
            self._stop_waiting()
        self._pump()
        return timer

    def forget_cancelled(self) -> None:
        """Called by a cancelled timer: once most of the heap is cancelled, it is made anew."""
        self._cancelled += 1
        if self._cancelled > 100 and self._cancelled > len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def _stop_waiting(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of virtual time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        timer = self.call_at(self._now + max(0.0, _checked(seconds)), wake)
        try:
            await future
        finally:
            timer.cancel()

    def timeout(self, seconds: float) -> Timeout:
        """Bound the body of an ``async with`` in virtual time."""
        return Timeout(self, seconds)

    def hold(self) -> AbstractContextManager[None]:
        """Keep time still until the block is left."""
        return self._hold()

    @contextmanager
    def _hold(self) -> Iterator[None]:
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                self._pump()

    def _pump(self) -> None:
        """Start looking for an idle moment, unless that is already under way."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a new loop (tests): wall ceiling and pumping start anew
            self._loop, self._wall_start, self._wake = loop, None, None
            self._pumping = False
        if self._pumping or self._holds or not self._heap or self._wake is not None:
            return
        self._start_pumping(loop)

    def _start_pumping(self, loop: asyncio.AbstractEventLoop) -> None:
        self._pumping = True
        self._idle_turns = 0
        _pumping_on.setdefault(loop, set()).add(id(self))
        loop.call_soon(self._turn)

    def _stop_pumping(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._pumping = False
        if loop is not None:
            _pumping_on.get(loop, set()).discard(id(self))

    def _turn(self) -> None:
        """One turn of the loop: only after two turns without other work has all settled.

        The first idle turn makes the loop poll its sockets and pipes without waiting; what that
        wakes is seen in the second.
        """
        loop = self._loop
        if loop is None or self._holds or not self._heap:
            self._stop_pumping(loop)
            return
        # The ready queue is not public, and asyncio offers no other way to see an idle loop. The
        # turns of other clocks on this loop stand in it too and are no work.
        others = len(_pumping_on.get(loop, ())) - 1
        busy = len(getattr(loop, "_ready", ())) > others
        self._idle_turns = 0 if busy else self._idle_turns + 1
        if self._idle_turns < 2:
            loop.call_soon(self._turn)
            return
        self._stop_pumping(loop)
        self._advance(loop)

    def _advance(self, loop: asyncio.AbstractEventLoop) -> None:
        heap = self._heap
        while heap and heap[0][2].callback is None:
            self._pop()
        if not heap:
            return
        due = heap[0][0]
        if self._speed is not None:
            wall = time.monotonic()
            if self._wall_start is None:
                self._wall_start = wall - self._now / self._speed
            wait = self._wall_start + due / self._speed - wall
            if wait > 0:
                self._wake = loop.call_later(wait, self._woken)
                return
            # Behind the ceiling: move the origin, so lost time is never chased in a burst.
            self._wall_start -= wait
        self._now = due
        while heap and heap[0][0] <= due:
            # Not the callback itself: an earlier one of this moment may still cancel this timer.
            timer = self._pop()
            loop.call_soon(timer.fire, context=timer.context)
        self._pump()

    def _pop(self) -> _VirtualTimer:
        timer = heapq.heappop(self._heap)[2]
        timer.clock = None
        if timer.callback is None:
            self._cancelled -= 1
        return timer

    def _woken(self) -> None:
        self._wake = None
        self._pump()
