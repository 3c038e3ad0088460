"""How far apart simulated devices are asked while nothing moves: in virtual time alone.

In virtual time a poll costs processor time and nothing else, and most polls of a long rest say what
the one before said. Who knows what happens next (a run) may give a *hint*: for so many seconds
nobody needs to look. At the end of each moment in which devices were asked, the smallest hint
decides how many places of their grid they leave out; without a hint, and whenever something is
written, they are asked at every place. So what is asked is a subset of what would have been.

A device that leaves out places promises its next value later: `Place.promised_s` is what staleness
and gaps in counting are judged by. Real devices never have one of these.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor, inf
from typing import Final

from ionpy_auto.core.clock import Clock, Timer

AT_REST_S: Final = 60.0
"""Longest distance of two polls while all outputs are off."""
DRIVEN_S: Final = 20.0
"""The same while a cell is charged or discharged."""
_SAME_MOMENT_S: Final = 1e-6

Hint = Callable[[float], float]
"""Takes the monotonic time; gives seconds from then on during which nobody needs to look."""


@dataclass(eq=False)
class Place:
    """Where one device stands on the grid of polls, which begins with the clock for all devices.

    Attributes:
        interval_s: Distance of two places.
        silence_s: Longest distance of two polls this device bears.
        narrowed: Called when its next poll was moved nearer.
    """

    interval_s: float
    silence_s: float = inf
    narrowed: Callable[[], None] = lambda: None
    due: float = 0.0
    _asked: float = 0.0
    _distance_s: float = 0.0
    _before_s: float = 0.0
    _timer: Timer | None = None
    _wake: Callable[[], None] | None = None

    @property
    def promised_s(self) -> float:
        """Longest distance between two polls that counts as on time now.

        The distance before is part of it: its last value may still be on its way through the books.
        """
        return max(self.interval_s, self._distance_s, self._before_s)

    @property
    def is_undecided(self) -> bool:
        """Whether it waits and does not know how long."""
        return self._wake is not None and self._timer is None

    @property
    def is_far(self) -> bool:
        """Whether it waits beyond the next place."""
        return self._timer is not None and self._distance_s > self.interval_s + _SAME_MOMENT_S

    def wait(self, now: float, wake: Callable[[], None]) -> None:
        """Remember whom to wake."""
        self._asked, self._wake, self._timer = now, wake, None

    def plan(self, clock: Clock, until: float) -> None:
        """Be woken at the last place up to a time, but not before the next place."""
        self._before_s = self._distance_s
        self._set(clock, until)

    def plan_anew(self, clock: Clock) -> None:
        """Something has changed: be woken at the next place."""
        self._before_s = max(self._before_s, self._distance_s)
        self.leave_timer()
        self._set(clock, clock.monotonic())
        self.narrowed()

    def _set(self, clock: Clock, until: float) -> None:
        interval = self.interval_s
        until = min(until, self._asked + self.silence_s)
        next_place = floor(clock.monotonic() / interval + _SAME_MOMENT_S) + 1
        last_place = floor(until / interval + _SAME_MOMENT_S)
        self.due = max(next_place, last_place) * interval
        self._distance_s = self.due - self._asked
        self._timer = clock.call_at(self.due, self._rung)

    def leave_timer(self) -> None:
        """Not to be woken any more as planned."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def leave(self) -> None:
        """Nobody waits any more."""
        self.leave_timer()
        self._wake = None

    def _rung(self) -> None:
        wake, self._wake, self._timer = self._wake, None, None
        if wake is not None:
            wake()


@dataclass(eq=False)
class Pacing:
    """Decides for all devices of a project.

    Args:
        clock: A virtual one.
    """

    clock: Clock
    _hints: list[tuple[Hint, Callable[[], None]]] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)
    _deciding: Timer | None = None

    def __post_init__(self) -> None:
        if not self.clock.is_virtual:
            msg = "real devices are asked as often as they are configured to be"
            raise ValueError(msg)

    def ask(self, hint: Hint, decided: Callable[[], None]) -> Callable[[], None]:
        """Ask somebody at the end of each moment; returns the way to leave.

        Args:
            hint: See `Hint`. The smallest of all counts.
            decided: Called when devices have promised something else.
        """
        entry = (hint, decided)
        self._hints.append(entry)

        def leave() -> None:
            if entry in self._hints:
                self._hints.remove(entry)
                self.stir()

        return leave

    def wait(self, place: Place, wake: Callable[[], None]) -> Callable[[], None]:
        """Wake somebody at the next place that counts; returns the way to give up."""
        place.wait(self.clock.monotonic(), wake)
        self._places.append(place)
        if self._deciding is None:
            # A timer for this very moment rings when all else that happens in it is done, so every
            # device that is asked now has been heard.
            self._deciding = self.clock.call_at(self.clock.monotonic(), self._decide)

        def leave() -> None:
            place.leave()
            if place in self._places:
                self._places.remove(place)

        return leave

    def stir(self) -> None:
        """Something was changed: whoever waits longer than usual is asked at the next place."""
        for place in [place for place in self._places if place.is_far]:
            place.plan_anew(self.clock)

    def _decide(self) -> None:
        self._deciding = None
        now = self.clock.monotonic()
        room = min((hint(now) for hint, _ in self._hints), default=0.0)
        # The places of the slowest are those of the others too, as long as intervals are multiples:
        # instruments that look at one moment see one moment.
        slowest = max((place.interval_s for place in self._places), default=1.0)
        until = floor((now + room) / slowest + _SAME_MOMENT_S) * slowest
        changed = 0.0
        for place in self._places:
            if place.is_undecided:
                promised = place.promised_s
                place.plan(self.clock, until)
                changed += abs(place.promised_s - promised)
        if changed > _SAME_MOMENT_S:
            for _, decided in self._hints:
                decided()
