"""Variables of a project over REST: changed all or none, removed, audited, told, seen by rules."""

import json

import pytest

from ionpy_auto.core.clock import SystemClock

FLOW = """version: 1
id: counting
rules:
  - {id: many, when: var.cells > 3, then: [{variables: {set: {state: '"full"'}}}]}
"""


def shown(answer):
    return {item["name"]: item["value"] for item in answer.json()["items"]}


async def until(api, name, value):
    async with SystemClock().timeout(10):
        while shown(await api.get("/api/variables")).get(name) != value:
            await api.engine.project.clock.sleep(0.05)


async def test_set_add_and_remove_are_one_change(api):
    wanted = {"set": {"operator": "Ada", "good": True, "cells": 2}}
    assert shown(await api.patch("/api/variables", json=wanted)) == {
        "cells": 2.0,
        "good": True,
        "operator": "Ada",
    }
    more = {"add": {"cells": 1.5, "fresh": 1}, "remove": ["good"]}
    answer = await api.patch("/api/variables", json=more)
    assert shown(answer) == {"cells": 3.5, "fresh": 1.0, "operator": "Ada"}
    one = (await api.get("/api/variables/cells")).json()
    assert (one["value"], one["by"]) == (3.5, "rest")
    kept = json.loads((api.engine.project.project.folder / "variables.json").read_text())
    assert {name: one["value"] for name, one in kept.items()} == shown(answer)


async def test_put_sets_one_or_exactly_these(api):
    assert (await api.put("/api/variables/a", json={"value": 1})).json()["value"] == 1.0
    answer = await api.put("/api/variables", json={"values": {"b": "x", "c": False}})
    assert shown(answer) == {"b": "x", "c": False}
    assert shown(await api.delete("/api/variables/b")) == {"c": False}
    assert (await api.delete("/api/variables/b")).status_code == 404


REFUSED = {
    "a name that is none": ({"set": {"A b": 1}}, 400),
    "an amount for a text": ({"add": {"word": 1}}, 422),
    "what was never set": ({"remove": ["none"]}, 404),
    "null": ({"set": {"a": None}}, 400),
    "a list": ({"set": {"a": [1]}}, 400),
    "too long a text": ({"set": {"a": "x" * 1001}}, 400),
    "another key": ({"values": {"a": 1}}, 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_changes_nothing(api, name):
    await api.patch("/api/variables", json={"set": {"word": "x", "number": 1}})
    wrong, status = REFUSED[name]
    wrong = {**wrong, "set": {"number": 2, **wrong.get("set", {})}}
    assert (await api.patch("/api/variables", json=wrong)).status_code == status
    assert shown(await api.get("/api/variables")) == {"word": "x", "number": 1.0}


async def test_rules_look_and_browsers_hear_and_it_is_audited(api):
    heard = []
    leave = api.engine.bus.tap("event/variables_changed", heard.append)
    assert (await api.post("/api/flows", json={"text": FLOW})).status_code == 201
    await api.put("/api/variables/cells", json={"value": 1})
    await api.put("/api/variables/cells", json={"value": 4})
    await until(api, "state", "full")
    await api.delete("/api/variables/cells")
    leave()
    told = [(e.payload["by"], [i["name"] for i in e.payload["items"]], e.payload["removed"])
            for e in heard]  # fmt: skip
    assert told == [
        ("rest", ["cells"], []),
        ("rest", ["cells"], []),
        ("rule:counting/many", ["state"], []),
        ("rest", [], ["cells"]),
    ]
    why = next(r for r in (await api.get("/api/rules")).json()["items"] if "many" in r["id"])
    assert why["why"]["result"] is None  # what is removed is unknown
    await api.engine.audit.settle()
    rows = (await api.get("/api/audit")).json()["items"]
    details = [row["detail"] for row in rows if row["action"] == "variables_changed"]
    assert details == [{"remove": ["cells"]}, {"set": {"cells": 4.0}}, {"set": {"cells": 1.0}}]
