"""Many cycles on the virtual bench with everything recorded: fast, balanced, without drift."""

import os
import time
from itertools import pairwise
from math import fsum

import pytest

from tests.acceptance.runs.bench import table
from tests.acceptance.runs.recording import Recording

AGEING = """
version: 1
id: ageing
cell: cells/inr18650-25r
channel: CH1
parameters: {cycles: {default: 5, min: 1, max: 1000}}
cycle: {begins: charge, ends: discharge, ce: discharge/charge}
limits:
  - {id: hot, trip: temp > 45 °C, samples: 2}
  - {id: q-max, trip: step.ah > 1.2 * cell.capacity}
sequence:
  - repeat: $cycles
    do:
      - id: charge
        charge: {current: 0.5 C, voltage: 4.2 V}
        until:
          - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
          - {name: time, when: step.time > 4 h, verdict: fail}
      - {id: pause, rest: 30 min}
      - id: discharge
        discharge: {current: 1 C}
        until:
          - {name: cutoff, when: voltage <= 2.5 V, samples: 2}
          - {name: time, when: step.time > 90 min, verdict: fail}
      - {id: relax, rest: 30 min}
"""
BETWEEN = "SELECT timestamp, current FROM device_CH1 WHERE timestamp BETWEEN {} AND {} ORDER BY id"


SHORT = """
version: 1
id: ageing
cell: cells/inr18650-25r
channel: CH1
limits: [{id: q-max, trip: step.ah > 1.2 * cell.capacity}]
sequence:
  - id: charge
    charge: {current: 1 C, voltage: 4.2 V}
    until: [{name: taper, phase: cv, when: current < 0.2 C, for: 10 s}, step.time > 2 h]
  - {id: pause, rest: 5 min}
  - id: discharge
    discharge: 2 C
    until: [{name: low, when: voltage <= 3.6 V, samples: 2}, step.time > 20 min]
"""


async def aged(tmp_path, cycles, *, adaptive=True, flow=AGEING, soc=0.0):
    """A run with its cell's own counters and the charge recomputed from what was stored."""
    recording = Recording(tmp_path / "data.db")
    async with table(
        poll_ms=1000,
        kit=recording.kit,
        opened=recording.opened,
        adaptive=adaptive,
        capacity_ah=2.5,
        soc=soc,
    ) as lab:
        await recording.start(lab)
        cell = lab.bench.cell
        before = cell.charged_ah, cell.discharged_ah, cell.charged_wh, cell.discharged_wh
        run = await lab.start(flow, parameters={"cycles": cycles} if cycles else {})
        await run.done.wait()
        cell = lab.bench.cell
        after = cell.charged_ah, cell.discharged_ah, cell.charged_wh, cell.discharged_wh
        steps = await lab.runs.journal.steps(run.id)
        again = []
        for row in steps:
            rows = await recording.rows(BETWEEN.format(row["started"], row["ended"]))
            again.append(_trapezoids(rows))
        status = recording.recorder.status()
        assert (status["dropped"], status["failures"], status["rejected"]) == (0, 0, 0)
        await recording.recorder.stop()
        assert lab.bus.tap_errors == 0
        polls = lab.devices.stack("DMM_01").counters
        assert polls["skipped_polls"] == polls["failed_polls"] == 0
        true = [b - a for a, b in zip(before, after, strict=True)]
        return run, steps, true, again, polls["polls"]


def _trapezoids(rows):
    """Ah into and out of the cell from stored rows."""
    pieces = [(t1 - t0) * (i0 + i1) / 7200.0 for (t0, i0), (t1, i1) in pairwise(rows)]
    return fsum(p for p in pieces if p > 0), -fsum(p for p in pieces if p < 0)


def check(run, steps, true, again, cycles):
    assert (run.state, run.verdict, run.ended_by) == ("finished", "pass", "done"), run.message
    assert [row["ended_by"] for row in steps] == ["taper", "time", "cutoff", "time"] * cycles
    assert not any(row["partial"] or row["gaps"] for row in steps)
    words = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
    sums = [fsum(row[word] for row in steps) for word in words]
    # Against the simulated cell's own counters.
    assert sums == pytest.approx(true, rel=1e-4)
    # Cycles and run say what their steps say: nothing is counted twice or lost.
    totals = run.counting.now("run")
    assert sums == pytest.approx([getattr(totals, word) for word in words], rel=1e-9)
    assert [row["cycle"] for row in run.cycles] == list(range(1, cycles + 1))
    for word, total in zip(words, sums, strict=True):
        assert fsum(row[word] for row in run.cycles) == pytest.approx(total, rel=1e-9)
    # What is recomputed from the recording agrees step by step, and no worse at the end.
    for row, (charge, discharge) in zip(steps, again, strict=True):
        assert charge == pytest.approx(row["charge_ah"], rel=1e-3, abs=1e-6), row["step_id"]
        assert discharge == pytest.approx(row["discharge_ah"], rel=1e-3, abs=1e-6), row["step_id"]
    ages = [c["discharge_ah"] for c in run.cycles]
    assert max(ages) - min(ages) < 1e-3 * ages[0]
    assert all(c["ce_state"] == "valid" for c in run.cycles[1:])


async def test_five_cycles_balance_with_the_cells_own_counters_and_with_what_was_recorded(tmp_path):
    run, steps, true, again, polls = await aged(tmp_path, 5)
    check(run, steps, true, again, 5)
    hours = (run.ended - run.started) / 3600
    assert hours > 20
    assert polls < hours * 3600 / 5  # it really looked less often


async def test_looking_less_often_changes_no_end_and_no_amount(tmp_path):
    seldom = await aged(tmp_path / "seldom", 0, flow=SHORT, soc=0.8)
    often = await aged(tmp_path / "often", 0, adaptive=False, flow=SHORT, soc=0.8)
    assert often[4] > 4 * seldom[4]
    for one, other in zip(seldom[1], often[1], strict=True):
        assert one["ended_by"] == other["ended_by"]
        assert one["duration_s"] == pytest.approx(other["duration_s"], abs=5.0)
        assert one["ah"] == pytest.approx(other["ah"], rel=1e-3)
        assert one["wh"] == pytest.approx(other["wh"], rel=1e-3)
        assert one["v_end"] == pytest.approx(other["v_end"], abs=0.003)
        assert one["i_end"] == pytest.approx(other["i_end"], abs=0.003)


@pytest.mark.proof
@pytest.mark.skipif(not os.environ.get("IONPY_PROOF"), reason="a long proof: ./ionpy proof")
async def test_fifty_cycles_take_less_than_five_minutes(tmp_path):
    began = time.process_time()
    run, steps, true, again, _ = await aged(tmp_path, 50)
    busy_s = time.process_time() - began
    check(run, steps, true, again, 50)
    assert (run.ended - run.started) / 3600 > 200
    assert busy_s < 300, "of processor time"
