"""From a rule's alarm to somebody's phone and back, in a real engine with a real routing file."""

import json

import httpx
import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.settings import Settings
from ionpy_auto.engine import Engine
from ionpy_auto.web.app import create_app
from tests.acceptance.alarms.sinks import HttpSink
from tests.conftest import DEMO, Api, lifespan

PUBLIC = "https://lab.example.org"
FLOW = """version: 1
id: hot
rules:
  - id: go
    when: {marker: go}
    then: [{alarm: {text: It is <b>hot</b>, severity: critical, key: oven}}]
"""
ROUTES = """
route:
  receiver: lab
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: lab
    webhook_configs: [{url: 'URL/s3cret'}]
heartbeat: {url: 'URL/alive'}
"""


@pytest.fixture
async def lab(home):
    """A server with the demo project; its receivers may be on this machine."""
    settings = Settings(guard="off", webhook_allow=("127.0.0.1",), public_url=PUBLIC)
    engine = Engine(home, settings)
    app = create_app(engine)
    async with lifespan(app), Api(engine, app) as client:
        await engine.open_project(DEMO)
        yield client


@pytest.fixture
def sink():
    with HttpSink() as sink:
        yield sink


async def eventually(what):
    clock = SystemClock()
    async with clock.timeout(10):
        while not (found := what()):
            await clock.sleep(0.02)
    return found


async def route(lab, sink, text=ROUTES):
    etag = (await lab.get("/api/alarms/routing")).json()["etag"]
    body = {"text": text.replace("URL", f"http://127.0.0.1:{sink.port}"), "etag": etag}
    return await lab.put("/api/alarms/routing", json=body)


async def mark(lab, label):
    await lab.post("/api/projects/active/markers", json={"label": label})


def told(sink):
    return [one.body for one in sink.got if one.path == "/s3cret"]


async def hot(lab, sink):
    """The oven is hot and somebody was told; returns the link."""
    assert (await route(lab, sink)).status_code == 200
    assert (await lab.post("/api/flows", json={"text": FLOW})).status_code == 201
    await mark(lab, "go")
    (body,) = await eventually(lambda: told(sink))
    assert body["title"] == "[SIMULATION] [CRITICAL] It is <b>hot</b>"
    (line,) = [one for one in body["message"].split("\n") if one.startswith("Acknowledge: ")]
    link = line.removeprefix("Acknowledge: ")
    assert link.startswith(f"{PUBLIC}/alarm-ack/")
    return link.removeprefix(PUBLIC)


async def test_an_alarm_goes_out_and_the_link_in_it_acknowledges_once(lab, sink):
    link = await hot(lab, sink)
    host = {"host": "lab.example.org"}
    page = await lab.get(link, headers={**host, "sec-fetch-site": "cross-site"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "CRITICAL It is &lt;b&gt;hot&lt;/b&gt;" in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    (alarm,) = (await lab.get("/api/alarms")).json()["items"]
    assert not alarm["acknowledged"]
    form = {"files": {"name": (None, "Anna")}, "headers": {**host, "origin": PUBLIC}}
    assert "Thank you, Anna" in (await lab.post(link, **form)).text
    (alarm,) = (await lab.get("/api/alarms")).json()["items"]
    assert (alarm["acknowledged"], alarm["ack_by"]) == (True, "Anna (link)")
    again = await lab.post(link, **form)
    assert (again.status_code, "Anna acknowledged it" in again.text) == (410, True)
    await lab.engine.project.automation.alarms.clear(alarm["key"])
    await eventually(lambda: told(sink)[1:])
    assert told(sink)[1]["title"] == "[SIMULATION] [RESOLVED] It is <b>hot</b>"


async def test_another_site_cannot_press_the_button(lab, sink):
    link = await hot(lab, sink)
    form = {"files": {"name": (None, "Mallory")}}
    headers = {"host": "lab.example.org", "origin": "https://evil.example"}
    assert (await lab.post(link, **form, headers=headers)).status_code == 403
    assert (await lab.get("/api/alarms")).json()["counts"]["unacked"] == 1


async def test_a_token_nobody_gave_away_opens_nothing_and_guessing_ends(lab, sink):
    answers = [(await lab.get(f"/alarm-ack/guess{n}")).status_code for n in range(25)]
    assert answers == [404] * 20 + [429] * 5


async def test_nobody_sees_the_address_and_a_bad_file_leaves_the_good_one(lab, sink):
    assert (await route(lab, sink)).status_code == 200
    shown = await lab.get("/api/alarms/receivers")
    lab_shown = next(one for one in shown.json()["items"] if one["name"] == "lab")
    assert lab_shown["channels"] == [
        {"kind": "webhook", "address": f"http://127.0.0.1:{sink.port}/…"}
    ]
    bad = await route(lab, sink, ROUTES.replace("webhook_configs", "web_configs"))
    assert bad.status_code == 422
    finding = bad.json()["findings"][0]
    assert (finding["code"], finding["line"]) == ("unknown-key", 8)
    (result,) = (await lab.post("/api/alarms/receivers/lab/test")).json()["results"]
    assert (result["ok"], told(sink)[0]["title"]) == (True, "[TEST] ionpy_auto")


async def test_signs_of_life_leave_while_the_project_is_open(lab, sink):
    await route(lab, sink)
    beats = await eventually(lambda: [one for one in sink.got if one.path == "/alive"])
    assert beats[0].body["project"] == DEMO
    assert json.dumps(beats[0].body)


async def test_messages_that_wait_when_the_server_stops_arrive_after_the_next_start(home):
    settings = Settings(guard="off", webhook_allow=("127.0.0.1",))
    is_up = []
    with HttpSink(lambda _body: 200 if is_up else 503) as sink:
        for _ in range(2):
            app = create_app(Engine(home, settings))
            async with lifespan(app), Api(app.inner.state.engine, app) as lab:
                await lab.engine.open_project(DEMO)
                if not is_up:
                    await route(lab, sink)
                    await lab.engine.project.automation.outbox.send("lab", "t", "wait for me")
                    await eventually(lambda: told(sink))
                    is_up.append(True)
                else:
                    await eventually(lambda: [one for one in sink.taken if one.path == "/s3cret"])
    (arrived,) = [one for one in sink.taken if one.path == "/s3cret"]
    assert arrived.body["message"] == "wait for me"
    assert isinstance(arrived.status, int)
    assert httpx.codes.is_success(arrived.status)
