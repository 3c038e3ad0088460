"""How far a run is, and how long it will still take: from known times and from earlier cycles."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    and a charge or discharge what the capacity takes at its current. A prediction knows it better:
    its times count, stretched by how far the real ones were from them.

    Args:
        nodes: The sequence.
        capacity_ah: Of the cell, if known.
        predicted: What each step takes [s] each time it is done, by its id; empty without one.
    """

    nodes: tuple[StepNode, ...]
    capacity_ah: float | None
    predicted: Mapping[str, Sequence[float]] = field(default_factory=dict)
    _took: dict[str, float] = field(default_factory=dict)
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
        # A block that lasts as long as is written says so, in ``planned_s`` if it is not plain.
        for name in ("planned_s", "duration"):
            lasts = getattr(node.block, name, None)
            if isinstance(lasts, float):
                return lasts
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
        self._took[step_id] = self._took.get(step_id, 0.0) + seconds

    def remaining(self, step_id: str, elapsed: float) -> float | None:
        """Seconds still to go with a step under way; None while a guess is missing."""
        if self.predicted:
            return self._predicted_left(step_id, elapsed)
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

    def _predicted_left(self, step_id: str, elapsed: float) -> float:
        """The same after a prediction; what it did not see is not expected."""
        total = 0.0
        for key, times in self.predicted.items():
            done = self._done.get(key, 0)
            before = sum(times[:done])
            stretch = self._took.get(key, 0.0) / before if before > 0.0 else 1.0
            coming = [stretch * seconds for seconds in times[done:]]
            total += sum(coming)
            if key == step_id and coming:
                total -= min(elapsed, coming[0])
        return total


def times_of(prediction: Mapping[str, Any] | None) -> dict[str, list[float]]:
    """How long each step takes each time, from a stored prediction that came to its end."""
    found: dict[str, list[float]] = {}
    if prediction is not None and prediction.get("outcome") == "finished":
        for step in prediction.get("steps", ()):
            found.setdefault(str(step["step_id"]), []).append(float(step["duration_s"]))
    return found
