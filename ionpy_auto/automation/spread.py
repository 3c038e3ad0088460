"""How far a point moved over a span of any length, in bounded memory."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from ionpy_auto.core.samples import Sample, Scalar

_PIECES: Final = 60
"""Pieces a span is cut into; it reaches back by up to one piece more than was asked for."""
_LONGEST_SILENCE: Final = 0.1
"""Share of the span without a sample after which nobody knows what happened meanwhile."""
_ALWAYS_ALLOWED_S: Final = 5.0


@dataclass(slots=True)
class Spread:
    """Largest minus smallest value of the last span; unknown until the span is full.

    An unknown value or a long silence begins the span anew.

    >>> spread = Spread(10.0)
    >>> for second in range(12):
    ...     spread.add(float(second), 4.0 + 0.001 * (second % 2))
    >>> round(spread.value(), 6)
    0.001
    """

    seconds: float
    _since: float | None = None
    _newest: float = 0.0
    _pieces: deque[tuple[int, float, float]] = field(default_factory=deque)

    def take(self, sample: Sample | None) -> None:
        """The point's newest sample, or None when the point is gone."""
        if sample is None:
            self._forget()
        else:
            self.add(sample.mono, sample.known)

    def add(self, mono: float, value: Scalar | None) -> None:
        """One value; what is older than the last is left out."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._forget()
            return
        if self._since is not None and mono < self._newest:
            return
        if self._since is None or mono - self._newest > self._patience():
            self._forget()
            self._since = mono
        self._newest = mono
        number, piece = float(value), int(mono * _PIECES / self.seconds)
        if self._pieces and self._pieces[-1][0] == piece:
            _, low, high = self._pieces[-1]
            self._pieces[-1] = (piece, min(low, number), max(high, number))
        else:
            self._pieces.append((piece, number, number))
        oldest = int((mono - self.seconds) * _PIECES / self.seconds)
        while self._pieces[0][0] < oldest:
            self._pieces.popleft()

    def value(self) -> float | None:
        """The spread, or None until the span is full."""
        if self._since is None or self._newest - self._since < self.seconds:
            return None
        return max(high for _, _, high in self._pieces) - min(low for _, low, _ in self._pieces)

    def _patience(self) -> float:
        return max(_LONGEST_SILENCE * self.seconds, _ALWAYS_ALLOWED_S)

    def _forget(self) -> None:
        self._since = None
        self._pieces.clear()
