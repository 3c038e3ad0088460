"""Whether a run could start: asked, answered with limits and conditions, and nothing moves."""

import pytest

from ionpy_auto.automation.sequences.run import RunRequest
from ionpy_auto.core.commands import Mode
from tests.acceptance.runs.bench import CHANNEL, config, table

FLOW = """
version: 1
id: asked
cell: cells/inr18650-25r
channel: CH1
limits:
  - {id: hot, trip: temp > 45 °C, for: 5 s}
  - {id: room, trip: ROOM.ambient > 60 °C, samples: 3}
sequence:
  - id: up
    charge: {current: 1 A, voltage: 4.2 V}
    until: step.time > 10 min
    limits: [{id: slow, trip: step.time > 20 min}]
"""


async def asked(lab, flow=FLOW):
    lab.shelf.flows["asked"] = flow
    answer = await lab.runs.check(RunRequest(sequence="asked"))
    assert not lab.wires.log
    assert not lab.runs.runs
    return answer


async def bench_with_a_room(lab):
    await lab.devices.add(config("ROOM", "virtual_bench", 2000))
    await lab.clock.sleep(5.0)


async def test_a_sound_bench_is_told_with_limits_origin_and_reaction():
    async with table() as lab:
        await bench_with_a_room(lab)
        answer = await asked(lab)
        assert answer["ok"], answer["refusals"]
        assert answer["duration_s"] > 600.0
        assert all(check["ok"] for check in answer["checks"])
        rows = {row["quantity"]: row for row in answer["limits"]}
        assert (rows["voltage_max"]["origin"], rows["hot"]["origin"]) == ("cell", "flow")
        assert rows["slow"]["origin"] == "step up"
        off = rows["voltage_max"]["reaction"]["off"]
        assert off > 0.0
        assert rows["voltage_max"]["reaction_s"] == pytest.approx(0.5 + off)
        assert rows["hot"]["reaction_s"] == pytest.approx(0.5 + 5.0 + off)
        assert rows["room"]["reaction_s"] == pytest.approx(2.0 + 2 * 2.0 + off)
        assert rows["slow"]["reaction_s"] == pytest.approx(1.0 + off)


async def test_everything_that_is_in_the_way_is_told_at_once():
    async with table() as lab:
        await bench_with_a_room(lab)
        lab.gate.mode.mode = Mode.SHADOW
        lab.bench.set_fault(lab.clock.monotonic(), "reversed_cell", value=True)
        await lab.clock.sleep(15.0)
        answer = await asked(lab)
        assert not answer["ok"]
        assert [refusal["code"] for refusal in answer["refusals"]] == ["NOT_ARMED", "START_REFUSED"]
        assert answer["refusals"][1]["args"]["codes"][0] == "CELL_REVERSED"
        assert {c["code"] for c in answer["checks"] if c["ok"] is False} >= {"CELL_REVERSED"}


async def test_a_flow_with_errors_is_told_with_its_places():
    async with table() as lab:
        await bench_with_a_room(lab)
        answer = await asked(lab, FLOW.replace("voltage: 4.2 V", "voltage: 4.4 V"))
        assert [refusal["code"] for refusal in answer["refusals"]] == ["FLOW_INVALID"]
        assert {finding["line"] for finding in answer["findings"]} == {10}


async def test_the_run_that_holds_a_device_is_named():
    async with table() as lab:
        await bench_with_a_room(lab)
        run = await lab.start(FLOW)
        answer = await lab.runs.check(RunRequest(sequence="asked"))
        (refusal,) = answer["refusals"]
        assert (refusal["code"], refusal["args"]["owner"]) == ("OWNED", f"run:{run.id}")
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_clock_that_jumped_is_still_told_at_the_start_after_it_was_asked():
    async with table(channel=CHANNEL) as lab:
        await bench_with_a_room(lab)
        lab.clock.step_utc(3600.0)
        for _ in range(2):
            answer = await asked(lab)
            assert answer["refusals"][0]["args"]["codes"] == ["CLOCK_JUMPED"]
