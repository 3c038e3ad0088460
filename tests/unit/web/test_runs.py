"""Runs over REST: what narrows their list, the session they record into, who is told of an end."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from ionpy_auto.alarms.outward import Outward

QUICK = """version: 1
id: quick
title: A quick look
sequence:
  - {id: a, wait: 1 s}
"""
DOUBT = """version: 1
id: doubt
sequence:
  - {id: a, wait: 1 s, verdict: inconclusive}
  - {id: b, wait: 1 s}
"""
SLOW = """version: 1
id: slow
channel: CH1
limits: [voltage > 4.3 V, voltage < 2 V]
sequence:
  - {id: a, rest: 10 h}
"""
FLOWS = (QUICK, DOUBT, SLOW)


@pytest.fixture
async def lab(api):
    for text in FLOWS:
        assert (await api.post("/api/flows", json={"text": text})).is_success
    return api


async def start(api, sequence="quick", **more):
    answer = await api.post("/api/runs", json={"sequence": sequence, **more})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/runs/{answer.json()['id']}"
    return answer.json()["id"]


async def over(api, run_id):
    await api.engine.project.automation.runs.get(run_id).done.wait()
    return (await api.get(f"/api/runs/{run_id}")).json()


async def ids(api, **query):
    answer = await api.get("/api/runs", params=query)
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()["items"]]


async def test_a_list_is_narrowed_and_paged(lab):
    quick = await start(lab, bindings={"cell_id": "C-7"}, conditions={"oven": "north"})
    doubt = await start(lab, "doubt")
    await over(lab, quick)
    assert (await over(lab, doubt))["verdict"] == "inconclusive"
    slow = await start(lab, "slow")
    assert set(await ids(lab)) == {slow, doubt, quick}
    pages = [await ids(lab, limit=1, offset=offset) for offset in range(4)]
    assert pages == [[run] for run in await ids(lab)] + [[]]
    assert set(await ids(lab, state="finished")) == {doubt, quick}
    assert slow in await ids(lab, text="slow")
    assert await ids(lab, channel="CH1") == [slow]
    assert await ids(lab, verdict="inconclusive") == [doubt]
    assert await ids(lab, sequence="quick") == [quick]
    assert await ids(lab, cell_id="C-7") == [quick]
    assert await ids(lab, text="QUICK LOOK") == [quick]
    assert await ids(lab, text="north") == [quick]
    assert await ids(lab, text="100%") == []
    while (begun := (await lab.get(f"/api/runs/{slow}")).json()["started"]) is None:
        await lab.engine.clock.sleep(0.01)
    assert set(await ids(lab, until=begun + 60)) == {slow, doubt, quick}
    assert await ids(lab, since=begun + 60) == await ids(lab, until=begun - 9e6) == []
    assert (await lab.get("/api/runs", params={"state": "sleeping"})).status_code == 400
    await lab.post(f"/api/runs/{slow}/abort")


async def test_a_verdict_at_a_step_counts_unless_its_end_has_one(lab):
    text = """version: 1
id: judged
channel: CH1
limits: [voltage > 4.3 V, voltage < 2 V]
sequence:
  - {id: a, rest: 1 s, verdict: fail, until: [{name: now, when: step.time >= 0 s, verdict: pass}]}
  - {id: b, rest: 1 h, verdict: inconclusive, until: [step.time >= 1 s]}
"""
    assert (await lab.post("/api/flows", json={"text": text})).is_success
    run = await over(lab, await start(lab, "judged"))
    steps = (await lab.get(f"/api/runs/{run['id']}/steps")).json()["items"]
    assert [step["verdict"] for step in steps] == ["pass", "inconclusive"]
    files = (await lab.get(f"/api/runs/{run['id']}/files")).json()["items"]
    assert next(file["text"] for file in files if file["role"] == "flow") == text
    assert (await lab.get("/api/runs/nobody/files")).status_code == 404
    assert run["verdict"] == "inconclusive"


async def test_a_run_records_into_the_session_it_names_or_is_refused(lab):
    none = await lab.post("/api/runs", json={"sequence": "slow", "session": 1})
    assert (none.status_code, none.json()["code"]) == (409, "SESSION_NOT_RUNNING")
    session = (await lab.post("/api/projects/active/sessions/start", json={"name": "mine"})).json()
    other = await lab.post("/api/runs", json={"sequence": "slow", "session": session["id"] + 1})
    assert other.json()["args"] == {"wanted": session["id"] + 1, "active": session["id"]}
    asked = await lab.post(
        "/api/runs/check", json={"sequence": "slow", "session": session["id"] + 1}
    )
    assert "SESSION_NOT_RUNNING" in asked.text
    assert await ids(lab) == []
    run = await start(lab, "slow", session=session["id"], conditions={"oven": 25})
    while (found := (await lab.get(f"/api/runs/{run}")).json())["state"] != "running":
        await lab.engine.project.clock.sleep(0.05)
    assert (found["session_id"], found["conditions"]) == (session["id"], {"oven": 25})
    await lab.post(f"/api/runs/{run}/abort")
    await over(lab, run)
    assert (await lab.get("/api/projects/active")).json()["session"]["id"] == session["id"]


async def test_a_run_without_a_session_opens_one_with_its_name_and_conditions(lab):
    session = {"name": "night 7"}
    run = await over(lab, await start(lab, session=session, conditions={"oven": 25}))
    path = f"/api/projects/active/sessions/{run['session_id']}"
    kept = (await lab.get(path)).json()
    assert (kept["name"], kept["conditions"]) == ("night 7", {"oven": 25})
    wrong = await lab.post("/api/runs", json={"sequence": "quick", "session": {"nmae": "x"}})
    assert wrong.status_code == 400


async def test_two_requests_with_one_key_at_once_start_one_run(lab):
    async def post():
        headers = {"Idempotency-Key": "k1"}
        return await lab.post("/api/runs", json={"sequence": "quick"}, headers=headers)

    answers = await asyncio.gather(*(post() for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await ids(lab)) == 1


async def test_a_flow_with_errors_is_refused_with_every_place(lab):
    answer = await lab.post("/api/runs", json={"sequence": "slow", "bindings": {"channel": "CH9"}})
    assert answer.status_code in {404, 422}
    bad = {"sequence": "capacity-check", "parameters": {"cycles": 0, "nonsense": 1}}
    answer = await lab.post("/api/runs", json=bad)
    found = answer.json()["findings"]
    assert answer.status_code == 422
    assert {"unknown-parameter", "range"} <= {finding["code"] for finding in found}
    assert all({"line", "column", "message", "hint"} <= finding.keys() for finding in found)
    assert await ids(lab) == []


async def test_the_owner_of_a_channel_is_named(lab):
    run = await start(lab, "slow")
    refused = await lab.post("/api/runs", json={"sequence": "slow"})
    assert (refused.status_code, refused.json()["args"]["owner"]) == (409, f"run:{run}")
    await lab.post(f"/api/runs/{run}/abort")
    await over(lab, run)


# -- events -----------------------------------------------------------------------------------


def messages(text):
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields["id"]))
    return found


async def test_who_comes_back_to_the_stream_gets_the_steps_it_missed(lab):
    run = await over(lab, await start(lab, "doubt"))
    path = f"/api/runs/{run['id']}/events"
    plain = messages((await lab.get(path)).text)
    assert [kind for kind, _, _ in plain] == ["run"]
    steps = (await lab.get(f"/api/runs/{run['id']}/steps")).json()["items"]
    since = f"{steps[1]['started'] + 0.01:.6f}"
    again = messages((await lab.get(path, headers={"Last-Event-ID": since})).text)
    assert [kind for kind, _, _ in again] == ["run_step", "run"]
    assert (again[0][1]["step_id"], again[0][1]["event"]) == ("b", "ended")
    odd = messages((await lab.get(path, headers={"Last-Event-ID": "nonsense"})).text)
    assert [kind for kind, _, _ in odd] == ["run"]


async def test_a_quiet_stream_beats(lab, monkeypatch):
    monkeypatch.setattr("ionpy_auto.web.api.runs.BEAT_S", 0.005)
    text = "version: 1\nid: ask\nsequence:\n  - {id: q, prompt: Go on}\n"
    assert (await lab.post("/api/flows", json={"text": text})).is_success
    run = await start(lab, "ask")
    reading = asyncio.create_task(lab.get(f"/api/runs/{run}/events"))
    while not (await lab.get(f"/api/runs/{run}")).json()["prompt"]:
        await lab.engine.project.clock.sleep(0.05)
    await lab.engine.clock.sleep(0.1)  # nothing happens
    await lab.post(f"/api/runs/{run}/prompt", json={"answer": True})
    heard = (await reading).text
    assert ": still there" in heard
    assert messages(heard)[-1][1]["state"] == "finished"


# -- call-backs -------------------------------------------------------------------------------


class Sink:
    """A real HTTP server; answers with the status it is told."""

    def __init__(self) -> None:
        self.bodies: list[dict] = []
        self.statuses: list[int] = []
        self.heard = asyncio.Event()

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        self.bodies.append(json.loads(await reader.readexactly(length)))
        status = self.statuses.pop(0) if self.statuses else 204
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()
        if status == 204:
            self.heard.set()


@asynccontextmanager
async def sink(port=0):
    it = Sink()
    server = await asyncio.start_server(it.serve, "127.0.0.1", port)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        await server.wait_closed()


def allow(api, *hosts):
    automation = api.engine.project.automation
    channel = Outward(api.engine.clock, hosts)
    automation._outward = automation.callbacks._post = channel


async def test_the_one_who_started_is_told_the_verdict(lab):
    allow(lab, "127.0.0.1")
    async with sink() as receiver:
        run = await start(lab, callback_url=f"http://127.0.0.1:{receiver.port}/over?job=7")
        await receiver.heard.wait()
    (body,) = receiver.bodies
    assert (body["id"], body["state"], body["verdict"]) == (run, "finished", "pass")


async def test_a_receiver_that_is_down_is_told_when_it_is_up(lab, monkeypatch):
    monkeypatch.setattr("ionpy_auto.automation.sequences.callbacks.PAUSES_S", (0.05,) * 100)
    allow(lab, "127.0.0.1")
    async with sink() as gone:
        port = gone.port
    run = await start(lab, callback_url=f"http://127.0.0.1:{port}/")
    await over(lab, run)
    async with sink(port) as receiver:
        receiver.statuses = [500, 503]
        await receiver.heard.wait()
    assert [body["id"] for body in receiver.bodies] == [run] * 3
    journal = lab.engine.project.automation.runs.journal
    while await journal.callbacks():
        await lab.engine.clock.sleep(0.01)


async def test_an_undelivered_call_back_is_delivered_by_the_next_start(lab):
    allow(lab, "127.0.0.1")
    async with sink() as gone:
        port = gone.port
    run = await start(lab, callback_url=f"http://127.0.0.1:{port}/")
    await over(lab, run)
    name = lab.engine.project.project.folder.name
    await lab.engine.close_project()
    changes = {"webhook_allow": ("127.0.0.1",)}
    lab.engine.settings = lab.engine.settings.model_copy(update=changes)
    async with sink(port) as receiver:
        await lab.engine.open_project(name)
        await receiver.heard.wait()
    assert receiver.bodies[0]["id"] == run


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "nonsense",
        "http://user:secret@192.168.1.1/",
    ],
)
async def test_an_address_that_must_not_be_reached_is_refused_before_anything_moves(lab, url):
    answer = await lab.post("/api/runs", json={"sequence": "quick", "callback_url": url})
    assert (answer.status_code, answer.json()["code"]) == (403, "WEBHOOK_REFUSED")
    assert await ids(lab) == []
