"""How uncertain figures are: against hand-made numbers and a simulation of wrong meters."""

from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.sequences.uncertainty import (
    Accuracy,
    Half,
    Meters,
    charge_u,
    decimals,
    efficiency_u,
    energy_u,
    half_uncertainty,
    rounded,
    with_uncertainty,
)

CHARGE = Half("charge", 2.5, 9.5, 2.5)
DISCHARGE = Half("discharge", 2.49, 8.9, 1.0)


def test_charge_of_an_offset_grows_with_time_and_of_a_gain_with_charge() -> None:
    assert charge_u(CHARGE, Accuracy(offset=0.005)) == pytest.approx(0.0125 / sqrt(3))
    assert charge_u(CHARGE, Accuracy(gain=0.001)) == pytest.approx(0.0025 / sqrt(3))
    assert charge_u(CHARGE, Accuracy(count=0.001)) == pytest.approx(0.0005 * 2.5 / sqrt(3))
    stamped = Half("charge", 2.5, 9.5, 2.5, stamp_ah=0.003)
    assert charge_u(stamped, Accuracy()) == pytest.approx(0.003 / sqrt(3))


def test_energy_adds_the_voltage_meters_share() -> None:
    only_voltage = energy_u(CHARGE, Accuracy(), Accuracy(offset=0.002))
    assert only_voltage == pytest.approx(0.002 / sqrt(3) * 2.5)
    only_current = energy_u(CHARGE, Accuracy(offset=0.005), Accuracy())
    assert only_current == pytest.approx(0.0125 / sqrt(3) * 3.8)


def test_a_meter_without_a_declared_accuracy_gives_no_uncertainty() -> None:
    assert half_uncertainty(CHARGE, Meters()) == {"ah": None, "wh": None, "mean_v": None}
    one = Meters(charge=Accuracy(offset=0.005))
    assert half_uncertainty(CHARGE, one)["ah"] is not None
    assert half_uncertainty(CHARGE, one)["wh"] is None
    assert efficiency_u(DISCHARGE, CHARGE, one) is None


def test_one_meter_for_both_ways_cancels_its_gain_and_doubles_its_offset() -> None:
    gain, offset = Accuracy(gain=0.01), Accuracy(offset=0.005)
    same = Meters(charge=gain, discharge=gain, is_one_meter=True)
    assert efficiency_u(DISCHARGE, CHARGE, same) == 0.0
    two = Meters(charge=gain, discharge=gain)
    assert efficiency_u(DISCHARGE, CHARGE, two) == pytest.approx(
        2 * sqrt(2) * 0.01 / sqrt(3) * 2.49 / 2.5
    )
    signed = Meters(charge=offset, discharge=offset, is_one_meter=True)
    parts = 0.005 / sqrt(3) * (1.0 / 2.49 + 2.5 / 2.5)
    assert efficiency_u(DISCHARGE, CHARGE, signed) == pytest.approx(2 * parts * 2.49 / 2.5)


@pytest.mark.parametrize("is_one", [False, True])
def test_wrong_meters_spread_as_much_as_is_said(is_one: bool) -> None:
    draw = Random(7)
    accuracy = Accuracy(gain=0.002, offset=0.01)
    volts = Accuracy(gain=0.001, offset=0.005)
    meters = Meters(volts, accuracy, accuracy, is_one_meter=is_one)
    found: dict[str, list[float]] = {"ah": [], "wh": [], "ce": [], "ee": []}
    for _ in range(20_000):
        up = draw.uniform(-1, 1) * accuracy.gain, draw.uniform(-1, 1) * accuracy.offset
        down = (draw.uniform(-1, 1) * accuracy.gain, draw.uniform(-1, 1) * accuracy.offset)
        if is_one:  # the meter reads I + offset, and the discharge is its negative part
            down = up[0], -up[1]
        v_gain, v_offset = draw.uniform(-1, 1) * volts.gain, draw.uniform(-1, 1) * volts.offset
        amounts = []
        for half, (gain, offset) in ((CHARGE, up), (DISCHARGE, down)):
            ah = half.ah * (1 + gain) + offset * half.hours
            amounts.append((ah, ah * (half.mean_v * (1 + v_gain) + v_offset)))
        (ah_up, wh_up), (ah_down, wh_down) = amounts
        found["ah"].append(ah_up)
        found["wh"].append(wh_up)
        found["ce"].append(ah_down / ah_up)
        found["ee"].append(wh_down / wh_up)
    said = half_uncertainty(CHARGE, meters)
    told = {
        "ah": said["ah"],
        "wh": said["wh"],
        "ce": efficiency_u(DISCHARGE, CHARGE, meters),
        "ee": efficiency_u(DISCHARGE, CHARGE, meters, energy=True),
    }
    for name, values in found.items():
        mean = sum(values) / len(values)
        spread = sqrt(sum((v - mean) ** 2 for v in values) / len(values))
        assert told[name] == pytest.approx(2 * spread, rel=0.05), name


@pytest.mark.parametrize(
    ("value", "u", "text"),
    [
        (0.9962834, 0.00123, "0.9963 ± 0.0012"),
        (2.4871, 0.0996, "2.49 ± 0.10"),
        (1234.56, 78.0, "1235 ± 78"),
        (0.99, None, "0.99"),
        (0.99, 0.0, "0.99"),
    ],
)
def test_figures_show_two_digits_of_their_uncertainty(
    value: float, u: float | None, text: str
) -> None:
    assert with_uncertainty(value, u) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e3))
def test_rounding_never_moves_a_figure_by_a_tenth_of_its_uncertainty(
    value: float, u: float
) -> None:
    assert abs(rounded(value, u) - value) <= 0.051 * u + abs(value) * 1e-12
    assert decimals(u) + 3 >= 0
