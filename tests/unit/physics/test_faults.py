"""What can be broken on the bench beside its wiring: watchdog, contacts, leaks, meters."""

from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.physics import Bench, Cell, Faults, Load, Supply


def charging(**parts) -> Bench:
    table = Bench(cell=Cell(soc=0.5), **parts)
    table.set_supply(0.0, v_set=4.2, i_set=1.25, output=True)
    return table


@settings(deadline=None, max_examples=40)
@given(st.floats(0.1, 900.0), st.floats(0.0, 500.0), st.floats(0.0, 2000.0))
def test_an_unfed_watchdog_stops_the_charge_at_its_time_however_late_one_looks(wait, fed, late):
    table = charging()
    table.set_supply(0.0, watchdog_s=wait)
    table.advance(min(fed, wait * 0.9))
    table.hear_supply(table.mono_s)
    due = table.mono_s + wait
    table.advance(due + late)
    assert (table.supply.output, table.supply.trip) == (False, "watchdog")
    assert table.cell.charged_ah == pytest.approx(1.25 * due / 3600.0, rel=1e-6)


def test_a_watchdog_of_zero_and_one_of_an_output_that_is_off_do_nothing():
    table = charging()
    table.advance(10_000.0)
    assert table.supply.output
    table.set_supply(10_000.0, watchdog_s=5.0, output=False)
    table.advance(10_100.0)
    assert table.supply.trip == ""
    table.set_supply(10_100.0, output=True)
    table.advance(10_104.0)
    assert table.supply.output


def test_a_welded_switch_survives_the_watchdog_too():
    table = charging(faults=Faults(stuck_output=True))
    table.set_supply(0.0, watchdog_s=5.0)
    table.advance(60.0)
    assert (table.supply.output, table.supply.trip) == (True, "watchdog")
    assert table.measure(61.0).psu_current == 1.25


def test_a_supply_that_trips_goes_off_at_once_and_again_at_every_try():
    table = charging()
    table.set_fault(10.0, "supply_trips", value=True)
    assert (table.supply.output, table.supply.trip) == (False, "otp")
    table.set_supply(11.0, output=True)
    assert (table.supply.output, table.supply.trip) == (False, "otp")
    table.set_fault(12.0, "supply_trips", value=False)
    table.set_supply(12.0, output=True)
    assert (table.supply.output, table.supply.trip) == (True, "")


def test_a_bad_contact_lifts_the_voltage_of_the_supply_and_not_of_the_cell():
    table = charging()
    before = table.measure(60.0)
    table.set_fault(60.0, "extra_ohm", 0.2)
    after = table.measure(60.0)
    assert after.psu_voltage - before.psu_voltage == pytest.approx(1.25 * 0.2, abs=2e-3)
    assert after.cell_voltage == before.cell_voltage


def test_a_jump_of_the_path_resistance_can_trip_a_protection_at_once():
    table = charging()
    table.set_supply(0.0, ovp_v=4.15)
    table.set_fault(1.0, "extra_ohm", 1.0)
    assert table.supply.trip == "ovp"


def test_leakage_empties_a_cell_that_nobody_uses():
    table = Bench()
    table.set_fault(0.0, "leak_a", 0.01)
    table.advance(36_000.0)
    assert table.cell.discharged_ah == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("whose", "lost", "kept"),
    [
        ("supply", ("psu_voltage", "psu_current", "psu_battery_voltage"), ("load_voltage",)),
        ("load", ("load_voltage", "load_current"), ("cell_voltage", "psu_current")),
        ("meter", ("cell_voltage", "cell_temp"), ("psu_current", "load_voltage")),
    ],
)
def test_a_reading_that_is_no_number_concerns_one_instrument(whose, lost, kept):
    table = charging()
    table.set_fault(0.0, "nan_reading", whose)
    shown = table.measure(1.0)
    assert all(isnan(getattr(shown, name)) for name in lost)
    assert not any(isnan(getattr(shown, name)) for name in kept)


def test_a_falsified_meter_changes_what_is_shown_and_not_what_is():
    table, twin = charging(), charging()
    table.set_meter_error(0.0, "psu_current", gain=0.01, offset=0.002)
    assert table.measure(100.0).psu_current == pytest.approx(1.25 * 1.01 + 0.002, abs=1e-3)
    assert twin.measure(100.0).psu_current == 1.25
    assert table.cell.charged_ah == twin.cell.charged_ah


def test_a_relay_goes_into_a_plain_bench_open_and_leaves_another_as_it_is():
    table = Bench()
    table.add_relay(0.0)
    table.set_supply(0.0, v_set=4.2, i_set=1.0, output=True)
    assert table.measure(10.0).psu_current == 0.0
    table.set_relay(10.0, closed=True)
    table.add_relay(11.0)
    assert table.measure(12.0).psu_current == 1.0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["wait", "look"]), st.floats(0.1, 50_000.0))))
def test_with_everything_off_time_changes_no_balance(story):
    table = Bench(supply=Supply(watchdog_s=3.0), load=Load())
    now = 0.0
    for word, seconds in story:
        now += seconds
        if word == "look":
            table.measure(now)
    table.advance(now)
    cell = table.cell
    assert (cell.charged_ah, cell.discharged_ah, cell.soc) == (0.0, 0.0, 0.5)
    assert table.supply.trip == ""
