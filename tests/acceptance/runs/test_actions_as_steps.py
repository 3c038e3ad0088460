"""Actions that stand as steps: they end, wait, pause and stop as steps do."""

import pytest

from tests.acceptance.runs.bench import table

HEAD = "version: 1\nid: steps\ntitle: Steps\ncell: cells/inr18650-25r\nchannel: CH1\nsequence:\n"


async def begun(lab, steps, seconds=1.0):
    run = await lab.start(HEAD + steps)
    await lab.clock.sleep(seconds)
    return run


async def over(lab, run, within=600.0):
    async with lab.clock.timeout(within):
        await run.done.wait()
    return [(row["step_id"], row["ended_by"]) for row in lab.rows(run)]


WAITS = {
    "met at once": ("voltage > 1 V, timeout: 10 min", [("w", "done"), ("r", "time")], "pass"),
    "not met, go on": (
        "voltage > 9 V, timeout: 10 s, on_timeout: continue",
        [("w", "done"), ("r", "time")],
        "pass",
    ),
    "not met, abort": ("voltage > 9 V, timeout: 10 s", [("w", "wait_timeout")], "error"),
    "ended by its own until": (
        "voltage > 9 V, timeout: 10 min, until: {name: late, when: run.time > 20 s}",
        [("w", "late"), ("r", "time")],
        "pass",
    ),
}


@pytest.mark.parametrize("name", WAITS)
async def test_wait_for_as_a_step(name):
    text, ends, verdict = WAITS[name]
    async with table() as lab:
        run = await begun(lab, f"  - {{id: w, wait_for: {text}}}\n  - {{id: r, rest: 5 s}}\n")
        assert await over(lab, run) == ends
        assert run.verdict == verdict


async def test_set_writes_as_the_run_and_switches_no_output_on():
    async with table() as lab:
        run = await begun(lab, "  - {id: s, set: {channel.source.i_set: 1.5 A}}\n", 20)
        assert await over(lab, run) == [("s", "done")]
        assert lab.lab.values.latest["PSU_01.i_set"].value == 1.5
        run = await begun(lab, "  - {id: s, set: {channel.source.output: true}}\n")
        await over(lab, run)
        assert run.verdict == "error"
        assert "switch" in run.message
        assert not lab.bench.supply.output


async def test_a_ramp_is_a_step():
    async with table(keep_snapshots=True) as lab:
        ramp = "{point: channel.source.i_set, to: 2 A, rate: 0.2 A/s}"
        run = await begun(
            lab,
            f"  - {{id: s, set: {{channel.source.i_set: 1 A}}}}\n  - {{id: up, ramp: {ramp}}}\n",
        )
        assert [row[1] for row in await over(lab, run)] == ["done"] * 2
        (up,) = [row for row in lab.rows(run) if row["step_id"] == "up"]
        assert up["duration_s"] == pytest.approx(5.0, abs=0.1)
        sent = [s.value for snap in lab.snapshots for s in snap.samples if "i_set" in s.point]
        assert sent == sorted(sent)
        assert lab.lab.values.latest["PSU_01.i_set"].value == 2.0


LONG = "  - {id: long, wait: 10 min}\n  - {id: r, rest: 5 s}\n"


async def test_a_long_wait_is_stopped_at_once():
    async with table() as lab:
        run = await begun(lab, LONG, 30.0)
        await lab.runs.stop_run(run.id)
        assert await over(lab, run, 20.0) == [("long", "stopped")]
        assert (run.verdict, run.ended_by) == ("aborted", "stopped")


async def test_a_long_wait_is_skipped():
    async with table() as lab:
        run = await begun(lab, LONG, 30.0)
        lab.runs.skip(run.id)
        assert await over(lab, run, 60.0) == [("long", "skipped"), ("r", "time")]


async def test_a_pause_ends_a_wait_and_it_begins_anew():
    async with table() as lab:
        run = await begun(lab, LONG, 300.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(5.0)
        assert run.state == "paused"
        await lab.clock.sleep(120.0)
        assert run.state == "paused"
        await lab.runs.resume(run.id)
        await lab.clock.sleep(590.0)
        assert run.step.node.id == "long"
        assert await over(lab, run, 60.0) == [("long", "done"), ("r", "time")]


async def test_limits_trip_during_an_action():
    async with table() as lab:
        steps = "  - {id: w, wait: 10 min, limits: [{id: late, trip: run.time > 60 s}]}\n"
        run = await begun(lab, steps)
        await over(lab, run, 120.0)
        assert run.ended_by == "late"


async def test_an_abort_breaks_a_ramp_off():
    async with table() as lab:
        steps = "  - {id: up, ramp: {point: channel.source.i_set, to: 5 A, over: 10 min}}\n"
        run = await begun(lab, "  - {id: s, set: {channel.source.i_set: 1 A}}\n" + steps, 60.0)
        assert run.step.node.id == "up"
        await lab.runs.abort(run.id)
        await over(lab, run, 30.0)
        value = lab.lab.values.latest["PSU_01.i_set"].value
        await lab.clock.sleep(60.0)
        assert lab.lab.values.latest["PSU_01.i_set"].value == value


async def test_a_wait_in_finally_is_not_ended_by_a_second_stop():
    async with table() as lab:
        text = HEAD + LONG + "finally:\n  - {id: cool, wait: 30 s}\n  - safe_state: channel\n"
        run = await lab.start(text)
        await lab.clock.sleep(10.0)
        await lab.runs.stop_run(run.id)
        await lab.clock.sleep(5.0)
        await lab.runs.abort(run.id)
        await over(lab, run, 60.0)
        closing = [row for row in lab.rows(run) if row["step_id"] in {"cool", "safe_state-1"}]
        assert [row["ended_by"] for row in closing] == ["done", "done"]
        assert closing[0]["duration_s"] == pytest.approx(30.0)
