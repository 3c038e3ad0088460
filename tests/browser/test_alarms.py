"""Alarms as a person looks after them: seen, put aside, looked into; and who is told of them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import FLOWS, Server, Watch
from tests.browser.test_runs import fits

pytestmark = pytest.mark.browser

ROUTING = """\
route:
  receiver: browser
  group_by: [device]
  routes:
    - matchers: ['severity="critical"']
      receiver: lab
      group_wait: 5s
      escalate: [{after: 5m, to: log}]
    - matchers: ['severity="info"']
      receiver: log
receivers:
  - name: lab
    browser: {sound: true}
"""


def ring(server: Server, flow: str) -> None:
    """Ring all bells, or (with the quiet flow) end their alarms."""
    text = (FLOWS / f"{flow}.yaml").read_text(encoding="utf-8")
    present = server.call("GET", "/api/flows/many-bells")
    if "revision" in present:
        body = {"text": text, "revision": present["revision"]}
        server.call("PUT", "/api/flows/many-bells", body)
    else:
        server.call("POST", "/api/flows", {"text": text})
    for rule in ("fire", "house"):
        server.call("POST", f"/api/rules/many-bells/{rule}/trigger")


def alarms(server: Server) -> list[dict[str, Any]]:
    """All alarms that stand or are covered."""
    items: list[dict[str, Any]] = server.call("GET", "/api/alarms")["items"]
    return items


@pytest.fixture
def bells(app: Page, server: Server) -> Iterator[Page]:
    """Four alarms: one critical, two warnings, one note; none is left to the next test."""
    ring(server, "many-bells")
    app.goto(f"{server.url}/alarms")
    expect(row(app, "The fire bell rings")).to_be_visible()
    yield app
    ring(server, "many-bells-quiet")
    for alarm in alarms(server):
        if alarm["overlay"] == "shelved":
            server.call("POST", f"/api/alarms/{alarm['id']}/unshelve")
        elif alarm["overlay"] == "out_of_service":
            server.call("POST", f"/api/alarms/{alarm['id']}/return-to-service")
    server.call("POST", "/api/alarms/ack", {"ids": [alarm["id"] for alarm in alarms(server)]})
    assert alarms(server) == []


def row(page: Page, text: str) -> Locator:
    """The row of an alarm."""
    return page.get_by_role("row").filter(has_text=text)


def pages(page: Page) -> Locator:
    """The way between the pages about alarms."""
    return page.get_by_role("navigation", name="Alarm pages")


def bad(page: Page) -> None:
    """Neither a finding of accessibility nor anything to scroll sideways, also on a phone."""
    assert findings(page) == []
    page.set_viewport_size({"width": 360, "height": 780})
    assert fits(page)
    assert findings(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})


def test_alarms_are_chosen_and_acknowledged_by_keyboard_alone(bells: Page, server: Server) -> None:
    expect(row(bells, "The fire bell rings")).to_contain_text("Critical")
    expect(bells.get_by_role("table").get_by_text("first", exact=True)).to_have_count(1)
    bad(bells)
    row(bells, "The fire bell rings").focus()
    bells.keyboard.press("Space")
    bells.keyboard.press("ArrowDown")
    bells.keyboard.press("Space")
    bells.get_by_role("button", name="Acknowledge 2").press("Enter")
    bells.keyboard.type("on my way")
    bells.keyboard.press("Enter")
    expect(bells.get_by_role("dialog")).to_be_hidden()
    expect(row(bells, "The fire bell rings")).to_contain_text("active, acknowledged")
    seen = [alarm for alarm in alarms(server) if alarm["acknowledged"]]
    assert [alarm["comment"] for alarm in seen] == ["on my way", "on my way"]
    assert "The fire bell rings" in {alarm["text"] for alarm in seen}


def test_an_alarm_is_put_aside_with_a_reason_and_comes_back(bells: Page, server: Server) -> None:
    kitchen = row(bells, "The kitchen bell rings")
    kitchen.get_by_role("button", name=re.compile("^More for")).click()
    bells.get_by_role("menuitem", name="Shelve").click()
    dialog = bells.get_by_role("dialog")
    confirm = dialog.get_by_role("button", name="Shelve")
    expect(confirm).to_be_disabled()
    dialog.get_by_role("textbox").fill("the kitchen is closed")
    dialog.get_by_role("button", name="4 h", exact=True).click()
    assert findings(bells) == []
    confirm.click()
    expect(kitchen).to_have_count(0)
    bells.get_by_role("tab", name="Shelved").click()
    expect(kitchen).to_contain_text("Reason: the kitchen is closed")
    kitchen.get_by_role("button", name=re.compile("^Unshelve")).click()
    bells.get_by_role("dialog").get_by_role("button", name="Unshelve").click()
    expect(bells.get_by_text("Nothing is shelved")).to_be_visible()
    bells.get_by_role("tab", name="Active").click()
    expect(kitchen).to_contain_text("active, acknowledged")


@pytest.fixture
def high(bells: Page, server: Server) -> Iterator[Page]:
    """One more alarm: a limit of the cell's voltage that is always passed."""

    def define(text: str) -> str:
        now = server.call("GET", "/api/alarms/definitions")
        server.call("PUT", "/api/alarms/definitions", {"text": text, "etag": now["etag"]})
        return str(now["text"])

    before = define("alarms:\n  - {point: DMM_01.cell_v, hi: 1 V}\n")
    yield bells
    define(before)
    expect(row(bells, "HI cell_v DMM_01")).to_have_count(0)


def test_the_details_of_an_alarm_show_the_curve_and_who_was_told(high: Page) -> None:
    bells = high
    row(bells, "HI cell_v DMM_01").click()
    drawer = bells.get_by_role("dialog")
    expect(drawer.get_by_role("heading", name="From five minutes before")).to_be_visible()
    expect(drawer.get_by_role("button", name=re.compile("^Cell voltage"))).to_be_visible()
    expect(drawer.get_by_text("browser", exact=True)).to_be_visible()
    expect(drawer.get_by_role("list").get_by_text("raised")).to_be_visible()
    expect(bells).to_have_url(re.compile("alarm=DMM_01/cell_v|alarm=DMM_01%2Fcell_v"))
    bad(bells)
    bells.reload()  # the address leads to the same alarm
    expect(drawer.get_by_role("heading", name=re.compile("HI"))).to_be_visible()
    drawer.get_by_role("button", name="Acknowledge").click()
    bells.get_by_role("dialog", name="Acknowledge").get_by_role("button").last.click()
    expect(drawer.get_by_text("active, acknowledged")).to_be_visible()
    bells.keyboard.press("Escape")


def test_a_device_disconnected_on_purpose_raises_no_alarm(bells: Page, server: Server) -> None:
    before = {alarm["key"] for alarm in alarms(server)}
    server.call("POST", "/api/devices/LOAD_01/disconnect")
    expect(bells.get_by_role("button", name="Devices: 3, with trouble: 1")).to_be_visible()
    assert {alarm["key"] for alarm in alarms(server)} <= before
    server.call("POST", "/api/devices/LOAD_01/connect")
    expect(bells.get_by_role("button", name="Devices: 3", exact=True)).to_be_visible()


def test_the_history_is_filtered_and_taken_along(bells: Page) -> None:
    pages(bells).get_by_role("link", name="History").click()
    table = bells.get_by_role("table")
    expect(table.get_by_text("The fire bell rings").first).to_be_visible()
    bells.get_by_role("combobox", name="Severity").select_option("info")
    expect(table.get_by_text("The fire bell rings")).to_have_count(0)
    expect(table.get_by_text("The kitchen bell rings").first).to_be_visible()
    expect(bells).to_have_url(re.compile("severity=info"))
    bells.get_by_role("searchbox").fill("no such alarm")
    expect(bells.get_by_text("No alarm fits the filter.")).to_be_visible()
    bells.get_by_role("button", name="Clear filter").first.click()
    expect(table.get_by_text("The fire bell rings").first).to_be_visible()
    bad(bells)
    bells.get_by_role("button", name="Export").click()
    with bells.expect_download() as download:
        bells.get_by_role("menuitem", name="Export as CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("timestamp,")
    assert "The kitchen bell rings" in text


def test_the_tree_shows_which_way_an_alarm_takes(bells: Page, server: Server) -> None:
    before = server.call("GET", "/api/alarms/routing")
    now = server.call("PUT", "/api/alarms/routing", {"text": ROUTING, "etag": before["etag"]})
    pages(bells).get_by_role("link", name="Who is told").click()
    test = bells.get_by_role("region", name="Which way does it take?")
    test.get_by_role("combobox", name="Alarm").select_option("The fire bell rings")
    test.get_by_role("button", name="Show the way").click()
    expect(test.get_by_role("article")).to_contain_text("not acknowledged after 5 min: log")
    expect(bells.get_by_role("img", name="Told")).to_have_count(1)
    test.get_by_role("button", name="Labels").click()
    test.get_by_role("textbox", name="Labels").fill("severity=info device=PSU_01")
    test.get_by_role("button", name="Show the way").click()
    expect(test.get_by_role("article")).to_contain_text("log")
    bad(bells)
    server.call("PUT", "/api/alarms/routing", {"text": before["text"], "etag": now["etag"]})


def test_a_bad_routing_file_is_refused_at_its_line_and_a_newer_one_is_not_overwritten(
    app: Page, server: Server, watch: Watch
) -> None:
    watch.refusals |= {409, 422}
    before = server.call("GET", "/api/alarms/routing")
    app.goto(f"{server.url}/alarms/routing?tab=file")
    app.locator(".cm-content").click()
    app.keyboard.press("Control+Home")
    app.keyboard.type("nonsense: 1\n")
    app.keyboard.press("Control+s")
    finding = app.get_by_role("button", name=re.compile("'nonsense' is not known"))
    expect(finding).to_contain_text("line 1")
    assert findings(app) == []
    text = before["text"] + "\n# changed by somebody else\n"
    server.call("PUT", "/api/alarms/routing", {"text": text, "etag": before["etag"]})
    app.keyboard.press("Control+s")
    dialog = app.get_by_role("dialog")
    expect(dialog.get_by_text("changed by somebody else")).to_be_visible()
    assert findings(app) == []
    dialog.get_by_role("button", name="Take the version on disk").click()
    expect(app.get_by_text("not saved")).to_have_count(0)
    assert server.call("GET", "/api/alarms/routing")["text"] == text
    app.set_viewport_size({"width": 360, "height": 780})
    assert fits(app)


def test_an_alarm_is_silenced_from_its_details_and_the_silence_is_ended(
    bells: Page, server: Server
) -> None:
    row(bells, "The front door bell rings").click()
    bells.get_by_role("dialog").get_by_role("link", name="Silence").click()
    dialog = bells.get_by_role("dialog")
    expect(dialog.get_by_role("textbox").first).to_have_value(re.compile('alertname="'))
    dialog.get_by_label(re.compile("^Why")).fill("the bell is being repaired")
    assert findings(bells) == []
    dialog.get_by_role("button", name="Silence", exact=True).click()
    entry = row(bells, "the bell is being repaired")
    expect(entry).to_contain_text("in force")
    assert server.call("GET", "/api/alarms/silences")["items"][0]["state"] == "active"
    bad(bells)
    entry.get_by_role("button", name=re.compile("^End now")).click()
    expect(entry).to_contain_text("over")


def test_messages_and_receivers_show_whether_they_arrive(bells: Page, server: Server) -> None:
    bells.goto(f"{server.url}/alarms/routing?tab=receivers")
    bells.get_by_role("button", name="Send a test to browser").click()
    expect(bells.get_by_text(re.compile(r"arrived in \d+ ms"))).to_be_visible()
    expect(bells.get_by_text("[TEST] ionpy_auto")).to_be_visible()
    bad(bells)
    pages(bells).get_by_role("link", name="Messages").click()
    message = bells.get_by_role("row").filter(has_text="fire bell").first
    expect(message).to_contain_text("Sent")
    message.locator("summary").click()
    expect(message.locator("pre")).to_contain_text("The fire bell rings")
    bells.get_by_role("tab", name="Failed").click()
    expect(bells.get_by_text("No such messages")).to_be_visible()
    bells.get_by_role("tab", name="All").click()
    bad(bells)


def test_the_figures_of_quality_count_what_was_raised(bells: Page) -> None:
    pages(bells).get_by_role("link", name="Quality").click()
    expect(bells.get_by_role("img", name="Alarms over time")).to_be_visible()
    tile = bells.get_by_role("listitem").filter(has_text="Alarms raised")
    assert int(tile.locator("b").inner_text()) >= 4
    expect(bells.get_by_role("list", name="By priority")).to_contain_text("Priority 1")
    bad(bells)


def test_critical_alarms_sound_until_they_are_acknowledged_where_a_person_asked_for_it(
    bells: Page, server: Server
) -> None:
    hush = bells.get_by_role("button", name="Silence the sound")
    expect(hush).to_have_count(0)
    bells.get_by_role("button", name="Sound and desktop messages").click()
    dialog = bells.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=re.compile("^Sound")).check()
    assert findings(bells) == []
    bells.keyboard.press("Escape")
    expect(hush).to_be_visible()
    bells.reload()
    expect(hush).to_be_visible()
    hush.click()
    expect(hush).to_have_count(0)
    bells.reload()  # silence was only for what sounded then, in that page
    expect(hush).to_be_visible()
    critical = [one["id"] for one in alarms(server) if one["severity"] == "critical"]
    server.call("POST", "/api/alarms/ack", {"ids": critical})
    expect(hush).to_have_count(0)


def test_a_page_says_that_the_server_cannot_be_reached_and_is_read_again(bells: Page) -> None:
    pages(bells).get_by_role("link", name="Quality").click()
    expect(bells.get_by_role("img", name="Alarms over time")).to_be_visible()
    bells.context.set_offline(True)
    bells.get_by_role("button", name="30 days").click()
    expect(bells.get_by_text("The server does not answer.")).to_be_visible()
    pages(bells).get_by_role("link", name="Messages").click()
    expect(bells.get_by_text("This page could not be loaded.")).to_be_visible()
    bells.context.set_offline(False)
    bells.get_by_role("button", name="Try again").click()
    expect(bells.get_by_text("The server does not answer.")).to_have_count(0)
    pages(bells).get_by_role("link", name="Messages").click()
    expect(bells).to_have_url(re.compile("/alarms/outbox$"))


def test_guidance_is_shown_as_text_and_the_definition_is_edited_on_its_page(
    bells: Page, server: Server, watch: Watch
) -> None:
    watch.refusals |= {422}
    before = server.call("GET", "/api/alarms/definitions")
    pages(bells).get_by_role("link", name="What is watched").click()
    editor = bells.locator(".cm-content")
    editor.click()
    bells.keyboard.press("Control+a")
    guidance = "**Look** at the leads <img src=x onerror=boom()>"
    line = f'  - {{point: DMM_01.cell_v, hi: 1 V, guidance: "{guidance}", surprise: 1}}\n'
    bells.keyboard.insert_text("alarms:\n" + line)
    bells.keyboard.press("Control+s")
    expect(bells.get_by_role("button", name=re.compile("surprise"))).to_contain_text("line 2")
    bells.keyboard.press("Control+a")
    bells.keyboard.insert_text("alarms:\n" + line.replace(", surprise: 1", ""))
    bells.keyboard.press("Control+s")
    expect(bells.get_by_role("region", name="Watched by the file")).to_contain_text("DMM_01.cell_v")
    bad(bells)
    pages(bells).get_by_role("link", name="Alarms").click()
    row(bells, "HI cell_v DMM_01").click()
    drawer = bells.get_by_role("dialog")
    expect(drawer.get_by_text("<img src=x onerror=boom()>")).to_be_visible()
    expect(drawer.locator("strong", has_text="Look")).to_be_visible()
    assert drawer.locator("img[src=x]").count() == 0
    bells.keyboard.press("Escape")
    etag = server.call("GET", "/api/alarms/definitions")["etag"]
    server.call("PUT", "/api/alarms/definitions", {"text": before["text"], "etag": etag})
    expect(row(bells, "HI cell_v DMM_01")).to_contain_text("gone, not acknowledged")
