"""Threads for work that may hang: a driver nobody knows yet, a library that looks at hardware.

A thread cannot be ended from outside. One that takes too long is left behind as a daemon, so that
neither its caller nor the end of the server waits for it; how many may live at once is bounded.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Unavailable

T = TypeVar("T")


class Aside:
    """A bounded number of threads.

    Args:
        clock: Real time; held while a thread works.
        most: So many live at once, those left behind included.
    """

    def __init__(self, clock: Clock, most: int = 8) -> None:
        self._clock = clock
        self._most = most
        self._alive: set[threading.Thread] = set()

    @property
    def alive(self) -> int:
        """Threads at work, those left behind included."""
        return len(self._alive)

    async def run(self, name: str, work: Callable[[], T], limit_s: float) -> T:
        """The result of ``work()`` in a thread of its own.

        Raises:
            TimeoutError: Not done in time; the thread goes on by itself.
            Unavailable: Too many threads hang already.
        """
        if len(self._alive) >= self._most:
            raise Unavailable(
                f"{len(self._alive)} earlier looks at hardware have not ended",
                code="HARDWARE_BUSY",
                hint="wait for them; when they hang for ever, restart the server",
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def thread() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
                self._hand_over(loop, self._fail, future, error)
            else:
                self._hand_over(loop, self._finish, future, result)

        worker = threading.Thread(target=thread, name=f"aside/{name}", daemon=True)
        self._alive.add(worker)
        worker.start()
        with self._clock.hold():
            async with self._clock.timeout(limit_s):
                return await future

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *what: object
    ) -> None:
        self._alive.discard(threading.current_thread())
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits any more
            loop.call_soon_threadsafe(settle, *what)

    @staticmethod
    def _finish(future: asyncio.Future[T], result: T) -> None:
        if not future.done():
            future.set_result(result)

    @staticmethod
    def _fail(future: asyncio.Future[T], error: BaseException) -> None:
        if future.done():
            return
        if not isinstance(error, Exception) or isinstance(error, StopIteration):
            error = RuntimeError(f"{type(error).__name__}: {error}")  # must not end the server
        future.set_exception(error)
