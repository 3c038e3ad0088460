"""All off and alarms: what must work when something is wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_all_off_stops_the_run_latches_and_is_released_with_a_reason(
    app: Page, server: Server
) -> None:
    server.call("POST", "/api/runs", {"sequence": "capacity-check"})
    expect(app.get_by_role("progressbar").first).to_be_visible()
    app.get_by_role("button", name="All off").click()
    banner = app.get_by_role("alert").filter(has_text="All outputs off")
    expect(banner).to_be_visible()
    for device in ("PSU_01", "LOAD_01"):
        chip = banner.get_by_role("listitem").filter(has_text=device)
        expect(chip).to_contain_text("off, proven by read-back")
    write = server.call("PUT", "/api/devices/PSU_01/entities/output", {"value": True})
    assert write["code"] == "PANIC_LATCHED"
    banner.get_by_role("button", name="Re-arm").click()
    dialog = app.get_by_role("dialog")
    confirm = dialog.get_by_role("button", name="Re-arm")
    expect(confirm).to_be_disabled()
    dialog.get_by_role("textbox").fill("cell is fine")
    confirm.click()
    expect(banner).to_be_hidden()
    assert server.call("GET", "/api/system/status")["latch"]["pressed"] is False


def test_links_are_closed_after_a_countdown_and_come_back_with_the_release(
    app: Page, server: Server
) -> None:
    app.get_by_role("button", name="All off").click()
    banner = app.get_by_role("alert").filter(has_text="All outputs off")
    expect(banner.get_by_text(re.compile(r"Connections are closed in [1-5] s"))).to_be_visible()
    expect(banner.get_by_text("Connections closed: DMM_01, LOAD_01, PSU_01")).to_be_visible()
    server.call("POST", "/api/admin/rearm", {"reason": "looked at it"})
    expect(banner).to_be_hidden()
    server.connect()
    card = app.get_by_role("region", name="Supply")
    expect(card.get_by_text("online")).to_be_visible()


def test_links_are_kept_open_by_a_person(app: Page, server: Server) -> None:
    app.get_by_role("button", name="All off").click()
    banner = app.get_by_role("alert").filter(has_text="All outputs off")
    banner.get_by_role("button", name="Keep connected").click()
    expect(banner.get_by_text("Connections stay open")).to_be_visible()
    assert server.call("GET", "/api/system/status")["latch"]["links"]["stage"] == "open"


def test_all_off_is_reached_by_tab_and_pressed_by_its_keys(app: Page) -> None:
    button = app.get_by_role("button", name="All off")
    for _ in range(25):
        app.keyboard.press("Tab")
        if button.evaluate("node => node === document.activeElement"):
            break
    expect(button).to_be_focused()
    app.keyboard.press("Control+Shift+X")
    expect(app.get_by_role("alert").filter(has_text="All outputs off")).to_be_visible()


def test_all_off_is_pressed_by_its_keys_while_a_dialog_is_open(app: Page) -> None:
    app.get_by_role("button", name="Not recording").click()
    expect(app.get_by_role("dialog")).to_be_visible()
    app.keyboard.press("Control+Shift+X")
    expect(app.get_by_text("All outputs off")).to_be_visible()


def test_a_rule_raises_an_alarm_that_is_seen_and_acknowledged(app: Page, server: Server) -> None:
    server.add_flow("doorbell")
    app.goto(f"{server.url}/rules/doorbell/ring")
    expect(app.get_by_text("false", exact=True).first).to_be_visible()
    app.get_by_role("button", name="Trigger").click()
    app.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    expect(app.get_by_role("tab", name="Firings")).to_contain_text("1")
    bell = app.get_by_role("banner").get_by_role("link", name=re.compile("Alarms: 1"))
    bell.click()
    row = app.get_by_role("row").filter(has_text="The bell rings").first
    row.get_by_role("button", name="Acknowledge").click()
    dialog = app.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("heard")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog).to_be_hidden()
    seen = app.get_by_role("banner").get_by_role("link", name="Alarms: 1, not acknowledged: 0")
    expect(seen).to_be_visible()
    newest = server.call("GET", "/api/alarms?state=history")["items"][0]
    assert (newest["text"], newest["comment"]) == ("The bell rings", "heard")
    assert newest["acknowledged"]


def test_a_rule_is_switched_off_by_hand(app: Page, server: Server) -> None:
    server.add_flow("doorbell")
    app.goto(f"{server.url}/rules/doorbell/ring")
    switch = app.get_by_role("switch", name="Enabled")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    rules = server.call("GET", "/api/rules")["items"]
    assert [r["runtime_enabled"] for r in rules if r["id"] == "doorbell/ring"] == [False]
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
