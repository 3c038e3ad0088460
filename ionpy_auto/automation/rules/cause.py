"""Chains of cause: rule → write → sample → rule, and when a chain has become too long.

What an action publishes in its own task (an event, a read-back) sees the chain in `CURRENT`. A
value that comes back with a later poll is recognised by its point: whoever fires on a point that
a rule wrote less than `ECHO_S` ago continues the chain of that write.
"""

from collections.abc import Iterable
from contextvars import ContextVar

MAX_DEPTH = 8
ECHO_S = 10.0
STARTUP = "startup"
"""First in every chain that began with the opening of the project: it may write no output."""

ARMED_STARTUP = "startup, armed"
"""The same of a flow that an engineer has armed for that."""

CURRENT: ContextVar[tuple[str, ...]] = ContextVar("cause", default=())


class Echoes:
    """Which points rules wrote lately, and with which chain."""

    def __init__(self) -> None:
        self._written: dict[str, tuple[float, tuple[str, ...]]] = {}

    def note(self, point: str, mono: float, chain: tuple[str, ...]) -> None:
        """A rule writes a point."""
        self._written[point] = (mono, chain)

    def chain_of(self, points: Iterable[str], mono: float) -> tuple[str, ...]:
        """The longest chain that may have led to a change of one of the points."""
        longest: tuple[str, ...] = ()
        for point in points:
            found = self._written.get(point)
            if found is None:
                continue
            if mono - found[0] > ECHO_S:
                del self._written[point]
            elif len(found[1]) > len(longest):
                longest = found[1]
        return longest
