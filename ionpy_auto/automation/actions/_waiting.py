"""Waiting until a condition is met: woken by samples of its points, and once a second."""

import asyncio
from collections.abc import Callable

from ionpy_auto.automation.context import ActionContext
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.language import Condition, ConditionState

PULSE_S = 1.0
"""Ages and times change without samples."""


class Waiting:
    """One condition that somebody waits for."""

    def __init__(self, condition: Condition, context: ActionContext) -> None:
        self._context = context
        self._clock = context.lab.clock
        self._condition = condition
        self._state = ConditionState(condition)
        self._met = asyncio.Event()
        self._timer: Timer | None = None

    async def until_met(self) -> None:
        """Return in the moment it is met; at once when it is so already."""
        leave: Callable[[], None] = self._context.lab.bus.tap("sample/", self._take)
        try:
            self._look(sample=True)
            await self._met.wait()
        finally:
            leave()
            if self._timer is not None:
                self._timer.cancel()

    def _take(self, snapshot: Snapshot) -> None:
        points = self._condition.points
        if any(sample.point in points for sample in snapshot.samples):
            self._look(sample=True)

    def _pulse(self) -> None:
        # As long as no point is read a sample never comes: then each second counts as one.
        self._look(sample=not self._condition.points)

    def _look(self, *, sample: bool) -> None:
        now = self._clock.monotonic()
        if self._timer is not None:
            self._timer.cancel()
        if self._state.update(self._context.env, now, sample=sample):
            self._met.set()
            return
        due = self._state.next_deadline(now)
        when = now + PULSE_S if due is None else min(due, now + PULSE_S)
        self._timer = self._clock.call_at(when, self._pulse)
