"""Laws of regulation by software and the sums behind hardware protections, as decisions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.sequences.protections import over_current, over_voltage, rounded
from ionpy_auto.automation.sequences.protections import under_voltage as cutoff
from ionpy_auto.automation.sequences.regulation import (
    LevelByVoltage,
    Seen,
    VoltageFloor,
    VoltageTrim,
)
from ionpy_auto.core.errors import Rejected

volts = st.floats(2.0, 4.5)
amps = st.floats(0.0, 5.0)


def trim(level=4.2, ceiling=math.inf):
    return VoltageTrim(4.2, level, 0.001, 0.1, ceiling, 1.25)


@given(volts, amps, st.booleans(), st.floats(4.1, 4.3))
def test_a_trim_moves_five_millivolts_at_most_and_stays_in_its_band(cell, current, holds, level):
    level = round(level, 3)
    law = trim(level)
    wish = law.next(Seen(cell, current, holds))
    if wish is None:
        return
    assert abs(wish - level) <= 0.005 + 1e-9
    if wish > level:
        assert holds
        assert cell < 4.2
        assert wish <= 4.2 + min(0.1, current * 0.1 + 0.01) + 1e-9
    else:
        assert wish >= min(level, cell) - 1e-9


@given(volts, amps, st.floats(4.2, 4.3))
def test_a_trim_never_comes_near_the_over_voltage_protection(cell, current, ceiling):
    wish = trim(4.2, ceiling).next(Seen(cell, current, True))
    assert wish is None or wish <= ceiling + 1e-9


def test_a_blind_trim_goes_back_to_the_target_and_never_up():
    assert trim(4.25).when_blind() == 4.2
    assert trim(4.19).when_blind() is None
    assert trim(4.2).when_blind() is None


@given(st.floats(0.1, 100.0), volts)
def test_a_power_becomes_the_current_below_it(power, cell):
    law = LevelByVoltage(level=-1.0, grain=0.001, most=60.0, power=power)
    wish = law.next(Seen(cell, 0.0, False))
    assert wish is not None
    assert power / cell - 0.001 - 1e-9 <= wish <= power / cell + 1e-9


def test_more_than_may_flow_is_refused_unless_the_step_caps_it():
    law = LevelByVoltage(level=0.0, grain=0.001, most=2.0, power=20.0)
    with pytest.raises(Rejected) as refused:
        law.next(Seen(4.0, 0.0, False))
    assert refused.value.error_code == "NOT_REACHABLE"
    law.capped = True
    assert law.next(Seen(4.0, 0.0, False)) == 2.0


@given(volts, st.floats(0.0, 2.0), st.floats(0.005, 0.2))
def test_a_floor_never_draws_more_than_asked_and_gives_way_below_it(cell, level, ohm):
    law = VoltageFloor(3.0, level, 0.001, 2.0, ohm)
    wish = law.next(Seen(cell, level, False))
    if wish is not None:
        assert 0.0 <= wish <= 2.0
        assert (wish <= level) if cell < 3.0 else (wish >= level - 0.001)


def test_protections_have_the_values_of_their_formulas():
    assert over_voltage(4.25, 4.2, 0.05) == 4.25 + 0.05
    assert over_voltage(math.inf, 4.2, 0.05) == 4.2 + 0.1 + 0.05
    assert over_current(4.0, 1.0) == 4.4
    assert math.isclose(over_current(math.inf, 1.0), 1.1)
    assert math.isclose(cutoff(2.4, 0.1), 2.25)
    assert cutoff(0.04, 0.1) == 0.0


@given(st.floats(0.0, 60.0), st.floats(0.0, 60.0), st.sampled_from([0.001, 0.01, 0.1]))
def test_an_upper_protection_is_rounded_down_but_not_below_what_the_device_allows(
    wanted, lowest, grain
):
    value = rounded(wanted, lowest, grain)
    assert value >= lowest - grain * 1e-3
    assert value <= max(wanted, lowest + grain) + grain * 1e-3
    assert math.isclose(value / grain, round(value / grain), abs_tol=1e-6)
