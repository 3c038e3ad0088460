"""A run broken off at any moment, also in the middle of switching, leaves everything safe."""

import pytest

from tests.acceptance.runs.bench import table

FLOW = """
version: 1
id: both-ways
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 2 A, voltage: 4.2 V}, until: step.time > 6 s}
  - {id: down, discharge: 2 A, until: step.time > 6 s}
"""
MOMENTS = [round(n * 0.37, 2) for n in range(44)]
HOWS = ("abort", "stop", "pause", "panic", "sense")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", HOWS)
async def test_outputs_end_off_and_the_counts_agree_with_the_cell(how, moment):
    async with table(poll_ms=200) as lab:
        cell = lab.bench.cell
        before = cell.charged_ah, cell.discharged_ah
        run = await lab.start(FLOW)
        await lab.clock.sleep(moment)
        if run.is_active:
            await _break_off(lab, run, how)
        await run.done.wait()
        bench = lab.bench
        assert not bench.supply.output, (how, moment)
        assert not bench.load.enabled, (how, moment)
        assert lab.gate.leases.owner_of("PSU_01", "output") is None
        assert lab.bus.tap_errors == 0
        rows = lab.rows(run)
        assert all(row["ended"] is not None and row["ended_by"] for row in rows)
        if how != "sense" and not any(row["partial"] for row in rows):
            true = bench.cell.charged_ah - before[0], bench.cell.discharged_ah - before[1]
            ours = sum(r["charge_ah"] for r in rows), sum(r["discharge_ah"] for r in rows)
            assert ours == pytest.approx(true, rel=0.02, abs=0.0001), (how, moment)


async def _break_off(lab, run, how):
    if how == "abort":
        await lab.runs.abort(run.id)
    elif how == "stop":
        await lab.runs.stop_run(run.id)
    elif how == "panic":
        await lab.lab.panic("eve", "smoke")
    elif how == "sense":
        await lab.devices.disconnect("DMM_01")
    elif run.state == "running":
        lab.runs.pause(run.id)
        await lab.clock.sleep(4.0)
        if run.state == "paused":
            await lab.runs.resume(run.id)
