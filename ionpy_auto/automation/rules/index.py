"""Which rules a sample concerns: from points to the functions that look, and nothing else."""

from collections.abc import Callable, Iterable

import structlog

from ionpy_auto.core.samples import Snapshot

log = structlog.get_logger(__name__)

Look = Callable[[], None]


class PointIndex:
    """Points and who looks at them; the cost of a sample does not grow with the other rules."""

    def __init__(self) -> None:
        self._table: dict[str, tuple[Look, ...]] = {}

    def add(self, points: Iterable[str], look: Look) -> Callable[[], None]:
        """Look whenever one of the points has a sample; returns the way to leave."""
        mine = tuple(points)
        table = self._table
        for point in mine:
            table[point] = (*table.get(point, ()), look)

        def leave() -> None:
            for point in mine:
                left = tuple(other for other in table.get(point, ()) if other is not look)
                if left:
                    table[point] = left
                else:
                    table.pop(point, None)

        return leave

    def take(self, snapshot: Snapshot) -> None:
        """Let everyone look whom a snapshot concerns, each once, in the order they came."""
        table = self._table
        found: tuple[Look, ...] = ()
        for sample in snapshot.samples:
            looks = table.get(sample.point)
            if looks is not None:
                found = tuple(dict.fromkeys((*found, *looks))) if found else looks
        for look in found:
            try:
                look()
            except Exception:
                log.exception("a rule failed to look")

    def __len__(self) -> int:
        return len(self._table)
