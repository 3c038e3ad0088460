"""Places where runs wait for each other (``sync``)."""

from collections.abc import Callable
from dataclasses import dataclass

from ionpy_auto.automation.context import Meeting


@dataclass(frozen=True)
class Waiter:
    """One run that has come to a place.

    Attributes:
        run_id: Which.
        channel: Its channel, by which the others name it.
        meeting: For whom it waits.
        met: Called in the moment all are there.
    """

    run_id: str
    channel: str
    meeting: Meeting
    met: Callable[[], None]


class Barriers:
    """Who waits where; a group goes on together, in the moment its last one comes."""

    def __init__(self) -> None:
        self._waiting: list[Waiter] = []

    def come(self, waiter: Waiter) -> Callable[[], None]:
        """Wait at a place; returns the way to leave it."""
        self._waiting.append(waiter)
        for one in self._complete(waiter.meeting.name):
            self._leave(one)
            one.met()
        return lambda: self._leave(waiter)

    def _leave(self, waiter: Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def _complete(self, name: str) -> list[Waiter]:
        """The largest group at a place of which each has all whom it waits for."""
        group = [one for one in self._waiting if one.meeting.name == name]
        while True:
            left = [one for one in group if _has_all(one, group)]
            if len(left) == len(group):
                return group
            group = left


def _has_all(one: Waiter, group: list[Waiter]) -> bool:
    channels = {other.channel for other in group}
    wanted = one.meeting
    return set(wanted.channels) <= channels and len({o.run_id for o in group}) >= wanted.count
