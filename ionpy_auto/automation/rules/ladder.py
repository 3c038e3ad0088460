"""Conditions that only compare one point with fixed limits, in the order of these limits.

A thousand rules may compare the same point. While its value moves from one number to another, only
conditions with a limit between the two can change, and those that go on by samples or by time; all
others would see what they saw before and need not look. Where the value is, or was, no number,
everyone looks.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection
from heapq import heapify, heappop, heappush

from ionpy_auto.automation.context import Rests
from ionpy_auto.core.clock import Clock
from ionpy_auto.language import Cell

SPARE = 64


class Rung:
    """One follower in a ladder.

    Attributes:
        order: When it came, among all that look at samples.
        look: Calls the follower.
    """

    __slots__ = ("limits", "look", "order", "since", "who")

    def __init__(
        self, order: int, who: Rests, look: Callable[[], None], limits: Collection[float]
    ) -> None:
        self.order = order
        self.who = who
        self.look = look
        self.limits = limits
        self.since = 0


class Ladder:
    """All followers of one cell.

    Args:
        cell: Of the point; it holds a sample before `take` is called.
        clock: Tells whose time has come.
    """

    def __init__(self, cell: Cell, clock: Clock) -> None:
        self.cell = cell
        self.taken = 0
        self._clock = clock
        self._limits: list[float] = []
        self._rungs: list[Rung] = []  # beside the limits
        self._all: dict[Rung, None] = {}
        self._awake: set[Rung] = set()
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Rung]] = []
        self._before: float | None = None

    def __len__(self) -> int:
        return len(self._all)

    def add(self, rung: Rung) -> None:
        """From now on it looks where it must."""
        for limit in rung.limits:
            at = bisect_right(self._limits, limit)
            self._limits.insert(at, limit)
            self._rungs.insert(at, rung)
        rung.since = self.taken
        self._all[rung] = None
        self._awake.add(rung)
        rung.who.stir = lambda: self._stir(rung)

    def remove(self, rung: Rung) -> None:
        """It leaves."""
        if rung not in self._all:
            return
        for limit in rung.limits:
            at = self._rungs.index(rung, bisect_left(self._limits, limit))
            del self._limits[at], self._rungs[at]
        del self._all[rung]
        self._awake.discard(rung)

    def _stir(self, rung: Rung) -> None:
        if rung in self._all:
            self._awake.add(rung)

    def seen(self, rung: Rung) -> int:
        """How many samples of its point there were since it came."""
        return self.taken - rung.since

    def take(self) -> list[Rung]:
        """A sample arrived: who has to look; each that did is to be `settle`d."""
        self.taken += 1
        before, now = self._before, self.cell.number
        self._before = now
        if before is None or now is None:
            return list(self._all)
        if self._due and self._due[0][0] <= self._clock.monotonic():
            self._wake_due()
        found = self._awake
        if now != before:
            low, high = (before, now) if before < now else (now, before)
            first = bisect_left(self._limits, low)
            last = bisect_right(self._limits, high, first)
            if first != last:
                found = found.union(self._rungs[first:last])
        return sorted(found, key=_order) if found else []

    def _wake_due(self) -> None:
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now:
            self._stir(heappop(self._due)[2])

    def settle(self, rung: Rung) -> None:
        """It has looked: from now on it looks only where it must."""
        if rung not in self._all:
            return
        who = rung.who
        if not who.is_at_rest or self.cell.number is not self._before:
            self._awake.add(rung)
            return
        self._awake.discard(rung)
        due = who.due_at
        if due is not None:
            if len(self._due) > 2 * len(self._all) + SPARE:
                self._tidy()
            heappush(self._due, (due, next(self._numbers), rung))

    def _tidy(self) -> None:
        """Forget times that are no longer so, and what was planned twice."""
        due = {rung: rung.who.due_at for rung in self._all if rung not in self._awake}
        self._due = [(at, next(self._numbers), r) for r, at in due.items() if at is not None]
        heapify(self._due)


def _order(rung: Rung) -> int:
    return rung.order
