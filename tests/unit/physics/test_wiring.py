"""The bench circuit: CC to CV, protections, isolation, faults and meters."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.physics import (
    NMC_18650,
    Bench,
    Cell,
    Faults,
    Load,
    LoadMode,
    MeterError,
    Meters,
    Regulation,
    Supply,
    Wiring,
)

EXACT = MeterError()
EXACT_METERS = Meters(
    psu_voltage=EXACT,
    psu_current=EXACT,
    load_voltage=EXACT,
    load_current=EXACT,
    cell_voltage=EXACT,
    cell_temp=EXACT,
)


def bench(soc: float = 0.5, **parts) -> Bench:
    parts.setdefault("meters", EXACT_METERS)
    return Bench(cell=Cell(soc=soc), **parts)


def charge(table: Bench, at: float = 0.0, volts: float = 4.2, amps: float = 1.25) -> None:
    table.set_supply(at, v_set=volts, i_set=amps, output=True)


def test_a_charge_goes_from_cc_to_cv_and_tapers() -> None:
    table = bench(0.8)
    charge(table)
    seen = [table.measure(float(second)) for second in range(10_000)]
    words = [reading.psu_regulation for reading in seen]
    turn = words.index(Regulation.CV)
    assert set(words[:turn]) == {Regulation.CC}
    assert set(words[turn:]) == {Regulation.CV}
    assert all(reading.psu_current == 1.25 for reading in seen[:turn])
    taper = [reading.psu_current for reading in seen[turn:]]
    assert taper == sorted(taper, reverse=True)
    assert taper[-1] < 0.01
    assert seen[-1].cell_voltage == pytest.approx(4.2, abs=1e-3)


def test_path_resistance_stands_between_supply_and_cell() -> None:
    table = bench(0.5)
    charge(table)
    reading = table.measure(1.0)
    assert reading.psu_voltage - reading.cell_voltage == pytest.approx(1.25 * 0.040)
    assert reading.load_voltage - reading.cell_voltage == pytest.approx(1.25 * 0.010)


def test_readings_taken_every_second_integrate_to_the_cell_s_own_counters() -> None:
    table = bench(0.3)
    charge(table)
    table.measure(0.0)
    total, last = 0.0, table.measure(0.0).psu_current
    for second in range(1, 12_001):
        now = table.measure(float(second)).psu_current
        total += (last + now) / 2 / 3600
        last = now
    assert total == pytest.approx(table.cell.charged_ah, rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.05, 1.0), st.floats(0.0, 0.02))
def test_the_step_length_hardly_changes_the_taper(longest: float, path: float) -> None:
    coarse = bench(0.9, wiring=Wiring(supply_ohm=path, cell_ohm=0.0, max_step_s=longest))
    fine = bench(0.9, wiring=Wiring(supply_ohm=path, cell_ohm=0.0, max_step_s=0.02))
    for table in (coarse, fine):
        charge(table, amps=2.5)
        table.advance(200.0)
    assert coarse.cell.charged_ah == pytest.approx(fine.cell.charged_ah, rel=1e-4)
    assert coarse.measure().psu_current == pytest.approx(fine.measure().psu_current, rel=1e-2)


def test_the_supply_cannot_sink() -> None:
    table = bench(0.9)
    charge(table, volts=3.0)
    table.advance(600.0)
    assert table.measure().psu_current == 0.0
    assert table.cell.discharged_ah == 0.0


@pytest.mark.parametrize(
    ("mode", "level", "expected"),
    [
        (LoadMode.CC, 2.0, lambda v, _i: 2.0),
        (LoadMode.CP, 5.0, lambda v, _i: 5.0 / v),
        (LoadMode.CR, 4.0, lambda v, _i: v / 4.0),
    ],
)
def test_the_load_holds_what_its_mode_says(mode, level, expected) -> None:
    table = bench(0.5)
    table.set_load(0.0, mode=mode, level=level, enabled=True)
    reading = table.measure(10.0)
    want = expected(reading.load_voltage, reading.load_current)
    assert reading.load_current == pytest.approx(want)


def test_a_load_in_cv_pulls_the_terminals_to_its_level() -> None:
    table = bench(0.5)
    table.set_load(0.0, mode=LoadMode.CV, level=3.6, enabled=True)
    reading = table.measure(10.0)
    assert reading.load_voltage == pytest.approx(3.6)
    assert reading.load_current > 0.5


def test_more_power_than_the_cell_has_ends_at_its_maximum_power() -> None:
    table = bench(0.5, load=Load(max_a=200.0, min_voltage_v=0.1))
    table.set_load(0.0, mode=LoadMode.CP, level=10_000.0, enabled=True)
    assert table.measure().load_current == pytest.approx(3.715 / 2 / 0.060, rel=1e-3)


def test_battery_cutoff_latches_within_its_resolution() -> None:
    table = bench(0.05)
    table.set_load(0.0, level=2.5, enabled=True, cutoff_v=2.5)
    table.advance(3600.0)
    assert table.load.trip == "cutoff"
    assert not table.load.enabled
    taken = table.cell.discharged_ah
    twin = bench(0.05)
    twin.set_load(0.0, level=2.5, enabled=True)
    twin.advance(taken / 2.5 * 3600)
    assert twin.measure().load_voltage == pytest.approx(2.5, abs=2e-4)
    table.advance(7200.0)  # the relaxed voltage does not switch it on again
    assert table.cell.discharged_ah == taken
    table.set_load(7200.0, enabled=True, cutoff_v=1.0)
    assert not table.load.trip
    assert table.load.enabled


def test_over_voltage_protection_opens_the_output() -> None:
    table = bench(0.95)
    table.set_supply(0.0, v_set=4.5, i_set=1.25, ovp_v=4.25, output=True)
    table.advance(3600.0)
    assert (table.supply.trip, table.supply.output) == ("ovp", False)
    assert table.cell.voltage(1.25) < 4.25


def test_over_current_protection_opens_at_once() -> None:
    table = bench(0.2)
    table.set_supply(0.0, v_set=4.2, i_set=5.0, ocp_a=2.0, output=True)
    assert (table.supply.trip, table.supply.output) == ("ocp", False)
    assert table.cell.charged_ah == 0.0


def test_a_diode_costs_its_drop_and_an_ideal_one_does_not() -> None:
    ends = {}
    for isolation in ("none", "diode", "ideal_diode"):
        table = bench(0.4, wiring=Wiring(isolation=isolation))
        charge(table)
        table.advance(40_000.0)
        ends[isolation] = table.measure().cell_voltage
    assert ends["none"] == pytest.approx(4.2, abs=1e-3)
    assert ends["ideal_diode"] == pytest.approx(4.2, abs=1e-3)
    assert ends["diode"] == pytest.approx(3.85, abs=1e-3)


@pytest.mark.parametrize(
    ("isolation", "closed", "lost_ah"),
    [("none", True, 0.003), ("ideal_diode", True, 0.001), ("relay", True, 0.001),
     ("relay", False, 0.0)],
)  # fmt: skip
def test_off_state_leakage_passes_only_where_nothing_isolates(isolation, closed, lost_ah) -> None:
    table = bench(
        0.5,
        wiring=Wiring(isolation=isolation),
        supply=Supply(leak_off_a=0.002),
        load=Load(leak_off_a=0.001),
    )
    table.set_relay(0.0, closed=closed)
    table.advance(3600.0)
    assert table.cell.discharged_ah == pytest.approx(lost_ah)


def test_an_open_relay_leaves_the_four_wire_meter_on_the_cell() -> None:
    table = bench(0.5, wiring=Wiring(isolation="relay"))
    table.set_relay(0.0, closed=False)
    charge(table)
    reading = table.measure(60.0)
    assert (reading.psu_current, reading.psu_voltage) == (0.0, 4.2)
    assert reading.cell_voltage == pytest.approx(3.715)


def test_supply_into_load_without_the_cell_serves_a_cross_check() -> None:
    table = bench(0.5, wiring=Wiring(isolation="relay"))
    table.set_relay(0.0, closed=False)
    charge(table, volts=5.0, amps=2.0)
    table.set_load(0.0, level=1.0, enabled=True)
    reading = table.measure(1.0)
    assert reading.psu_current == reading.load_current == 1.0
    assert reading.psu_regulation is Regulation.CV
    table.set_load(1.0, level=3.0)
    reading = table.measure(2.0)
    assert reading.psu_current == reading.load_current == 2.0
    assert reading.psu_regulation is Regulation.CC


def test_both_on_at_once_share_the_cell_without_losing_charge() -> None:
    table = bench(0.5)
    charge(table, amps=1.0)
    table.set_load(0.0, level=3.0, enabled=True)
    reading = table.measure(36.0)
    assert reading.psu_current == 1.0
    assert reading.load_current == 3.0
    assert table.cell.discharged_ah == pytest.approx(0.02)


def test_every_fault_shows_its_own_face() -> None:
    table = bench(0.5)
    charge(table)
    table.faults.open_contact = True
    assert table.measure(1.0).psu_current == 0.0
    table.faults.open_contact = False

    table.faults.stuck_output = True
    table.set_supply(2.0, output=False)
    assert table.measure(3.0).psu_current == 1.25
    table.faults.stuck_output = False

    table.faults.sensor_frozen = True
    stuck = table.measure(4.0).cell_voltage
    assert table.measure(400.0).cell_voltage == stuck
    table.faults.sensor_frozen = False
    assert table.measure(401.0).cell_voltage > stuck

    table.faults.missing_probe = True
    assert table.measure().cell_temp == -191.0

    table.faults.ignored_write = True
    table.set_supply(402.0, i_set=0.1)
    table.set_load(402.0, enabled=True, level=1.0)
    assert table.measure(403.0).psu_current == 1.25
    assert not table.load.enabled


def test_a_welded_output_outlives_its_own_protection() -> None:
    table = bench(0.95, faults=Faults(stuck_output=True))
    table.set_supply(0.0, v_set=4.5, i_set=1.25, ovp_v=4.25, output=True)
    table.advance(3600.0)
    assert (table.supply.trip, table.supply.output) == ("ovp", True)


def test_a_reversed_cell_reads_negative_and_a_charge_empties_it() -> None:
    table = bench(0.5, faults=Faults(reversed_cell=True))
    assert table.measure(0.0).cell_voltage == pytest.approx(-3.715)
    charge(table, amps=0.5)
    table.advance(60.0)
    assert table.cell.discharged_ah == pytest.approx(0.5 / 60)


def test_meter_errors_are_applied_in_reading_and_repeat_with_their_seed() -> None:
    noisy = replace(
        EXACT_METERS,
        psu_current=MeterError(gain=0.01, offset=0.001),
        cell_voltage=MeterError(noise_rms=0.01, resolution=0.001),
    )
    runs = []
    for _ in range(2):
        table = bench(0.5, meters=noisy)
        charge(table)
        runs.append([table.measure(float(second)) for second in range(50)])
    assert runs[0] == runs[1]
    assert runs[0][5].psu_current == pytest.approx(1.25 * 1.01 + 0.001)
    assert len({reading.cell_voltage for reading in runs[0]}) > 10
    assert runs[0][7].cell_voltage == round(runs[0][7].cell_voltage, 3)


def test_resolution_shows_the_nearest_decimal() -> None:
    meter = MeterError(resolution=0.0001)
    assert meter.read(4.19996, Random(1)) == 4.2
    assert meter.read(-0.00004, Random(1)) == 0.0
    assert MeterError(resolution=0.25).read(1.1, Random(1)) == 1.0


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(["charge", "discharge", "rest", "both"]), st.floats(0.01, 400.0)),
        min_size=1,
        max_size=15,
    )
)
def test_any_schedule_balances_and_keeps_time(schedule: list[tuple[str, float]]) -> None:
    table = bench(0.5)
    now = 0.0
    for word, seconds in schedule:
        table.set_supply(now, v_set=4.2, i_set=2.0, output=word in {"charge", "both"})
        table.set_load(now, level=1.5, enabled=word in {"discharge", "both"}, cutoff_v=2.5)
        now += seconds
        table.advance(now)
    cell = table.cell
    assert table.mono_s == now
    net = cell.charged_ah - cell.discharged_ah
    assert cell.charge_ah == pytest.approx(1.25 + net, abs=1e-9)
    assert 2.4 < cell.voltage() < 4.21


def test_time_and_settings_that_make_no_sense_are_refused() -> None:
    table = bench()
    table.advance(10.0)
    with pytest.raises(ValueError, match="cannot go back"):
        table.advance(9.0)
    for wrong in (float("nan"), float("inf"), -1.0):
        with pytest.raises(ValueError, match="finite"):
            table.set_supply(10.0, v_set=wrong)
        with pytest.raises(ValueError, match="finite"):
            table.set_load(10.0, level=wrong)


def test_a_chamber_warms_the_cell() -> None:
    table = bench()
    table.set_ambient(0.0, 45.0)
    warmth = [table.measure(float(minute * 60)).cell_temp for minute in range(60)]
    assert all(later >= sooner for sooner, later in pairwise(warmth))
    assert warmth[-1] == pytest.approx(45.0, abs=0.1)


def test_the_default_cell_is_an_nmc_cell_at_half_charge() -> None:
    assert Bench().cell.parameters is NMC_18650
    assert Bench().cell.soc == 0.5
