"""Modes of a rule: what a firing does while an earlier one still acts."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Literal

from ionpy_auto.core.tasks import Tasks

Mode = Literal["single", "restart", "queued", "parallel"]
Work = Callable[[], Coroutine[Any, Any, None]]


class Runner:
    """Runs the actions of one rule as supervised tasks.

    Args:
        tasks: Their parent.
        name: For the log.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._running: set[asyncio.Task[Any]] = set()
        self._queue: deque[Work] = deque()

    @property
    def is_running(self) -> bool:
        """Whether actions are under way."""
        return bool(self._running)

    def submit(self, work: Work, mode: Mode, limit: int) -> str:
        """Start the work, queue it, or refuse it.

        Args:
            work: Makes the coroutine.
            mode: Of the rule.
            limit: Of running and waiting together, for ``queued`` and ``parallel``.

        Returns:
            Why it was refused; empty when it was taken.
        """
        # A task that has just ended may not have told yet.
        self._running = {task for task in self._running if not task.done()}
        if self._running and mode == "single":
            return "still acting"
        if self._running and mode == "restart":
            for task in self._running:
                task.cancel()
        if mode in {"queued", "parallel"} and len(self._running) + len(self._queue) >= limit:
            return f"already {limit} at once"
        if self._running and mode == "queued":
            self._queue.append(work)
            return ""
        self._start(work)
        return ""

    def _start(self, work: Work) -> None:
        task = self._tasks.start(self._name, work())
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if self._queue and not self._running and not task.cancelled():
            self._start(self._queue.popleft())

    def forget(self) -> None:
        """Forget what waits; what runs is finished."""
        self._queue.clear()

    def cancel(self) -> None:
        """End what runs and forget what waits."""
        self.forget()
        for task in self._running:
            task.cancel()
