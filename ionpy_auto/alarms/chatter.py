"""Tells which alarms chatter: come and go so often that each time is counted, but not told.

Pure: the caller brings the time. An alarm chatters from the twelfth change in a minute on, and is
calm again after half a minute without any.
"""

from collections import deque
from typing import Final

EDGES: Final = 12
WITHIN_S: Final = 60.0
CALM_S: Final = 30.0
TELL_S: Final = 60.0
"""How often a chattering alarm is told with its count."""
MOST_KEYS: Final = 5_000


class Chatter:
    """Remembers the last changes of each alarm."""

    def __init__(self) -> None:
        self._edges: dict[str, deque[float]] = {}
        self._chattering: set[str] = set()

    def edge(self, key: str, mono: float) -> bool:
        """Note a change; whether the alarm chatters."""
        edges = self._edges.get(key)
        if edges is None:
            self._tidy(mono)
            edges = self._edges[key] = deque(maxlen=EDGES)
        edges.append(mono)
        if len(edges) == EDGES and mono - edges[0] <= WITHIN_S:
            self._chattering.add(key)
        return key in self._chattering

    def __contains__(self, key: str) -> bool:
        return key in self._chattering

    def calm_at(self, key: str) -> float:
        """When the alarm is calm if nothing more happens."""
        edges = self._edges.get(key)
        return edges[-1] + CALM_S if edges else 0.0

    def end(self, key: str) -> None:
        """The alarm is calm."""
        self._chattering.discard(key)
        self._edges.pop(key, None)

    def _tidy(self, mono: float) -> None:
        if len(self._edges) < MOST_KEYS:
            return
        for key in [k for k, edges in self._edges.items() if edges[-1] < mono - WITHIN_S]:
            if key not in self._chattering:
                del self._edges[key]
