"""From the first page to a finished run, as a new user does it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_the_first_page_shows_moving_values_within_seconds(app: Page) -> None:
    channel = app.get_by_role("region", name="Channel CH1")
    expect(channel.get_by_text(re.compile(r"^\d\.\d{4}$"))).to_be_visible()
    expect(app.get_by_text("online")).to_have_count(3)
    clock = app.get_by_role("button", name="Virtual time")
    before = clock.get_attribute("aria-label") or ""
    expect(clock).not_to_have_attribute("aria-label", before)


def test_a_device_that_leaves_and_comes_back_shows_without_a_reload(
    app: Page, server: Server
) -> None:
    meter = app.locator("article, section").filter(has_text="Cell meter").last
    expect(meter.get_by_text("online")).to_be_visible()
    server.call("POST", "/api/devices/DMM_01/disconnect")
    expect(meter.get_by_text("offline")).to_be_visible()
    server.call("POST", "/api/devices/DMM_01/connect")
    expect(meter.get_by_text("online")).to_be_visible()
    for alarm in server.call("GET", "/api/alarms")["items"]:  # leave none to the next test
        server.call("POST", f"/api/alarms/{alarm['id']}/ack")
    assert server.call("GET", "/api/alarms")["items"] == []


def test_one_click_starts_the_capacity_check_and_its_page_shows_progress_and_curve(
    app: Page, server: Server
) -> None:
    flow = app.get_by_role("combobox", name="Flow")
    flow.select_option(label="Capacity check 18650, 3 cycles")
    app.get_by_role("button", name="Start", exact=True).click()
    expect(app).to_have_url(re.compile(r"/runs/\w+$"))
    expect(app.get_by_role("heading", name="Capacity check 18650, 3 cycles")).to_be_visible()
    expect(app.locator("tbody tr").filter(has_text="empty")).to_be_visible()
    expect(app.get_by_role("button", name=re.compile(r"^Voltage \d\.\d{4} V"))).to_be_visible()
    progress = app.get_by_role("progressbar", name="Progress")
    expect(progress).not_to_have_attribute("aria-valuenow", "0")
    limits = app.locator("section").filter(has=app.get_by_role("heading", name="Limits"))
    expect(limits.get_by_text("2.40 … 4.25 V")).to_be_visible()
    assert server.runs()[0]["state"] == "running"


def test_a_run_is_sped_up_and_ends_with_verdict_steps_and_cycles(app: Page, server: Server) -> None:
    server.add_flow("quick-check")
    server.relax()
    app.get_by_role("combobox", name="Flow").select_option(label="Quick check")
    with app.expect_response(re.compile("/api/runs$")) as answer:
        app.get_by_role("button", name="Start", exact=True).click()
    assert answer.value.status == 202, answer.value.text()
    app.get_by_role("button", name="Virtual time").click()
    app.get_by_role("menuitemradio", name="×600").click()
    expect(app.get_by_role("button", name=re.compile("pace ×600"))).to_be_visible()
    assert server.call("GET", "/api/system/status")["clock"]["speed"] == 600
    expect(app.get_by_text("Pass", exact=True)).to_be_visible(timeout=40_000)
    rows = app.locator("section").filter(has=app.get_by_role("heading", name="Steps")).locator("tr")
    expect(rows.filter(has_text="discharge")).to_have_count(2)
    cycles = app.locator("section").filter(has=app.get_by_role("heading", name="Cycles"))
    expect(cycles.locator("tbody tr")).to_have_count(2)


def test_a_run_is_paused_and_aborted_from_its_page(app: Page, server: Server) -> None:
    run = server.call("POST", "/api/runs", {"sequence": "capacity-check"})
    app.goto(f"{server.url}/runs/{run['id']}")
    app.get_by_role("button", name="Pause").click()
    app.get_by_role("button", name="Resume").click()
    expect(app.get_by_role("button", name="Pause")).to_be_enabled()
    app.get_by_role("button", name="Abort").click()
    app.get_by_role("dialog").get_by_role("button", name="Abort").click()
    expect(app.get_by_text("Aborted", exact=True).first).to_be_visible()


def test_the_curve_holds_what_was_measured_before_the_page_was_opened(
    app: Page, server: Server
) -> None:
    server.pace(600)
    run = server.call("POST", "/api/runs", {"sequence": "capacity-check"})
    app.goto(f"{server.url}/runs/{run['id']}")
    expect(app.get_by_role("progressbar", name="Progress")).not_to_have_attribute(
        "aria-valuenow", "0"
    )
    with app.expect_response(re.compile("/curve")) as answer:
        app.reload()
    curve = answer.value.json()
    assert len(curve["t"]) > 20
    assert set(curve) >= {"t", "resolution_s", "voltage", "current", "temp"}
    expect(app.get_by_role("button", name=re.compile(r"^Voltage \d\.\d{4} V"))).to_be_visible()
