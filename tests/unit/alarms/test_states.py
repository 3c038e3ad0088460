"""The state table, every cell of it."""

import pytest

from ionpy_auto.alarms.states import (
    Happening,
    Overlay,
    OverlayKind,
    State,
    after,
    worst,
)

N, U, A, C, L = (
    State.NORMAL,
    State.ACTIVE_UNACKED,
    State.ACTIVE_ACKED,
    State.CLEARED_UNACKED,
    State.LATCHED,
)
# columns: raised, worse, cleared, acknowledged, reset, unacknowledged, unshelved by hand,
# shelf is over, returned to service, unsuppressed
PLAIN = {
    N: (U, U, N, N, N, N, N, N, N, N),
    U: (U, U, C, A, U, U, A, U, U, U),
    A: (A, U, N, A, A, U, A, U, U, U),
    C: (U, U, C, N, C, C, C, C, C, C),
    L: (U, U, L, L, N, C, L, L, L, L),
}
LATCHING = {
    **PLAIN,
    A: (A, U, L, A, A, U, A, U, U, U),
    C: (U, U, C, L, C, C, C, C, C, C),
}


@pytest.mark.parametrize("latching", [False, True])
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("happening", list(Happening))
def test_every_state_knows_what_comes_after_everything(state, happening, latching):
    table = LATCHING if latching else PLAIN
    expected = table[state][list(Happening).index(happening)]
    assert after(state, happening, latching=latching) is expected


SEEN = {Happening.ACKNOWLEDGED, Happening.UNSHELVED}


@pytest.mark.parametrize("latching", [False, True])
def test_an_active_alarm_never_becomes_normal_without_being_seen(latching):
    for first in set(Happening) - SEEN:
        for second in set(Happening) - SEEN:
            state = after(after(U, first, latching=latching), second, latching=latching)
            assert state is not N


def test_a_shelf_ends_at_its_time_and_maintenance_does_not():
    shelf = Overlay(OverlayKind.SHELVED, "sensor is changed", "anna", until=10.0)
    assert not shelf.is_over(9.9)
    assert shelf.is_over(10.0)
    assert not Overlay(OverlayKind.OUT_OF_SERVICE, "calibration", "anna").is_over(1e12)


def test_the_worst_severity_is_kept():
    assert worst("warning", "critical") == "critical"
    assert worst("warning", "info") == "warning"
