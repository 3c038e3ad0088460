"""Rules of a run fire in a back-test of its recording when they fired while it ran."""

import pytest

from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.core.bus import Event
from ionpy_auto.simulation.backtest import BacktestJob, backtest
from tests.acceptance.runs.bench import CHANNEL, table
from tests.acceptance.runs.test_recorded_runs import Recording

FLOW = """
version: 1
id: watched
cell: cells/inr18650-25r
channel: CH1
parameters: {rounds: {default: 5, min: 1, max: 9}}
sequence:
  - id: loop
    repeat: $rounds
    do:
      - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 2 min}
      - {id: down, discharge: {current: 2 A}, until: {name: even, when: step.ah > 20 mAh}}
  - {id: relax, rest: 1 min}
rules:
  - {id: begun, when: {run: started}, then: [{log: "{{ run.id }}"}]}
  - {id: late, when: step.time > 30 s, during: [up], then: [{log: "{{ step.id }}"}]}
  - {id: loose, when: step.time > 70 s, then: [{log: "{{ step.id }} {{ cycle.number }}"}]}
  - {id: inside, when: current > 0.5 A, during: [loop], then: [{log: "{{ step.id }}"}]}
  - {id: half, when: step.ah > 10 mAh, during: [down], then: [{log: half}]}
  - id: even
    when: {run: step_ended, step: down}
    if: step.ended_by == "even" and cell.capacity > 1 Ah
    then: [{log: "{{ step.ah }}"}]
  - {id: round, when: {run: cycle}, then: [{log: "{{ trigger.cycle }}"}]}
  - {id: over, when: {run: finished, verdict: pass}, then: [{safe_state: channel}]}
  - {id: outside, scope: always, when: {run: step_started, step: relax}, then: [{log: relax}]}
"""


async def recorded(folder, text):
    """A run with its rules at work; what fired when."""
    recording = Recording(folder / "data.db")
    fired = []
    async with table(kit=recording.kit, opened=recording.opened) as lab:
        await recording.start(lab)
        engine = RuleEngine(lab.lab, lab.runs._kit.environment)
        await engine.start()
        leave = []

        def look(event: Event) -> None:
            state, run_id = event.payload["state"], event.payload["id"]
            if state == "running" and not leave:
                leave.append(engine.add_run(lab.runs.get(run_id)))
            elif state == "finished":
                leave[0]()

        def note(event: Event) -> None:
            actions = [action.get("result") for action in event.payload["actions"]]
            fired.append((event.payload["rule"], event.payload["timestamp"], str(actions)))

        lab.bus.tap("event/run", look)
        lab.bus.tap("event/rule_fired", note)
        run = await lab.start(text, parameters={"rounds": 2})
        engine.put("watched", run.flow)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        await lab.clock.sleep(1)
        await engine.stop()
        await recording.recorder.stop()
        database = recording.opened["database"]
        await database.write(
            lambda session: session.connection().exec_driver_sql("UPDATE runs SET session_id = 1")
        )
        (folder / "channels").mkdir()
        (folder / "channels" / "CH1.yaml").write_text(CHANNEL, encoding="utf-8")
    return run, fired


async def played(folder, text, **more):
    job = BacktestJob(folder=str(folder), text=text, session_id=1, **more)
    return await backtest(job, lambda share, message: None)


async def test_every_rule_of_a_run_fires_when_it_did(tmp_path):
    run, fired = await recorded(tmp_path, FLOW)
    result = await played(tmp_path, FLOW)
    assert (result["runs"], result["notes"]) == ([run.id], [])
    live = sorted(one[:2] for one in fired)
    found = sorted((one["rule"], one["at"]) for one in result["firings"])
    assert [rule for rule, _ in found] == [rule for rule, _ in live]
    counts = {rule: sum(1 for name, _ in live if name == rule) for rule, _ in live}
    assert counts == {
        "watched/begun": 1,
        "watched/late": 2,
        "watched/loose": 2,
        "watched/inside": 2,
        "watched/half": 2,
        "watched/even": 2,
        "watched/round": 2,
        "watched/over": 1,
        "watched/outside": 1,
    }
    # What is looked at once a second may be looked at in another part of it.
    for (rule, there), (_, here) in zip(live, found, strict=True):
        assert here == pytest.approx(there, abs=1.01), rule
    told = {one["rule"]: str(one["actions"][0]["result"]) for one in result["firings"]}
    for rule, _, actions in fired:
        if rule in {"watched/begun", "watched/even", "watched/late"}:
            assert any(word in told[rule] for word in (run.id, "up", "0.02")), (rule, actions)


async def test_another_text_is_tested_with_the_channel_and_parameters_of_the_run(tmp_path):
    await recorded(tmp_path, FLOW)
    draft = FLOW.replace("step.time > 30 s", "step.time > 130 s").replace("> 70 s", "> $x")
    draft = draft.replace("max: 9}}", "max: 9}, x: 40 s}")
    counts = {one["id"]: one["fired"] for one in (await played(tmp_path, draft))["rules"]}
    assert (counts["watched/late"], counts["watched/loose"]) == (0, 3)
    gone = FLOW.replace("parameters: {rounds: {default: 5, min: 1, max: 9}}\n", "")
    result = await played(tmp_path, gone.replace("$rounds", "2"))
    assert "does not go with this text" in result["notes"][0]


async def test_without_a_run_in_the_recording_that_is_said(tmp_path):
    await recorded(tmp_path, FLOW)
    other = FLOW.replace("id: watched", "id: another")
    notes = (await played(tmp_path, other))["notes"]
    assert "another/late belongs to a run, and none was recorded: simulate the flow" in notes
