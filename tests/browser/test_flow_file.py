"""A flow as a file: copied with its draft, renamed, removed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server
from tests.browser.editing import show_text, text_of, write

pytestmark = pytest.mark.browser
NAMES = ("quick-check-2", "quicker")


@pytest.fixture
def flow(app: Page, server: Server) -> Iterator[Page]:
    """The editor; whatever is made of the flow is gone afterwards."""
    server.add_flow("quick-check")
    app.goto(f"{server.url}/flows/quick-check")
    yield app
    for name in NAMES:
        present = server.call("GET", f"/api/flows/{name}")
        if "revision" in present:
            server.call("DELETE", f"/api/flows/{name}?revision={present['revision']}")


def choose(page: Page, what: str) -> None:
    page.get_by_role("button", name="More with this flow").click()
    page.get_by_role("menuitem", name=what).click()


def test_a_flow_is_copied_with_its_draft_renamed_and_removed(flow: Page, server: Server) -> None:
    before = text_of(server, "quick-check")
    show_text(flow)
    write(flow, before.replace("rest: 20 s", "rest: 33 s"))
    expect(flow.get_by_text("Rest 33 s")).to_be_visible()
    choose(flow, "Copy")
    expect(flow.get_by_label("Id of the new flow")).to_be_focused()
    assert [line for line in findings(flow) if line.startswith(("critical", "serious"))] == []
    flow.keyboard.press("Enter")
    flow.wait_for_url(re.compile("/flows/quick-check-2$"))
    expect(flow.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    assert text_of(server, "quick-check") == before
    copied = text_of(server, "quick-check-2")
    assert "rest: 33 s" in copied

    choose(flow, "Rename")
    flow.get_by_label("Id of the new flow").fill("quicker")
    flow.keyboard.press("Enter")
    flow.wait_for_url(re.compile("/flows/quicker$"))
    expect(flow.get_by_text("quicker.yaml")).to_be_visible()
    assert text_of(server, "quicker") == copied.replace("quick-check-2", "quicker")
    assert "revision" not in server.call("GET", "/api/flows/quick-check-2")

    choose(flow, "Delete")
    flow.get_by_role("dialog").get_by_role("button", name="Delete").click()
    flow.wait_for_url(re.compile("/flows$"))
    expect(flow.get_by_role("link", name="Quick check")).to_have_count(1)
    assert "revision" not in server.call("GET", "/api/flows/quicker")


def test_another_id_is_not_deployed_but_told_where_it_is_done(flow: Page, server: Server) -> None:
    before = text_of(server, "quick-check")
    show_text(flow)
    write(flow, before.replace("id: quick-check", "id: quicker"))
    expect(flow.get_by_text("Draft, not saved")).to_be_visible()
    flow.keyboard.press("Control+S")
    dialog = flow.get_by_role("dialog", name="Save and deploy")
    expect(dialog.get_by_text("The id cannot be changed by saving")).to_be_visible()
    expect(dialog.get_by_role("button", name="Deploy")).to_be_disabled()
    assert text_of(server, "quick-check") == before
