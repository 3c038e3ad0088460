"""A pause ends only when a start would be allowed, and then through the whole switching order."""

import pytest

from ionpy_auto.core.errors import Rejected
from tests.acceptance.runs.bench import table

FLOW = """
version: 1
id: pauses
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 2 A, voltage: 4.2 V}, until: step.time > 10 min}
  - {id: rest, rest: 10 min}
  - {id: going-on, rest: {duration: 10 min, resume: true}}
"""


async def test_outputs_are_off_the_steps_clock_stands_and_the_order_is_repeated():
    async with table() as lab:
        run = await lab.start(FLOW)
        await lab.clock.sleep(120.0)
        before = run.step.time(lab.clock.monotonic())
        lab.runs.pause(run.id)
        await lab.clock.sleep(300.0)
        assert run.state == "paused"
        assert not lab.bench.supply.output
        lab.wires.log.clear()
        await lab.runs.resume(run.id)
        await lab.clock.sleep(10.0)
        assert run.state == "running"
        assert run.step.time(lab.clock.monotonic()) == pytest.approx(before + 10.0, abs=4.0)
        points = [point for _, point, _, _ in lab.wires.log]
        assert points.index("PSU_01.ovp") < points.index("PSU_01.output")
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_cell_that_still_relaxes_is_waited_for():
    async with table() as lab:
        run = await lab.start(FLOW)
        await lab.clock.sleep(300.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(3.0)
        assert run.state == "paused"
        await lab.runs.resume(run.id)
        if run.state == "paused":
            assert "relax" in run.message
        for _ in range(60):
            await lab.clock.sleep(5.0)
            if run.state == "running":
                break
        assert run.state == "running", run.message
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_what_does_not_hold_is_told_and_it_stays_paused_until_it_does():
    async with table() as lab:
        run = await lab.start(FLOW)
        await lab.clock.sleep(60.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(60.0)
        lab.clock.step_utc(-3600.0)
        with pytest.raises(Rejected) as refused:
            await lab.runs.resume(run.id)
        assert "CLOCK_JUMPED" in refused.value.arguments["codes"]
        assert run.state == "paused"
        await lab.runs.resume(run.id)
        await lab.clock.sleep(5.0)
        assert run.state == "running"
        await lab.runs.abort(run.id)
        await run.done.wait()


@pytest.mark.parametrize(("step", "lasts"), [("rest", 600.0), ("going-on", 540.0)])
async def test_a_rest_begins_anew_unless_it_says_resume(step, lasts):
    async with table() as lab:
        run = await lab.start(FLOW)
        while run.step is None or run.step.node.id != step:
            await lab.clock.sleep(1.0)
        await lab.clock.sleep(60.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(60.0)
        await lab.runs.resume(run.id)
        began, paused = lab.clock.monotonic(), run.step
        while paused.ended is None:
            await lab.clock.sleep(1.0)
        assert lab.clock.monotonic() - began == pytest.approx(lasts, abs=5.0)
        run.interrupt("aborted", "aborted", "enough was seen")
        await run.done.wait()
