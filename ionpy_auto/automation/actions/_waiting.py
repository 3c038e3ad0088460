"""Waiting until a condition is met: woken by samples of its points, and once a second."""

import asyncio
from collections.abc import Callable, Iterator

from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.names import FREE_HEADS, LOCAL_UNITS
from ionpy_auto.core.clock import Timer
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.language import Condition, ConditionState
from ionpy_auto.language.pieces import Slot

TIMED = frozenset({"age", "is_stale"})
PULSE_S = 1.0
"""Ages and times change without samples."""


class Waiting:
    """One condition that somebody waits for."""

    def __init__(self, condition: Condition, context: ActionContext) -> None:
        self._context = context
        self._clock = context.lab.clock
        self._condition = condition
        self._state = ConditionState(condition)
        self._is_sampled = any(_is_sampled(slot) for slot in _slots(condition))
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
        # Ages and times of a run alone never see a sample: then each second counts as one.
        self._look(sample=not self._is_sampled)

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


def _slots(condition: Condition) -> Iterator[Slot]:
    for expression in (condition.expression, condition.reset):
        if expression is not None:
            yield from expression.slots


def _is_sampled(slot: Slot) -> bool:
    """Whether what it reads comes with samples."""
    own = slot.address in LOCAL_UNITS or slot.address.partition(".")[0] in FREE_HEADS
    return slot.function not in TIMED and not own
