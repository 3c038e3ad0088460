"""One thread for one instrument whose library blocks: a call that hangs holds up nobody else.

Not an executor: the program waits for an executor's threads when it ends, and a port that hangs in
the kernel would keep it alive for ever.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_hanging: dict[str, threading.Thread] = {}
"""Threads left behind because a call for a place never came back."""


class _Job(Generic[T]):
    """Something to do in the thread, and who waits for it."""

    def __init__(self, work: Callable[[], T], undo: Callable[[T], object] | None) -> None:
        self._work = work
        self._undo = undo
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()
        # Nobody may be waiting any more: that an unheard error is unheard is not worth a log line.
        self.future.add_done_callback(lambda f: f.cancelled() or f.exception())

    def run(self) -> None:
        """In the thread."""
        if self.future.cancelled():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            self._tell(self._fail, error)
        else:
            if not self._tell(self._finish, result):
                self._revoke(result)

    def _tell(self, how: Callable[[Any], None], what: object) -> bool:
        try:
            self._loop.call_soon_threadsafe(how, what)
        except RuntimeError:  # the loop is closed: nobody waits
            return False
        return True

    def _finish(self, result: T) -> None:
        if self.future.done():  # given up meanwhile; undoing may block again
            threading.Thread(target=self._revoke, args=(result,), daemon=True).start()
        else:
            self.future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def _revoke(self, result: T) -> None:
        if self._undo is not None:
            self._undo(result)


class Worker:
    """A thread that does one thing after the other.

    Args:
        name: What it is for; shown in lists of threads.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._waiting: set[asyncio.Future[Any]] = set()
        self.thread = threading.Thread(target=self._work, name=name, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()

    def run(
        self, work: Callable[[], T], undo: Callable[[T], object] | None = None
    ) -> asyncio.Future[T]:
        """Do ``work`` in the thread, after all that was asked before.

        Cancelling the future leaves the work out if it did not begin yet; else its result is given
        to ``undo``.
        """
        job = _Job(work, undo)
        self._waiting.add(job.future)
        job.future.add_done_callback(self._waiting.discard)
        self._jobs.put(job)
        return job.future

    def stop(self) -> None:
        """End the thread after what it is doing; whoever still waits gets a ConnectionError."""
        self._jobs.put(None)
        for future in tuple(self._waiting):
            if not future.done():
                future.set_exception(ConnectionError("closed"))


def leave_behind(place: str, worker: Worker) -> None:
    """Do not open a place again while this thread hangs: threads must not pile up."""
    _hanging[place] = worker.thread


async def opened(
    place: str, seconds: float, work: Callable[[], T], undo: Callable[[T], object]
) -> tuple[Worker, T]:
    """Open something that may hang, in a new thread.

    Returns:
        The thread, for what is to be done with it, and what ``work`` gave.

    Raises:
        TimeoutError: Not open after ``seconds``, or still hanging from an earlier attempt. What
            opens after all is given to ``undo``.
    """
    hanging = _hanging.get(place)
    if hanging is not None and hanging.is_alive():
        msg = "an earlier call still does not come back"
        raise TimeoutError(msg)
    worker = Worker(place)
    try:
        # Real time: hardware does not follow a virtual clock.
        async with asyncio.timeout(seconds):
            result = await worker.run(work, undo)
    except TimeoutError:
        leave_behind(place, worker)
        worker.stop()
        msg = f"did not open within {seconds:g} s"
        raise TimeoutError(msg) from None
    except BaseException:
        worker.stop()
        raise
    _hanging.pop(place, None)
    return worker, result
