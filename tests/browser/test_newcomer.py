"""The way of somebody who has never seen it: device, chart, recording, alarm, file.

Nothing here is known beforehand: every step is found by what the page says. The tutorial in
``docs/tutorial/in-the-browser.md`` goes the same way; with ``IONPY_PICTURES`` set to a folder its
pictures are taken here.
"""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

SUPPLY = "RIDEN_RD60XX_1"


@pytest.fixture
def clean(server: Server) -> Iterator[None]:
    """What the newcomer leaves behind is taken away again."""
    yield
    definitions = server.call("GET", "/api/alarms/definitions")
    empty = {"text": "", "etag": definitions["etag"]}
    server.call("PUT", "/api/alarms/definitions", empty)
    server.call("DELETE", f"/api/devices/{SUPPLY}")
    active = server.call("GET", "/api/workspaces/active")
    server.call("PUT", "/api/workspaces/active", {"revision": active["revision"], "pages": []})
    for alarm in server.call("GET", "/api/alarms")["items"]:
        server.call("POST", f"/api/alarms/{alarm['id']}/ack")


def picture(page: Page, name: str) -> None:
    """One picture of the tutorial, where they are asked for."""
    folder = os.environ.get("IONPY_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"tutorial-{name}.png", animations="disabled")


def go(page: Page, name: str) -> None:
    """To a page, by the navigation."""
    page.get_by_role("navigation", name="Main navigation").get_by_role("link", name=name).click()


def add_a_supply(page: Page) -> None:
    go(page, "Devices")
    page.get_by_role("button", name="Add device").first.click()
    wizard = page.get_by_role("dialog", name="Add a device")
    wizard.get_by_role("searchbox").fill("riden")
    wizard.get_by_text("riden_rd60xx", exact=True).click()
    picture(page, "driver")
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_label("Display name").fill("Bench supply")
    wizard.get_by_role("button", name="Next").click()
    expect(wizard.get_by_role("heading", name=re.compile("^Connection"))).to_be_visible()
    picture(page, "connection")
    wizard.get_by_role("button", name="Next").click()
    expect(wizard.get_by_text("The device answers", exact=True)).to_be_visible()
    picture(page, "device")
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_role("button", name="Add device").click()
    expect(wizard).to_be_hidden()
    expect(page.get_by_role("article", name="Bench supply")).to_contain_text("online")


def make_a_chart(page: Page) -> None:
    go(page, "Dashboard")
    page.get_by_role("button", name="New page").click()
    page.get_by_role("button", name="Add widget").first.click()
    wizard = page.get_by_role("dialog", name="Add widget")
    wizard.get_by_role("radio", name=re.compile("^Chart")).check(force=True)
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_role("searchbox").fill("Bench supply output voltage")
    wizard.get_by_role("checkbox").first.check()
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_role("textbox", name="Title").fill("Supply voltage")
    picture(page, "chart")
    wizard.get_by_role("button", name="Add to the page").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)
    expect(page.get_by_role("region", name="Supply voltage")).to_be_visible()


def set_a_limit(page: Page) -> None:
    go(page, "Alarms")
    page.get_by_role("link", name="What is watched").click()
    page.get_by_role("button", name="Set limits").click()
    form = page.get_by_role("dialog", name="Limits of a value")
    form.get_by_label("Value").select_option(f"{SUPPLY}.v_out")
    form.get_by_label("High (warning)").fill("4,05")
    form.get_by_label("What to do").fill("Turn the set-point down.")
    picture(page, "limits")
    form.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("region", name="Watched by the file")).to_contain_text("4.05 V")


def record_and_switch_on(page: Page, server: Server) -> None:
    page.get_by_role("button", name="Not recording").click()
    dialog = page.get_by_role("dialog", name="Start recording")
    dialog.get_by_label("Name of the session").fill("First look")
    picture(page, "recording")
    dialog.get_by_role("button", name="Start recording").click()
    go(page, "Dashboard")
    page.get_by_role("tab", name="Overview").click()
    card = page.get_by_role("region", name="Bench supply")
    for name, value in (("Set voltage", "4.2"), ("Set current", "3")):
        card.get_by_role("button", name=re.compile(f"^{name}")).click()
        card.get_by_label(name).fill(value)
        page.keyboard.press("Enter")
        expect(card.get_by_role("button", name=re.compile(f"^{name}"))).to_contain_text(value)
    card.get_by_role("switch", name="Output").click()


def acknowledge(page: Page) -> None:
    bell = page.get_by_role("banner").get_by_role("link", name=re.compile("Alarms: 1"))
    bell.click()
    picture(page, "alarm")
    row = page.get_by_role("row").filter(has_text=SUPPLY).first
    row.get_by_role("button", name="Acknowledge").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("was on purpose")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog).to_be_hidden()


def export_csv(page: Page, folder: Path) -> Path:
    page.get_by_role("button", name=re.compile("^Recording: First look")).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop recording").click()
    sure = page.get_by_role("dialog", name="Stop recording")
    sure.get_by_role("button", name="Stop recording").click()
    expect(sure).to_be_hidden()
    go(page, "History")
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog", name=re.compile("Export"))
    for device in (SUPPLY, "CH1"):
        box = dialog.get_by_role("checkbox", name=re.compile(device))
        box.set_checked(device == SUPPLY)
    picture(page, "export")
    dialog.get_by_role("button", name="Export").click()
    link = page.get_by_role("link", name=re.compile("Download")).first
    with page.expect_download() as loading:
        link.click()
    target = folder / loading.value.suggested_filename
    loading.value.save_as(target)
    return target


@pytest.mark.usefixtures("clean")
def test_a_newcomer_comes_from_an_empty_page_to_a_file(
    app: Page, server: Server, tmp_path: Path
) -> None:
    add_a_supply(app)
    make_a_chart(app)
    set_a_limit(app)
    record_and_switch_on(app, server)
    acknowledge(app)
    file = export_csv(app, tmp_path)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))[1:]  # the first holds the units
    voltages = [float(row["v_out"]) for row in rows if row["v_out"]]
    assert 4.05 <= max(voltages) <= 4.21
