"""Which snapshots of a source are worth a row when not all are wanted."""

import math

from ionpy_auto.core.samples import Sample, Snapshot

_SLACK = 1e-6  # [s] a poll every 0.25 s must not miss "every second" by rounding


class Thinning:
    """Keeps a snapshot when an entity is due, moved far enough, or changed alarm or quality.

    Args:
        source: The device or channel.
        every_s: Each entity is kept at least this often.
        on_change: Entity id to the change that is kept at once.
    """

    def __init__(self, source: str, every_s: float, on_change: dict[str, float]) -> None:
        self.every_s = every_s
        self._changes = {f"{source}.{entity}": delta for entity, delta in on_change.items()}
        self._kept: dict[str, Sample] = {}

    def keeps(self, snapshot: Snapshot) -> bool:
        """True when the snapshot is to be stored."""
        if not any(self._matters(sample) for sample in snapshot.samples):
            return False
        self._kept.update((sample.point, sample) for sample in snapshot.samples)
        return True

    def _matters(self, sample: Sample) -> bool:
        last = self._kept.get(sample.point)
        if last is None or sample.mono - last.mono >= self.every_s - _SLACK:
            return True
        if sample.alarm is not last.alarm or sample.quality is not last.quality:
            return True
        delta = self._changes.get(sample.point)
        return delta is not None and _distance(sample, last) >= delta


def _distance(sample: Sample, last: Sample) -> float:
    """How far the value moved; anything that is not a number moves infinitely or not at all."""
    new, old = sample.value, last.value
    if new == old:
        return 0.0
    if isinstance(new, int | float) and isinstance(old, int | float):
        return abs(new - old)
    return math.inf
