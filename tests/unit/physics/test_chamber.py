"""The chamber reaches its set point and never passes it; a cell in it follows."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.physics import Bench, Chamber

CELSIUS = st.floats(-40.0, 85.0)
SECONDS = st.floats(0.01, 20_000.0)


@given(CELSIUS, CELSIUS, st.booleans(), st.lists(SECONDS, min_size=1, max_size=20))
def test_the_air_goes_towards_its_target_and_never_beyond(start, target, running, spans):
    air = Chamber(set_c=target, air_c=start, room_c=target, running=running)
    seen = [start]
    for span in spans:
        air.advance(span)
        seen.append(air.air_c)
    low, high = min(start, target) - 1e-9, max(start, target) + 1e-9
    assert all(low <= degrees <= high for degrees in seen)
    assert all(abs(b - target) <= abs(a - target) + 1e-9 for a, b in pairwise(seen))


@given(CELSIUS, CELSIUS, st.booleans(), SECONDS, SECONDS)
def test_how_a_span_is_cut_does_not_change_where_the_air_is(start, target, running, one, two):
    cut = Chamber(set_c=target, air_c=start, room_c=-5.0, running=running)
    whole = Chamber(set_c=target, air_c=start, room_c=-5.0, running=running)
    cut.advance(one)
    cut.advance(two)
    assert whole.after(one + two) == pytest.approx(cut.air_c, abs=1e-6)


@given(CELSIUS, CELSIUS, st.floats(0.01, 600.0))
def test_the_air_is_never_faster_than_the_machine(start, target, seconds):
    air = Chamber(set_c=target, air_c=start, running=True)
    moved = air.after(seconds) - start
    assert -air.cool_k_per_s * seconds - 1e-9 <= moved <= air.heat_k_per_s * seconds + 1e-9


def test_a_set_point_is_reached_and_left_again_in_standby():
    air = Chamber(set_c=45.0, air_c=25.0, room_c=25.0, running=True)
    air.advance(3600.0)
    assert air.is_settled
    assert air.air_c == pytest.approx(45.0, abs=1e-2)
    air.running = False
    air.advance(3600.0)
    assert 25.0 < air.air_c < 35.0


def test_a_chamber_without_a_rate_is_refused():
    with pytest.raises(ValueError, match="positive"):
        Chamber(heat_k_per_s=0.0)


def test_a_cell_in_a_chamber_follows_the_air_and_not_the_room():
    table = Bench()
    table.add_chamber(0.0, Chamber(set_c=25.0))
    table.set_chamber(0.0, set_c=-10.0, running=True)
    table.set_ambient(0.0, 30.0)
    degrees = [table.measure(minute * 60.0).cell_temp for minute in range(120)]
    assert all(b <= a for a, b in pairwise(degrees))
    assert degrees[-1] == pytest.approx(-10.0, abs=0.1)
    assert table.room_c == 30.0


@settings(deadline=None, max_examples=30)
@given(CELSIUS, st.lists(SECONDS, min_size=1, max_size=6))
def test_warming_and_cooling_moves_no_charge_and_no_energy(target, spans):
    table = Bench()
    table.add_chamber(0.0, Chamber())
    table.set_chamber(0.0, set_c=target, running=True)
    before = (table.cell.charge_ah, table.cell.voltage())
    now = 0.0
    for span in spans:
        now += span
        table.advance(now)
    cell = table.cell
    assert (cell.charge_ah, cell.voltage()) == before
    assert cell.charged_ah == cell.discharged_ah == cell.charged_wh == cell.discharged_wh == 0.0
    low, high = min(25.0, target), max(25.0, target)
    assert low - 1e-9 <= cell.temperature_c <= high + 1e-9
