"""A run over a power loss: held, looked at, resumed or ended; nothing is done or counted twice."""

import pytest

from ionpy_auto.core.errors import Conflict, Rejected
from tests.acceptance.runs.lives import Power, held_of

CYCLES = """
version: 1
id: cycles
title: Cycles
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: begin, marker: begin}
  - repeat: 2
    do:
      - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 4 min}
      - {id: mark, marker: up}
      - {id: pause, rest: 2 min}
      - {id: down, discharge: 1 A, until: step.time > 4 min}
      - {id: settle, rest: 2 min}
finally:
  - {id: bye, marker: bye}
"""


@pytest.fixture
def power(tmp_path):
    return Power(tmp_path)


async def test_a_run_at_rest_is_held_and_goes_on_in_its_row_with_nothing_lost(power):
    async with power.server() as lab:
        run = await lab.start(CYCLES, parameters={})
        await lab.clock.sleep(300.0)
        assert run.step.node.id == "pause"
        charged = lab.bench.cell.charged_ah
        await power.cut(lab)
    async with power.server(down_s=3600.0) as lab:
        held = held_of(lab)
        shown = await lab.runs.describe(run.id)
        assert shown["state"] == "held"
        assert shown["step_id"] == "pause"
        assert shown["held"]["outputs"] == "off"
        assert any(a.key == f"run:held:{run.id}" for a in lab.lab.alarms)
        assert held.id == run.id
        await lab.clock.sleep(15.0)
        gone_on = await lab.runs.resume_run(run.id, "eve")
        assert gone_on.id == run.id
        await gone_on.done.wait()
        assert gone_on.verdict == "pass", gone_on.message
        rows = lab.rows(gone_on)
        names = ["up", "mark", "pause", "down", "settle"]
        assert [row["step_id"] for row in rows] == ["begin", *names, *names, "bye"]
        assert [row["index"] for row in rows] == list(range(12))
        assert rows[3]["duration_s"] == pytest.approx(120.0, abs=1.0), "a rest begins anew"
        assert rows[3]["gaps"] == 1
        assert not any(row["partial"] for row in rows)
        ours = sum(row["charge_ah"] for row in rows)
        assert ours == pytest.approx(lab.bench.cell.charged_ah, rel=0.001)
        assert charged == pytest.approx(rows[1]["charge_ah"], rel=0.001)
        (gap,) = gone_on.past.gaps
        assert gap["outputs"] == "off"
        assert gap["seconds"] == pytest.approx(3620.0, abs=15.0)
        (resumed,) = gone_on.past.resumed
        assert resumed["by"] == "eve"
        assert abs(resumed["delta_v"]) < 0.1
        cycles = await lab.runs.cycles(run.id)
        assert [(c["cycle"], c["partial"]) for c in cycles] == [(1, False), (2, False)]
        stored = await lab.runs.journal.steps(run.id)
        assert stored == rows
        assert gone_on.sheet == run.sheet, "a run keeps the sheet it began with"
        polls, before = (r.sampling.as_dict()["DMM_01"] for r in (gone_on, run))
        assert polls["polls"] > before["polls"] > 10
        assert polls["max_s"] < 600.0, "the gap is no poll"
        assert power.deeds.done.count("begin") == 1
        assert power.deeds.done.count("up") == 2
        assert power.deeds.done.count("bye") == 1


async def test_an_output_that_was_on_makes_the_gap_unknown_and_the_cycle_partial(power):
    async with power.server() as lab:
        run = await lab.start(CYCLES)
        await lab.clock.sleep(120.0)
        assert run.step.node.id == "up"
        await power.cut(lab)
    async with power.server(down_s=20.0) as lab:
        assert not lab.bench.supply.output, "off before anything else"
        assert held_of(lab).details()["outputs"] == "unknown"
        await lab.clock.sleep(30.0)
        gone_on = await lab.runs.resume_run(run.id, "eve")
        await gone_on.done.wait()
        assert gone_on.verdict == "pass", gone_on.message
        rows = lab.rows(gone_on)
        assert rows[1]["partial"]
        assert not any(row["partial"] for row in rows[2:])
        assert rows[1]["duration_s"] == pytest.approx(240.0, abs=7.0)
        assert [c["partial"] for c in await lab.runs.cycles(run.id)] == [True, False]
        assert gone_on.past.gaps[0]["outputs"] == "unknown"


@pytest.mark.parametrize(
    ("key", "keeps"), [("2 min", False), ("{duration: 2 min, resume: true}", True)]
)
async def test_a_rest_begins_anew_unless_it_says_resume(power, key, keeps):
    flow = CYCLES.replace("id: pause, rest: 2 min", f"id: pause, rest: {key}")
    async with power.server(adaptive=False) as lab:
        run = await lab.start(flow)
        await lab.clock.sleep(320.0)
        assert run.step.node.id == "pause"
        before = run.step.time(lab.clock.monotonic())
        await power.cut(lab)
    async with power.server(down_s=60.0, adaptive=False) as lab:
        await lab.clock.sleep(15.0)
        gone_on = await lab.runs.resume_run(run.id, "eve")
        began = lab.clock.monotonic()
        while gone_on.step is None or gone_on.step.node.id != "down":
            await lab.clock.sleep(1.0)
        lasted = lab.clock.monotonic() - began
        assert lasted < 100.0 - before / 2 if keeps else lasted == pytest.approx(120.0, abs=13.0)
        await lab.runs.abort(run.id)
        await gone_on.done.wait()


async def test_what_was_begun_once_is_never_begun_again(power):
    async with power.server() as lab:
        power.deeds.stuck = True
        run = await lab.start(CYCLES)
        await lab.clock.sleep(30.0)
        assert power.deeds.done == ["begin"]
        await power.cut(lab)
    power.deeds.stuck = False
    async with power.server(down_s=60.0) as lab:
        shown = await lab.runs.describe(run.id)
        assert "nobody knows whether step begin was done" in shown["message"]
        await lab.clock.sleep(15.0)
        gone_on = await lab.runs.resume_run(run.id, "eve")
        await gone_on.done.wait()
        rows = lab.rows(gone_on)
        assert (rows[0]["ended_by"], rows[0]["verdict"]) == ("unknown", "inconclusive")
        assert gone_on.verdict == "inconclusive"
        assert power.deeds.done.count("begin") == 1


async def test_a_held_run_that_is_aborted_runs_finally_once_and_frees_its_channel(power):
    async with power.server() as lab:
        run = await lab.start(CYCLES)
        await lab.clock.sleep(120.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        with pytest.raises(Conflict, match="held by run"):
            await lab.start(CYCLES)
        ended = await lab.runs.end_run(run.id, abort=True, by="eve")
        assert (ended["state"], ended["verdict"]) == ("finished", "aborted")
        assert ended["ended_by"] == "aborted"
        assert power.deeds.done == ["begin", "bye"]
        rows = await lab.runs.journal.steps(run.id)
        assert [(r["step_id"], r["ended_by"]) for r in rows] == [
            ("begin", "done"),
            ("up", "power_loss"),
            ("bye", "done"),
        ]
        assert not list(lab.runs.held)
        await lab.clock.sleep(60.0)
        again = await lab.start(CYCLES)
        await lab.runs.abort(again.id)
        await again.done.wait()


async def test_a_flow_may_say_abort(power):
    async with power.server() as lab:
        run = await lab.start(CYCLES.replace("channel: CH1", "channel: CH1\non_power_loss: abort"))
        await lab.clock.sleep(300.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(15.0)
        shown = await lab.runs.describe(run.id)
        assert (shown["state"], shown["ended_by"]) == ("finished", "power_loss")
        assert lab.lab.markers == ["bye"]
    assert power.deeds.done == ["begin", "up"]


async def test_resume_by_itself_needs_arming(power):
    flow = CYCLES.replace("channel: CH1", "channel: CH1\non_power_loss: resume")
    async with power.server() as lab:
        with pytest.raises(Rejected) as refused:
            await lab.start(flow)
        assert refused.value.error_code == "FLOW_INVALID"
        assert "armed" in refused.value.message
    power.may_resume = lambda flow: None
    async with power.server() as lab:
        run = await lab.start(flow)
        await lab.clock.sleep(300.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(30.0)
        gone_on = lab.runs.get(run.id)
        assert gone_on.state == "running"
        await gone_on.done.wait()
        assert gone_on.verdict == "pass"
    assert power.deeds.done.count("begin") == 1
    power.deeds.done.clear()
    async with power.server() as lab:
        run = await lab.start(flow)
        await lab.clock.sleep(300.0)
        await power.cut(lab)
    power.may_resume = lambda flow: "it was disarmed"
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(30.0)
        assert held_of(lab).refused == "it was disarmed"


async def test_a_cell_that_moved_another_channel_file_or_panic_keep_it_held(power):
    async with power.server() as lab:
        run = await lab.start(CYCLES)
        await lab.clock.sleep(300.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(15.0)
        lab.gate.latch.press("eve", "smoke", 0.0)
        with pytest.raises(Conflict):
            await lab.runs.resume_run(run.id, "eve")
        lab.gate.latch.rearm("eve", "all clear")
        power.texts["channel", "CH1"] += "\n# another wire"
        with pytest.raises(Rejected, match=r"CH1\.yaml has changed"):
            await lab.runs.resume_run(run.id, "eve")
        power.texts["channel", "CH1"] = power.texts["channel", "CH1"].removesuffix(
            "\n# another wire"
        )
        cell = lab.bench.cell
        cell.charge_ah -= 0.7
        await lab.clock.sleep(30.0)
        with pytest.raises(Rejected, match="the cell moved"):
            await lab.runs.resume_run(run.id, "eve")
        shown = await lab.runs.describe(run.id)
        assert shown["state"] == "held"
        assert "the cell moved" in shown["held"]["refused"]
        assert lab.gate.leases.owner_of("PSU_01", "output") is None
        cell.charge_ah += 0.7
        await lab.clock.sleep(30.0)
        gone_on = await lab.runs.resume_run(run.id, "eve")
        await gone_on.done.wait()
        assert gone_on.verdict == "pass"


async def test_a_second_power_loss_while_held_or_after_resuming_loses_nothing(power):
    async with power.server() as lab:
        run = await lab.start(CYCLES)
        await lab.clock.sleep(300.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(15.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(15.0)
        await lab.runs.resume_run(run.id, "eve")
        await lab.clock.sleep(350.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        await lab.clock.sleep(60.0)
        gone_on = await lab.runs.resume_run(run.id, "adam")
        assert [one["by"] for one in gone_on.past.resumed] == ["eve", "adam"]
        await gone_on.done.wait()
        assert gone_on.verdict == "pass", gone_on.message
        assert len(gone_on.past.gaps) == 2
        rows = lab.rows(gone_on)
        assert [row["index"] for row in rows] == list(range(12))


async def test_a_run_that_waited_in_the_queue_is_ended_with_the_reason(power):
    async with power.server() as lab:
        await lab.start(CYCLES)
        waiting = await lab.start(CYCLES, queue=True)
        await lab.clock.sleep(30.0)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        shown = await lab.runs.describe(waiting.id)
        assert (shown["state"], shown["verdict"]) == ("finished", "aborted")
        assert "waited for its channel" in shown["message"]


BRANCHES = """
version: 1
id: branches
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: first, rest: 10 s, until: [{name: again, when: step.time > 5 s, goto: first, max: 2}]}
  - id: both
    parallel:
      - [{id: long, rest: 2 min}, {id: near-end, rest: 5 s}]
      - [{id: said, marker: said}, {id: waits, wait: 1 min}, {id: later, marker: later}]
  - {id: last, rest: 5 s}
"""


@pytest.mark.parametrize("second", [8.0, 12.0, 40.0, 100.0])
async def test_branches_and_jumps_go_on_where_each_was(power, second):
    async with power.server(adaptive=False) as lab:
        run = await lab.start(BRANCHES)
        await lab.clock.sleep(second)
        await power.cut(lab)
    async with power.server(down_s=30.0, adaptive=False) as lab:
        gone_on = await lab.runs.resume_run(run.id, "eve")
        await gone_on.done.wait()
        assert gone_on.verdict == "pass", gone_on.message
        rows = lab.rows(gone_on)
        assert [row["index"] for row in rows] == list(range(len(rows)))
        names = sorted(row["step_id"] for row in rows)
        assert names == sorted(
            ["first"] * 3 + ["long", "near-end", "said", "waits", "later", "last"]
        )
        labels = sorted(label.partition(" of ")[0] for label in power.deeds.done)
        assert labels == ["gap", "later", "resumed by eve", "said"]


OUTER = """
version: 1
id: outer
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: inner, call: inner}
  - {id: up, charge: {current: 1 C, voltage: 4.2 V}, until: step.time > 2 min}
"""

INNER = """
version: 1
id: inner
sequence:
  - {id: pause, rest: 2 min}
  - {id: down, discharge: {current: 1 C}, until: step.time > 2 min}
"""


async def test_called_flows_and_the_capacity_are_those_it_was_started_with(power):
    async with power.server() as lab:
        lab.shelf.flows["inner"] = INNER
        run = await lab.start(OUTER, bindings={"capacity": "1.2 Ah", "cell_id": "A-7"})
        await lab.clock.sleep(60.0)
        assert run.step.node.id == "inner:pause"
        await power.cut(lab)
    async with power.server(down_s=600.0) as lab:
        lab.shelf.flows["inner"] = INNER.replace("1 C", "2 C").replace("down", "other")
        gone_on = await lab.runs.resume_run(run.id, "eve")
        await gone_on.done.wait()
        assert gone_on.verdict == "pass", gone_on.message
        rows = {row["step_id"]: row for row in lab.rows(gone_on)}
        assert list(rows) == ["inner:pause", "inner:down", "up"]
        assert rows["inner:down"]["discharge_ah"] == pytest.approx(1.2 * 120 / 3600, rel=0.02)
        assert rows["up"]["charge_ah"] == pytest.approx(1.2 * 120 / 3600, rel=0.02)
        assert gone_on.bindings["cell_id"] == "A-7"
