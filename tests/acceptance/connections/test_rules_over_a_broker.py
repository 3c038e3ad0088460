"""A whole server and a real broker: rules hear and speak, and a flood leaves the others alone."""

import asyncio

import pytest

from tests.acceptance.connections.lab import PATIENCE_S, entry

FLOW = """version: 1
id: oven
rules:
  - id: answer
    when: {mqtt: lab/oven/state, path: temp}
    if: trigger.value > 60
    then:
      - publish: {topic: lab/oven/set, payload: '{"heat": false}', qos: 1, retain: true}
  - id: noisy
    when: {mqtt: noise/#, value: never}
    then: [{marker: never}]
  - id: clock
    when: {schedule: {every: 1 s}}
    then: [{log: tick}]
"""


LOUD = {"max_pps": 300, "params": {"publish": "always"}}


@pytest.fixture
async def server(api, broker):
    """The demo project with a rule and a broker."""
    made = await api.post("/api/flows", json={"text": FLOW})
    assert made.status_code == 201, made.text
    await api.post("/api/connections", json=entry(broker.port, **LOUD))
    await until(api, lambda m: [one["active"] for one in m["subscriptions"]] == [True, True])
    return api


async def until(api, holds, path="/api/connections/lab"):
    """Look at the connection until something holds."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = (await api.get(path)).json()
            if holds(answer):
                return answer
            await asyncio.sleep(0.02)


async def test_a_rule_answers_a_foreign_client(server, broker):
    for temp in ("59", "61.5"):
        await broker.pub("-t", "lab/oven/state", "-m", f'{{"temp": {temp}}}', "-q", "1")
    said = await broker.sub("-t", "lab/oven/set", "-C", "1", "-W", "10")
    assert said.strip() == '{"heat": false}'
    traces = await until(server, lambda found: found["items"], "/api/rules/oven/answer/traces")
    (trace,) = traces["items"]
    assert trace["values"]["value"] == 61.5
    assert trace["actions"][0]["result"]["acknowledged"] is True
    tested = (await server.post("/api/connections/lab/test")).json()
    assert tested["success"], tested


async def test_what_is_not_sent_stands_in_the_trace(server, broker):
    quiet = entry(broker.port, max_pps=300)
    assert (await server.put("/api/connections/lab", json=quiet)).status_code == 200
    await until(server, lambda m: m["state"] == "online" and len(m["subscriptions"]) == 2)
    await until(server, lambda m: all(one["active"] for one in m["subscriptions"]))
    await broker.pub("-t", "lab/oven/state", "-m", '{"temp": 70}', "-q", "1")
    traces = await until(server, lambda found: found["items"], "/api/rules/oven/answer/traces")
    (action,) = traces["items"][0]["actions"]
    assert (action["ok"], action["result"]["outcome"]) == (True, "shadowed")
    manifest = (await server.get("/api/connections/lab")).json()
    assert manifest["counters"]["sent"] == 0


async def test_a_flood_is_dropped_and_other_rules_go_on(server, broker):
    rules = server.engine.project.automation.rules

    def ticks():
        return next(rule for rule in rules.list() if rule["id"] == "oven/clock")["fired"]

    flood = b"x\n" * 20_000
    noise = asyncio.ensure_future(broker.pub("-t", "noise/1", "-l", stdin=flood))
    await until(server, lambda m: m["counters"]["received"] > 5_000)
    before = ticks()
    await until(server, lambda _: ticks() >= before + 3)
    await broker.pub("-t", "lab/oven/state", "-m", '{"temp": 70}', "-q", "1")
    said = await broker.sub("-t", "lab/oven/set", "-C", "1", "-W", "10")
    assert said.strip() == '{"heat": false}'
    assert await noise == 0
    manifest = await until(server, lambda m: m["counters"]["dropped"] > 3_000)
    assert manifest["waiting"] <= 1000
