"""Modes of a rule: what a firing does while an earlier one still acts, for each device apart."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

from ionpy_auto.automation.rules.job import Job
from ionpy_auto.core.tasks import Tasks

Mode = Literal["single", "restart", "queued", "parallel"]
Work = Callable[[Job], Coroutine[Any, Any, None]]
MAX_LANES: Final = 256


class Runner:
    """Runs the firings of one rule about one device as supervised tasks.

    Args:
        tasks: Their parent.
        name: For the log.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._running: set[asyncio.Task[Any]] = set()
        self._queue: deque[tuple[Work, Job]] = deque()

    @property
    def is_running(self) -> bool:
        """Whether actions are under way."""
        # A task that has just ended may not have told yet.
        self._running = {task for task in self._running if not task.done()}
        return bool(self._running)

    def refusal(self, mode: Mode, limit: int) -> str:
        """Why a firing would not be taken now, or an empty text.

        Args:
            mode: Of the rule.
            limit: Of running and waiting together, for ``queued`` and ``parallel``.
        """
        if self.is_running and mode == "single":
            return "still acting"
        if mode in {"queued", "parallel"} and len(self._running) + len(self._queue) >= limit:
            return f"already {limit} at once"
        return ""

    def take(self, work: Work, job: Job, mode: Mode) -> None:
        """Start a firing that is not refused, or let it wait for its turn."""
        if self.is_running and mode == "restart":
            for task in self._running:
                task.cancel()
        if self._running and mode == "queued":
            self._queue.append((work, job))
        else:
            self._start(work, job)

    def _start(self, work: Work, job: Job) -> None:
        task = self._tasks.start(self._name, work(job))
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if self._queue and not self._running and not task.cancelled():
            self._start(*self._queue.popleft())

    def forget(self) -> list[Job]:
        """Forget what waits, and say what it was; what runs is finished."""
        waiting = [job for _, job in self._queue]
        self._queue.clear()
        return waiting

    def cancel(self) -> None:
        """End what runs and forget what waits."""
        self.forget()
        for task in self._running:
            task.cancel()


class Lanes:
    """The runners of one rule: one, or one for each device with ``per: device``.

    Args:
        tasks: Parent of all.
        name: For the log.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._runners: dict[str, Runner] = {}

    def of(self, lane: str) -> Runner | None:
        """The runner of a device; None when too many are at work."""
        found = self._runners.get(lane)
        if found is not None:
            return found
        if len(self._runners) >= MAX_LANES:
            self._runners = {key: one for key, one in self._runners.items() if one.is_running}
        if len(self._runners) >= MAX_LANES:
            return None
        self._runners[lane] = Runner(self._tasks, self._name)
        return self._runners[lane]

    @property
    def is_running(self) -> bool:
        """Whether actions are under way."""
        return any(runner.is_running for runner in self._runners.values())

    def forget(self) -> list[Job]:
        """Forget what waits everywhere, and say what it was."""
        return [job for runner in self._runners.values() for job in runner.forget()]

    def cancel(self) -> None:
        """End everything."""
        for runner in self._runners.values():
            runner.cancel()
