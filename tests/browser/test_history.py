"""Recordings in the browser: laid over each other, zoomed, measured, marked and exported."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import recordings
from tests.browser.axe import findings
from tests.browser.conftest import Server
from tests.browser.recordings import BASE, Recordings

pytestmark = pytest.mark.browser
made = pytest.fixture(recordings.recorded, scope="module")


@pytest.fixture
def history(app: Page, server: Server, made: Recordings) -> Page:
    """The page with the second recording."""
    app.goto(f"{server.url}/history?session={made.second}")
    expect(curves(app)).to_be_visible()
    expect(figure(app, "CH1 voltage")).to_be_visible()
    return app


def curves(page: Page) -> Locator:
    return page.get_by_role("group", name="Curves of")


def figure(page: Page, curve: str) -> Locator:
    return page.get_by_role("row").filter(has_text=curve)


def drag(page: Page, start: float, end: float) -> None:
    """Over the field of curves, in shares of its width."""
    box = page.locator(".field-of-curves .u-over").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    page.mouse.up()


def test_two_recordings_are_laid_over_each_other_and_aligned_at_a_marker(
    history: Page, made: Recordings
) -> None:
    history.get_by_role("checkbox", name="Lay “Cold cell” over").check()
    expect(history).to_have_url(re.compile(f"session={made.second}&with={made.first}"))
    expect(history.get_by_role("button", name="Warm cell · CH1 voltage")).to_be_visible()
    expect(history.get_by_role("button", name="Cold cell · CH1 voltage")).to_be_visible()
    history.get_by_role("combobox", name="Align at").select_option(label="Marker “Fan on”")
    history.get_by_role("button", name="What happened").click()
    zero = history.get_by_role("row").filter(has_text="Fan on").get_by_role("cell").first
    expect(zero).to_have_text("0 s")
    assert findings(history) == []


def test_zooming_asks_the_server_for_finer_values_and_a_key_shows_all_again(
    history: Page, server: Server
) -> None:
    del server
    whole = history.get_by_role("status").filter(has_text="whole recording")
    expect(whole).to_be_visible()
    drag(history, 0.4, 0.6)
    expect(history.get_by_role("status").filter(has_text="visible range")).to_be_visible()
    curves(history).focus()
    history.keyboard.press("+")
    history.keyboard.press("ArrowLeft")
    expect(history.get_by_role("button", name="Zoom out")).to_be_enabled()
    history.keyboard.press("0")
    expect(whole).to_be_visible()


def test_a_measured_range_has_figures_and_becomes_a_region(history: Page, server: Server) -> None:
    history.get_by_role("button", name="Measure").click()
    drag(history, 0.25, 0.75)
    expect(history.get_by_role("status").filter(has_text="chosen range")).to_be_visible()
    expect(figure(history, "CH1 current").get_by_role("cell").nth(5)).to_contain_text("Ah")
    history.get_by_role("button", name="Make it a region").click()
    dialog = history.get_by_role("dialog", name="Set region")
    dialog.get_by_label("Label").fill("Soak")
    dialog.get_by_role("radio").nth(2).click()
    dialog.get_by_role("button", name="Save").click()
    history.get_by_role("button", name="What happened").click()
    row = history.get_by_role("row").filter(has_text="Soak")
    expect(row).to_contain_text("Region")
    kept = next(m for m in server.call("GET", f"{BASE}/markers")["items"] if m["label"] == "Soak")
    assert kept["ends"] - kept["timestamp"] > 20
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    history.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)


def test_a_click_on_the_curves_sets_a_marker_there_that_can_be_renamed(
    history: Page, server: Server, made: Recordings
) -> None:
    drag(history, 0.8, 0.8)
    dialog = history.get_by_role("dialog", name="Set marker")
    dialog.get_by_label("Label").fill("Look here")
    dialog.get_by_role("button", name="Save").click()
    history.get_by_role("button", name="What happened").click()
    history.get_by_role("button", name="Edit marker: Look here").click()
    dialog = history.get_by_role("dialog", name="Edit marker")
    dialog.get_by_label("Label").fill("Seen")
    dialog.get_by_role("button", name="Save").click()
    expect(history.get_by_role("row").filter(has_text="Seen")).to_be_visible()
    session = server.call("GET", f"{BASE}/sessions/{made.second}")
    marker = next(m for m in server.call("GET", f"{BASE}/markers")["items"] if m["label"] == "Seen")
    length = session["stopped"] - session["created"]
    assert 0.7 < (marker["timestamp"] - session["created"]) / length < 0.9
    assert marker["session_id"] == made.second


def test_an_alarm_of_that_time_is_shown_and_leads_to_its_place(history: Page) -> None:
    history.get_by_role("button", name="What happened").click()
    alarm = history.get_by_role("row").filter(has_text="The fire bell rings")
    alarm.get_by_role("button").first.click()
    expect(history.get_by_role("button", name="Zoom out")).to_be_enabled()


def test_conditions_and_tags_are_edited_and_found_again(history: Page, server: Server) -> None:
    history.get_by_role("button", name="More").click()
    history.get_by_role("menuitem", name="Edit").click()
    dialog = history.get_by_role("dialog", name="Edit recording")
    dialog.get_by_label("Tags").fill("lfp, aged")
    dialog.get_by_label("Notes").fill("with a new clamp")
    dialog.get_by_role("button", name="Save").click()
    listed = history.get_by_role("navigation", name="Recordings")
    expect(listed.get_by_text("aged", exact=True)).to_be_visible()
    history.get_by_role("searchbox", name="Find name").fill("clamp")
    expect(listed.get_by_text("Cold cell")).to_have_count(0)
    expect(listed.get_by_text("Warm cell")).to_be_visible()
    session = server.call("GET", f"{BASE}/sessions?limit=1")["items"][0]
    assert session["tags"] == ["lfp", "aged"]
    assert session["conditions"] == {"cell": "B07"}


def test_an_export_of_two_devices_is_made_in_the_background_and_downloaded(
    history: Page, tmp_path: Path
) -> None:
    history.get_by_role("button", name="Export", exact=True).click()
    dialog = history.get_by_role("dialog", name="Export “Warm cell”")
    dialog.get_by_role("checkbox", name="DMM_01").check()
    expect(dialog.get_by_role("combobox", name="Range")).to_have_value("all")
    dialog.get_by_role("button", name="Export").click()
    expect(dialog).to_have_count(0)
    files = history.get_by_role("region", name="Exports")
    link = files.get_by_role("link", name=re.compile(r"Download: Warm_cell_all_.*\.zip"))
    with history.expect_download() as download:
        link.click()
    target = tmp_path / "export.zip"
    download.value.save_as(target)
    assert target.stat().st_size > 1000


def test_markers_outside_of_recordings_have_a_place(history: Page, server: Server) -> None:
    server.call("POST", f"{BASE}/markers", {"label": "Nobody recorded"})
    history.get_by_role("button", name="Outside of recordings").click()
    expect(history.get_by_role("row").filter(has_text="Nobody recorded")).to_be_visible()
    assert findings(history) == []
