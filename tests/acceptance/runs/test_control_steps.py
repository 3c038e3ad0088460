"""Steps that only say which steps come next: repeat, if, goto, label, parallel."""

import pytest

from ionpy_auto.automation.sequences.checkpoint import take
from ionpy_auto.automation.sequences.execution import Execution
from tests.acceptance.runs.bench import table

HEAD = "version: 1\nid: walk\ncell: cells/inr18650-25r\nchannel: CH1\nsequence:\n"

WALKS = {
    "counted": ("- repeat: 3\n  do: [{id: a, wait: 1 s}]", "a a a", "pass"),
    "loop is the same word": ("- loop: 2\n  do: [{id: a, wait: 1 s}]", "a a", "pass"),
    "until after the round": (
        "- repeat: {until: repeat.number >= 2}\n  do: [{id: a, wait: 1 s}, {id: b, wait: 1 s}]",
        "a b a b",
        "pass",
    ),
    "until beside the verb": (
        "- repeat: 5\n  until: loop.n >= 2\n  do: [{id: a, wait: 1 s}]",
        "a a",
        "pass",
    ),
    "count comes before until": (
        "- repeat: {count: 2, until: voltage > 9 V}\n  do: [{id: a, wait: 1 s}]",
        "a a",
        "pass",
    ),
    "while before the round": (
        "- repeat: {while: voltage > 9 V}\n  do: [{id: a, wait: 1 s}]\n- {id: b, wait: 1 s}",
        "b",
        "pass",
    ),
    "while by its counter": (
        "- repeat: {while: k < 3, counter: k}\n  do: [{id: a, wait: 1 s}]",
        "a a",
        "pass",
    ),
    "max rounds were not enough": (
        "- {id: loop, repeat: {until: voltage > 9 V, max: 2}, do: [{id: a, wait: 1 s}]}",
        "a a",
        "error",
    ),
    "two counters": (
        (
            "- repeat: {count: 2, counter: k}\n  do:\n"
            "    - repeat: {count: 2, counter: m}\n      do:\n"
            "        - if: loop.k == 2 and m == 1\n          then: [{id: hit, wait: 1 s}]\n"
            "          else: [{id: miss, wait: 1 s}]"
        ),
        "miss miss hit miss",
        "pass",
    ),
    "for each": (
        (
            "- repeat: {for_each: [1 A, 2 A]}\n  do:\n"
            "    - if: repeat.item > 1.5\n      then: [{id: big, wait: 1 s}]\n"
            "      else: [{id: small, wait: 1 s}]"
        ),
        "small big",
        "pass",
    ),
    "unknown goes neither way": (
        (
            "- if: channel.source.i_set > trigger.none\n  then: [{id: a, wait: 1 s}]\n"
            "  else: [{id: b, wait: 1 s}]\n- {id: c, wait: 1 s}"
        ),
        "c",
        "pass",
    ),
    "goto back, so often": (
        "- label: again\n- {id: a, wait: 1 s}\n- goto: again\n  max: 2\n- {id: b, wait: 1 s}",
        "a a a b",
        "pass",
    ),
    "goto out of a loop": (
        (
            "- repeat: 5\n  do:\n    - {id: a, wait: 1 s}\n"
            "    - if: loop.n == 2\n      then: [{goto: end, max: 1}]\n"
            "- {id: left-out, wait: 1 s}\n- label: end\n- {id: b, wait: 1 s}"
        ),
        "a a b",
        "pass",
    ),
    "an end that jumps": (
        (
            "- id: a\n  wait: 1 h\n  until: {name: out, when: step.time > 2 s, goto: c, max: 1}\n"
            "- {id: b, wait: 1 s}\n- {id: c, wait: 1 s}"
        ),
        "a c",
        "pass",
    ),
    "disabled": ("- {repeat: 2, enabled: false, do: [{id: a, wait: 1 s}]}\n- wait: 1 s", None, ""),
}


async def over(lab, run, within=3600.0):
    async with lab.clock.timeout(within):
        await run.done.wait()
    return [row["step_id"] for row in lab.rows(run)]


def indented(text):
    return HEAD + "".join(f"  {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("name", WALKS)
async def test_steps_come_in_the_order_that_is_written(name):
    text, order, verdict = WALKS[name]
    async with table() as lab:
        run = await lab.start(indented(text))
        rows = await over(lab, run)
        assert rows == (order.split() if order else ["wait-1"])
        assert run.verdict == (verdict or "pass"), run.message


async def test_a_loop_that_takes_no_time_lets_time_pass():
    steps = (
        "- repeat: {until: run.time > 30 s}\n  do:\n    - if: run.time > 1 h\n"
        "      then: [{wait: 1 s}]\n- {id: a, wait: 1 s}"
    )
    async with table() as lab:
        run = await lab.start(indented(steps))
        assert await over(lab, run, 60.0) == ["a"]


BRANCHES = """
- id: both
  parallel:
    - - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 30 s}
      - {id: after, rest: 5 s}
    - - {id: look, wait: 10 s}
      - {id: note, marker: Note}
      - {id: long, wait_for: "step.time > 1 h", timeout: 60 s, on_timeout: continue}
- {id: end, wait: 1 s}
"""


async def test_branches_run_at_the_same_time_and_all_end():
    async with table() as lab:
        run = await lab.start(indented(BRANCHES))
        await lab.clock.sleep(14.0)
        assert run.as_dict()["step_path"] == ["both", "|1", "up"]
        assert run.as_dict()["branches"] == [["both", "|2", "long"]]
        assert run.step.node.id == "up"
        assert set(run.steps) == {"both", "up", "long"}
        assert lab.bench.supply.output
        assert set(await over(lab, run)) == {"up", "look", "note", "long", "after", "end"}
        rows = {row["step_id"]: row for row in lab.rows(run)}
        assert rows["up"]["charge_ah"] > 0.005
        assert rows["look"]["charge_ah"] == 0.0
        assert rows["up"]["ended_by"] == "step.time > 30 s"
        assert rows["look"]["duration_s"] == pytest.approx(10.0, abs=0.1)
        assert rows["end"]["started"] >= max(rows["long"]["ended"], rows["after"]["ended"])
        assert run.verdict == "pass"


async def test_a_branch_that_fails_ends_the_others():
    async with table() as lab:
        text = BRANCHES.replace("60 s, on_timeout: continue", "8 s")
        run = await lab.start(indented(text))
        await over(lab, run)
        rows = {row["step_id"]: row for row in lab.rows(run)}
        assert (run.verdict, run.ended_by) == ("error", "wait_timeout")
        assert rows["long"]["ended_by"] == "wait_timeout"
        assert rows["up"]["ended_by"] == "wait_timeout"
        assert all(row["ended"] is not None for row in rows.values())
        assert "end" not in rows
        assert not lab.bench.supply.output


async def test_a_pause_holds_all_branches():
    async with table() as lab:
        run = await lab.start(indented(BRANCHES))
        await lab.clock.sleep(8.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(10.0)
        assert run.state == "paused"
        assert not lab.bench.supply.output
        before = len(run.history)
        await lab.clock.sleep(600.0)
        assert (run.state, len(run.history)) == ("paused", before)
        await lab.runs.resume(run.id)
        await lab.clock.sleep(8.0)
        assert run.state == "running"
        assert lab.bench.supply.output
        await over(lab, run)
        assert run.verdict == "pass"


async def test_a_stop_ends_each_branch_in_order():
    async with table() as lab:
        run = await lab.start(indented(BRANCHES))
        await lab.clock.sleep(14.0)
        await lab.runs.stop_run(run.id)
        await over(lab, run, 30.0)
        ends = {row["step_id"]: row["ended_by"] for row in lab.rows(run)}
        assert ends == {"up": "stopped", "look": "done", "note": "done", "long": "stopped"}
        assert (run.verdict, run.ended_by) == ("aborted", "stopped")


async def test_a_skip_ends_the_step_that_drives():
    async with table() as lab:
        run = await lab.start(indented(BRANCHES))
        await lab.clock.sleep(14.0)
        lab.runs.skip(run.id)
        await lab.clock.sleep(1.0)
        ends = {row["step_id"]: row["ended_by"] for row in lab.rows(run)}
        assert (ends["up"], ends["long"]) == ("skipped", "")
        await over(lab, run)


PLACES = {
    "in a loop": (["again", "2/3", "b"], [], "b a b end"),
    "first step of a list": (["way", "late"], [], "late again end"),
    "in a branch": (["both", "|1", "d1"], [["both", "|2", "e1"]], "d1 e1 d2 e2 end"),
    "one branch is through": (["both", "|1", "d2"], [], "d2 end"),
    "the driving branch is through": (["both"], [["both", "|2", "e2"]], "e2 end"),
}
PLACED = """
- {id: again, repeat: 3, do: [{id: a, wait: 1 s}, {id: b, wait: 1 s}]}
- id: way
  if: voltage > 9 V
  then: [{id: never, wait: 1 s}, {id: late, wait: 1 s}]
- id: both
  parallel:
    - [{id: d1, wait: 1 s}, {id: d2, wait: 3 s}]
    - [{id: e1, wait: 2 s}, {id: e2, wait: 3 s}]
- {id: end, wait: 1 s}
"""


async def test_a_checkpoint_holds_the_place_of_a_branch_whose_first_step_is_still_to_begin():
    held = {}
    async with table() as lab:

        def note(event):
            if event.payload["event"] == "started":
                lines = take(lab.runs.runs[event.payload["run"]])["tracks"]
                held[event.payload["step_id"]] = [
                    ("/".join(x["path"]), bool(x["step"])) for x in lines
                ]

        lab.bus.tap("event/run_step", note)
        await over(lab, await lab.start(indented(PLACED)))
    assert held["b"] == [("again/3/3/b", True)]
    assert held["d1"] == [("both/|1/d1", True), ("both/|2", False)]
    assert held["e1"] == [("both/|1/d1", True), ("both/|2/e1", True)]
    assert held["end"] == [("end", True)]


@pytest.mark.parametrize("name", PLACES)
async def test_a_walk_goes_on_from_a_place(name, monkeypatch):
    path, branches, order = PLACES[name]

    class There(Execution):
        def __init__(self, run, track=None):
            super().__init__(run, track)
            if track is None:
                self.go_to(path, branches)

    monkeypatch.setattr("ionpy_auto.automation.sequences.manager.Execution", There)
    async with table() as lab:
        run = await lab.start(indented(PLACED))
        rows = await over(lab, run)
        assert run.verdict == "pass", run.message
        if name in {"in a loop", "first step of a list"}:
            order = order.replace(" end", "").replace("again", "").split()
            assert rows[: len(order)] == order
        else:
            assert rows == order.split()


MIXED = """
- repeat: {count: 2, counter: k}
  do:
    - id: both
      parallel:
        - - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 3 s}
          - {id: relax, rest: 1 s}
        - - {id: note, marker: "Round {{ k }}"}
          - if: k == 1
            then: [{id: look, wait: 2 s}, {id: ask, prompt: Well, keep_on: true, timeout: 60 s}]
            else: [{id: long, wait: 4 s}]
"""
CLOSING = "finally:\n  - {repeat: 2, do: [{id: tidy, wait: 1 s}]}\n"


@pytest.mark.parametrize("moment", [0.0, 0.6, 1.9, 3.1, 7.3])
@pytest.mark.parametrize("how", ["stop", "abort", "pause", "skip", "panic"])
async def test_branches_broken_off_at_any_moment_leave_all_safe_and_closed(how, moment):
    async with table(poll_ms=200) as lab:
        run = await lab.start(indented(MIXED) + CLOSING)
        await lab.clock.sleep(moment)
        if how in {"stop", "abort"}:
            await (lab.runs.stop_run if how == "stop" else lab.runs.abort)(run.id)
        elif how == "panic":
            await lab.lab.panic("eve", "smoke")
        elif run.state == "running":
            (lab.runs.skip if how == "skip" else lab.runs.pause)(run.id)
            await lab.clock.sleep(15.0)
            if run.state == "paused":
                assert not lab.bench.supply.output
                await lab.runs.resume(run.id)
        async with lab.clock.timeout(600):
            while not run.done.is_set():
                await lab.clock.sleep(0.5)
                if run.prompts and run.state == "running":
                    run.answer(None)
        assert not lab.bench.supply.output
        assert lab.gate.leases.owner_of("PSU_01", "output") is None
        assert lab.bus.tap_errors == 0
        rows = lab.rows(run)
        assert all(row["ended"] is not None and row["ended_by"] for row in rows)
        assert [row["step_id"] for row in rows][-2:] == ["tidy", "tidy"]
        assert run.tracks == [run.main]
        wanted = {"stop": "aborted", "abort": "aborted", "panic": "aborted"}
        assert run.verdict in {wanted.get(how, "pass"), "inconclusive"}, run.message
