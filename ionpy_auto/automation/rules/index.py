"""Which rules a sample concerns: from points to the functions that look, and nothing else."""

import itertools
from collections.abc import Callable, Collection, Iterable

import structlog

from ionpy_auto.automation.context import Rests
from ionpy_auto.automation.rules.ladder import Ladder, Rung
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.language import Cell

log = structlog.get_logger(__name__)

Look = Callable[[], None]


class _Looker:
    """One registration of a function that looks with every sample."""

    __slots__ = ("look", "order")

    def __init__(self, order: int, look: Look) -> None:
        self.order = order
        self.look = look


class _Place:
    """Who looks at one point: some with each sample, some where their limits are crossed."""

    __slots__ = ("always", "ladders")

    def __init__(self) -> None:
        self.always: tuple[_Looker, ...] = ()
        self.ladders: tuple[Ladder, ...] = ()

    def found(self) -> list[tuple[_Looker | Rung, Ladder | None]]:
        """Who has to look at a sample, in the order they came."""
        found: list[tuple[_Looker | Rung, Ladder | None]] = [(one, None) for one in self.always]
        for ladder in self.ladders:
            found += [(rung, ladder) for rung in ladder.take()]
        if (self.ladders and self.always) or len(self.ladders) > 1:
            found.sort(key=_order)
        return found


class PointIndex:
    """Points and who looks at them; the cost of a sample does not grow with the other rules."""

    def __init__(self) -> None:
        self._table: dict[str, _Place] = {}
        self._orders = itertools.count()

    def add(self, points: Iterable[str], look: Look) -> Callable[[], None]:
        """Look whenever one of the points has a sample; returns the way to leave."""
        mine = tuple(points)
        looker = _Looker(next(self._orders), look)
        for point in mine:
            place = self._table.setdefault(point, _Place())
            place.always = (*place.always, looker)

        def leave() -> None:
            for point in mine:
                place = self._table.get(point)
                if place is not None:
                    place.always = tuple(one for one in place.always if one is not looker)
                    self._tidy(point, place)

        return leave

    def add_limits(
        self, place: tuple[str, Cell, Clock], limits: Collection[float], who: Rests, look: Look
    ) -> tuple[Callable[[], None], Callable[[], int]]:
        """Look at samples of one point where a limit is crossed or ``who`` is not at rest.

        Args:
            place: The point, its cell, and the clock of ``who``.
            limits: In the unit of the cell's number.
            who: Tells whether it is at rest.
            look: Calls it.

        Returns:
            The way to leave, and what counts the samples of the point since then.
        """
        point, cell, clock = place
        held = self._table.setdefault(point, _Place())
        ladder = next((one for one in held.ladders if one.cell is cell), None)
        if ladder is None:
            ladder = Ladder(cell, clock)
            held.ladders = (*held.ladders, ladder)
        rung = Rung(next(self._orders), who, look, limits)
        ladder.add(rung)

        def leave() -> None:
            ladder.remove(rung)
            if not len(ladder):
                held.ladders = tuple(one for one in held.ladders if one is not ladder)
                self._tidy(point, held)

        return leave, lambda: ladder.seen(rung)

    def _tidy(self, point: str, place: _Place) -> None:
        if not place.always and not place.ladders and self._table.get(point) is place:
            del self._table[point]

    def take(self, snapshot: Snapshot) -> None:
        """Let everyone look whom a snapshot concerns, each once, in the order they came."""
        table = self._table
        places = [table[sample.point] for sample in snapshot.samples if sample.point in table]
        if not places:
            return
        if len(places) == 1:
            found = places[0].found()
        else:
            pairs = itertools.chain.from_iterable(p.found() for p in dict.fromkeys(places))
            found = list(dict.fromkeys(pairs))
        for one, ladder in found:
            try:
                one.look()
            except Exception:
                log.exception("a rule failed to look")
            if ladder is not None:
                ladder.settle(one)  # type: ignore[arg-type]  # with a ladder it is a rung

    def __len__(self) -> int:
        return len(self._table)


def _order(found: tuple[_Looker | Rung, Ladder | None]) -> int:
    return found[0].order
