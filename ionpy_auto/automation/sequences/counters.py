"""The instruments' own Ah counters beside ours: a second opinion on every step (SEQ-21)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.devices import Numeric, Role

SHARE: Final = 0.01
ALWAYS_AH: Final = 0.005
_NEAR_TOP: Final = 0.9


@dataclass
class Counter:
    """What a counter has gone up by, whatever it was set to meanwhile.

    Attributes:
        top: Where it starts again at zero; None where nobody knows.
        resets: How often it fell.

    >>> counter = Counter(top=10.0)
    >>> for value in (9.8, 9.9, 0.1, 0.4, 0.0, 0.2):  # over its top, then reset by somebody
    ...     counter.take(value)
    >>> round(counter.passed, 3), counter.resets
    (0.8, 1)
    """

    top: float | None = None
    passed: float = 0.0
    resets: int = 0
    _last: float | None = None

    def take(self, value: float) -> None:
        """What it shows now."""
        last, self._last = self._last, value
        if last is None:
            return
        if value >= last:
            self.passed += value - last
        elif self._has_wrapped(last, value):
            self.passed += (self.top or 0.0) - last + value
        else:  # what passed between the last look and the reset is lost
            self.passed += value
            self.resets += 1

    def _has_wrapped(self, last: float, value: float) -> bool:
        top = self.top
        return top is not None and last > _NEAR_TOP * top and value < (1.0 - _NEAR_TOP) * top

    def begin(self) -> None:
        """Count from what it shows now."""
        self.passed, self.resets = 0.0, 0


class DeviceCounters:
    """Follows the Ah counters of a channel's supply and load."""

    def __init__(self, channel: CyclerChannel, bus: Bus) -> None:
        self._bus = bus
        self._leave: Callable[[], None] | None = None
        self._counters: dict[str, Counter] = {}
        self._by_direction: dict[str, str] = {}
        for direction, one in (("charge", channel.source), ("discharge", channel.sink)):
            point = one.find(Role.AH_COUNTER) if one is not None else None
            if one is not None and point is not None:
                entity = one.entity(Role.AH_COUNTER)
                top = entity.max if isinstance(entity, Numeric) else None
                self._counters[point] = Counter(top)
                self._by_direction[direction] = point

    def start(self) -> None:
        """Listen."""
        devices = sorted({point.rpartition(".")[0] for point in self._counters})
        if devices:
            self._leave = self._bus.tap([f"sample/{device}" for device in devices], self._take)

    def stop(self) -> None:
        """Listen no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _take(self, snapshot: Snapshot) -> None:
        for sample in snapshot.samples:
            counter = self._counters.get(sample.point)
            value = sample.known
            if counter is not None and isinstance(value, int | float):
                counter.take(float(value))

    def begin(self) -> None:
        """A step begins."""
        for counter in self._counters.values():
            counter.begin()

    def compare(self, direction: str, ah: float) -> tuple[float | None, str]:
        """What the instrument counted in the step, and a warning when it is too far from ours."""
        point = self._by_direction.get(direction, "")
        counter = self._counters.get(point)
        if counter is None:
            return None, ""
        apart = counter.passed - ah
        if abs(apart) <= SHARE * ah + ALWAYS_AH:
            return counter.passed, ""
        seen = f"{point} counted {counter.passed:.4g} Ah, we counted {ah:.4g} Ah"
        reset = ", and it was reset meanwhile" if counter.resets else ""
        return counter.passed, f"{seen}{reset}"
