"""The blocks wired to a whole simulated project: what a rule asks for happens at the bench."""

import pytest

from ionpy_auto.core.clock import SystemClock

FLOW = """version: 1
id: bench
rules:
  - id: up
    when: startup
    then:
      - variables: {add: {starts: 1}}
  - id: forbidden
    when: {event: raise}
    then:
      - set: {PSU_01.v_set: 5 V}
  - id: soft
    when: {webhook: soft}
    then:
      - ramp: {point: PSU_01.i_set, to: trigger.amps, over: 2 s}
      - wait_for: PSU_01.i_set == trigger.amps
        timeout: 10 s
      - parallel:
          - [{wait: 1 s}, {event: {name: done, fields: {amps: trigger.amps}}}]
          - [{alarm: {text: Soft start}}, {alarm: {do: ack, text: seen}}]
  - id: run
    when: {webhook: run}
    then:
      - run: {sequence: idle, parameters: {time: "{{ trigger.minutes }} min"}}
  - id: end
    when: {webhook: end}
    then:
      - stop_run: {channel: CH1}
"""
IDLE = """version: 1
id: idle
channel: CH1
parameters: {time: 1 min}
sequence:
  - {id: relax, rest: $time}
"""


@pytest.fixture
async def lab(api):
    for text in (FLOW, IDLE):
        answer = await api.post("/api/flows", json={"text": text})
        assert answer.status_code == 201, answer.text
    api.engine.project.clock.speed = None
    return api


async def soon(lab, look):
    """What ``look`` says as soon as it says something; virtual time goes on meanwhile."""
    clock = lab.engine.project.clock
    async with SystemClock().timeout(20):
        while not (found := look()):
            await clock.sleep(0.2)
    return found


async def traces(lab, rule):
    return await lab.engine.project.automation.rules.traces(rule)


async def test_a_hook_starts_a_ramp_that_the_next_actions_wait_for(lab):
    bench = lab.engine.project
    told = []
    bench.bus.tap("event/custom", told.append)
    sent = []
    bench.bus.tap("event/rule_fired", sent.append)
    assert (await lab.post("/api/hooks/soft", json={"amps": 1.5})).status_code == 202
    await soon(lab, lambda: [e for e in sent if e.payload["rule"] == "bench/soft"])
    (trace,) = await traces(lab, "bench/soft")
    assert trace["outcome"] == "done", trace
    ramp, waited, both = trace["actions"]
    assert (ramp["result"]["to"], ramp["result"]["steps"]) == (1.5, 4)
    assert waited["result"]["met"] is True
    assert bench.values.latest["PSU_01.i_set"].value == 1.5
    assert [branch["ok"] for branch in both["result"]["branches"]] == [True, True]
    assert told[0].payload["fields"] == {"amps": 1.5}
    (alarm,) = [a for a in bench.automation.alarms.active() if a["key"] == "rule:bench/soft"]
    assert (alarm["state"], alarm["ack_by"], alarm["comment"]) == (
        "active_acked",
        "rule:bench/soft",
        "seen",
    )


async def test_a_rule_starts_a_run_and_another_ends_it(lab):
    runs = lab.engine.project.automation.runs
    await lab.post("/api/hooks/run", json={"minutes": 100_000})
    (run,) = await soon(lab, lambda: [r for r in runs.active() if r.state == "running"])
    (trace,) = await traces(lab, "bench/run")
    assert trace["actions"][0]["result"]["run"] == run.id
    assert run.request.actor == "rule:bench/run"
    await lab.post("/api/hooks/end", json={})
    await soon(lab, lambda: run.state == "finished")
    assert (run.ended_by, run.message) == ("stopped", "stopped by rule:bench/end")


async def test_opening_the_project_fires_startup_once_and_drives_nothing(lab):
    project = lab.engine.project.project.id
    variables = lab.engine.project.automation.variables
    assert variables.list() == []  # loaded after the start: it has missed it
    for count in (1.0, 2.0):
        await lab.engine.close_project()
        await lab.engine.open_project(project)
        now = lab.engine.project.automation.variables
        await soon(lab, lambda now=now, n=count: [v for v in now.list() if v["value"] == n])
