"""Where running expressions get their values: live points, recent history, and local names."""

from collections.abc import Callable, Mapping

from ionpy_auto.automation.spread import Spread
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.samples import LiveValues, Quality, Sample, Scalar
from ionpy_auto.language import Cell, Environment, Unit
from ionpy_auto.storage.recent import Recent, Track

GOOD, UNSURE = Quality.GOOD, Quality.UNSURE
Locals = Mapping[str, "Callable[[], Scalar | None]"]


class LiveCell(Cell):
    """A cell that follows the samples of its point."""

    __slots__ = ()

    def take(self, sample: Sample | None) -> None:
        """The point's newest sample, or None when the point is gone."""
        # As `Sample.known`, without its call.
        if sample is None:
            self.put(None)
        else:
            quality = sample.quality
            known = sample.value if quality is GOOD or quality is UNSURE else None
            self.put(known, sample.unit)


class LiveEnvironment:
    """Points of devices and channels, as they are now.

    Args:
        values: Latest samples; a stale or bad one has no known value.
        recent: For windows.
        clock: For ages.
    """

    def __init__(self, values: LiveValues, recent: Recent, clock: Clock) -> None:
        self._values = values
        self._latest = values.latest
        self._recent = recent
        self._clock = clock
        self._cells: dict[tuple[str, str], LiveCell] = {}
        self._spreads: dict[tuple[str, float], Spread] = {}

    def cell(self, address: str, unit: Unit) -> Cell:
        """The cell of a point, shared by all who read it in this unit."""
        key = (address, unit.name)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = LiveCell(unit)
            self._values.follow(address, cell.take)
        return cell

    def value(self, address: str) -> Scalar | None:
        """The present value, if it may take part in a decision."""
        # As `Sample.known`, without its calls: this is what every expression waits for.
        sample = self._latest.get(address)
        if sample is None:
            return None
        quality = sample.quality
        return sample.value if quality is GOOD or quality is UNSURE else None

    def age(self, address: str) -> float | None:
        """Seconds since the last sample, however good."""
        sample = self._latest.get(address)
        return None if sample is None else self._clock.monotonic() - sample.mono

    def window(self, function: str, address: str, seconds: float) -> Scalar | None:
        """A value over the last seconds; None when the window is not full of known samples."""
        if function == "previous":
            return _previous(self._recent.newest(address, 64))
        return (
            self._spread(address, seconds)
            if function == "spread"
            else self._over(function, address, seconds)
        )

    def _over(self, function: str, address: str, seconds: float) -> Scalar | None:
        newest = self._latest.get(address)
        if newest is None:
            return None
        begin = newest.mono - seconds
        track = self._recent.since(address, begin)
        times, values = track.mono, track.values
        if not times or times[0] > begin + 1e-9 or any(value is None for value in values):
            return None
        if function == "changed":
            return any(value != values[0] for value in values)
        numbers = [float(v) for v in values if isinstance(v, int | float)]
        if len(numbers) != len(values) or len(numbers) < 2:
            return None
        return WINDOWS[function](times, numbers)

    def _spread(self, address: str, seconds: float) -> float | None:
        """How far a point moved over a span that may be longer than the recent history."""
        spread = self._spreads.get((address, seconds))
        if spread is None:
            spread = self._spreads[address, seconds] = Spread(seconds)
            newest = self._latest.get(address)
            if newest is not None:
                track = self._recent.since(address, newest.mono - seconds)
                for mono, value in zip(track.mono, track.values, strict=True):
                    spread.add(mono, value)
            self._values.follow(address, spread.take)
        return spread.value()


def _previous(track: Track) -> Scalar | None:
    known = [value for value in track.values if value is not None]
    return known[-2] if len(known) > 1 else None


def _average(times: list[float], numbers: list[float]) -> float:
    return _integral(times, numbers) / (times[-1] - times[0])


def _integral(times: list[float], numbers: list[float]) -> float:
    return sum(
        (times[i] - times[i - 1]) * (numbers[i] + numbers[i - 1]) / 2 for i in range(1, len(times))
    )


def _rate(times: list[float], numbers: list[float]) -> float:
    """Slope of the least-squares line: one noisy sample at an end does not decide it."""
    count = len(times)
    mean_t, mean_v = sum(times) / count, sum(numbers) / count
    above = sum((t - mean_t) * (v - mean_v) for t, v in zip(times, numbers, strict=True))
    below = sum((t - mean_t) ** 2 for t in times)
    return above / below if below else 0.0


WINDOWS: Mapping[str, Callable[[list[float], list[float]], float]] = {
    "avg": _average,
    "integral": _integral,
    "rate": _rate,
    "min": lambda times, numbers: min(numbers),
    "max": lambda times, numbers: max(numbers),
}


class LocalEnvironment:
    """An environment with names of its own before those of another: ``step.ah``, ``trigger.x``.

    Args:
        outer: Asked for every other name.
        own: Name → function that gives the present value; which names there are never changes.
    """

    def __init__(self, outer: Environment, own: Locals) -> None:
        self._outer = outer
        # One is made for each firing: not isinstance(), which goes through all of a protocol.
        cell: Callable[[str, Unit], Cell | None] | None = getattr(outer, "cell", None)
        self._outer_cell = cell
        self.own = own

    def value(self, address: str) -> Scalar | None:
        """The present value."""
        own = self.own.get(address)
        return self._outer.value(address) if own is None else own()

    def cell(self, address: str, unit: Unit) -> Cell | None:
        """Own names are asked each time."""
        if address in self.own or self._outer_cell is None:
            return None
        return self._outer_cell(address, unit)

    def age(self, address: str) -> float | None:
        """Own names are always fresh."""
        return 0.0 if address in self.own else self._outer.age(address)

    def window(self, function: str, address: str, seconds: float) -> Scalar | None:
        """Own names have no history."""
        return None if address in self.own else self._outer.window(function, address, seconds)
