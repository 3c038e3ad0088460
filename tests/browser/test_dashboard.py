"""Pages of widgets: made by the wizard, moved by mouse and keys, saved, and changed in two tabs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


def put_pages(server: Server, pages: list[dict[str, Any]]) -> None:
    revision = server.call("GET", "/api/workspaces/active")["revision"]
    answer = server.call("PUT", "/api/workspaces/active", {"revision": revision, "pages": pages})
    assert "revision" in answer, answer


def value(widget: str, point: str, x: int = 0, y: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": widget,
        "type": "value",
        "title": "",
        "bindings": {"point": {"source": point, "type": "point"}},
        "layout": {"x": x, "y": y, "w": 2, "h": 2},
        "options": {},
        **more,
    }


def saved(server: Server) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = server.call("GET", "/api/workspaces/active")["pages"]
    return pages


@pytest.fixture(autouse=True)
def no_pages(server: Server) -> Iterator[None]:
    put_pages(server, [])
    yield
    put_pages(server, [])


@pytest.fixture
def board(app: Page, server: Server) -> Page:
    """A page with two values, shown."""
    widgets = [value("wa", "DMM_01.cell_v"), value("wb", "DMM_01.cell_t", x=4, title="Warm")]
    put_pages(server, [{"id": "bench", "title": "Bench", "icon": "", "widgets": widgets}])
    app.goto(f"{server.url}/?page=bench")
    expect(widget(app, "Warm")).to_be_visible()
    return app


def widget(page: Page, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


def test_a_page_is_made_filled_by_the_wizard_saved_and_there_after_a_reload(
    app: Page, server: Server
) -> None:
    app.get_by_role("button", name="New page").click()
    app.get_by_role("button", name="Add widget").first.click()
    wizard = app.get_by_role("dialog", name="Add widget")
    wizard.get_by_role("radio", name=re.compile("^Value")).check(force=True)
    wizard.get_by_role("button", name="Next").click()
    expect(wizard.get_by_text("Choose: Measured value")).to_be_visible()
    wizard.get_by_role("searchbox").fill("cell volt")
    expect(wizard.get_by_text(re.compile(r"^\d\.\d{4}$"))).to_be_visible()
    wizard.get_by_role("radio").check()
    wizard.get_by_role("button", name="Next").click()
    wizard.get_by_role("textbox", name="Title").fill("My cell")
    wizard.get_by_role("button", name="Add to the page").click()
    expect(widget(app, "My cell").get_by_text(re.compile(r"^\d\.\d{4}$"))).to_be_visible()
    app.get_by_role("button", name="Save").click()
    expect(app.get_by_text("Unsaved changes")).to_have_count(0)
    assert saved(server)[0]["widgets"][0]["title"] == "My cell"
    app.reload()
    expect(widget(app, "My cell")).to_be_visible()


def edit(page: Page) -> None:
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.locator(".board.grid-stack")).to_be_visible()


def test_a_widget_is_deleted_and_brought_back_by_undo(board: Page) -> None:
    edit(board)
    board.get_by_role("button", name="Actions of Warm").click()
    board.get_by_role("menuitem", name="Delete").click()
    expect(widget(board, "Warm")).to_have_count(0)
    board.keyboard.press("Control+z")
    expect(widget(board, "Warm")).to_be_visible()
    expect(board.get_by_text("Unsaved changes")).to_have_count(0)


def drag(page: Page, start: Any, to: tuple[float, float]) -> None:
    box = start.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(*to, steps=8)
    page.mouse.move(to[0] + 2, to[1] + 2)
    page.mouse.up()


def test_a_data_point_is_dragged_onto_the_page_and_becomes_the_widget_that_fits(
    board: Page, server: Server
) -> None:
    edit(board)
    board.get_by_role("button", name="Data points").click()
    side = board.get_by_role("complementary", name="Data points")
    side.get_by_role("searchbox").fill("output power")
    drag(board, side.locator(".point-drag"), (500, 420))
    new = widget(board, "Output power · Supply")
    expect(new).to_be_visible()
    board.get_by_role("button", name="Save").click()
    expect(board.get_by_text("Unsaved changes")).to_have_count(0)
    third = saved(server)[0]["widgets"][2]
    assert third["bindings"]["point"]["source"].startswith("PSU_01.")
    assert third["layout"]["y"] >= 2


def test_a_widget_moved_by_mouse_stays_there_after_saving(board: Page, server: Server) -> None:
    edit(board)
    drag(board, widget(board, "Warm").locator("h3"), (1000, 440))
    expect(board.get_by_text("Unsaved changes")).to_be_visible()
    board.keyboard.press("Control+s")
    expect(board.get_by_text("Unsaved changes")).to_have_count(0)
    warm = saved(server)[0]["widgets"][1]["layout"]
    assert warm["x"] > 4
    assert warm["y"] >= 3
    before = widget(board, "Warm").bounding_box()
    board.get_by_role("button", name="Done").click()
    expect(board.locator(".board.grid-stack")).to_have_count(0)
    after = widget(board, "Warm").bounding_box()
    assert {k: round(v) for k, v in before.items()} == {k: round(v) for k, v in after.items()}


def test_arrow_keys_move_and_resize_a_widget_and_say_where_it_is(
    board: Page, server: Server
) -> None:
    edit(board)
    board.get_by_role("button", name="Move or resize Warm").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        board.keyboard.press(key)
    expect(board.get_by_text("Warm: column 7, row 2, 3 wide, 2 high")).to_be_attached()
    expect(board.get_by_role("button", name="Move or resize Warm")).to_be_focused()
    board.get_by_role("button", name="Save").click()
    expect(board.get_by_text("Unsaved changes")).to_have_count(0)
    assert saved(server)[0]["widgets"][1]["layout"] == {"x": 6, "y": 1, "w": 3, "h": 2}
    board.get_by_role("button", name="Undo").click()
    expect(board.get_by_text("Unsaved changes")).to_be_visible()


def rename_page(page: Page, title: str) -> None:
    page.get_by_role("button", name="Actions of page").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(title)
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()


@pytest.mark.parametrize(
    ("choice", "titles"),
    [
        ("Load theirs", ["Theirs"]),
        ("Keep mine", ["Mine"]),
        ("Save mine as a copy", ["Theirs", "Mine (my copy)"]),
    ],
)
def test_two_tabs_that_edit_one_page_lose_nothing_until_a_person_decides(
    board: Page, server: Server, choice: str, titles: list[str]
) -> None:
    rename_page(board, "Mine")
    other = board.context.new_page()
    other.goto(f"{server.url}/?page=bench")
    rename_page(other, "Theirs")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_text("Unsaved changes")).to_have_count(0)
    banner = board.get_by_role("alert").filter(has_text="changed elsewhere")
    expect(banner).to_be_visible()
    expect(board.get_by_role("tab", name="Mine")).to_be_visible()
    banner.get_by_role("button", name=choice).click()
    expect(banner).to_have_count(0)
    expect(board.get_by_text("Unsaved changes")).to_have_count(0)
    assert [page["title"] for page in saved(server)] == titles
    for title in titles:
        expect(other.get_by_role("tab", name=title, exact=True)).to_be_visible()
    other.close()


def test_unsaved_changes_are_there_again_after_a_reload(board: Page) -> None:
    rename_page(board, "Half done")
    board.reload()
    expect(board.get_by_text("Your unsaved changes from before the reload")).to_be_visible()
    expect(board.get_by_role("tab", name="Half done")).to_be_visible()
    board.get_by_role("button", name="Discard").click()
    expect(board.get_by_role("tab", name="Bench")).to_be_visible()


def test_a_widget_of_an_unknown_type_says_so_and_is_kept(app: Page, server: Server) -> None:
    odd = value("wx", "PSU_01.v_out", type="hologram", options={"depth": 3})
    put_pages(server, [{"id": "odd", "title": "Odd", "icon": "", "widgets": [odd]}])
    app.goto(f"{server.url}/?page=odd")
    expect(app.get_by_text("Unknown widget “hologram”")).to_be_visible()
    rename_page(app, "Still odd")
    app.get_by_role("button", name="Save").click()
    expect(app.get_by_text("Unsaved changes")).to_have_count(0)
    assert saved(server)[0]["widgets"] == [odd]


def test_a_widget_whose_device_is_removed_says_so_and_goes_on_when_it_is_back(
    app: Page, server: Server
) -> None:
    device = {
        "id": "TEMP_9",
        "driver": "virtual_template",
        "transport": {"type": "virtual"},
        "alias": "Visitor",
    }
    added = server.call("POST", "/api/devices", device)
    entity = next(one["id"] for one in added["entities"] if one["kind"] == "numeric")
    widgets = [value("wt", f"TEMP_9.{entity}", title="Guest"), value("wa", "DMM_01.cell_v", x=4)]
    put_pages(server, [{"id": "v", "title": "Visit", "icon": "", "widgets": widgets}])
    app.goto(f"{server.url}/?page=v")
    reading = widget(app, "Guest").get_by_text(re.compile(r"\d"))
    expect(reading.first).to_be_visible()
    server.call("DELETE", "/api/devices/TEMP_9")
    expect(widget(app, "Guest").get_by_text(f"TEMP_9.{entity} is not there")).to_be_visible()
    expect(
        widget(app, "Cell voltage · Cell meter").get_by_text(re.compile(r"\d"))
    ).not_to_have_count(0)
    server.call("POST", "/api/devices", device)
    expect(widget(app, "Guest").get_by_text("is not there")).to_have_count(0)
    expect(reading.first).to_be_visible()
    server.call("DELETE", "/api/devices/TEMP_9")


def test_a_widget_that_cannot_be_loaded_shows_its_error_and_the_rest_lives(
    app: Page, server: Server
) -> None:
    chart = value("wc", "DMM_01.cell_v", x=4, type="chart", title="Curve")
    chart["bindings"] = {"point1": {"source": "DMM_01.cell_v", "type": "point"}}
    widgets = [
        value("wa", "DMM_01.cell_v", title="Alive"),
        {**chart, "layout": {**chart["layout"], "w": 6, "h": 5}},
    ]
    put_pages(server, [{"id": "b", "title": "Broken", "icon": "", "widgets": widgets}])
    app.route("**/ChartWidget-*.js", lambda route: route.abort())
    app.goto(f"{server.url}/?page=b")
    expect(widget(app, "Curve").get_by_role("alert")).to_be_visible()
    expect(widget(app, "Alive").get_by_text(re.compile(r"^\d\.\d{4}$"))).to_be_visible()


def test_a_page_goes_to_a_file_and_comes_back_as_another_page(board: Page, server: Server) -> None:
    board.get_by_role("button", name="Actions of page Bench").click()
    with board.expect_download() as kept:
        board.get_by_role("menuitem", name="Export as a file").click()
    assert kept.value.suggested_filename == "Bench.json"
    board.get_by_role("button", name="Actions of page Bench").click()
    with board.expect_file_chooser() as chooser:
        board.get_by_role("menuitem", name="Import from a file").click()
    chooser.value.set_files(kept.value.path())
    expect(board.get_by_role("tab", name="Bench 2")).to_have_attribute("aria-selected", "true")
    expect(widget(board, "Warm")).to_be_visible()
    board.get_by_role("button", name="Actions of page Bench 2").click()
    with board.expect_file_chooser() as chooser:
        board.get_by_role("menuitem", name="Import from a file").click()
    wrong = {"name": "x.json", "mimeType": "application/json", "buffer": b"[]"}
    chooser.value.set_files([wrong])
    expect(board.get_by_text("This file holds no page and no widget.")).to_be_visible()


def test_pages_are_kept_under_a_name_and_loaded_again(board: Page, server: Server) -> None:
    def layouts() -> Any:
        board.get_by_role("button", name="Actions of page").click()
        board.get_by_role("menuitem", name="Layouts").click()
        return board.get_by_role("dialog", name="Layouts")

    dialog = layouts()
    dialog.get_by_role("textbox", name="Name").fill("Ageing")
    dialog.get_by_role("button", name="Keep the present pages").click()
    expect(dialog.get_by_text("1 pages, 2 widgets")).to_be_visible()
    board.keyboard.press("Escape")
    rename_page(board, "Other")
    layouts().get_by_role("button", name="Load Ageing").click()
    expect(board.get_by_role("tab", name="Bench")).to_be_visible()
    layouts().get_by_role("button", name="Delete Ageing").click()
    confirm = board.get_by_role("dialog", name="Delete Ageing")
    confirm.get_by_role("button", name="Delete").click()
    expect(board.get_by_text("No layout is kept yet")).to_be_visible()
    assert server.call("GET", "/api/workspaces")["items"] == []


def test_the_overview_becomes_a_page_that_can_be_changed(app: Page) -> None:
    app.get_by_role("button", name="Customize").click()
    expect(app.get_by_role("tab", name="Page")).to_have_attribute("aria-selected", "true")
    expect(app.locator(".board .widget").first).to_be_visible()
    app.get_by_role("button", name="Discard").click()
    expect(app.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")


def test_a_deleted_page_is_brought_back_by_the_message(board: Page) -> None:
    board.get_by_role("button", name="Actions of page Bench").click()
    board.get_by_role("menuitem", name="Delete page").click()
    expect(board.get_by_role("tab", name="Bench")).to_have_count(0)
    board.locator(".toasts").get_by_role("button", name="Undo").click()
    expect(board.get_by_role("tab", name="Bench")).to_have_attribute("aria-selected", "true")
    expect(widget(board, "Warm")).to_be_visible()


def test_a_widget_fills_the_screen_and_escape_ends_it_with_all_off_in_reach(board: Page) -> None:
    small = widget(board, "Warm").bounding_box()
    board.get_by_role("button", name="Actions of Warm").click()
    board.get_by_role("menuitem", name="Full screen").click()
    expect(board.get_by_role("button", name="Leave full screen")).to_be_focused()
    assert widget(board, "Warm").bounding_box()["width"] > 1000
    expect(board.get_by_role("button", name="All off")).to_be_visible()
    board.keyboard.press("Escape")
    expect(board.get_by_role("button", name="Leave full screen")).to_have_count(0)
    assert widget(board, "Warm").bounding_box() == small


def test_a_page_that_cannot_be_read_says_where_and_the_overview_works(
    app: Page, server: Server
) -> None:
    broken = {
        "revision": "x",
        "pages": [],
        "findings": [],
        "problem": {"code": "CONFIG_INVALID", "message": "workspace.json:7: no", "hint": ""},
    }
    app.route("**/api/workspaces/active", lambda route: route.fulfill(json=broken))
    app.goto(server.url)
    expect(app.get_by_role("alert").filter(has_text="workspace.json:7")).to_be_visible()
    expect(app.get_by_role("region", name="Channel CH1")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (1280, "light"), (360, "dark")])
def test_a_page_is_accessible_and_fits_while_shown_and_edited(
    board: Page, width: int, theme: str
) -> None:
    board.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    board.set_viewport_size({"width": width, "height": 800})
    assert findings(board) == []
    assert board.evaluate(OVERFLOW) <= 0
    board.get_by_role("button", name="Edit", exact=True).click()
    board.get_by_role("button", name="Data points").click()
    expect(board.get_by_role("complementary", name="Data points")).to_be_visible()
    assert findings(board) == []
    assert board.evaluate(OVERFLOW) <= 0
    board.get_by_role("button", name="Add widget").click()
    expect(board.get_by_role("dialog", name="Add widget")).to_be_visible()
    assert findings(board) == []
    assert board.evaluate(OVERFLOW) <= 0
