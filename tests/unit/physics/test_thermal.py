"""The lumped thermal model against its analytic solution."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.physics.thermal import ThermalBody

BODY = ThermalBody(heat_capacity_j_per_k=43.0, resistance_k_per_w=10.0)


def test_constant_heat_follows_the_analytic_exponential() -> None:
    for seconds in (1.0, 60.0, 430.0, 4300.0):
        expected = 25.0 + 2.0 * 10.0 * (1 - exp(-seconds / 430.0))
        assert BODY.after(25.0, 25.0, 2.0, seconds) == pytest.approx(expected, abs=1e-12)


def test_a_hot_body_cools_to_its_surroundings() -> None:
    assert BODY.after(60.0, 20.0, 0.0, 430.0) == pytest.approx(20.0 + 40.0 / exp(1))
    assert BODY.after(60.0, 20.0, 0.0, 1e6) == pytest.approx(20.0)


@given(st.floats(0.1, 5000.0), st.floats(1.0, 5000.0))
def test_fading_heat_agrees_with_fine_numeric_integration(tau: float, total: float) -> None:
    steps = 2000
    h = total / steps
    temperature = 0.0
    for k in range(steps):  # the mean heat of each small step
        heat = tau / h * (exp(-k * h / tau) - exp(-(k + 1) * h / tau))
        temperature = BODY.after(temperature, 0.0, heat, h)
    assert BODY.rise_from_fading(total, tau) == pytest.approx(temperature, rel=1e-2, abs=1e-4)


def test_fading_heat_with_the_body_s_own_time_constant_is_finite() -> None:
    near = BODY.rise_from_fading(100.0, 430.0 + 1e-3)
    assert BODY.rise_from_fading(100.0, 430.0) == pytest.approx(near, rel=1e-5)


def test_a_body_without_mass_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        ThermalBody(heat_capacity_j_per_k=0.0, resistance_k_per_w=1.0)
