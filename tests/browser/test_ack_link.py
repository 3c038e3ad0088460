"""The link of a message in a real browser: a page, a name, a button, and nothing without it."""

import json
import time

import pytest
from playwright.sync_api import expect

from tests.acceptance.alarms.sinks import HttpSink
from tests.conftest import start_process

pytestmark = pytest.mark.browser

ROUTES = """
route: {receiver: lab, group_wait: 0s}
receivers: [{name: lab, webhook_configs: [{url: 'URL'}]}]
"""
FLOW = """version: 1
id: hot
rules:
  - id: go
    when: {marker: go}
    then: [{alarm: {text: The oven is hot, severity: critical, key: oven}}]
"""
PUBLIC = "http://lab.example.org"


def test_the_button_behind_a_link_acknowledges(page, tmp_path):
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    settings = {"public_url": PUBLIC, "webhook_allow": ["127.0.0.1"]}
    (home / "config" / "settings.json").write_text(json.dumps(settings))
    with HttpSink() as sink:
        (home / "config" / "alarms.yaml").write_text(ROUTES.replace("URL", sink.url))
        server = start_process(home, "demo", "--no-browser")
        try:
            server.http.post("/api/flows", json={"text": FLOW}).raise_for_status()
            server.http.post("/api/projects/active/markers", json={"label": "go"})
            found = [one for one in _told(sink) if "The oven is hot" in one["title"]]
            link = found[0]["message"].rpartition("Acknowledge: ")[2].strip()
            page.goto(server.url + link.removeprefix(PUBLIC))
            expect(page.get_by_role("listitem")).to_contain_text("CRITICAL The oven is hot")
            page.get_by_label("Your name").fill("Anna")
            page.get_by_role("button").click()
            expect(page.get_by_role("heading")).to_have_text("Acknowledged")
            alarms = server.http.get("/api/alarms").json()["items"]
            assert [one["ack_by"] for one in alarms if one["text"] == "The oven is hot"] == [
                "Anna (link)"
            ]
            page.goto(server.url + link.removeprefix(PUBLIC))
            expect(page.get_by_role("heading")).to_have_text("Already acknowledged")
        finally:
            server.stop()


def _told(sink):
    """What was told, once something was."""
    end = time.monotonic() + 20
    while not (found := [one.body for one in sink.got if one.body["status"] == "firing"]):
        assert time.monotonic() < end, "nobody was told"
        time.sleep(0.05)
    return found
