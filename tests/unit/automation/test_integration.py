"""Integration of samples: lines, cuts, gaps, streams of their own pace."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.automation.sequences.integration import (
    Integrator,
    Totals,
    VoltageCurve,
    live_max_gap_s,
)
from ionpy_auto.physics import Bench, Cell, Regulation


def feed(integrator: Integrator, rows: list[tuple[float, float, float]]) -> None:
    for time, volts, amps in rows:
        integrator.voltage(time, volts)
        integrator.current(time, amps)


def run_totals(integrator: Integrator) -> Totals:
    return integrator.totals["run"]


def test_the_longest_bridged_gap_is_three_polls_but_never_below_two_seconds() -> None:
    assert live_max_gap_s(0.5) == 2.0
    assert live_max_gap_s(5.0) == 15.0


def test_a_constant_hour_is_exact() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(float(t), 4.0, 2.0) for t in range(3601)])
    integrator.flush(3600.0)
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx(2.0)
    assert totals.charge_wh == pytest.approx(8.0)
    assert (totals.gaps, totals.partial, totals.unsure) == (0, False, False)
    assert totals.duration_s == 3600.0


def test_a_line_through_zero_is_split_into_charge_and_discharge() -> None:
    integrator = Integrator(0.0, max_gap_s=10.0)
    feed(integrator, [(0.0, 4.0, 1.0), (4.0, 4.0, -3.0)])
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx(0.5 / 3600)
    assert totals.discharge_ah == pytest.approx(4.5 / 3600)
    assert totals.net_ah == pytest.approx(-4.0 / 3600)
    assert totals.discharge_wh == pytest.approx(18.0 / 3600)


def test_energy_is_the_product_of_two_lines_on_the_union_of_stamps() -> None:
    integrator = Integrator(0.0, max_gap_s=100.0)
    for time in (0.0, 7.0, 14.0, 20.0):
        integrator.voltage(time, 3.0 + 0.05 * time)
    for time in (0.0, 3.0, 11.0, 20.0):
        integrator.current(time, 1.0 + 0.1 * time)
    exact = 3.0 * 20 + (0.05 + 0.3) * 20**2 / 2 + 0.005 * 20**3 / 3
    assert run_totals(integrator).charge_wh == pytest.approx(exact / 3600)


def test_no_trapezoid_crosses_a_cut() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.5, 0.0), (1.0, 3.5, 0.0)])
    integrator.cut(1.25)
    feed(integrator, [(2.0, 3.7, 2.0), (3.0, 3.7, 2.0)])
    integrator.cut(3.5)
    feed(integrator, [(4.0, 3.6, 0.0), (5.0, 3.6, 0.0)])
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx(2.0 * 2.25 / 3600)
    assert totals.charge_wh == pytest.approx(2.0 * 2.25 * 3.7 / 3600)


def test_an_uncertain_cut_bounds_its_own_error() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.5, 1.0), (1.0, 3.5, 1.0)])
    integrator.cut(1.25, half_width_s=0.1)
    feed(integrator, [(2.0, 3.7, 2.0), (3.0, 3.7, 2.0)])
    assert run_totals(integrator).stamp_error_ah == pytest.approx(0.3 / 3600)


def test_a_hold_keeps_samples_from_being_joined_before_the_cut_is_known() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.5, 0.0), (1.0, 3.5, 0.0)])
    integrator.hold(1.0)
    feed(integrator, [(2.0, 3.7, 2.0), (3.0, 3.7, 2.0)])  # already behind the edge
    assert integrator.integrated_s == 1.0
    integrator.cut(1.5)
    integrator.release()
    assert integrator.integrated_s == 3.0
    assert run_totals(integrator).charge_ah == pytest.approx(2.0 * 1.5 / 3600)


def test_a_cut_that_comes_too_late_is_counted_and_makes_the_result_unsure() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.5, 0.0), (1.0, 3.5, 2.0)])
    integrator.cut(0.5)
    assert integrator.late == 1
    assert run_totals(integrator).unsure


def test_a_gap_is_not_bridged_and_makes_everything_around_it_partial() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.7, 2.0), (1.0, 3.7, 2.0), (11.0, 3.7, 2.0), (12.0, 3.7, 2.0)])
    for totals in integrator.totals.values():
        assert totals.charge_ah == pytest.approx(2.0 * 2 / 3600)
        assert (totals.gaps, totals.partial, totals.unknown_s) == (1, True, 10.0)


def test_two_gaps_with_one_sample_between_are_two() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.7, 2.0), (10.0, 3.7, 2.0), (20.0, 3.7, 2.0)])
    assert run_totals(integrator).gaps == 2


def test_a_gap_with_outputs_proven_off_counts_zero_and_is_not_partial() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.7, 2.0), (1.0, 3.7, 2.0)])
    integrator.cut(1.5)
    integrator.outputs_off(1.5, proven=True)
    feed(integrator, [(60.0, 3.6, 0.0), (61.0, 3.6, 0.0)])
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx(2.0 * 1.5 / 3600)
    assert (totals.gaps, totals.partial, totals.unknown_s) == (1, False, 0.0)


def test_proof_that_begins_inside_a_gap_leaves_its_first_part_unknown() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.7, 2.0), (1.0, 3.7, 2.0)])
    integrator.outputs_off(30.0, proven=True)
    feed(integrator, [(60.0, 3.6, 0.0), (61.0, 3.6, 0.0)])
    totals = run_totals(integrator)
    assert (totals.gaps, totals.partial, totals.unknown_s) == (1, True, 29.0)


def test_a_value_is_not_held_to_a_cut_far_away() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.7, 2.0), (1.0, 3.7, 2.0)])
    integrator.cut(9.0)
    feed(integrator, [(10.0, 3.6, 1.0), (11.0, 3.6, 1.0)])
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx((2.0 + 1.0 + 1.0) / 3600)
    assert totals.unknown_s == 8.0


def test_a_silent_voltage_costs_the_energy_but_not_the_charge() -> None:
    integrator = Integrator(0.0)
    for second in range(100):
        if not 20 <= second < 60:
            integrator.voltage(float(second), 3.7)
        integrator.current(float(second), 2.0)
        assert integrator.integrated_s >= second - 5  # memory is bounded: nothing piles up
    integrator.flush(99.0)
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx(2.0 * 99 / 3600)
    assert (totals.partial, totals.energy_partial, totals.gaps) == (False, True, 0)


def test_a_span_between_two_cuts_without_a_sample_is_unsure() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.5, 0.0), (1.0, 3.5, 0.0)])
    integrator.cut(1.25)
    integrator.cut(1.5)
    feed(integrator, [(2.0, 3.7, 2.0), (3.0, 3.7, 2.0)])
    totals = run_totals(integrator)
    assert totals.unsure
    assert not totals.partial
    assert totals.charge_ah == pytest.approx((1.0 * 0.25 + 2.0 * 1.5) / 3600)


def test_a_sample_its_source_doubts_makes_the_totals_unsure() -> None:
    integrator = Integrator(0.0)
    integrator.voltage(0.0, 3.7)
    integrator.voltage(1.0, 3.7)
    integrator.current(0.0, 0.0, unsure=True)
    integrator.current(1.0, 0.0)
    assert run_totals(integrator).unsure


def test_scopes_close_at_their_moment_and_sum_up() -> None:
    closed: list[tuple[str, Totals]] = []
    integrator = Integrator(0.0, on_close=lambda scope, totals: closed.append((scope, totals)))
    for second in range(11):
        if second == 5:
            integrator.close(4.5, "step")
        if second == 9:
            integrator.close(8.25, "step", "cycle")
        feed(integrator, [(float(second), 3.5 + second / 10, float(second))])
    integrator.flush(10.0)
    assert [scope for scope, _ in closed] == ["step", "step", "cycle"]
    first, second_step, cycle = (totals for _, totals in closed)
    assert first.charge_ah == pytest.approx(4.5**2 / 2 / 3600)
    assert (first.started_s, first.ended_s) == (0.0, 4.5)
    assert second_step.duration_s == 3.75
    assert cycle.charge_ah == pytest.approx(first.charge_ah + second_step.charge_ah)
    rest = integrator.totals["step"].charge_ah
    assert run_totals(integrator).charge_ah == pytest.approx(cycle.charge_ah + rest)
    assert run_totals(integrator).charge_ah == pytest.approx(50.0 / 3600)
    assert first.last is not None
    assert first.last.current == pytest.approx(4.5)
    assert first.voltage_max == pytest.approx(3.9)


def test_a_flush_after_a_close_gives_the_step_at_once() -> None:
    closed: list[Totals] = []
    integrator = Integrator(0.0, on_close=lambda _scope, totals: closed.append(totals))
    feed(integrator, [(0.0, 3.7, 2.0), (1.0, 3.7, 2.0)])
    integrator.close(1.4, "step")
    assert not closed
    integrator.flush(1.4)
    assert closed[0].charge_ah == pytest.approx(2.0 * 1.4 / 3600)


def test_charge_is_counted_under_its_phase() -> None:
    integrator = Integrator(0.0)
    integrator.phase(0.0, "cc")
    integrator.phase(4.5, "cv")
    feed(integrator, [(float(second), 4.0, 2.0) for second in range(10)])
    phases = integrator.totals["step"].phase_charge_ah
    assert phases == pytest.approx({"cc": 9.0 / 3600, "cv": 9.0 / 3600})


def test_extremes_and_rejected_values() -> None:
    integrator = Integrator(0.0)
    feed(integrator, [(0.0, 3.5, 1.0), (1.0, 3.9, 2.0), (2.0, 3.7, 0.5)])
    integrator.voltage(3.0, float("nan"))
    integrator.current(3.0, float("inf"))
    integrator.current(1.5, 99.0)
    for value in (20.0, 31.0, 25.0):
        integrator.temperature(1.0, value)
    integrator.flush(2.0)
    totals = run_totals(integrator)
    assert (totals.voltage_min, totals.voltage_max) == (3.5, 3.9)
    assert (totals.current_min, totals.current_max) == (0.5, 2.0)
    assert (totals.temp_min, totals.temp_max) == (20.0, 31.0)
    assert (integrator.rejected, integrator.late) == (2, 1)
    plain = totals.as_dict()
    assert plain["temp_max"] == 31.0
    assert plain["first"] == {"mono": 0.0, "voltage": 3.5, "current": 1.0}


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(KeyError, match="no scope"):
        Integrator(0.0).close(1.0, "shift")


@given(st.lists(st.tuples(st.floats(0.01, 1.9), st.floats(-5, 5)), min_size=2, max_size=60))
def test_net_charge_is_the_trapezoid_on_the_current_s_own_stamps(rows) -> None:
    integrator = Integrator(0.0)
    time, expected, last = 0.0, 0.0, None
    stamps = []
    for delta, amps in rows:
        time += delta
        expected += (amps if last is None else (amps + last) / 2) * delta / 3600
        last = amps
        stamps.append((time, amps))
    volts = [(k * 0.7, 3.7) for k in range(int(time / 0.7) + 2)]
    events = [(t, "v", x) for t, x in volts] + [(t, "i", x) for t, x in stamps]
    for t, kind, x in sorted(events):
        (integrator.voltage if kind == "v" else integrator.current)(t, x)
    integrator.flush(time)
    totals = run_totals(integrator)
    assert totals.net_ah == pytest.approx(expected, abs=1e-12)
    assert not totals.partial


def test_the_voltage_curve_stays_small_and_close() -> None:
    curve = VoltageCurve()
    for k in range(100_001):
        curve.add(k / 40_000, 3.0 + k / 100_000)
    assert len(curve._points) <= 512
    assert curve.at(1.25) == pytest.approx(3.5, abs=1e-3)
    assert curve.at(99.0) is None


@settings(deadline=None, max_examples=4)
@given(st.floats(0.6, 1.0), st.floats(0.0, 0.9), st.floats(1.5, 2.5))
def test_polled_readings_agree_with_the_cell_s_own_counters(poll, shift, amps) -> None:
    """CC, CV taper, rest and discharge with default meters: within 0.1 % of the truth."""
    bench = Bench(cell=Cell(soc=0.4))
    closed: list[Totals] = []
    integrator = Integrator(
        0.0, max_gap_s=live_max_gap_s(poll), on_close=lambda _s, totals: closed.append(totals)
    )
    now, taper = 0.0, 0.125
    amps = round(amps, 3)

    def read() -> None:
        nonlocal now
        now += poll * shift
        integrator.voltage(now, bench.measure(now).cell_voltage)
        now += poll * (1 - shift)
        seen = bench.measure(now)
        integrator.current(now, seen.psu_current - seen.load_current)

    def switch(**output: bool) -> None:
        nonlocal now
        now += 0.3 * poll
        bench.set_supply(now, v_set=4.2, i_set=amps, output=output.get("supply", False))
        bench.set_load(now, level=amps, enabled=output.get("load", False), cutoff_v=2.5)
        integrator.cut(now)
        integrator.close(now, "step")

    truth = []
    for word in ("supply", "rest", "load", "rest", "supply"):
        switch(**{word: True})
        before = (bench.cell.charged_ah, bench.cell.discharged_ah, bench.cell.charged_wh)
        start = now
        while now - start < (600 if word == "rest" else 20_000):
            read()
            seen = bench.measure(now)
            if seen.psu_regulation is Regulation.CV and seen.psu_current < taper:
                break
            if bench.load.trip or (word == "load" and seen.cell_voltage < 3.0):
                break
        after = (bench.cell.charged_ah, bench.cell.discharged_ah, bench.cell.charged_wh)
        truth.append((tuple(b - a for a, b in zip(before, after, strict=True)), now))
    switch()
    integrator.flush(now)
    steps = closed[1:]
    assert len(steps) == 5
    for step, (amounts, _) in zip(steps, truth, strict=True):
        # The switch-off follows 0.3 polls after the last reading: at most this much more.
        late = amps * poll / 3600
        assert step.charge_ah == pytest.approx(amounts[0], rel=1e-3, abs=late)
        assert step.discharge_ah == pytest.approx(amounts[1], rel=1e-3, abs=late)
        assert not step.partial
    totals = run_totals(integrator)
    assert totals.charge_ah == pytest.approx(bench.cell.charged_ah, rel=3e-4)
    assert totals.discharge_ah == pytest.approx(bench.cell.discharged_ah, rel=3e-4)
    assert totals.charge_wh == pytest.approx(bench.cell.charged_wh, rel=3e-4)
    assert totals.discharge_wh == pytest.approx(bench.cell.discharged_wh, rel=3e-4)


@given(
    currents=st.lists(st.floats(-5, 5), min_size=2, max_size=40),
    shift=st.floats(-1e4, 1e4),
    proven_off=st.booleans(),
)
def test_counts_come_back_from_their_kept_state_with_the_gap_marked(currents, shift, proven_off):
    before = Integrator(0.0)
    before.phase(0.0, "cc")
    for second, amps in enumerate(currents):
        before.voltage(float(second), 3.7)
        before.current(float(second), amps)
    kept = json.loads(json.dumps(before.state()))
    now = before.integrated_s + shift + 60.0
    after = Integrator(now)
    after.restore(kept, shift, proven_off=proven_off)
    for scope, old in before.totals.items():
        new = after.totals[scope]
        assert new.charge_ah == old.charge_ah
        assert new.discharge_wh == old.discharge_wh
        assert new.phase_charge_ah == old.phase_charge_ah
        assert new.gaps == old.gaps + 1
        assert new.partial == (old.partial or not proven_off)
        assert new.unknown_s == pytest.approx(old.unknown_s + (0.0 if proven_off else 60.0))
        assert new.ended_s == now
        assert new.started_s == old.started_s + shift
    after.outputs_off(now, proven=True)
    after.current(now + 1.0, 1.0)
    after.voltage(now + 1.0, 3.7)
    assert after.totals["run"].charge_ah >= before.totals["run"].charge_ah
