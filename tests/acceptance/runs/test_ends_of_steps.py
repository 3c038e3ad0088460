"""Ends of steps: the first in order wins; each is debounced, stored and followed."""

import pytest

from tests.acceptance.runs.bench import table

HEAD = "version: 1\nid: walk\ncell: cells/inr18650-25r\nchannel: CH1\nsequence:\n"


async def ended(lab, steps, within=3600.0):
    run = await lab.start(HEAD + "".join(f"  {line}\n" for line in steps.strip().splitlines()))
    async with lab.clock.timeout(within):
        await run.done.wait()
    return run, lab.rows(run)


async def test_of_two_ends_in_one_sample_the_first_in_order_wins():
    ends = ["{name: one, when: voltage > 1 V}", "{name: two, when: voltage > 2 V}"]
    async with table() as lab:
        for order in (ends, ends[::-1]):
            _, rows = await ended(lab, f"- {{id: a, rest: 1 h, until: [{', '.join(order)}]}}")
            assert rows[0]["ended_by"] == order[0].split(":")[1].split(",")[0].strip()
            assert rows[0]["duration_s"] < 2.0


async def test_an_end_is_stored_with_its_value_its_time_and_its_verdict():
    end = "{name: low, when: step.ah > 5 mAh, verdict: inconclusive}"
    async with table() as lab:
        run, rows = await ended(
            lab, f"- {{id: a, charge: {{current: 1 A, voltage: 4.2 V}}, until: [{end}]}}"
        )
        assert rows[0]["ended_by"] == "low"
        assert rows[0]["end_value"] == pytest.approx(0.005, rel=0.1)
        assert rows[0]["end_time"] == pytest.approx(rows[0]["duration_s"])
        assert (rows[0]["verdict"], run.verdict) == ("inconclusive", "inconclusive")


DEBOUNCED = {
    "for": ("{name: e, when: voltage > 1 V, for: 10 s}", 10.0),
    "samples": ("{name: e, when: voltage > 1 V, samples: 6}", 2.5),
    "neither": ("{name: e, when: voltage > 1 V}", 0.0),
}


@pytest.mark.parametrize("name", DEBOUNCED)
async def test_an_end_is_debounced(name):
    text, at_least = DEBOUNCED[name]
    async with table(poll_ms=500) as lab:
        _, rows = await ended(lab, f"- {{id: a, rest: 1 h, until: [{text}]}}")
        assert at_least <= rows[0]["duration_s"] <= at_least + 1.5


async def test_an_end_leads_to_another_step_so_often():
    steps = """
- {id: a, rest: 2 s}
- {id: b, rest: 1 h, until: [{name: back, when: step.time > 1 s, goto: a, max: 2}]}
- {id: c, rest: 1 s}
"""
    async with table() as lab:
        run, rows = await ended(lab, steps)
        assert [row["step_id"] for row in rows] == ["a", "b", "a", "b", "a", "b", "c"]
        assert run.jumps == {"b: back": 2}


SILENT = {
    "the time of the step": "step.time > 5 s",
    "the time of the run": "run.time > 6 s",
    "an age": "age(DMM_02.cell_v) > 3 s",
    "a silent point beside a time": "DMM_02.cell_v > 90 V or step.time > 5 s",
}


@pytest.mark.parametrize("name", SILENT)
async def test_an_end_comes_without_samples_too(name):
    when = SILENT[name].replace("DMM_02", "DMM_01")
    text = f'- {{id: a, wait: 1 h, until: [{{name: e, when: "{when}"}}]}}'
    async with table() as lab:
        run = await lab.start(f"version: 1\nid: quiet\nsequence:\n  {text}\n")
        await lab.devices.stop()  # nothing speaks any more
        async with lab.clock.timeout(60.0):
            await run.done.wait()
        assert (lab.rows(run)[0]["ended_by"], run.verdict) == ("e", "pass")


CLOSING = """
finally:
  - repeat: {count: 3, counter: k}
    do:
      - if: k == 2
        then: [{id: second, wait: 1 s}]
        else: [{id: other, wait: 1 s}]
  - parallel: [{id: p1, wait: 2 s}, {id: p2, wait: 1 s}]
  - {id: ends, wait: 1 h, until: "step.time > 3 s"}
  - {id: last, prompt: Take the cell out, timeout: 5 s, on_timeout: continue}
"""
WAYS_OUT = ("end", "stop", "abort", "limit", "error")


@pytest.mark.parametrize("how", WAYS_OUT)
async def test_finally_runs_its_control_steps_however_the_run_ends(how):
    text = {
        "limit": "  - {id: a, rest: 1 h, limits: [{id: late, trip: step.time > 5 s}]}\n",
        "error": "  - {id: a, wait_for: voltage > 9 V, timeout: 3 s}\n",
    }.get(how, "  - {id: a, rest: 10 s}\n")
    async with table() as lab:
        run = await lab.start(HEAD + text + CLOSING.lstrip("\n"))
        await lab.clock.sleep(2.0)
        if how == "stop":
            await lab.runs.stop_run(run.id)
        elif how == "abort":
            await lab.runs.abort(run.id)
        async with lab.clock.timeout(120.0):
            await run.done.wait()
        ends = [(row["step_id"], row["ended_by"]) for row in lab.rows(run)][1:]
        assert ends[:3] == [("other", "done"), ("second", "done"), ("other", "done")]
        assert set(ends[3:5]) == {("p1", "done"), ("p2", "done")}
        assert ends[5:] == [("ends", "step.time > 3 s"), ("last", "timeout")]
