"""An administrator reads, trusts and distrusts native scripts over REST."""

import json

import pytest

from ionpy_auto.core.clock import SystemClock

TEXT = "# ionpy: native\nimport os\nprint('pid', os.getpid() > 0)\n"
TRUST = "/api/scripts/crunch/trust"


@pytest.fixture
async def scripted(api):
    answer = await api.put("/api/scripts/crunch", json={"text": TEXT})
    assert answer.status_code == 200, answer.text
    return api


async def ended(api, run):
    async with SystemClock().timeout(20):
        while (row := (await api.get(f"/api/scripts/runs/{run}")).json())["state"] == "running":
            await SystemClock().sleep(0.02)
    return row


async def test_read_trusted_run_and_asked_again_when_changed(scripted):
    refused = await scripted.post("/api/scripts/crunch/run")
    assert (refused.status_code, refused.json()["code"]) == (403, "SCRIPT_UNTRUSTED")
    assert "/api/scripts/crunch/trust" in refused.json()["hint"]
    shown = (await scripted.get(TRUST)).json()
    assert (shown["native"], shown["trusted"]) == (True, False)
    assert "+import os" in shown["diff"]
    trusted = await scripted.post(TRUST, json={"hash": shown["hash"]})
    assert (trusted.json()["trusted"], trusted.json()["diff"]) == (True, "")
    run = (await scripted.post("/api/scripts/crunch/run")).json()["id"]
    row = await ended(scripted, run)
    assert (row["state"], [one["text"] for one in row["output"]]) == ("done", ["pid True"])

    saved = (await scripted.get("/api/scripts/crunch")).json()
    body = {"text": TEXT + "print('more')\n", "revision": saved["revision"]}
    assert (await scripted.put("/api/scripts/crunch", json=body)).status_code == 200
    again = await scripted.post("/api/scripts/crunch/run")
    assert "changed since" in again.json()["message"]
    look = (await scripted.get(TRUST)).json()
    assert "+print('more')" in look["diff"]
    assert "+import os" not in look["diff"]
    stale = await scripted.post(TRUST, json={"hash": shown["hash"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "CONTENT_CHANGED")

    await scripted.engine.audit.settle()
    rows = (await scripted.get("/api/audit")).json()["items"]
    told = [row["detail"]["hash"] for row in rows if row["action"] == "script_trusted"]
    assert told == [shown["hash"]]


async def test_distrust_stops_what_runs(scripted):
    text = TEXT + "import time\nwhile True: time.sleep(0.01)\n"
    revision = (await scripted.get("/api/scripts/crunch")).json()["revision"]
    await scripted.put("/api/scripts/crunch", json={"text": text, "revision": revision})
    digest = (await scripted.get(TRUST)).json()["hash"]
    await scripted.post(TRUST, json={"hash": digest})
    run = (await scripted.post("/api/scripts/crunch/run")).json()["id"]
    assert not (await scripted.delete(TRUST)).json()["trusted"]
    assert (await ended(scripted, run))["state"] == "stopped"
    assert (await scripted.post("/api/scripts/crunch/run")).status_code == 403


async def test_a_rule_that_starts_it_untrusted_fails_with_the_reason(scripted):
    flow = "version: 1\nid: f\nrules: [{id: r, when: manual, then: [{script: crunch}]}]\n"
    assert (await scripted.post("/api/flows", json={"text": flow})).status_code == 201
    await scripted.post("/api/rules/f/r/trigger")
    async with SystemClock().timeout(20):
        while not (found := (await scripted.get("/api/rules/f/r/traces")).json()["items"]):
            await SystemClock().sleep(0.02)
    assert found[0]["actions"][0]["error"] == "SCRIPT_UNTRUSTED"


async def test_what_is_hidden_is_shown_and_a_damaged_list_trusts_nothing(scripted):
    text = TEXT + "x = '\u202e'\n"
    revision = (await scripted.get("/api/scripts/crunch")).json()["revision"]
    await scripted.put("/api/scripts/crunch", json={"text": text, "revision": revision})
    shown = (await scripted.get(TRUST)).json()
    assert "⟦U+202E⟧" in shown["diff"]
    await scripted.post(TRUST, json={"hash": shown["hash"]})
    place = scripted.engine.home.root / "config" / "trusted_scripts.json"
    kept = json.loads(place.read_text(encoding="utf-8"))
    assert next(iter(kept["scripts"])).endswith("/scripts/crunch.py")
    for damage in ("{", "[]", '{"scripts": [1]}', '{"scripts": {"x": 1}}'):
        place.write_text(damage, encoding="utf-8")
        assert not (await scripted.get(TRUST)).json()["trusted"]


async def test_a_script_of_the_sandbox_needs_no_trust(api):
    await api.put("/api/scripts/plain", json={"text": "print(1)\n"})
    shown = (await api.get("/api/scripts/plain/trust")).json()
    answer = await api.post("/api/scripts/plain/trust", json={"hash": shown["hash"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_NATIVE")
