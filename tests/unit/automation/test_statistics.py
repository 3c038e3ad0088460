"""Cycle figures and resistances after their written definitions."""

import pytest

from ionpy_auto.automation.sequences.integration import Point, Totals
from ionpy_auto.automation.sequences.statistics import (
    CycleDefinition,
    CycleResult,
    CycleStatistics,
    StepResult,
    dcir,
    dcir_iec61960,
    measured_edge,
)


def step(kind, ah=0.0, wh=0.0, *, ended_by="", end_v=None, partial=False, **more) -> StepResult:
    totals = Totals(started_s=0.0, ended_s=100.0, partial=partial, energy_partial=partial, **more)
    if kind == "charge":
        totals.charge_ah, totals.charge_wh = ah, wh
    elif kind == "discharge":
        totals.discharge_ah, totals.discharge_wh = ah, wh
    totals.last = Point(100.0, end_v, 0.0)
    return StepResult(kind, totals, ended_by)


def cycles(*steps: StepResult, definition: CycleDefinition | None = None) -> list[CycleResult]:
    statistics = CycleStatistics(definition)
    done = [statistics.add(one) for one in steps]
    return [cycle for cycle in [*done, statistics.finish()] if cycle]


def pair(up: float, down: float, ended_by: str = "cutoff") -> list[StepResult]:
    return [
        step("charge", up, up * 3.9),
        step("rest"),
        step("discharge", down, down * 3.6, ended_by=ended_by),
        step("rest"),
    ]


def test_efficiency_is_valid_only_after_a_discharge_with_the_same_end() -> None:
    found = cycles(*pair(2.5, 2.45), *pair(2.46, 2.45), *pair(2.46, 1.0, "time"))
    assert [cycle.ce_state for cycle in found] == ["first", "valid", "partial"]
    assert found[1].ce == pytest.approx(2.45 / 2.46)
    assert found[1].ee == pytest.approx(2.45 * 3.6 / (2.46 * 3.9))
    assert found[1].mean_charge_v == pytest.approx(3.9)
    assert found[1].duration_s == 400.0


def test_ends_without_a_name_are_compared_by_their_voltage() -> None:
    down = [step("discharge", 2.4, end_v=volts) for volts in (2.5, 2.501, 2.9)]
    up = step("charge", 2.4)
    found = cycles(up, down[0], up, down[1], up, down[2])
    assert [cycle.ce_state for cycle in found] == ["first", "valid", "partial"]


def test_an_emptying_discharge_before_the_first_charge_is_a_cycle_of_its_own() -> None:
    found = cycles(step("discharge", 1.0, ended_by="cutoff"), *pair(2.5, 2.45))
    assert [cycle.ce_state for cycle in found] == ["open", "valid"]
    assert found[0].partial


def test_a_gap_takes_the_efficiency_away() -> None:
    steps = pair(2.5, 2.45)
    steps[0].totals.partial = True
    (cycle,) = cycles(*steps)
    assert (cycle.ce, cycle.ce_state, cycle.partial) == (None, "partial", True)


def test_several_steps_of_one_direction_count_together() -> None:
    (cycle,) = cycles(
        step("charge", 1.5),
        step("charge", 1.0, phase_charge_ah={"cc": 0.5, "cv": 0.5}),
        step("discharge", 2.0),
        step("rest"),
        step("discharge", 0.4),
    )
    assert cycle.ce == pytest.approx(2.4 / 2.5)
    assert cycle.cv_share == pytest.approx(0.2)


def test_half_cells_turn_the_roles_round() -> None:
    definition = CycleDefinition(begins="discharge", ends="charge", ce="charge/discharge")
    found = cycles(
        step("discharge", 2.0),
        step("charge", 1.9, ended_by="top"),
        step("discharge", 1.95),
        step("charge", 1.9, ended_by="top"),
        definition=definition,
    )
    assert [cycle.ce_state for cycle in found] == ["first", "valid"]
    assert found[1].ce == pytest.approx(1.9 / 1.95)


def test_recorded_cycles_that_discharge_first_use_the_charge_before_them() -> None:
    statistics = CycleStatistics()
    done = []
    for number in (1, 2, 3):
        for one in (step("discharge", 2.0, ended_by="c"), step("charge", 2.0 + number / 10)):
            done.append(statistics.add(one, number=number))
    done.append(statistics.finish())
    found = [cycle for cycle in done if cycle]
    assert [(c.number, c.ce_state) for c in found] == [(1, "first"), (2, "valid"), (3, "valid")]
    assert found[0].ce is None
    assert found[2].ce == pytest.approx(2.0 / 2.2)


def test_no_steps_make_no_cycle() -> None:
    assert CycleStatistics().finish() is None


def pulse(interval: float = 0.5) -> tuple[list, list]:
    """A 2 A discharge pulse at 10 s through 50 mΩ, then 1 mΩ more each second."""
    current = [
        (k * interval, -2.0 if k * interval > 10 else 0.0) for k in range(int(30 / interval))
    ]
    voltage = []
    for k in range(int(30 / interval)):
        time = k * interval + 0.2
        sag = 2.0 * (0.050 + 0.001 * (time - 10)) if time > 10 else 0.0
        voltage.append((time, 3.7 - sag))
    return voltage, current


def test_resistance_is_read_at_its_time_after_the_edge() -> None:
    voltage, current = pulse()
    one, ten = dcir(voltage, current, 10.0)
    assert one.ohm == pytest.approx(0.051)
    assert ten.ohm == pytest.approx(0.060)


def test_the_edge_is_measured_between_its_samples() -> None:
    _, current = pulse()
    assert measured_edge(current, 1.0) == 10.25
    assert measured_edge(current, 5.0) is None


@pytest.mark.parametrize(
    ("interval", "edge", "reason"),
    [(5.0, 10.0, "fewer than 10"), (0.5, -1.0, "no sample before"), (0.5, 20.0, "no samples")],
)
def test_a_pulse_that_says_too_little_is_inconclusive(interval, edge, reason) -> None:
    voltage, current = pulse(interval)
    (answer,) = dcir(voltage, current, edge, at_s=(10.0,))
    assert answer.ohm is None
    assert reason in answer.reason


def test_iec_resistance_follows_its_formula() -> None:
    assert dcir_iec61960(3.70, 0.5, 3.60, 2.5) == pytest.approx(0.05)
    assert dcir_iec61960(3.70, 0.5, 3.60, 0.5) is None
