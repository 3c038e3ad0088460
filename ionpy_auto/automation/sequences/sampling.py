"""How far apart the polls of a run's instruments really were: counted while it runs (SEQ-26).

Each distance falls into a bin of a hundredth of a decade, so that a run of weeks costs as little as
one of minutes. A bin keeps the sum of what fell into it: equal distances come back exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any, Final

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import Snapshot

PER_DECADE: Final = 100


@dataclass
class Distances:
    """Distances between the polls of one instrument [s]."""

    bins: dict[int, tuple[int, float]] = field(default_factory=dict)
    longest: float = 0.0
    _last: float | None = None

    def take(self, mono: float) -> None:
        """A poll at this moment."""
        last, self._last = self._last, mono
        if last is None or mono <= last:
            return
        apart = mono - last
        key = floor(log10(apart) * PER_DECADE)
        count, total = self.bins.get(key, (0, 0.0))
        self.bins[key] = (count + 1, total + apart)
        self.longest = max(self.longest, apart)

    def quantile(self, share: float) -> float | None:
        """The distance that this share of all does not exceed, within one bin.

        >>> polls = Distances()
        >>> for mono in (0.0, 0.5, 1.0, 1.5, 4.0):
        ...     polls.take(mono)
        >>> polls.quantile(0.5), polls.quantile(0.99), polls.longest
        (0.5, 2.5, 2.5)
        """
        wanted = share * sum(count for count, _ in self.bins.values())
        passed = 0
        for key in sorted(self.bins):
            count, total = self.bins[key]
            passed += count
            if passed >= wanted:
                return total / count
        return None

    def as_dict(self) -> dict[str, Any]:
        """JSON form; ``bins`` are mean distance and count."""
        bins = [[total / count, count] for _, (count, total) in sorted(self.bins.items())]
        return {
            "polls": sum(count for count, _ in self.bins.values()),
            "p50_s": self.quantile(0.5),
            "p99_s": self.quantile(0.99),
            "max_s": self.longest if self.bins else None,
            "bins": bins,
        }


class Sampling:
    """Follows the polls of some devices.

    Args:
        devices: Their ids.
        before: What `as_dict` gave before a restart; counting goes on from there.
    """

    def __init__(self, devices: Sequence[str], before: Mapping[str, Any] | None = None) -> None:
        self._devices = {device: Distances() for device in devices}
        self._leave: Callable[[], None] | None = None
        for device, kept in (before or {}).items():
            distances = self._devices.setdefault(device, Distances())
            distances.longest = kept["max_s"] or 0.0
            distances.bins = {
                floor(log10(mean) * PER_DECADE): (count, mean * count)
                for mean, count in kept["bins"]
            }

    def start(self, bus: Bus) -> None:
        """Listen."""
        self._leave = bus.tap([f"sample/{device}" for device in self._devices], self._take)

    def stop(self) -> None:
        """Listen no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _take(self, snapshot: Snapshot) -> None:
        distances = self._devices.get(snapshot.source)
        if distances is not None:
            distances.take(snapshot.mono)

    def as_dict(self) -> dict[str, Any]:
        """Per device."""
        return {device: found.as_dict() for device, found in self._devices.items()}
