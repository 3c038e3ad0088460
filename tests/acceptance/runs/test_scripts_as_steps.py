"""A script that stands as a step: it ends with the step, whatever ends that."""

from contextlib import asynccontextmanager

import pytest

from ionpy_auto.automation.scripts.journal import ScriptJournal
from ionpy_auto.automation.scripts.manager import ScriptManager
from ionpy_auto.automation.scripts.native import Interpreters
from ionpy_auto.automation.scripts.sandbox import Limits, Sandbox
from ionpy_auto.automation.scripts.store import ScriptStore
from ionpy_auto.storage.database import Database
from tests.acceptance.runs.bench import table
from tests.unit.automation.scripts_bench import PaperAudit

FLOW = """
version: 1
id: scripted
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 30 s}
  - {id: work, script: {name: work, parameters: {seconds: 600, current: 0.5 A}}}
  - {id: relax, rest: 10 s}
"""
WORK = """
print(params["current"], (await read("PSU_01.output")))
await wait(params["seconds"])
print("through")
"""


class Desk:
    """What scripts may do on the bench."""

    def __init__(self, lab):
        self.lab = lab.lab
        self.site = lab.site
        self.env = lab.runs._kit.environment

    def note_write(self, point, chain):
        del point, chain


@asynccontextmanager
async def scripted(folder, **scripts):
    """The bench with a shelf of scripts."""
    async with table() as lab:
        database = Database(folder / "data.db", lab.clock)
        await database.start()
        sandbox = Interpreters(Sandbox(lab.clock, Limits(workers=2)), lab.clock)
        (folder / "scripts").mkdir()
        for name, text in scripts.items():
            (folder / "scripts" / f"{name}.py").write_text(text, encoding="utf-8")
        store = ScriptStore(folder / "scripts", sandbox, lab.bus, lab.clock, lambda _: None)
        audit = PaperAudit()
        manager = ScriptManager(
            Desk(lab), store, sandbox, ScriptJournal(database), lab.gate.latch, lambda: audit
        )
        await manager.start_up()
        lab.lab.script = manager.call
        lab.scripts = manager
        try:
            yield lab
        finally:
            await manager.stop()
            await database.stop()


async def in_script(lab, **more):
    """A run whose script has begun to wait."""
    run = await lab.start(FLOW, **more)
    while not any(one.lines() for one in lab.scripts.active()):
        await lab.clock.sleep(1.0)
    (script,) = lab.scripts.active()
    return run, script


async def over(lab, run):
    async with lab.clock.timeout(3600):
        await run.done.wait()
    assert not lab.bench.supply.output
    assert lab.lab.values.latest["LOAD_01.load_on"].value is False
    return [(row["step_id"], row["ended_by"]) for row in lab.rows(run)]


async def test_the_step_lasts_as_long_as_its_script_with_outputs_off(tmp_path):
    async with scripted(tmp_path, work=WORK) as lab:
        began = lab.clock.monotonic()
        run, script = await in_script(lab)
        assert await over(lab, run) == [("up", "step.time > 30 s"),
                                        ("work", "done"), ("relax", "time")]  # fmt: skip
        assert run.verdict == "pass", run.message
        assert lab.clock.monotonic() - began > 640
        assert [line["text"] for line in script.lines()] == ["0.5 False", "through"]
        assert script.request.actor == f"run:{run.id}"


@pytest.mark.parametrize("how", ["skip", "stop_run", "abort"])
async def test_what_ends_the_step_ends_the_script_at_once(tmp_path, how):
    async with scripted(tmp_path, work=WORK) as lab:
        run, script = await in_script(lab)
        began = lab.clock.monotonic()
        answer = getattr(lab.runs, how)(run.id)
        if how != "skip":
            await answer
        await script.done.wait()
        assert lab.clock.monotonic() - began < 5
        assert (script.state, "through" in str(script.lines())) == ("stopped", False)
        rows = await over(lab, run)
        assert rows[1][0] == "work"
        wanted = {"skip": ("relax", "time"), "stop_run": rows[1], "abort": rows[1]}
        assert rows[-1] == wanted[how]


async def test_a_pause_ends_the_script_and_it_begins_anew(tmp_path):
    async with scripted(tmp_path, work=WORK) as lab:
        run, first = await in_script(lab)
        lab.runs.pause(run.id)
        await first.done.wait()
        await lab.clock.sleep(100)
        assert (run.state, first.state, lab.scripts.active()) == ("paused", "stopped", [])
        assert not lab.bench.supply.output
        await lab.runs.resume(run.id)
        while not lab.scripts.active():
            await lab.clock.sleep(1.0)
        rows = await over(lab, run)
        assert [step for step, _ in rows] == ["up", "work", "relax"]
        assert run.verdict == "pass"


async def test_a_script_cannot_write_what_the_run_holds(tmp_path):
    text = 'await write("PSU_01.v_set", 1.0)\n'
    async with scripted(tmp_path, work=text) as lab:
        run = await lab.start(FLOW)
        rows = await over(lab, run)
        assert [step for step, _ in rows] == ["up", "work"]
        assert run.verdict == "error"
        assert "OWNED" in run.message


async def test_a_limit_that_trips_ends_the_script_too(tmp_path):
    async with scripted(tmp_path, work=WORK) as lab:
        flow = FLOW.replace("sequence:", "limits: [{id: t, trip: run.time > 60 s}]\nsequence:")
        run = await lab.start(flow)
        while not any(one.lines() for one in lab.scripts.active()):
            await lab.clock.sleep(1.0)
        (script,) = lab.scripts.active()
        await over(lab, run)
        await script.done.wait()
        assert (run.verdict, run.ended_by, script.state) == ("fail", "t", "stopped")
