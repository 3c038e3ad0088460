"""Who hears the messages of a topic; those who want one value only are found by it.

A thousand rules may listen to one topic, each for its own word: looking at each of them for every
message would cost a thousand times what is needed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from ionpy_auto.connections.messages import Message, Path, Wish
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import UnitError, parse_quantity

NEAR = 2e-9
"""Numbers so near to a wanted one are handed on; the listener judges for itself."""


class Wishful(Protocol):
    """Somebody with a wish."""

    wish: Wish


L = TypeVar("L", bound=Wishful)


class Audience(Generic[L]):
    """The listeners of one topic.

    Args:
        listeners: In the order in which they hear.
    """

    def __init__(self, listeners: Iterable[L]) -> None:
        self.members = tuple(listeners)
        self._any: list[tuple[int, L]] = []
        by_path: dict[Path, list[tuple[int, L, str]]] = {}
        for place, one in enumerate(self.members):
            wanted = one.wish.value
            # Who hears what the broker had kept notes each topic, whatever the value.
            if wanted is None or one.wish.retained:
                self._any.append((place, one))
            else:
                by_path.setdefault(one.wish.path, []).append((place, one, wanted))
        self._by_path = {path: _ByValue(found) for path, found in by_path.items()}

    def of(self, message: Message) -> Sequence[L]:
        """All who may want this message, in order; never one too few."""
        if not self._by_path:
            return self.members
        found = list(self._any)
        for path, by_value in self._by_path.items():
            found += by_value.of(message.value(path))
        found.sort(key=_place)
        return [one for _, one in found]


class _ByValue(Generic[L]):
    """Listeners by the text of the value they want, and by the number it is."""

    def __init__(self, wishes: Iterable[tuple[int, L, str]]) -> None:
        self._texts: dict[str, list[tuple[int, L]]] = {}
        numbered: list[tuple[float, tuple[int, L]]] = []
        for place, one, wanted in wishes:
            self._texts.setdefault(wanted, []).append((place, one))
            try:
                numbered.append((parse_quantity(wanted).coherent, (place, one)))
            except UnitError:
                continue
        numbered.sort(key=lambda found: found[0])
        self._numbers = [number for number, _ in numbered]
        self._numbered = [who for _, who in numbered]

    def of(self, value: Scalar | None) -> Sequence[tuple[int, L]]:
        if value is None:
            return ()
        if isinstance(value, bool):
            return self._texts.get("true" if value else "false", ())
        if isinstance(value, str):
            return self._texts.get(value, ())
        near = NEAR * max(1.0, abs(value))
        first = bisect_left(self._numbers, value - near)
        return self._numbered[first : bisect_right(self._numbers, value + near)]


def _place(found: tuple[int, object]) -> int:
    return found[0]
