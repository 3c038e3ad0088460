"""What stands around every page: recording, markers, devices, keys, palette, projects."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_a_recording_carries_its_conditions_and_is_changed_while_it_runs(
    app: Page, server: Server
) -> None:
    app.get_by_role("button", name="Not recording").click()
    start = app.get_by_role("dialog")
    start.get_by_label("Name of the session").fill("Aging 7")
    start.get_by_label("cell", exact=True).fill("A-17")
    start.get_by_role("button", name="Add a condition").click()
    start.get_by_label("Name of condition 4").fill("fixture")
    start.get_by_label("fixture", exact=True).fill("holder 2")
    start.get_by_role("button", name="Start recording").click()
    app.get_by_role("button", name="Recording: Aging 7").click()
    details = app.get_by_role("dialog", name="Recording: Aging 7")
    expect(details).to_contain_text("holder 2")
    details.get_by_role("button", name="Edit recording").click()
    edit = app.get_by_role("dialog", name="Edit recording")
    edit.get_by_label("Notes").fill("contact cleaned")
    edit.get_by_role("button", name="Remove condition fixture").click()
    edit.get_by_role("button", name="Save").click()
    expect(edit).to_be_hidden()
    app.keyboard.press("r")
    app.get_by_role("dialog").get_by_role("button", name="Stop recording").click()
    expect(app.get_by_role("button", name="Not recording")).to_be_visible()
    newest = server.call("GET", "/api/projects/active/sessions")["items"][0]
    assert (newest["name"], newest["status"]) == ("Aging 7", "completed")
    assert (newest["conditions"], newest["notes"]) == ({"cell": "A-17"}, "contact cleaned")


def test_a_marker_is_set_by_its_key_corrected_removed_and_brought_back(
    app: Page, server: Server
) -> None:
    app.keyboard.press("m")
    panel = app.get_by_role("dialog", name="Marker")
    panel.get_by_label("Text of the marker").fill("door opened")
    panel.get_by_role("button", name="Colour 4").click()
    app.keyboard.press("Shift+Tab")
    panel.get_by_role("button", name="Set a marker").click()
    expect(panel).to_be_hidden()
    app.get_by_role("banner").get_by_role("button", name="Marker").click()
    panel.get_by_role("button", name="Edit: door opened").click()
    panel.get_by_label("Text of the marker").fill("door closed")
    panel.get_by_role("button", name="Save").click()
    panel.get_by_role("button", name="Delete: door closed").click()
    app.get_by_role("button", name="Undo").click()
    expect(panel.get_by_role("button", name="Delete: door closed")).to_be_visible()
    marker = server.call("GET", "/api/projects/active/markers")["items"][-1]
    assert (marker["label"], marker["color"]) == ("door closed", "#d9534f")
    server.call("DELETE", f"/api/projects/active/markers/{marker['id']}")


def test_keys_lead_to_pages_and_the_sheet_lists_those_of_the_page(app: Page) -> None:
    app.keyboard.press("g")
    app.keyboard.press("a")
    expect(app).to_have_url(re.compile("/alarms$"))
    app.keyboard.press("?")
    sheet = app.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("acknowledge")
    sheet.get_by_label("Shortcuts of single letters work").uncheck()
    app.keyboard.press("Escape")
    app.keyboard.press("g")
    app.keyboard.press("d")
    expect(app).to_have_url(re.compile("/alarms$"))
    app.keyboard.press("Control+k")
    app.get_by_role("combobox", name="Find pages and actions").fill("dash")
    app.keyboard.press("Enter")
    expect(app).to_have_url(re.compile("/$"))


def test_all_off_by_keys_asks_and_a_second_enter_does_it(app: Page, server: Server) -> None:
    app.keyboard.press("Shift+Escape")
    expect(app.get_by_role("dialog", name="Switch everything off?")).to_be_visible()
    app.keyboard.press("Escape")
    assert not server.call("GET", "/api/system/status")["latch"]["pressed"]
    app.keyboard.press("Shift+Escape")
    app.keyboard.press("Enter")
    banner = app.get_by_role("alert").filter(has_text="All outputs off")
    banner.get_by_role("button", name="Re-arm").click()
    app.get_by_role("dialog").get_by_role("textbox").fill("bench looked at")
    app.get_by_role("dialog").get_by_role("button", name="Re-arm").click()
    expect(banner).to_be_hidden()


def test_the_device_menu_edits_a_device_and_offers_a_new_one(app: Page) -> None:
    app.get_by_role("button", name="Devices: 3").click()
    menu = app.get_by_role("dialog", name="Devices")
    expect(menu.get_by_text("online")).to_have_count(3)
    menu.get_by_role("link", name="Edit: Cell meter").click()
    expect(app.get_by_role("dialog")).to_contain_text("DMM_01")


def test_language_look_and_density_are_chosen_and_kept(app: Page) -> None:
    html = app.locator("html")
    for name, attribute, value in (
        ("Dense", "data-density", "dense"),
        ("Light theme", "data-theme", "light"),
        ("Deutsch", "lang", "de"),
    ):
        app.get_by_role("button", name="Person and look").click()
        app.get_by_role("menuitemradio", name=name).click()
        expect(html).to_have_attribute(attribute, value)
    app.reload()
    expect(app.get_by_role("link", name="Abläufe")).to_be_visible()
    expect(html).to_have_attribute("data-theme", "light")
    expect(html).to_have_attribute("data-density", "dense")


def test_a_project_is_made_renamed_downloaded_deleted_and_imported(
    app: Page, tmp_path: Path
) -> None:
    app.get_by_title("Change project").click()
    app.get_by_role("button", name="New project").click()
    app.get_by_role("dialog", name="New project").get_by_label("Name").fill("Bench two")
    app.get_by_role("button", name="New project").last.click()
    app.get_by_role("button", name="More for Bench two").click()
    app.get_by_role("menuitem", name="Rename or describe").click()
    app.get_by_role("dialog", name="Rename").get_by_label("Name").fill("Bench zwei")
    app.get_by_role("button", name="Save").click()
    more = app.get_by_role("button", name="More for Bench zwei")
    more.click()
    with app.expect_download() as download:
        app.get_by_role("menuitem", name="Download as zip").click()
    archive = tmp_path / "bench.zip"
    download.value.save_as(archive)
    more.click()
    app.get_by_role("menuitem", name="Delete").click()
    question = app.get_by_role("dialog", name="Delete")
    expect(question.get_by_role("button", name="Delete")).to_be_disabled()
    question.get_by_label("Name of the project").fill("Bench zwei")
    question.get_by_role("button", name="Delete").click()
    expect(more).to_have_count(0)
    app.locator("input[type=file]").set_input_files(archive)
    expect(more).to_be_visible()
    more.click()
    app.get_by_role("menuitem", name="Delete").click()
    question.get_by_label("Name of the project").fill("Bench zwei")
    question.get_by_role("button", name="Delete").click()
    expect(more).to_have_count(0)
    app.get_by_role("button", name="Back to Akku-Charakterisierung").click()
    expect(app.get_by_role("navigation")).to_be_visible()
