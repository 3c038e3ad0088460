"""How far a run is, and how long it will still take: from known times and from earlier cycles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ionpy_auto.automation.flow import StepNode

UNBOUNDED = 10**6
"""Rounds of a loop without a bound: nobody knows how long it takes."""


def _parts(node: StepNode) -> Iterator[tuple[tuple[StepNode, ...], int]]:
    """The lists inside a step that count, and how often each runs: of several ways the first."""
    for number, (_, nodes) in enumerate(node.parts):
        if node.verb == "repeat":
            yield nodes, getattr(node.block, "most", None) or UNBOUNDED
        else:
            yield nodes, 1 if number == 0 or node.verb == "call" else 0


@dataclass
class Plan:
    """How often each step will run and how long it takes.

    What a step took last time is the best guess for the next; before that a rest takes its time,
    and a charge or discharge what the capacity takes at its current.

    Args:
        nodes: The sequence.
        capacity_ah: Of the cell, if known.
    """

    nodes: tuple[StepNode, ...]
    capacity_ah: float | None
    _times: dict[str, int] = field(default_factory=dict)
    _guess: dict[str, float | None] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)
    _visits: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._walk(self.nodes, 1)
        self._planned = dict(self._times)

    def _walk(self, nodes: Iterable[StepNode], times: int) -> None:
        for node in nodes:
            if not node.enabled:
                continue
            self._times[node.id] = times
            if node.is_control:
                for part, rounds in _parts(node):
                    self._walk(part, times * rounds)
            else:
                self._guess[node.id] = self._first_guess(node)

    def left(self, node: StepNode) -> None:
        """A loop, an ``if`` or branches are over: what was not run will not be until it returns."""
        self._visits[node.id] = self._visits.get(node.id, 0) + 1
        again = max(self._times.get(node.id, 0) - self._visits[node.id], 0)
        own = max(self._planned.get(node.id, 1), 1)
        for inner in (one for child in node.children for one in child.walk()):
            seen = self._visits if inner.is_control else self._done
            each = self._planned.get(inner.id, 0) // own
            self._times[inner.id] = seen.get(inner.id, 0) + each * again

    def _first_guess(self, node: StepNode) -> float | None:
        duration = getattr(node.block, "duration", None)
        if isinstance(duration, float):
            return duration
        direction = node.direction
        current = getattr(node.block, "current", None)
        if not direction:
            return 0.0 if not node.until else None
        if not self.capacity_ah or not current:
            return None
        # Constant voltage at the end of a charge takes about as long again as a quarter of it.
        return self.capacity_ah / float(current) * 3600.0 * (1.25 if direction == "charge" else 1.0)

    def finished(self, step_id: str, seconds: float) -> None:
        """A step has run."""
        self._guess[step_id] = seconds
        self._done[step_id] = self._done.get(step_id, 0) + 1

    def remaining(self, step_id: str, elapsed: float) -> float | None:
        """Seconds still to go with a step under way; None while a guess is missing."""
        total = 0.0
        for key, guess in self._guess.items():
            left = self._times.get(key, 0) - self._done.get(key, 0)
            if left <= 0:
                continue
            if guess is None or left >= UNBOUNDED // 2:
                return None
            total += left * guess
            if key == step_id:
                total -= min(elapsed, guess)
        return total
