"""The states of an alarm after ISA-18.2: one small pure table, and overlays as data.

              raised            cleared             acknowledged       reset
normal        active_unacked    -                   -                  -
active_unacked    -             cleared_unacked     active_acked       -
active_acked      -             normal | latched    -                  -
cleared_unacked active_unacked  -                   normal | latched   -
latched       active_unacked    -                   -                  normal

``worse`` (a higher severity, or the re-alarm time is over) makes an acknowledged alarm
unacknowledged again. An alarm that latches waits in ``latched`` for a reset.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SEVERITIES: Final = ("info", "warning", "critical")


class State(StrEnum):
    """Where an alarm is."""

    NORMAL = "normal"
    ACTIVE_UNACKED = "active_unacked"
    ACTIVE_ACKED = "active_acked"
    CLEARED_UNACKED = "cleared_unacked"  # came back before anybody looked
    LATCHED = "latched"  # over and seen, waits for a reset

    @property
    def is_active(self) -> bool:
        """Whether what it is about is so now."""
        return self in {State.ACTIVE_UNACKED, State.ACTIVE_ACKED}

    @property
    def is_unacked(self) -> bool:
        """Whether somebody must still look."""
        return self in {State.ACTIVE_UNACKED, State.CLEARED_UNACKED}


class Happening(StrEnum):
    """What can happen to an alarm."""

    RAISED = "raised"
    WORSE = "worse"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"


_TABLE: Final = {
    (State.NORMAL, Happening.RAISED): State.ACTIVE_UNACKED,
    (State.NORMAL, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.ACTIVE_UNACKED, Happening.CLEARED): State.CLEARED_UNACKED,
    (State.ACTIVE_UNACKED, Happening.ACKNOWLEDGED): State.ACTIVE_ACKED,
    (State.ACTIVE_ACKED, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.ACTIVE_ACKED, Happening.CLEARED): State.NORMAL,
    (State.CLEARED_UNACKED, Happening.RAISED): State.ACTIVE_UNACKED,
    (State.CLEARED_UNACKED, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.CLEARED_UNACKED, Happening.ACKNOWLEDGED): State.NORMAL,
    (State.LATCHED, Happening.RAISED): State.ACTIVE_UNACKED,
    (State.LATCHED, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.LATCHED, Happening.RESET): State.NORMAL,
}


def after(state: State, happening: Happening, *, latching: bool = False) -> State:
    """The state after something happened; what does not apply changes nothing.

    Example:
        >>> after(State.ACTIVE_ACKED, Happening.CLEARED, latching=True)
        <State.LATCHED: 'latched'>
    """
    following = _TABLE.get((state, happening), state)
    ends = following is State.NORMAL and state is not State.NORMAL
    return State.LATCHED if ends and latching and happening is not Happening.RESET else following


class OverlayKind(StrEnum):
    """Why an alarm is not shown as one."""

    SHELVED = "shelved"  # by a person, for a time, with a reason
    SUPPRESSED = "suppressed"  # by design: its device is offline, its condition does not apply
    OUT_OF_SERVICE = "out_of_service"  # for maintenance, until somebody puts it back


@dataclass(frozen=True, slots=True)
class Overlay:
    """A cover over an alarm; its state goes on underneath.

    Attributes:
        until: Monotonic or UTC seconds at which a shelf ends, by the caller's choice of clock;
            None: not by time.
    """

    kind: OverlayKind
    reason: str
    by: str
    until: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether its time is over."""
        return self.until is not None and now >= self.until


def unshelved(state: State, *, by_hand: bool) -> State:
    """The state when a shelf ends: seen if a person ended it, to be looked at if time did."""
    if not state.is_active:
        return state
    return State.ACTIVE_ACKED if by_hand else State.ACTIVE_UNACKED


def worst(first: str, second: str) -> str:
    """The higher of two severities."""
    return max(first, second, key=SEVERITIES.index)
