"""Counted charge, energy and figures against computations that share no code with them."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from ionpy_auto.automation.sequences.integration import Integrator, Totals, live_max_gap_s
from ionpy_auto.automation.sequences.recording import replay

# --- 200 edges, jittered polls -----------------------------------------------------------------


def test_200_edges_under_jittered_polls_are_counted_within_half_a_per_mille() -> None:
    """Sense at 10 Hz, current at 2 Hz, each ±50 ms: what flows between edges is constant."""
    draw = Random(11)
    edges, levels = [0.0], [0.0]
    for _ in range(200):
        edges.append(edges[-1] + draw.uniform(4.0, 20.0))
        levels.append(draw.choice([0.0, *(draw.uniform(-3.0, 3.0) for _ in range(4))]))
    end = edges[-1] + 10.0

    def amps(at: float) -> float:
        index = max(i for i, edge in enumerate(edges) if edge <= at)
        return levels[index]

    def volts(at: float) -> float:
        return 3.6 + 0.03 * amps(at) + 0.2 * at / end

    events = [(edge, "cut") for edge in edges[1:]]
    events += _polls(draw, end, 0.1, "v") + _polls(draw, end, 0.5, "i")
    integrator = Integrator(0.0, max_gap_s=live_max_gap_s(0.5), voltage_max_gap_s=2.0)
    for at, kind in sorted(events):
        if kind == "cut":
            integrator.cut(at)
        elif kind == "v":
            integrator.voltage(at, volts(at))
        else:
            integrator.current(at, amps(at))
    integrator.flush(end)
    found = integrator.totals["run"]
    charge = discharge = energy_in = energy_out = 0.0
    for (begin, level), (until, _) in pairwise([*zip(edges, levels, strict=True), (end, 0.0)]):
        hours, middle = (
            (until - begin) / 3600.0,
            3.6 + 0.03 * level + 0.2 * (begin + until) / 2 / end,
        )
        charge += max(level, 0.0) * hours
        discharge += max(-level, 0.0) * hours
        energy_in += max(level, 0.0) * hours * middle
        energy_out += max(-level, 0.0) * hours * middle
    assert found.charge_ah == pytest.approx(charge, rel=5e-4)
    assert found.discharge_ah == pytest.approx(discharge, rel=5e-4)
    assert found.charge_wh == pytest.approx(energy_in, rel=5e-4)
    assert found.discharge_wh == pytest.approx(energy_out, rel=5e-4)
    assert not found.partial


def _polls(draw: Random, end: float, every: float, kind: str) -> list[tuple[float, str]]:
    count = int(end / every)
    stamps = [k * every + draw.uniform(-0.05, 0.05) for k in range(1, count)]
    return [(stamp, kind) for stamp in sorted(stamps)]


# --- gaps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_off", [False, True], ids=["output on", "proven off"])
@pytest.mark.parametrize("gap_s", [1.5, 5.0, 600.0])
def test_in_a_gap_nothing_is_invented_and_nothing_counted_twice(gap_s: float, is_off: bool) -> None:
    closed: list[Totals] = []
    integrator = Integrator(
        0.0, max_gap_s=live_max_gap_s(0.5), on_close=lambda _scope, totals: closed.append(totals)
    )
    amps = 0.0 if is_off else 2.0
    if is_off:
        integrator.outputs_off(0.0, proven=True)
    stamps = [k * 0.5 for k in range(201)]
    stamps += [100.0 + gap_s + k * 0.5 for k in range(201)]
    for at in stamps:
        integrator.voltage(at, 3.7)
        integrator.current(at, amps)
    integrator.close(stamps[-1], "step", "cycle", "run")
    integrator.flush(stamps[-1])
    is_bridged = gap_s <= 2.0
    known_s = 200.0 + (gap_s if is_bridged else 0.0)
    for totals in closed:
        assert totals.charge_ah == pytest.approx(amps * known_s / 3600.0, rel=1e-12)
        assert totals.charge_wh == pytest.approx(3.7 * amps * known_s / 3600.0, rel=1e-12)
        assert totals.discharge_ah == 0.0
        assert totals.gaps == (0 if is_bridged else 1)
        assert totals.partial is (not is_bridged and not is_off)
        assert totals.unknown_s == pytest.approx(gap_s if totals.partial else 0.0)
        assert totals.duration_s == pytest.approx(200.0 + gap_s)


# --- generated cycling ----------------------------------------------------------------------------

Sample = tuple[float, float, float]  # time, volts, amperes into the cell


def generated(seed: int) -> list[tuple[int, int, list[Sample]]]:
    """Cycles with rests, noise and, in one step, a hole: cycle, step, rows."""
    draw = Random(seed)
    steps: list[tuple[int, int, list[Sample]]] = []
    now, number = 0.0, 0
    for cycle in range(1, 4):
        up, down = draw.uniform(0.5, 2.0), draw.uniform(0.5, 2.0)
        # Each discharge ends at the same voltage, as if by a cutoff.
        plan = [(up, 3.4, 4.1), (0.0, 4.05, 4.0), (-down, 3.9, 3.0), (0.0, 3.2, 3.3)]
        for amps, first_v, last_v in plan:
            number += 1
            length = draw.uniform(900.0, 2400.0)
            count = int(length / 5.0)
            rows = []
            for k in range(count):
                share = k / (count - 1)
                taper = amps * (1.0 - 0.5 * share) if amps > 0.0 else amps
                volts = first_v + (last_v - first_v) * share
                noise = draw.gauss(0.0, 1e-3), draw.gauss(0.0, 2e-4)
                current = taper + noise[0] if amps else 0.0
                rows.append((now + 5.0 * (k + 1), volts + noise[1] * (k < count - 1), current))
            now = rows[-1][0]
            if cycle == 2 and amps < 0.0:
                del rows[50:90]
            steps.append((cycle, number, rows))
    return steps


def by_hand(steps: list[tuple[int, int, list[Sample]]]) -> list[dict[str, float]]:
    """Trapezoids inside each step; its first value held back to the end of the step before."""
    found = []
    previous = steps[0][2][0][0]
    for _, _, rows in steps:
        figures = dict.fromkeys(("charge_ah", "discharge_ah", "charge_wh", "discharge_wh"), 0.0)
        points = [(previous, *rows[0][1:]), *rows]
        for (t0, v0, i0), (t1, v1, i1) in pairwise(points):
            if not 0.0 < t1 - t0 <= 15.0:
                continue
            pieces = 200
            for k in range(pieces):
                share = (k + 0.5) / pieces
                amps, volts = i0 + share * (i1 - i0), v0 + share * (v1 - v0)
                word = "charge" if amps > 0.0 else "discharge"
                ah = abs(amps) * (t1 - t0) / pieces / 3600.0
                figures[f"{word}_ah"] += ah
                figures[f"{word}_wh"] += ah * volts
        found.append(figures)
        previous = rows[-1][0]
    return found


@pytest.mark.parametrize("sign", ["charge", "discharge"])
def test_generated_cycles_agree_with_a_computation_by_hand(tmp_path: Path, sign: str) -> None:
    steps = generated(5)
    factor = 1.0 if sign == "charge" else -1.0
    lines = ["time_s,voltage_V,current_A,step,cycle"]
    for cycle, number, rows in steps:
        lines += [f"{t!r},{v!r},{factor * i!r},{number},{cycle}" for t, v, i in rows]
    path = tmp_path / "cycles.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer, true = replay(path, sign), by_hand(steps)
    assert len(answer["steps"]) == len(true) == 12
    for found, wanted in zip(answer["steps"], true, strict=True):
        for name, value in wanted.items():
            assert found[name] == pytest.approx(value, rel=1e-3, abs=1e-9), (found["step"], name)
    assert [step["partial"] for step in answer["steps"]] == [k == 6 for k in range(12)]
    cycles = answer["cycles"]
    assert [c["ce_state"] for c in cycles] == ["first", "partial", "valid"]
    first, second, third = cycles
    charged, drawn = true[0]["charge_ah"], true[2]["discharge_ah"]
    assert first["ce"] == pytest.approx(drawn / charged, rel=1e-3)
    assert first["mean_charge_v"] == pytest.approx(true[0]["charge_wh"] / charged, rel=1e-3)
    assert first["ee"] == pytest.approx(true[2]["discharge_wh"] / true[0]["charge_wh"], rel=1e-3)
    assert second["ce"] is None
    assert second["partial"]
    # The discharge before has a hole, but it ended the same way: the cell was as empty as ever.
    assert third["ce"] == pytest.approx(true[10]["discharge_ah"] / true[8]["charge_ah"], rel=1e-3)


def test_the_mid_voltage_is_that_at_half_the_charge(tmp_path: Path) -> None:
    rows = [f"{t},{3.0 + t / 3600.0!r},1.0,1" for t in range(0, 3601, 5)]
    path = tmp_path / "ramp.csv"
    path.write_text("\n".join(["time_s,voltage_V,current_A,step", *rows]) + "\n", encoding="utf-8")
    (step,) = replay(path, "charge")["steps"]
    assert step["mid_voltage"] == pytest.approx(3.5, rel=1e-3)
