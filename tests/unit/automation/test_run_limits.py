"""Limits in layers: the strictest counts, unknown counts as tripped."""

from math import inf

import pytest

from ionpy_auto.automation.flow import Limit
from ionpy_auto.automation.sequences.limits import (
    CURRENT,
    EVERYTHING,
    OTHER,
    TEMP,
    VOLTAGE,
    LimitWatch,
    Measured,
    effective_limits,
    mask_of,
)
from ionpy_auto.automation.wiring import read_cell, read_channel
from ionpy_auto.language import Condition, Scope, UnknownPolicy, text_node
from tests.acceptance.runs.bench import CELL, CHANNEL

UNITS = {"CH1.voltage": "V", "CH1.current": "A", "CH1.temp": "°C", "step.ah": "Ah", "X.t": "°C"}


class Values(dict):
    def value(self, address):
        return self.get(address)

    def age(self, address):
        return 0.0

    def window(self, function, address, seconds):
        return None


def limit(text, samples=1):
    findings = []
    scope = Scope(units_of=UNITS.get, capacity=2.5)
    condition = Condition.read(text_node(text), scope, findings, UnknownPolicy.TRIP)
    assert condition is not None, findings
    if samples > 1:
        condition = Condition(condition.expression, samples=samples, unknown=UnknownPolicy.TRIP)
    return Limit("mine", condition, text)


def cell(**changes):
    text = CELL
    for old, new in changes.values():
        text = text.replace(old, new)
    return read_cell(text, "cell")[0]


def channel(more=""):
    return read_channel(CHANNEL + more, "channel")[0]


def test_the_strictest_of_cell_channel_and_flow_is_shown_with_its_origin():
    limits = effective_limits(
        cell(),
        channel("limits: {voltage: [2.6 V, 4.3 V], charge_current: 2 A}"),
        "CH1",
        [limit("CH1.voltage > 4.22 V"), limit("abs(CH1.current) > 3 A")],
    )
    shown = {row["quantity"]: (row["value"], row["origin"]) for row in limits.as_list()}
    assert shown["voltage_min"] == (2.6, "channel")
    assert shown["voltage_max"] == (4.22, "flow: mine")
    assert shown["charge_current"] == (2.0, "channel")
    assert shown["discharge_current"] == (3.0, "flow: mine")
    assert shown["charge_temp_max"] == (45.0, "cell")
    assert limits.hard["voltage_max"].value == 4.25


def test_voltages_of_a_pack_are_multiplied_by_its_cells():
    limits = effective_limits(cell(s=("series: 1", "series: 4")), None, "CH1")
    assert limits.high("voltage_max") == pytest.approx(17.0)
    assert limits.low("voltage_min") == pytest.approx(9.6)
    assert limits.high("charge_current") == 4.0


def test_without_files_nothing_is_bounded():
    limits = effective_limits(None, None, "CH1")
    assert (limits.low("voltage_min"), limits.high("voltage_max")) == (-inf, inf)


@pytest.mark.parametrize(
    ("name", "measured", "trip"),
    [
        ("all is well", Measured(3.7, 1.0, 25.0, True, "charge"), None),
        ("voltage unknown", Measured(None, 1.0, 25.0, True, "charge"), "voltage-unknown"),
        ("current unknown", Measured(3.7, None, 25.0, True, "charge"), "current-unknown"),
        ("temperature unknown", Measured(3.7, 1.0, None, True, "charge"), "temp-unknown"),
        ("no thermometer", Measured(3.7, 1.0, None, False, "charge"), None),
        ("too high", Measured(4.2501, 1.0, 25.0, True, "charge"), "voltage_max"),
        ("too low", Measured(2.39, -1.0, 25.0, True, "discharge"), "voltage_min"),
        ("not a number", Measured(float("nan"), 1.0, 25.0, True, "charge"), "voltage_max"),
        ("too much in", Measured(3.7, 4.1, 25.0, True, "charge"), "charge_current"),
        ("too much out", Measured(3.7, -20.1, 25.0, True, "discharge"), "discharge_current"),
        ("charging in the cold", Measured(3.7, 1.0, -1.0, True, "charge"), "charge_temp_min"),
        ("discharging in the cold", Measured(3.7, -1.0, -1.0, True, "discharge"), None),
        ("resting warm", Measured(3.7, 0.0, 50.0, True, ""), None),
        ("resting hot", Measured(3.7, 0.0, 61.0, True, ""), "discharge_temp_max"),
    ],
)
def test_each_sample_is_held_against_the_limits(name, measured, trip):
    watch = LimitWatch(effective_limits(cell(), channel(), "CH1"), Values(), "CH1")
    found = watch.look(measured, EVERYTHING, 0.0)
    assert (found.id if found else None) == trip, name
    if found is not None:
        assert found.text


FINE = Measured(3.7, 1.0, 25.0, True, "charge")


def test_samples_of_other_quantities_do_not_count_as_samples_of_a_limit():
    limits = effective_limits(cell(), channel(), "CH1", [limit("CH1.temp > 30 °C", samples=2)])
    values = Values({"CH1.temp": 40.0})
    watch = LimitWatch(limits, values, "CH1")
    assert watch.look(FINE, TEMP, 0.0) is None
    assert watch.look(FINE, VOLTAGE | CURRENT, 0.1) is None
    assert watch.look(FINE, TEMP, 0.5).id == "mine"


def test_an_unknown_input_of_an_expression_trips_and_is_named_before_the_start():
    limits = effective_limits(cell(), channel(), "CH1", [limit("X.t > 30 °C")])
    watch = LimitWatch(limits, Values(), "CH1")
    assert watch.unknown_inputs() == ["X.t"]
    assert watch.look(FINE, OTHER, 0.0).id == "mine"


@pytest.mark.parametrize(
    ("points", "mask"),
    [
        ({"CH1.voltage"}, VOLTAGE),
        ({"CH1.power"}, VOLTAGE | CURRENT),
        ({"step.ah"}, CURRENT),
        ({"step.time"}, EVERYTHING),
        ({"step.time", "CH1.temp"}, TEMP),
        ({"PSU_01.temp"}, OTHER),
        (set(), EVERYTHING),
    ],
)
def test_a_condition_waits_for_what_it_reads(points, mask):
    assert mask_of(points, "CH1") == mask
