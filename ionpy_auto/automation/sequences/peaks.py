"""How far the voltage of a charge has fallen from its peak: ``step.minus_dv`` (SEQ-17).

The end of charge of a nickel cell. What is compared are medians of five samples, so that one bad
sample is neither a peak nor a drop. The first five minutes do not count, where a cell that has
rested shows a false peak; after a pause it begins anew.
"""

from collections import deque
from statistics import median
from typing import Final

BLANK_S: Final = 300.0
MEDIAN_OF: Final = 5


class Peak:
    """Follows the voltage of the charging steps of one run."""

    def __init__(self) -> None:
        self._key: object = None
        self._began = 0.0
        self._last = -1.0
        self._volts: deque[float] = deque(maxlen=MEDIAN_OF)
        self._peak: float | None = None
        self._drop: float | None = None

    def take(self, key: object, mono: float, volts: float | None) -> None:
        """A sample of the voltage.

        Args:
            key: Of the step and its pauses: another one begins anew; None does not charge.
            mono: Of the sample; one that was taken already is left out.
            volts: None when unknown.
        """
        if key != self._key:
            self._key, self._began = key, mono
            self._volts.clear()
            self._peak = self._drop = None
        if key is None or volts is None or mono <= self._last:
            return
        self._last = mono
        self._volts.append(volts)
        if mono - self._began < BLANK_S or len(self._volts) < MEDIAN_OF:
            return
        now = median(self._volts)
        self._peak = now if self._peak is None else max(self._peak, now)
        self._drop = self._peak - now

    @property
    def drop(self) -> float | None:
        """Volts below the peak; None where nothing can be said yet."""
        return self._drop
