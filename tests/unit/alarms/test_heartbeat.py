"""Signs of life: they leave while what delivers alarms works, and only then."""

import json
from pathlib import Path

import httpx
import pytest

from ionpy_auto.alarms.heartbeat import KEY, Heartbeat, HeartbeatConfig, read_heartbeat
from ionpy_auto.alarms.outward import Outward
from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.language import Fields
from tests.unit.alarms.delivery import Collector

URL = HeartbeatConfig("https://watch.example.org/ping")


class Bed:
    """A heart, what it depends on, and who listens."""

    def __init__(self, *answers, secrets=None):
        self.clock, self.collector, self.why = VirtualClock(), Collector(*answers), ""

        async def resolve(host, port):
            return ("203.0.113.5",)

        transport = httpx.MockTransport(self.collector)
        outward = Outward(self.clock, (), resolve, transport)
        known = secrets or Secrets(Path("nowhere.json"), {})
        vitals = {"outbox": lambda: self.why}
        self.heart = Heartbeat(outward, self.clock, known, vitals, lambda: {"project": "demo"})


async def test_a_beat_leaves_every_half_minute_and_says_whose_it_is():
    bed = Bed()
    await bed.heart.follow(URL)
    await bed.clock.sleep(95)
    assert len(bed.collector.requests) == 4
    body = json.loads(bed.collector.requests[0].content)
    assert (body["source"], body["project"]) == ("ionpy_auto", "demo")
    await bed.heart.stop()


async def test_none_leaves_while_something_vital_does_not_work():
    bed = Bed()
    await bed.heart.follow(URL)
    await bed.clock.sleep(1)
    bed.why = "nobody serves lab"
    await bed.clock.sleep(120)
    assert len(bed.collector.requests) == 1
    assert bed.heart.status() == {
        "on": True, "sent": 1, "missed": 4, "error": "outbox: nobody serves lab"
    }  # fmt: skip
    bed.why = ""
    await bed.clock.sleep(30)
    assert len(bed.collector.requests) == 2
    await bed.heart.stop()


async def test_a_watcher_that_does_not_answer_ends_nothing():
    bed = Bed(500, 500)
    await bed.heart.follow(URL)
    await bed.clock.sleep(95)
    assert (bed.heart.sent, bed.heart.missed) == (2, 2)
    await bed.heart.follow(None)
    await bed.clock.sleep(95)
    assert len(bed.collector.requests) == 4


async def test_the_address_may_be_a_secret(tmp_path):
    path = tmp_path / "secrets.json"
    path.write_text('{"watch": "https://watch.example.org/s3cret"}')
    path.chmod(0o600)
    bed = Bed(secrets=Secrets(path, {}))
    await bed.heart.follow(HeartbeatConfig("secret:watch"))
    await bed.clock.sleep(1)
    assert [request.url.path for request in bed.collector.requests] == ["/s3cret"]
    await bed.heart.stop()


def read(text):
    routing, findings = read_routing(
        f"route: {{receiver: log}}\n{text}\n", extras={KEY: read_heartbeat}
    )
    if routing is None:
        return None, findings
    return read_heartbeat(routing.extras.get(KEY), Fields(None, "", [])), findings


def test_it_stands_in_the_routing_file():
    config, findings = read("heartbeat: {url: 'https://watch.example.org/ping', every: 1m}")
    assert (config, findings) == (HeartbeatConfig("https://watch.example.org/ping", 60.0), [])
    assert read("")[0] is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("heartbeat: {every: 30s}", "missing-key"),
        ("heartbeat: {url: watch}", "bad-url"),
        ("heartbeat: {url: 'https://a.example', every: 1s}", "wrong-value"),
        ("heartbeat: {url: 'https://a.example', every: soon}", "wrong-value"),
        ("heartbeat: {url: 'https://a.example', each: 30s}", "unknown-key"),
    ],
)
def test_what_is_wrong_with_it_is_found_at_its_place(text, code):
    config, findings = read(text)
    assert (config, findings[0].code, findings[0].line) == (None, code, 2)
