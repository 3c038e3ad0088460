"""Steps that wait for people and for other runs, and steps that run another flow."""

import pytest

from ionpy_auto.automation.sequences.run import RunRequest
from ionpy_auto.core.errors import Conflict, IonpyError, NotFound, Rejected
from tests.acceptance.runs.bench import table

HEAD = "version: 1\nid: walk\ncell: cells/inr18650-25r\nchannel: CH1\nsequence:\n"


def indented(text, head=HEAD):
    return head + "".join(f"  {line}\n" for line in text.strip().splitlines())


async def over(lab, run, within=3600.0):
    async with lab.clock.timeout(within):
        await run.done.wait()
    return {row["step_id"]: row for row in lab.rows(run)}


# -- prompt -----------------------------------------------------------------------------------

ASK = """
- {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 5 s}
- id: ask
  prompt: "Warm at {{ voltage }}?"
  choices: {cold: pass, warm: inconclusive, leaking: fail}
- if: prompt.ask == "warm"
  then: [{id: cool, rest: 5 s}]
"""


async def test_a_prompt_waits_for_a_choice_with_the_outputs_off():
    async with table() as lab:
        run = await lab.start(indented(ASK))
        await lab.clock.sleep(600.0)
        shown = run.as_dict()["prompt"]
        assert (shown["step"], shown["kind"]) == ("ask", "choice")
        assert shown["text"].startswith("Warm at 3.")
        assert not lab.bench.supply.output
        with pytest.raises(Rejected, match="none of the choices"):
            run.answer("hot")
        run.answer("warm", by="eve")
        rows = await over(lab, run)
        assert (rows["ask"]["ended_by"], rows["ask"]["verdict"]) == ("warm", "inconclusive")
        assert rows["ask"]["answer"] == {"value": "warm", "text": "warm", "by": "eve"}
        assert "cool" in rows
        assert run.verdict == "inconclusive"
        assert run.as_dict()["prompt"] is None
        told = [e.payload["event"] for e in lab.events if e.kind == "run_prompt"]
        assert told == ["asked", "closed"]


VALUE = """
- {id: mass, prompt: Mass of the cell, unit: mV, min: 10, max: 90}
- {id: count, prompt: How many, unit: number}
- {id: sure, prompt: Go on}
- if: value("prompt.mass") == 25 mV and prompt.count == 3
  then: [{id: right, wait: 1 s}]
"""
WRONG = {"too much": "100 mV", "of another kind": "25 A", "no number": True, "a word": "much"}


@pytest.mark.parametrize("name", WRONG)
async def test_a_value_is_taken_with_its_unit_and_range(name):
    async with table() as lab:
        run = await lab.start(indented(VALUE))
        await lab.clock.sleep(2.0)
        with pytest.raises(Rejected):
            run.answer(WRONG[name])
        run.answer("0.025 V")
        await lab.clock.sleep(1.0)
        run.answer(3)
        await lab.clock.sleep(1.0)
        with pytest.raises(Rejected, match="confirm"):
            run.answer("never")
        run.answer(None)
        rows = await over(lab, run)
        assert rows["mass"]["end_value"] == pytest.approx(0.025)
        assert rows["mass"]["measures"][0]["text"] == "25 mV"
        assert rows["sure"]["ended_by"] == "confirmed"
        assert "right" in rows
        with pytest.raises(NotFound):
            run.answer(None)


TIMES = {
    "abort": ("", "error", {"ask": "timeout"}),
    "continue": (
        "on_timeout: continue, verdict: fail",
        "fail",
        {"ask": "timeout", "end": "done"},
    ),
}


@pytest.mark.parametrize("name", TIMES)
async def test_nobody_answers(name):
    more, verdict, ends = TIMES[name]
    steps = f"- {{id: ask, prompt: Ready, timeout: 5 min, {more}}}\n- {{id: end, wait: 1 s}}"
    async with table() as lab:
        run = await lab.start(indented(steps))
        rows = await over(lab, run)
        assert {key: row["ended_by"] for key, row in rows.items()} == ends
        assert run.verdict == verdict
        assert rows["ask"]["duration_s"] == pytest.approx(300.0, abs=1.0)


async def test_a_prompt_is_paused_skipped_and_stopped():
    steps = "- {id: ask, prompt: Ready, timeout: 1 min}\n- {id: again, prompt: Sure}"
    async with table() as lab:
        run = await lab.start(indented(steps))
        await lab.clock.sleep(10.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(600.0)
        assert run.state == "paused"
        with pytest.raises(Conflict, match="paused"):
            run.answer(None)
        await lab.runs.resume(run.id)
        await lab.clock.sleep(5.0)
        lab.runs.skip(run.id)
        await lab.clock.sleep(5.0)
        await lab.runs.stop_run(run.id)
        rows = await over(lab, run)
        assert [row["ended_by"] for row in rows.values()] == ["skipped", "stopped"]
        assert run.as_dict()["prompts"] == []


async def test_a_charge_goes_on_beside_a_question_that_says_so():
    steps = """
- parallel:
    - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 60 s}
    - {id: ask, prompt: Smell anything, keep_on: true}
"""
    async with table() as lab:
        run = await lab.start(indented(steps))
        await lab.clock.sleep(20.0)
        assert lab.bench.supply.output
        run.answer(True)
        rows = await over(lab, run)
        assert rows["ask"]["ended_by"] == "confirmed"
        assert rows["up"]["duration_s"] > 59.0


# -- sync -------------------------------------------------------------------------------------

PLAIN = "version: 1\nid: {id}\nsequence:\n"


def waiting(name, before, more):
    text = f"- {{id: before, wait: {before}}}\n- {{id: meet, sync: here, {more}}}"
    return indented(text, PLAIN.format(id=name))


async def test_runs_go_on_together_with_the_last_one():
    async with table() as lab:
        runs = [
            await lab.start(waiting(f"r{n}", f"{n} min", "count: 3, timeout: 10 min"))
            for n in (1, 2, 3)
        ]
        rows = [await over(lab, run) for run in runs]
        ends = [row["meet"]["ended"] for row in rows]
        assert max(ends) - min(ends) < 0.1
        assert [row["meet"]["ended_by"] for row in rows] == ["met"] * 3
        assert rows[0]["meet"]["duration_s"] == pytest.approx(120.0, abs=1.0)


async def test_a_run_waits_for_the_channel_it_names():
    async with table() as lab:
        on_channel = indented("- {id: rest, rest: 60 s}\n- sync: here\n  count: 2\n  timeout: 1 h")
        first = await lab.start(waiting("alone", "1 s", "with: CH1, timeout: 10 min"))
        other = await lab.start(waiting("elsewhere", "1 s", "with: [CH2], timeout: 20 s"))
        second = await lab.start(on_channel)
        assert (await over(lab, other))["meet"]["ended_by"] == "timeout"
        assert (other.verdict, other.ended_by) == ("error", "timeout")
        assert (await over(lab, first))["meet"]["ended_by"] == "met"
        await over(lab, second)
        assert (first.verdict, second.verdict) == ("pass", "pass")


async def test_nobody_comes():
    more = "count: 2, timeout: 30 s, on_timeout: continue"
    async with table() as lab:
        run = await lab.start(waiting("alone", "1 s", more))
        rows = await over(lab, run)
        assert (rows["meet"]["ended_by"], run.verdict) == ("timeout", "inconclusive")
        gone = await lab.start(waiting("alone", "1 s", more))
        await lab.clock.sleep(5.0)
        await lab.runs.abort(gone.id)
        await over(lab, gone)
        late = await lab.start(waiting("alone", "1 s", more))
        assert (await over(lab, late))["meet"]["ended_by"] == "timeout"  # the other has left


# -- call -------------------------------------------------------------------------------------

FORMATION = """
version: 1
id: formation
title: Formation
cell: cells/inr18650-25r
channel: CH7
parameters: {times: {default: 2, max: 5}, rate: 0.2 C}
limits: [{id: slow, trip: step.time > 20 s}]
sequence:
  - repeat: $times
    counter: k
    do:
      - {id: up, charge: {current: $rate, voltage: 4.2 V}, until: step.time > 5 s}
      - {id: relax, rest: 2 s}
  - {id: again, goto: last, max: 1}
  - {id: between, rest: 1 s}
  - {id: last, rest: 1 s}
finally:
  - {id: tidy, wait: 1 s}
"""
CALLING = """
- {id: first, call: formation, parameters: {times: 1, rate: 0.4 C}}
- {id: up, rest: 30 s}
- call: formation
"""


async def test_a_called_flow_runs_in_place_with_its_own_parameters():
    async with table() as lab:
        lab.shelf.flows["formation"] = FORMATION
        run = await lab.start(indented(CALLING))
        await over(lab, run)
        assert [row["step_id"] for row in lab.rows(run)] == [
            *("first:up", "first:relax", "first:last", "first:tidy", "up"),
            *("call-1:up", "call-1:relax", "call-1:up", "call-1:relax"),
            *("call-1:last", "call-1:tidy"),
        ]
        rows = lab.rows(run)
        assert rows[0]["ah"] > 1.5 * rows[5]["ah"]
        assert run.verdict == "pass", run.message
        calls = run.as_dict()["calls"]
        assert [call["step"] for call in calls] == ["first", "call-1"]
        assert {call["flow"] for call in calls} == {"formation"}
        assert run.columns()["trace"]["calls"][0]["text"] == FORMATION


async def test_limits_of_a_called_flow_hold_while_it_runs():
    async with table() as lab:
        slow = FORMATION.replace("{id: last, rest: 1 s}", "{id: last, rest: 1 h}")
        lab.shelf.flows["formation"] = slow
        run = await lab.start(indented("- {id: free, rest: 60 s}\n- call: formation"))
        rows = await over(lab, run)
        assert rows["free"]["ended_by"] == "time"
        assert (run.ended_by, run.verdict) == ("slow", "fail")
        assert rows["call-1:tidy"]["ended_by"] == "done"


async def test_finally_of_a_called_flow_runs_when_it_is_broken_off():
    async with table() as lab:
        lab.shelf.flows["formation"] = FORMATION
        text = indented("- call: formation") + "finally:\n  - {id: own, wait: 1 s}\n"
        run = await lab.start(text)
        await lab.clock.sleep(4.0)
        await lab.runs.abort(run.id)
        await over(lab, run)
        order = [row["step_id"] for row in lab.rows(run)]
        assert order == ["call-1:up", "call-1:tidy", "own"]
        assert not lab.bench.supply.output


BAD_CALLS = {
    "unknown": ("- call: nowhere", "no flow 'nowhere'"),
    "itself": ("- call: walk", "never end"),
    "round about": ("- call: round", "walk calls round calls walk"),
    "unknown parameter": ("- {call: formation, parameters: {speed: 3}}", "speed"),
    "out of bounds": ("- {call: formation, parameters: {times: 9}}", "outside"),
    "an error inside": ("- call: broken", "broken, line 4"),
    "no sequence": ("- call: empty", "no sequence"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
async def test_a_call_that_cannot_be_is_refused(name):
    text, message = BAD_CALLS[name]
    async with table() as lab:
        lab.shelf.flows |= {
            "formation": FORMATION,
            "round": "version: 1\nid: round\nsequence:\n  - call: walk\n",
            "broken": "version: 1\nid: broken\nsequence:\n  - {wait: 3 V}\n",
            "empty": "version: 1\nid: empty\n",
        }
        with pytest.raises(IonpyError) as refused:
            await lab.start(indented(text))
        found = [f for f in refused.value.findings if f.severity == "error"]
        assert message in found[0].message
        assert (found[0].line, found[0].column) != (0, 0)
        assert found[0].line >= 6


async def test_a_flow_for_a_channel_is_not_called_without_one():
    async with table() as lab:
        lab.shelf.flows["formation"] = FORMATION.replace("CH7", "CH1")
        lab.shelf.flows["walk"] = "version: 1\nid: walk\nsequence:\n  - call: formation\n"
        with pytest.raises(Rejected, match="needs a channel"):
            await lab.runs.start(RunRequest(sequence="walk"))
