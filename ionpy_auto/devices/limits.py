"""Limit state of a number: pure classification with a deadband, and delays on top of it.

`classify` is a table in code form: no clock, no memory but the previous state it is given. A
`LimitTracker` adds how long a value must be outside (or back inside) before the state follows.
"""

from dataclasses import dataclass

from ionpy_auto.core.samples import AlarmState

_RANK = {
    AlarmState.LOLO: -2,
    AlarmState.LO: -1,
    AlarmState.NORMAL: 0,
    AlarmState.HI: 1,
    AlarmState.HIHI: 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Alarm limits of a numeric entity, in its unit.

    Attributes:
        lolo: Below or at it the state is LOLO; None switches the limit off. Likewise the others.
        lo: Warning below.
        hi: Warning above.
        hihi: Alarm above.
        deadband: How far a value must come back inside before a state is left.
        on_delay_s: How long a value must be outside before the state rises.
        off_delay_s: How long it must be back before the state falls.
    """

    lolo: float | None = None
    lo: float | None = None
    hi: float | None = None
    hihi: float | None = None
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0

    def __post_init__(self) -> None:
        given = [x for x in (self.lolo, self.lo, self.hi, self.hihi) if x is not None]
        if given != sorted(given):
            msg = "limits must rise: lolo <= lo <= hi <= hihi"
            raise ValueError(msg)
        if min(self.deadband, self.on_delay_s, self.off_delay_s) < 0:
            msg = "deadband and delays must not be negative"
            raise ValueError(msg)


def classify(limits: Limits, value: float, previous: AlarmState = AlarmState.NORMAL) -> AlarmState:
    """The limit state of ``value``; a state that holds is left only beyond the deadband.

    >>> classify(Limits(hi=4.2, deadband=0.1), 4.25)
    <AlarmState.HI: 'HI'>
    >>> classify(Limits(hi=4.2, deadband=0.1), 4.15, AlarmState.HI)
    <AlarmState.HI: 'HI'>
    """
    rank = _RANK[previous]
    back = limits.deadband
    if limits.hihi is not None and value >= limits.hihi - (back if rank == 2 else 0.0):
        return AlarmState.HIHI
    if limits.lolo is not None and value <= limits.lolo + (back if rank == -2 else 0.0):
        return AlarmState.LOLO
    if limits.hi is not None and value >= limits.hi - (back if rank > 0 else 0.0):
        return AlarmState.HI
    if limits.lo is not None and value <= limits.lo + (back if rank < 0 else 0.0):
        return AlarmState.LO
    return AlarmState.NORMAL


class LimitTracker:
    """The limit state of one point over time, with its delays."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.state = AlarmState.NORMAL
        self._wanted = AlarmState.NORMAL
        self._since = 0.0

    def update(self, value: float, mono: float) -> AlarmState:
        """Take a good value at a monotonic time; returns the state after it."""
        wanted = classify(self.limits, value, self.state)
        if wanted is self.state:
            self._wanted = wanted
            return wanted
        if wanted is not self._wanted:
            self._wanted, self._since = wanted, mono
        rises = abs(_RANK[wanted]) > abs(_RANK[self.state])
        delay = self.limits.on_delay_s if rises else self.limits.off_delay_s
        if mono - self._since >= delay:
            self.state = wanted
        return self.state
