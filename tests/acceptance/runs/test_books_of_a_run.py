"""What a run leaves behind: rows, sessions, events, what its rules did, and a crash in between."""

import asyncio

import pytest

from ionpy_auto.automation.context import AlarmCall
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.core.errors import NotFound, Rejected
from ionpy_auto.storage.database import Database
from tests.acceptance.runs.bench import table

TWO_CYCLES = """
version: 1
id: short-cycles
title: Two short cycles
cell: cells/inr18650-25r
channel: CH1
sequence:
  - repeat: 2
    do:
      - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 2 min}
      - id: down
        discharge: 1 A
        until: [{name: even, when: step.ah >= 30 mAh}, step.time > 5 min]
        measure: {taken: {value: step.ah, min: 29 mAh, max: 31 mAh}}
"""


class Sessions:
    """A book of sessions in memory."""

    def __init__(self):
        self.active = None
        self.users = set()
        self.calls = []
        self.changing = asyncio.Lock()
        self.closed = asyncio.Event()
        self.closed.set()

    async def start(self, name="", conditions=None, notes=""):
        self.active = {"id": len(self.calls) + 1, "name": name}
        self.calls.append(("start", name, dict(conditions or {})))
        return self.active

    async def stop(self, status="completed"):
        assert not self.users
        self.calls.append(("stop", self.active["name"]))
        async with self.changing:
            await self.closed.wait()
            self.active = None
        return {}

    async def settled(self):
        async with self.changing:
            return


def kit_with(path, sessions=None):
    made = {}

    def kit(clock, bus):
        del bus
        made["database"] = Database(path, clock, synchronous="NORMAL")
        return {"database": made["database"], "sessions": sessions}

    return kit, made


async def test_rows_of_steps_and_cycles_are_stored_and_read_back(tmp_path):
    kit, made = kit_with(tmp_path / "data.db")
    async with table(kit=kit, opened=made) as lab:
        run = await lab.start(TWO_CYCLES, conditions={"ambient": 25})
        await run.done.wait()
        assert run.verdict == "pass"
        live = await lab.runs.steps(run.id), await lab.runs.cycles(run.id)
        lab.runs.runs.clear()
        stored = await lab.runs.describe(run.id)
        assert stored["state"] == "finished"
        assert stored["verdict"] == "pass"
        assert stored["conditions"] == {"ambient": 25}
        assert {x["name"] for x in stored["protections"]} == {"ovp", "ocp", "cutoff"}
        assert await lab.runs.steps(run.id) == live[0]
        assert await lab.runs.cycles(run.id) == live[1]
        rows = live[0]
        assert [(r["step_id"], r["cycle"], r["ended_by"]) for r in rows] == [
            ("up", 1, "step.time > 2 min"),
            ("down", 1, "even"),
            ("up", 2, "step.time > 2 min"),
            ("down", 2, "even"),
        ]
        assert rows[1]["measures"][0]["verdict"] == "pass"
        assert [c["cycle"] for c in live[1]] == [1, 2]
        items, total = await lab.runs.list()
        assert total == 1
        assert items[0]["id"] == run.id


async def test_a_run_opens_a_session_and_the_last_of_parallel_users_closes_it(tmp_path):
    sessions = Sessions()
    async with table(kit=lambda clock, bus: {"sessions": sessions}) as lab:
        run = await lab.start(TWO_CYCLES, session_name="Evening")
        await lab.clock.sleep(30.0)
        assert sessions.users == {f"run:{run.id}"}
        sessions.users.add("run:other")
        await run.done.wait()
        assert [c[0] for c in sessions.calls] == ["start"]
        assert run.as_dict()["session_id"] == 1


async def test_a_run_that_starts_while_a_session_is_closed_opens_one_of_its_own():
    sessions = Sessions()
    async with table(kit=lambda clock, bus: {"sessions": sessions}) as lab:
        sessions.active = {"id": 1, "name": "closing"}
        sessions.closed.clear()
        closing = asyncio.create_task(sessions.stop())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(sessions.closed.set)
        run = await lab.start(TWO_CYCLES, session_name="Next")
        await closing
        await run.done.wait()
        assert [call[:2] for call in sessions.calls] == [
            ("stop", "closing"),
            ("start", "Next"),
            ("stop", "Next"),
        ]
        assert run.as_dict()["session_id"] == 2


async def test_a_session_that_was_running_stays_open_after_the_run():
    sessions = Sessions()
    await sessions.start("by a person")
    async with table(kit=lambda clock, bus: {"sessions": sessions}) as lab:
        run = await lab.start(TWO_CYCLES)
        await run.done.wait()
        assert [c[0] for c in sessions.calls] == ["start"]
        assert sessions.active is not None


async def test_events_tell_every_step_once_at_its_start_and_its_end():
    async with table() as lab:
        run = await lab.start(TWO_CYCLES)
        await run.done.wait()
        steps = [e.payload for e in lab.events if e.kind == "run_step"]
        assert [(s["step_id"], s["event"]) for s in steps] == [
            ("up", "started"),
            ("up", "ended"),
            ("down", "started"),
            ("down", "ended"),
        ] * 2
        runs = [e for e in lab.events if e.kind == "run"]
        states = [e.payload["state"] for e in runs]
        assert states[0] == "starting"
        assert states[-2:] == ["stopping", "finished"]
        live = [e for e in runs if e.payload["state"] == "running" and e.payload["live"]]
        shares = [e.payload["progress"] for e in live if e.payload["progress"] is not None]
        assert 0.0 <= shares[0] < 0.2
        assert max(shares) <= 1.0
        assert any(e.payload["live"]["next_end"] for e in live)
        assert len([e for e in lab.events if e.kind == "run_cycle"]) == 2


async def test_a_rule_of_the_run_writes_as_the_run_and_lets_go_with_the_step():
    flow = (
        TWO_CYCLES
        + """
rules:
  - id: slower
    when: {expr: step.time > 30 s}
    during: [up]
    then:
      - set: {channel.source.i_set: 0.5 A}
  - id: even
    when: {run: step_ended, step: down}
    if: step.ended_by == "even"
    then:
      - alarm: {severity: info, text: "taken {{ step.ah }}"}
"""
    )
    async with table() as lab:
        engine = RuleEngine(lab.lab, lab.runs._kit.environment)
        await engine.start()
        leave = []
        lab.bus.tap(
            "event/run",
            lambda e: (
                leave.append(engine.add_run(lab.runs.get(e.payload["id"])))
                if e.payload["state"] == "running" and not leave
                else None
            ),
        )
        run = await lab.start(flow)
        await lab.clock.sleep(60.0)
        assert run.state == "running", run.message
        assert lab.bench.supply.i_set == 0.5
        await run.done.wait()
        assert run.verdict == "pass", run.message
        rows = lab.rows(run)
        assert rows[0]["charge_ah"] == pytest.approx((28 * 1.0 + 90 * 0.5) / 3600, abs=0.002)
        alarms = [a for a in lab.lab.alarms if isinstance(a, AlarmCall)]
        assert len(alarms) == 2
        assert "30" in alarms[0].text
        leave[0]()
        await engine.stop()


async def test_a_rule_of_the_run_cannot_leave_the_limits_or_switch():
    async with table() as lab:
        run = await lab.start(TWO_CYCLES)
        await lab.clock.sleep(30.0)
        for point, value, code in (
            ("PSU_01.i_set", 4.5, "ABOVE_LIMIT"),
            ("PSU_01.v_set", 4.3, "ABOVE_LIMIT"),
            ("PSU_01.v_set", 3.0, "BELOW_CELL"),
            ("LOAD_01.load_on", True, "SWITCHING_ORDER"),
        ):
            with pytest.raises(Rejected) as refused:
                await run.write(point, value)
            assert refused.value.error_code == code
        assert run.state == "running"
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_goto_is_followed_as_often_as_it_says():
    flow = """
version: 1
id: jumps
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: a, rest: 10 s}
  - {id: b, rest: 1 h, until: [{name: again, when: step.time > 5 s, goto: a, max: 2}]}
  - {id: c, rest: 1 s}
"""
    async with table() as lab:
        run = await lab.start(flow)
        await run.done.wait()
        assert [r["step_id"] for r in lab.rows(run)] == ["a", "b", "a", "b", "a", "b", "c"]


async def test_names_of_an_ended_step_stay_readable():
    async with table() as lab:
        run = await lab.start(TWO_CYCLES)
        await run.done.wait()
        env = run.env_of(1)
        assert env.value("step.id") == "down"
        assert env.value("step.ah") == pytest.approx(0.03, abs=0.001)
        assert env.value("step.ended_by") == "even"


async def test_an_unknown_run_is_not_found():
    async with table() as lab:
        with pytest.raises(NotFound):
            lab.runs.pause("nobody")
        with pytest.raises(NotFound):
            await lab.runs.describe("nobody")
