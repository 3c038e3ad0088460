"""The outbox and the receivers over REST, in a real engine."""

import pytest

from ionpy_auto.core.clock import SystemClock

FLOW = """version: 1
id: tell
rules:
  - id: go
    when: {marker: go}
    then: [{notify: {to: browser, title: Full, message: cell is full}}]
"""


async def eventually(get, what):
    """Ask until the answer fits."""
    clock = SystemClock()
    async with clock.timeout(10):
        while not what(answer := (await get()).json()):
            await clock.sleep(0.02)
    return answer


async def test_a_message_of_a_rule_goes_through_the_outbox(api):
    assert (await api.post("/api/flows", json={"text": FLOW})).status_code == 201
    pages = []
    api.engine.bus.tap("event/notification", lambda event: pages.append(event.payload))
    await api.post("/api/projects/active/markers", json={"label": "go"})
    answer = await eventually(
        lambda: api.get("/api/alarms/outbox?receiver=browser"), lambda a: a["counts"].get("sent")
    )
    (item,) = answer["items"]
    assert (item["title"], item["message"], item["state"]) == ("Full", "cell is full", "sent")
    assert [(path["receiver"], path["ok"]) for path in answer["paths"]] == [("browser", True)]
    assert [(page["title"], page["sound"]) for page in pages] == [("Full", False)]


async def test_a_test_message_goes_past_the_outbox(api):
    answer = await api.post("/api/alarms/receivers/browser/test")
    (result,) = answer.json()["results"]
    assert (result["channel"], result["ok"], result["error"]) == ("browser", True, "")
    assert (await api.get("/api/alarms/outbox")).json()["items"] == []
    names = [one["name"] for one in (await api.get("/api/alarms/receivers")).json()["items"]]
    assert names == ["browser", "log"]


@pytest.mark.parametrize(
    "path", ["/api/alarms/receivers/nobody/test", "/api/alarms/outbox/77/retry"]
)
async def test_what_is_not_there_is_named(api, path):
    answer = await api.post(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_receiver_that_is_not_reached_is_an_alarm_until_it_is(api):
    automation = api.engine.project.automation
    await automation.outbox.send("http://169.254.169.254/latest", "t", "m")
    answer = await eventually(lambda: api.get("/api/alarms"), lambda a: a["counts"]["active"])
    (alarm,) = answer["items"]
    assert alarm["key"] == "server/notification/http://169.254.169.254/…"
    assert "is an address of this machine or link" in alarm["text"]
