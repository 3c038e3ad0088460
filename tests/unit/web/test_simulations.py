"""Validate, dry run, back-test and simulation over REST, with the demo project open."""

import asyncio
import os
import signal
from pathlib import Path

from ionpy_auto.core.commands import Mode
from ionpy_auto.simulation import jobs

FLOW = """version: 1
id: guarded
rules:
  - id: strong
    when: PSU_01.v_set >= 0 V
    if: PSU_01.output == false
    then:
      - set: {PSU_01.v_set: 1 V}
      - marker: "{{ PSU_01.v_set }}"
      - notify: {to: lab, message: "it is {{ PSU_01.output }}"}
    else:
      - set: {PSU_01.v_set: 10000 V}
      - log: not reached
"""


async def over(api, answer):
    """The job once it is over."""
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]
    for _ in range(2400):
        job = (await api.get(place)).json()
        if job["state"] in {"done", "failed", "cancelled"}:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(job)


async def begun(api, answer):
    """The job once its process tells of itself."""
    place = answer.headers["location"]
    for _ in range(2400):
        job = (await api.get(place)).json()
        if job["progress"] > 0 or job["state"] not in {"waiting", "running"}:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(job)


async def recorded(api, seconds=20):
    """A closed session; returns its number."""
    await api.post("/api/projects/active/sessions/start", json={"name": "for tests"})
    await api.engine.project.clock.sleep(seconds)
    answer = await api.post("/api/projects/active/sessions/stop")
    return answer.json()["id"]


async def test_a_text_is_validated_with_all_findings_and_its_rules(api):
    good = (await api.post("/api/rules/validate", json={"text": FLOW})).json()
    assert (good["ok"], [rule["id"] for rule in good["rules"]]) == (True, ["guarded/strong"])
    bad = (await api.post("/api/rules/validate", json={"text": FLOW.replace("1 V", "1 A")})).json()
    assert not bad["ok"]
    assert [(f["line"], f["severity"]) for f in bad["findings"]] == [(8, "error")]


async def test_what_is_there_is_validated_by_its_id(api):
    known = (await api.get("/api/rules")).json()["items"][0]["id"]
    assert (await api.post("/api/rules/validate", json={"id": known})).json()["ok"]
    flow = known.partition("/")[0]
    assert (await api.post("/api/rules/validate", json={"id": f"{flow}/none"})).status_code == 404
    assert (await api.post("/api/rules/validate", json={"id": "none"})).status_code == 404
    assert (await api.post("/api/rules/validate", json={})).status_code == 400


async def test_a_dry_run_shows_values_and_actions_and_sends_nothing(api):
    sent = []
    api.engine.bus.tap("event/", lambda event: sent.append(event.kind))
    before = dict(api.engine.project.gate.counts)
    answer = await api.post("/api/rules/guarded/strong/dry-run", json={"text": FLOW})
    shown = answer.json()
    assert answer.status_code == 200, shown
    (trigger,) = shown["triggers"]
    assert trigger["result"] is True
    assert {"PSU_01.v_set"} <= {part["text"] for part in trigger["values"]}
    assert shown["branch"] == "then"
    write, marker, notify = shown["then"]
    assert write["would"][0]["point"] == "PSU_01.v_set"
    assert write["would"][0]["gate"] == {"ok": True, "sent": 1.0}
    assert marker["would"][0]["label"] == "0"
    assert notify["would"][0] == {
        "would": "notify",
        "to": "lab",
        "title": "rule:guarded/strong",
        "message": "it is false",
    }
    await api.engine.project.clock.sleep(3)
    assert api.engine.values.get("PSU_01.v_set").value == 0
    assert api.engine.project.gate.counts == before
    assert not {"marker", "notify", "rule_fired"} & set(sent)


async def test_a_dry_run_names_what_the_gate_would_refuse_and_what_is_not_reached(api):
    shown = (await api.post("/api/rules/guarded/strong/dry-run", json={"text": FLOW})).json()
    refused, behind = shown["else"]
    assert (refused["ok"], refused["reached"], behind["reached"]) == (False, True, False)
    gate = refused["would"][0]["gate"]
    assert not gate["ok"]
    assert gate["message"] == refused["message"]


async def test_a_dry_run_names_the_owner_the_latch_and_says_what_shadow_means(api):
    bench = api.engine.project
    bench.gate.leases.acquire("run:7", ["PSU_01.*"])
    shown = (await api.post("/api/rules/guarded/strong/dry-run", json={"text": FLOW})).json()
    assert shown["then"][0]["would"][0]["gate"]["code"] == "OWNED"
    bench.gate.leases.release("run:7")
    bench.mode.mode = Mode.SHADOW
    shown = (await api.post("/api/rules/guarded/strong/dry-run", json={"text": FLOW})).json()
    assert shown["then"][0]["would"][0]["would_reach"] == "nothing"
    api.engine.latch.press("test", "", 0.0)
    shown = (await api.post("/api/rules/guarded/strong/dry-run", json={"text": FLOW})).json()
    assert not shown["then"][0]["would"][0]["gate"]["ok"]


async def test_every_rule_of_the_demo_can_be_dry_run(api):
    for flow in (await api.get("/api/flows")).json()["items"]:
        answer = (await api.post(f"/api/flows/{flow['id']}/dry-run")).json()
        assert answer["total"] == flow["rules"]


async def test_a_draft_is_back_tested_before_it_is_saved(api):
    session = await recorded(api)
    text = FLOW.replace("PSU_01.v_set >= 0 V", "{schedule: {every: 5 s}}")
    body = {"session_id": session, "text": text}
    job = await over(api, await api.post("/api/rules/guarded/strong/backtest", json=body))
    assert job["state"] == "done", job
    result = job["result"]
    assert (result["rule"], result["count"]) == ("guarded/strong", 4)
    assert result["firings"][0]["actions"][0]["verb"] == "set"
    assert (await api.get("/api/flows/guarded")).status_code == 404
    saved = await api.post("/api/flows/warm-cell/backtest", json={"session_id": session})
    whole = (await over(api, saved))["result"]
    assert (whole["samples"] > 0, whole["notes"]) == (True, [])
    listed = (await api.get("/api/simulations")).json()["items"]
    assert [(one["id"], one["state"]) for one in listed] == [("2", "done"), (job["id"], "done")]


async def test_a_back_test_while_recording_loses_nothing(api):
    """Rows keep coming while the worker reads; each sample of the session is stored once."""
    bench = api.engine.project
    heard = []
    answer = await api.post("/api/projects/active/sessions/start", json={"name": "long"})
    session = answer.json()["id"]
    bench.bus.tap("sample/PSU_01", lambda s: heard.append(s.timestamp))
    await bench.clock.sleep(30)
    text = FLOW.replace("PSU_01.v_set >= 0 V", "{schedule: {every: 5 s}}")
    body = {"session_id": session, "text": text}
    jobs = [await api.post("/api/flows/guarded/backtest", json=body) for _ in range(2)]
    for job in [await over(api, one) for one in jobs]:
        assert job["state"] == "done", job
        assert job["result"]["count"] >= 5
    during = len(heard)
    await bench.clock.sleep(30)
    await api.post("/api/projects/active/sessions/stop")
    expected = list(heard)
    history = await api.get(f"/api/projects/active/devices/PSU_01/history?session_id={session}")
    stored = set(history.json()["t"])
    assert 0 < during < len(expected)
    assert [t for t in expected if t not in stored and t < max(stored)] == []
    assert bench.recorder.counters.failures == bench.recorder.counters.dropped == 0


async def test_a_killed_worker_is_a_clean_error_and_the_next_test_works(api):
    slow = await api.post("/api/flows/capacity-check/simulate", json={"hours": 100})
    await begun(api, slow)
    (worker,) = children()
    os.kill(worker, signal.SIGKILL)
    job = await over(api, slow)
    assert (job["state"], job["error"]["code"]) == ("failed", "WORKER_DIED")
    assert "signal 9" in job["error"]["message"]
    quick = await api.post("/api/flows/warm-cell/simulate", json={"hours": 0.01})
    assert (await over(api, quick))["state"] == "done"


async def test_a_cancelled_test_ends_its_process(api):
    slow = await api.post("/api/flows/capacity-check/simulate", json={"hours": 100})
    waiting = await api.post("/api/flows/capacity-check/simulate", json={"hours": 100})
    await begun(api, slow)
    for one in (waiting, slow):
        answer = await api.delete(one.headers["location"])
        assert answer.json()["state"] == "cancelled"
    assert children() == []
    assert (await over(api, slow))["state"] == "cancelled"


async def test_a_ninth_test_is_refused_and_one_that_is_not_there_is_named(api):
    async with jobs.simulations_of(api.engine)._turn:
        for _ in range(8):
            await api.post("/api/flows/warm-cell/simulate", json={"hours": 0.01})
        full = await api.post("/api/flows/warm-cell/simulate", json={"hours": 0.01})
        assert (full.status_code, full.json()["code"]) == (409, "TOO_MANY_TESTS")
        assert full.json()["message"] == "8 tests are waiting"
        for job in range(1, 9):
            await api.delete(f"/api/simulations/{job}")
    none = (await api.get("/api/simulations/77")).json()
    assert none["message"] == "there is no test '77'"
    assert none["hint"] == "GET /api/simulations lists them; old ones are forgotten"


async def test_a_test_that_breaks_down_says_so_in_an_event_without_its_result(api, monkeypatch):
    told = []
    api.engine.bus.tap("event/simulation", lambda event: told.append(event.payload))

    async def broken(*_):
        raise LookupError

    monkeypatch.setattr(jobs, "in_worker", broken)
    answer = await api.post("/api/flows/warm-cell/simulate", json={"hours": 0.01})
    job = await over(api, answer)
    wanted = {"code": "INTERNAL_ERROR", "message": "the test broke down", "hint": ""}
    assert (job["state"], job["error"]) == ("failed", wanted)
    assert [payload["state"] for payload in told] == ["running", "failed"]
    assert all("result" not in payload for payload in told)


def children():
    """Worker processes of this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"ionpy_auto.simulation.worker" in words:
            found.append(int(entry.name))
    return found


SENSELESS = [
    ("/api/flows/warm-cell/backtest", {}, 400),
    ("/api/flows/warm-cell/backtest", {"session_id": 0}, 400),
    ("/api/flows/none/backtest", {"session_id": 1}, 404),
    ("/api/flows/none/simulate", {}, 404),
    ("/api/flows/warm-cell/simulate", {"hours": -1}, 400),
    ("/api/rules/warm-cell/none/dry-run", {}, 404),
    ("/api/rules/none/none/dry-run", {}, 404),
    ("/api/rules/f/r/dry-run", {"text": "version: 1"}, 422),
]


async def test_what_makes_no_sense_is_refused_at_once(api):
    for path, body, status in SENSELESS:
        assert (await api.post(path, json=body)).status_code == status, path


async def test_a_session_that_is_not_there_fails_with_its_reason(api):
    await recorded(api, 1)
    answer = await api.post("/api/flows/warm-cell/backtest", json={"session_id": 99})
    job = await over(api, answer)
    assert (job["state"], job["error"]["code"]) == ("failed", "NOT_FOUND")
    assert (await api.get("/api/simulations/77")).status_code == 404
