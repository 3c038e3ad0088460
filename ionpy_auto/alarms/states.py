"""The states of an alarm after ISA-18.2: one small pure table, and what covers an alarm as data.

                raised          cleared          acknowledged     unacknowledged   reset
normal          active_unacked  -                -                -                -
active_unacked  -               cleared_unacked  active_acked     -                -
active_acked    -               normal|latched   -                active_unacked   -
cleared_unacked active_unacked  -                normal|latched   -                -
latched         active_unacked  -                -                cleared_unacked  normal

``worse`` (a higher severity, or the re-alarm time is over) makes an acknowledged alarm
unacknowledged again. An alarm that latches waits in ``latched`` for a reset.

A cover (shelved, out of service, suppressed by design) lies over the state, which goes on
underneath. What is under it when it is lifted: ``unshelved`` by hand counts as seen; the end of a
shelf's time, the return to service and the end of a suppression must be looked at again.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SEVERITIES: Final = ("info", "warning", "critical")
PRIORITY_OF: Final = {"critical": 1, "warning": 2, "info": 3}
"""Priority of an alarm nobody gave one: 1 is the most urgent, 4 the least."""
PRIORITIES: Final = (1, 2, 3, 4)
LONGEST_SHELF_S: Final = {1: 3600.0, 2: 8 * 3600.0, 3: 24 * 3600.0, 4: 72 * 3600.0}
"""How long an alarm may be shelved, by priority."""


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
    UNACKNOWLEDGED = "unacknowledged"
    UNSHELVED = "unshelved"  # by hand
    SHELF_OVER = "shelf_over"
    RETURNED = "returned"  # to service
    UNSUPPRESSED = "unsuppressed"


_TABLE: Final = {
    (State.NORMAL, Happening.RAISED): State.ACTIVE_UNACKED,
    (State.NORMAL, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.ACTIVE_UNACKED, Happening.CLEARED): State.CLEARED_UNACKED,
    (State.ACTIVE_UNACKED, Happening.ACKNOWLEDGED): State.ACTIVE_ACKED,
    (State.ACTIVE_UNACKED, Happening.UNSHELVED): State.ACTIVE_ACKED,
    (State.ACTIVE_ACKED, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.ACTIVE_ACKED, Happening.CLEARED): State.NORMAL,
    (State.ACTIVE_ACKED, Happening.UNACKNOWLEDGED): State.ACTIVE_UNACKED,
    (State.ACTIVE_ACKED, Happening.SHELF_OVER): State.ACTIVE_UNACKED,
    (State.ACTIVE_ACKED, Happening.RETURNED): State.ACTIVE_UNACKED,
    (State.ACTIVE_ACKED, Happening.UNSUPPRESSED): State.ACTIVE_UNACKED,
    (State.CLEARED_UNACKED, Happening.RAISED): State.ACTIVE_UNACKED,
    (State.CLEARED_UNACKED, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.CLEARED_UNACKED, Happening.ACKNOWLEDGED): State.NORMAL,
    (State.LATCHED, Happening.RAISED): State.ACTIVE_UNACKED,
    (State.LATCHED, Happening.WORSE): State.ACTIVE_UNACKED,
    (State.LATCHED, Happening.UNACKNOWLEDGED): State.CLEARED_UNACKED,
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
    SUPPRESSED = "suppressed"  # by design: its ``active_when`` does not apply
    OUT_OF_SERVICE = "out_of_service"  # for maintenance, until somebody puts it back


@dataclass(frozen=True, slots=True)
class Overlay:
    """A cover a person laid over an alarm; its state goes on underneath.

    Attributes:
        until: UTC seconds at which a shelf ends; None: not by time.
        severity: The highest one it covers: what gets worse than that comes out again.
    """

    kind: OverlayKind
    reason: str
    by: str
    until: float | None = None
    severity: str = "critical"

    def covers(self, severity: str) -> bool:
        """Whether an alarm of this severity stays under it."""
        return not is_worse(severity, self.severity)

    def is_over(self, now: float) -> bool:
        """Whether its time is over."""
        return self.until is not None and now >= self.until


def worst(first: str, second: str) -> str:
    """The higher of two severities."""
    return max(first, second, key=SEVERITIES.index)


def is_worse(new: str, old: str) -> bool:
    """Whether a severity is higher than another."""
    return SEVERITIES.index(new) > SEVERITIES.index(old)
