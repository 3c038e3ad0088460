"""The last ten minutes of every point in memory, recording or not.

Charts of a browser that has just come, and ``avg``, ``min``, ``rate`` … of expressions read it.
A point keeps at most `CAPACITY` samples: when full, every second of the older half is dropped, but
never the smallest and the largest of its neighbours' pair, so peaks stay visible.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import Scalar, Snapshot

SPAN_S = 600.0
CAPACITY = 2_400


@dataclass(slots=True)
class Track:
    """What one point did lately.

    Attributes:
        mono: Monotonic times, rising.
        utc: The same in UTC.
        values: Known values; None where nothing was known.
        capacity: Bound of all three.
    """

    mono: list[float] = field(default_factory=list)
    utc: list[float] = field(default_factory=list)
    values: list[Scalar | None] = field(default_factory=list)
    capacity: int = CAPACITY

    def add(self, mono: float, utc: float, value: Scalar | None, span: float) -> None:
        """Append a sample and forget what is older than ``span`` seconds."""
        if self.mono and mono < self.mono[-1]:
            return
        self.mono.append(mono)
        self.utc.append(utc)
        self.values.append(value)
        if len(self.mono) >= self.capacity:
            self._shrink(mono - span)

    def _shrink(self, oldest: float) -> None:
        keep = [i for i, t in enumerate(self.mono) if t >= oldest]
        if len(keep) > self.capacity * 3 // 4:
            half = len(keep) // 2
            keep = self._thin(keep[:half]) + keep[half:]
        self.mono = [self.mono[i] for i in keep]
        self.utc = [self.utc[i] for i in keep]
        self.values = [self.values[i] for i in keep]

    def _thin(self, indexes: list[int]) -> list[int]:
        """Of four neighbours keep the smallest and the largest."""
        kept: list[int] = []
        for start in range(0, len(indexes), 4):
            group = indexes[start : start + 4]
            numbers = [(v, i) for i in group if isinstance(v := self.values[i], int | float)]
            if len(numbers) < len(group):
                kept += group[::2]
            else:
                kept += sorted({min(numbers)[1], max(numbers)[1]})
        return kept


class Recent:
    """Follows every snapshot on the bus."""

    def __init__(self, bus: Bus, span: float = SPAN_S) -> None:
        self._bus = bus
        self._span = span
        self._tracks: dict[str, Track] = {}
        self._leave: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen."""
        self._leave = self._bus.tap("sample/", self.take)

    def stop(self) -> None:
        """Forget everything."""
        if self._leave is not None:
            self._leave()
        self._tracks.clear()

    def take(self, snapshot: Snapshot) -> None:
        """Remember a snapshot."""
        tracks = self._tracks
        for sample in snapshot.samples:
            track = tracks.get(sample.point)
            if track is None:
                track = tracks[sample.point] = Track()
            track.add(sample.mono, sample.timestamp, sample.known, self._span)

    def track(self, point: str) -> Track | None:
        """What a point did lately, or None."""
        return self._tracks.get(point)

    def tracks(self) -> Mapping[str, Track]:
        """All points."""
        return self._tracks

    def forget(self, source: str) -> None:
        """Drop a removed device."""
        for point in [p for p in self._tracks if p.startswith(f"{source}.")]:
            del self._tracks[point]
