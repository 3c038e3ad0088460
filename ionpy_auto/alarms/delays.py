"""How long or how often something must be so before an alarm comes or goes: pure, time comes in.

A result that is not known changes nothing about what is met; what is about to be met goes on to
be, and what is about to be over starts anew: an alarm never ends by losing a probe.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SLACK_S: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Delays:
    """What was written.

    Attributes:
        on_s: It must be so for this long.
        off_s: It must be over for this long.
        count: Or: so many samples within ``within_s`` say so; 0: not counted.
        within_s: For ``count``; so for all of it also counts.
    """

    on_s: float = 0.0
    off_s: float = 0.0
    count: int = 0
    within_s: float = 0.0

    @property
    def rise_s(self) -> float:
        """How long it must be so at most."""
        return self.within_s if self.count else self.on_s


@dataclass
class Delay:
    """What became of it so far.

    Attributes:
        met: Whether the alarm is so, after the delays.
        known: Whether the last result was known.
        since: Monotonic seconds since when the result differs from ``met``.
    """

    delays: Delays
    met: bool = False
    known: bool = False
    since: float | None = None
    hits: deque[float] = field(default_factory=deque)

    def update(self, result: bool | None, mono: float, *, sample: bool = True) -> bool:
        """Take a result (None: not known) at a time; whether the alarm is so.

        Args:
            result: What was seen.
            mono: Monotonic seconds.
            sample: False when a timer asks and nothing new arrived.
        """
        self.known = result is not None
        if result is None:
            if self.met:
                self.since = None
            return self.met
        if result == self.met:
            self.since = None
            return self.met
        if self.since is None:
            self.since = mono
        if result and self.delays.count and sample and self._hit(mono):
            self._turn(met=True)
        elif mono >= self.since + self._wait() - SLACK_S:
            self._turn(met=result)
        return self.met

    def _hit(self, mono: float) -> bool:
        self.hits.append(mono)
        while self.hits[0] < mono - self.delays.within_s:
            self.hits.popleft()
        return len(self.hits) >= self.delays.count

    def _turn(self, *, met: bool) -> None:
        self.met, self.since = met, None
        self.hits.clear()

    def _wait(self) -> float:
        return self.delays.off_s if self.met else self.delays.rise_s

    @property
    def due(self) -> float | None:
        """When to look again without a sample; None when only a sample can change anything."""
        return self.since + self._wait() if self.known and self.since is not None else None

    def as_dict(self, now: float, mono: float) -> dict[str, Any]:
        """JSON form for keeping over a restart: since when it has been about to turn, in UTC."""
        since = None if self.since is None else now - (mono - self.since)
        return {"met": self.met, "since": since}

    def restore(self, data: Mapping[str, Any], now: float, mono: float) -> None:
        """Go on from `as_dict`: the time in between counts, so that no alarm comes later."""
        since = data.get("since")
        if data.get("met") is self.met and not self.met and isinstance(since, int | float):
            self.since = mono - max(now - since, 0.0)
