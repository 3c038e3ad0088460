"""How far a run is, and how long it will still take: from known times and from earlier cycles."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ionpy_auto.automation.flow import StepNode


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

    def __post_init__(self) -> None:
        self._walk(self.nodes, 1)

    def _walk(self, nodes: Iterable[StepNode], times: int) -> None:
        for node in nodes:
            if not node.enabled:
                continue
            if node.children:
                self._walk(node.children, times * int(getattr(node.block, "count", 1)))
            else:
                self._times[node.id] = times
                self._guess[node.id] = self._first_guess(node)

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
        for key, times in self._times.items():
            left = times - self._done.get(key, 0)
            if left <= 0:
                continue
            guess = self._guess[key]
            if guess is None:
                return None
            total += left * guess
            if key == step_id:
                total -= min(elapsed, guess)
        return total
