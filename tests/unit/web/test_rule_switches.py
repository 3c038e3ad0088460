"""Switches of rules and of single actions over REST: shown, audited, and off is off."""

import pytest

FLOW = """version: 1
id: two
rules:
  - id: r
    when: manual
    then:
      - log: first
      - {enabled: false, log: second}
      - if: 1 < 2
        then: [{log: inner}]
"""
ACTIONS = "/api/rules/two/r/actions"


@pytest.fixture
async def ruled(api):
    assert (await api.post("/api/flows", json={"text": FLOW})).status_code == 201
    return api


async def shown(api):
    answer = (await api.get("/api/rules")).json()["items"]
    rule = next(rule for rule in answer if rule["id"] == "two/r")
    return {a["place"]: (a["enabled"], a["runtime_enabled"]) for a in rule["actions"]}


async def test_the_switch_of_an_action_stands_beside_the_file_and_in_the_audit(ruled):
    for place, enabled in (("0", False), ("then.1", True), ("then.2.then.0", False)):
        answer = await ruled.put(f"{ACTIONS}/{place}/enabled", json={"enabled": enabled})
        assert answer.status_code == 200, answer.text
    assert await shown(ruled) == {
        "then/0": (True, False),
        "then/1": (False, True),
        "then/2": (True, True),
        "then/2/then/0": (True, False),
    }
    await ruled.engine.audit.settle()
    rows = (await ruled.get("/api/audit")).json()["items"]
    told = [row["detail"] for row in rows if row["action"] == "rule_action_switched"]
    assert {"rule": "two/r", "action": "then/0", "enabled": False} in told
    assert len(told) == 3


async def test_only_what_is_on_is_done(ruled):
    await ruled.put(f"{ACTIONS}/then.2.then.0/enabled", json={"enabled": False})
    await ruled.put(f"{ACTIONS}/1/enabled", json={"enabled": True})
    await ruled.post("/api/rules/two/r/trigger")
    await ruled.engine.project.clock.sleep(0.2)
    (trace,) = (await ruled.get("/api/rules/two/r/traces")).json()["items"]
    assert [action["verb"] for action in trace["actions"]] == ["log", "log", "if"]


async def test_null_is_as_the_file_says(ruled):
    await ruled.put(f"{ACTIONS}/0/enabled", json={"enabled": False})
    await ruled.put(f"{ACTIONS}/0/enabled", json={"enabled": None})
    assert (await shown(ruled))["then/0"] == (True, True)


REFUSED = {
    "no such action": ("/api/rules/two/r/actions/9/enabled", {"enabled": True}, 404),
    "no such rule": ("/api/rules/two/x/actions/0/enabled", {"enabled": True}, 404),
    "no switch": ("/api/rules/two/r/actions/0/enabled", {}, 400),
    "no boolean": ("/api/rules/two/r/actions/0/enabled", {"enabled": "off"}, 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(ruled, name):
    path, body, status = REFUSED[name]
    assert (await ruled.put(path, json=body)).status_code == status


async def test_switching_a_rule_is_audited(ruled):
    await ruled.post("/api/rules/two/r/disable")
    await ruled.engine.audit.settle()
    rows = (await ruled.get("/api/audit")).json()["items"]
    told = [(row["actor"], row["detail"]) for row in rows if row["action"] == "rule_switched"]
    assert told == [("rest", {"rule": "two/r", "enabled": False})]
