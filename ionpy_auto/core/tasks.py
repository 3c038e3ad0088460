"""Supervised tasks: every task has a parent, and none dies unseen.

`Tasks` outlives single failures: a crashed task is reported to ``on_crash`` and, if it was started
with ``keep``, started again with a growing delay. ``stop()`` cancels all and waits.

A task that ends by a cancellation nobody asked of it (something it awaited was cancelled) counts
as crashed too: otherwise a poll loop could end without a word.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from ionpy_auto.core.clock import Clock

log = structlog.get_logger(__name__)

RESTART_DELAYS_S = (0.1, 0.5, 2.0, 10.0, 30.0)


class Tasks:
    """A named family of background tasks.

    Args:
        name: Shown in logs and in the status answer.
        clock: Times the restarts.
        on_crash: Called with the task's name and its error; what it raises is only logged.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        on_crash: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        self.name = name
        self._clock = clock
        self._on_crash = on_crash
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run ``work`` in the background; an error is logged and reported, never lost."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self.name}/{name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[Any]:
        """Run ``work()`` for ever: when it fails, report it and start it again after a delay."""
        return self.start(name, self._restarting(name, work))

    async def _restarting(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            began = self._clock.monotonic()
            try:
                await work()
            except asyncio.CancelledError as error:
                if _is_cancelled(asyncio.current_task()):
                    raise
                self._report(name, error)
            except Exception as error:  # noqa: BLE001 - supervision is the purpose
                self._report(name, error)
            else:
                return
            if self._clock.monotonic() - began > RESTART_DELAYS_S[-1]:
                failures = 0
            await self._clock.sleep(RESTART_DELAYS_S[min(failures, len(RESTART_DELAYS_S) - 1)])
            failures += 1

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            if not _is_cancelled(task):
                self._report(task.get_name(), asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            self._report(task.get_name(), error)

    def _report(self, name: str, error: BaseException) -> None:
        log.error("task crashed", task=name, exc_info=error)
        if self._on_crash is None:
            return
        try:
            self._on_crash(name, error)
        except Exception:
            log.exception("crash report failed", task=name)

    async def stop(self) -> None:
        """Cancel every task, also those begun meanwhile, and wait until all are gone."""
        me = asyncio.current_task()
        while tasks := [task for task in self._tasks if task is not me and not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _is_cancelled(task: asyncio.Task[Any] | None) -> bool:
    """Whether somebody asked this very task to end."""
    return task is not None and task.cancelling() > 0
