"""Pages of widgets: made by the wizard, moved by mouse and keys, saved, and changed in two tabs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


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


def test_a_widget_is_deleted_and_brought_back_by_undo(board: Page) -> None:
    board.get_by_role("button", name="Edit", exact=True).click()
    board.get_by_role("button", name="Actions of Warm").click()
    board.get_by_role("menuitem", name="Delete").click()
    expect(widget(board, "Warm")).to_have_count(0)
    board.keyboard.press("Control+z")
    expect(widget(board, "Warm")).to_be_visible()
    expect(board.get_by_text("Unsaved changes")).to_have_count(0)
