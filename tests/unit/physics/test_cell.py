"""The cell model: balances, symmetry, independence of the time step, relaxation."""

from dataclasses import replace
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.physics.cell import LFP_26650, NMC_18650, Cell, OcvCurve

SCHEDULE = st.lists(
    st.tuples(st.floats(-5.0, 5.0), st.floats(0.01, 300.0)), min_size=1, max_size=20
)
LEAKY = replace(NMC_18650, leak_a=0.002, fade_per_ah=1e-4, r0_activation_j_per_mol=20_000.0)


@given(SCHEDULE)
def test_charge_is_conserved_over_any_schedule(schedule: list[tuple[float, float]]) -> None:
    cell = Cell(LEAKY, soc=0.5)
    for current, seconds in schedule:
        cell.step(current, seconds)
    net = sum(current * seconds for current, seconds in schedule) / 3600
    assert cell.charged_ah - cell.discharged_ah == pytest.approx(net, abs=1e-12)
    balance = 1.25 + cell.charged_ah - cell.discharged_ah - cell.leaked_ah
    assert cell.charge_ah == pytest.approx(balance, abs=1e-12)


@given(st.floats(0.01, 5.0), st.floats(0.1, 600.0))
def test_charge_and_discharge_are_mirror_images(current: float, seconds: float) -> None:
    up, down = Cell(soc=0.5), Cell(soc=0.5)
    up.step(current, seconds)
    down.step(-current, seconds)
    assert up.charged_ah == down.discharged_ah
    assert up.discharged_ah == down.charged_ah == 0.0
    assert up.v_rc1 == -down.v_rc1
    assert up.temperature_c == pytest.approx(down.temperature_c)
    assert up.soc - 0.5 == pytest.approx(0.5 - down.soc)


@given(st.floats(-3.0, 3.0), st.floats(0.1, 0.9), st.sampled_from([NMC_18650, LFP_26650]))
def test_one_long_step_equals_a_hundred_short_ones(current: float, soc: float, kind) -> None:
    kind = replace(kind, leak_a=0.001)
    one, many = Cell(kind, soc=soc), Cell(kind, soc=soc)
    for cell in (one, many):
        cell.step(1.0, 33.0)  # not from rest
    one.step(current, 100.0)
    for _ in range(100):
        many.step(current, 1.0)
    assert one.snapshot() == pytest.approx(many.snapshot(), abs=1e-10)
    assert one.voltage(current) == pytest.approx(many.voltage(current), abs=1e-10)


def test_temperature_dependent_resistance_stays_close_for_any_step() -> None:
    one, many = Cell(LEAKY, soc=0.9), Cell(LEAKY, soc=0.9)
    one.step(-2.5, 1000.0)
    for _ in range(1000):
        many.step(-2.5, 1.0)
    assert one.voltage(-2.5) == pytest.approx(many.voltage(-2.5), abs=1e-4)


def test_rc_pairs_relax_to_the_analytic_solution() -> None:
    cell = Cell(soc=0.5)
    cell.step(2.5, 1200.0)
    start1, start2 = cell.v_rc1, cell.v_rc2
    assert start1 == pytest.approx(2.5 * 0.012 * (1 - exp(-1200 / 12)))
    assert start2 == pytest.approx(2.5 * 0.018 * (1 - exp(-1200 / 360)))
    resting = cell.ocv
    for second in range(1, 61):
        cell.step(0.0, 1.0)
        expected = resting + start1 * exp(-second / 12) + start2 * exp(-second / 360)
        assert cell.voltage() == pytest.approx(expected, abs=1e-9)
    cell.step(0.0, 36_000.0)
    assert cell.voltage() == pytest.approx(resting, abs=1e-9)


def test_energy_counter_equals_a_fine_sum_of_voltage_times_current() -> None:
    cell = Cell(soc=0.02)
    fine = 0.0
    for _ in range(20_000):
        before = cell.voltage(2.5)
        cell.step(2.5, 0.1)
        fine += (before + cell.voltage(2.5)) / 2 * 2.5 * 0.1 / 3600
    coarse = Cell(soc=0.02)
    coarse.step(2.5, 2000.0)  # runs over many pieces of the table in one go
    assert coarse.charged_wh == pytest.approx(fine, rel=1e-6)
    assert coarse.charged_wh == pytest.approx(cell.charged_wh, rel=1e-10)


def test_a_round_trip_loses_energy_but_no_charge() -> None:
    cell = Cell(soc=0.3)
    cell.step(1.25, 3600.0)
    cell.step(0.0, 7200.0)
    cell.step(-1.25, 3600.0)
    assert cell.charge_ah == pytest.approx(0.3 * 2.5, abs=1e-12)
    assert 0.9 < cell.discharged_wh / cell.charged_wh < 0.99


def test_mean_source_gives_the_mean_voltage_of_the_next_step() -> None:
    cell = Cell(soc=0.515)
    cell.step(-1.0, 50.0)
    volts, ohms = cell.mean_source(5.0)
    cell.step(2.0, 5.0)
    assert cell.charged_wh / cell.charged_ah == pytest.approx(volts + 2.0 * ohms, abs=1e-9)


def test_a_full_discharge_warms_the_cell_believably() -> None:
    cell = Cell(soc=1.0)
    while cell.voltage(-2.5) > 2.5:
        cell.step(-2.5, 1.0)
    assert 2.35 < cell.discharged_ah < 2.5
    assert 26.0 < cell.temperature_c < 35.0


def test_ageing_and_self_discharge_are_off_unless_asked_for() -> None:
    cell = Cell(soc=0.5)
    cell.step(0.0, 1e6)
    assert cell.capacity_ah == 2.5
    assert cell.soc == 0.5
    worn = Cell(LEAKY, soc=0.5)
    worn.step(1.0, 3600.0)
    assert worn.capacity_ah == pytest.approx(2.5 * (1 - 1e-4), rel=1e-6)
    assert worn.leaked_ah == pytest.approx(0.002)


def test_cold_raises_the_ohmic_resistance() -> None:
    cell = Cell(LEAKY)
    cell.ambient_c = 0.0
    cell.step(0.0, 10_000.0)
    assert 0.035 < cell.r0_ohm < 0.045


@pytest.mark.parametrize("kind", [NMC_18650, LFP_26650])
def test_open_circuit_curve_rises_and_leaves_its_window_steeply(kind) -> None:
    volts = [kind.ocv.voltage(soc / 200) for soc in range(-20, 221)]
    assert volts == sorted(volts)
    assert kind.ocv.voltage(-0.05) < 2.0
    assert kind.ocv.voltage(1.05) > kind.ocv.voltage(1.0) + 0.05


def test_a_curve_that_falls_is_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        OcvCurve(((0.0, 3.0), (0.5, 2.9), (1.0, 4.0)))


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="cannot last"):
        Cell().step(1.0, -1.0)
