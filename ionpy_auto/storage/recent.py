"""The last ten minutes of every point in memory, recording or not.

Charts of a browser that has just come, and ``avg``, ``min``, ``rate`` … of expressions read it. A
source keeps at most `CAPACITY` polls: when full, what is older than the span goes, and if that is
not enough every second poll of the older half. Taking a poll in is a few operations, whatever the
number of points: it happens for every sample of the lab.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import Quality, Scalar, Snapshot

SPAN_S = 600.0
CAPACITY = 2_400
_GOOD, _UNSURE = Quality.GOOD, Quality.UNSURE


class _Poll(NamedTuple):
    mono: float
    utc: float
    points: tuple[str, ...]
    values: tuple[Scalar | None, ...]


@dataclass(slots=True)
class Track:
    """What one point did lately, oldest first.

    Attributes:
        mono: Monotonic times, rising.
        utc: The same in UTC.
        values: Known values; None where nothing was known.
    """

    mono: list[float] = field(default_factory=list)
    utc: list[float] = field(default_factory=list)
    values: list[Scalar | None] = field(default_factory=list)


class Recent:
    """Follows every snapshot on the bus."""

    def __init__(self, bus: Bus, span: float = SPAN_S, capacity: int = CAPACITY) -> None:
        self._bus = bus
        self._span = span
        self._capacity = capacity
        self._polls: dict[str, list[_Poll]] = {}
        self._source_of: dict[str, str] = {}
        self._shapes: dict[str, tuple[str, ...]] = {}
        self._leave: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen."""
        self._leave = self._bus.tap("sample/", self.take)

    def stop(self) -> None:
        """Forget everything."""
        if self._leave is not None:
            self._leave()
        self._polls.clear()
        self._source_of.clear()
        self._shapes.clear()

    def take(self, snapshot: Snapshot) -> None:
        """Remember a snapshot; one that is older than the last is left out."""
        source, utc, mono, _, samples = snapshot
        polls = self._polls.get(source)
        if polls is None:
            polls = self._polls[source] = []
        elif polls and mono < polls[-1][0]:
            return
        points = tuple([sample[0] for sample in samples])
        if points == self._shapes.get(source):
            points = self._shapes[source]  # one tuple for all polls of the same form
        else:
            self._shapes[source] = points
            self._source_of.update(dict.fromkeys(points, source))
        values = tuple([s[1] if s[3] is _GOOD or s[3] is _UNSURE else None for s in samples])
        polls.append(_Poll(mono, utc, points, values))
        if len(polls) >= self._capacity:
            self._shrink(source, mono - self._span)

    def _shrink(self, source: str, oldest: float) -> None:
        polls = [poll for poll in self._polls[source] if poll.mono >= oldest]
        if len(polls) > self._capacity * 3 // 4:
            half = len(polls) // 2
            polls = polls[:half:2] + polls[half:]
        self._polls[source] = polls

    def _backwards(self, point: str) -> Iterator[tuple[float, float, Scalar | None]]:
        """Time, UTC and value of a point, newest first."""
        shape: tuple[str, ...] = ()
        place = -1
        for mono, utc, points, values in reversed(
            self._polls.get(self._source_of.get(point, ""), [])
        ):
            if points is not shape:
                shape = points
                place = points.index(point) if point in points else -1
            if place >= 0:
                yield mono, utc, values[place]

    def since(self, point: str, mono: float) -> Track:
        """What a point did since a time, with the sample that was in force then."""
        found = []
        for entry in self._backwards(point):
            found.append(entry)
            if entry[0] <= mono:
                break
        return _track(found)

    def newest(self, point: str, count: int) -> Track:
        """The last ``count`` samples of a point."""
        found = [entry for entry, _ in zip(self._backwards(point), range(count), strict=False)]
        return _track(found)

    def track(self, point: str) -> Track:
        """All that is remembered of a point."""
        return _track(list(self._backwards(point)))

    def tracks(self, source: str) -> Mapping[str, Track]:
        """All points of a source."""
        names = [point for point, owner in self._source_of.items() if owner == source]
        return {point: self.track(point) for point in names}

    def forget(self, source: str) -> None:
        """Drop a removed device."""
        self._polls.pop(source, None)
        self._shapes.pop(source, None)
        for point in [p for p, owner in self._source_of.items() if owner == source]:
            del self._source_of[point]


def _track(newest_first: list[tuple[float, float, Scalar | None]]) -> Track:
    newest_first.reverse()
    return Track(
        [entry[0] for entry in newest_first],
        [entry[1] for entry in newest_first],
        [entry[2] for entry in newest_first],
    )
