"""The text of a flow: errors, saving, and two people at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.editing import show_text, text_of, write

pytestmark = pytest.mark.browser


@pytest.fixture
def editor(app: Page, server: Server) -> Page:
    server.add_flow("quick-check")
    app.goto(f"{server.url}/flows/quick-check")
    expect(show_text(app)).to_contain_text("quick-check")
    return app


def test_an_error_shows_line_and_hint_and_is_not_saved(editor: Page, server: Server) -> None:
    before = text_of(server, "quick-check")
    write(editor, before.replace("voltage: 4.2 V", "voltage: 9 V"))
    issues = editor.get_by_role("region", name="Findings")
    finding = issues.get_by_role("button", name=re.compile("9 V is above the limit"))
    expect(finding).to_contain_text(re.compile(r"line \d+"))
    expect(finding).to_contain_text("limits can only be tightened")
    expect(editor.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    editor.get_by_role("button", name="Save").click()
    dialog = editor.get_by_role("dialog", name="Save and deploy")
    expect(dialog.get_by_text("This cannot be deployed. Errors: 1")).to_be_visible()
    expect(dialog.get_by_role("button", name="Deploy")).to_be_disabled()
    dialog.get_by_role("button", name=re.compile("9 V is above the limit")).click()
    expect(dialog).to_be_hidden()
    assert text_of(server, "quick-check") == before


def test_a_good_change_is_saved_and_active(editor: Page, server: Server) -> None:
    changed = text_of(server, "quick-check").replace("rest: 20 s", "rest: 25 s")
    write(editor, changed)
    expect(editor.get_by_text("Draft, not saved")).to_be_visible()
    expect(editor.get_by_text("Rest 25 s")).to_be_visible()
    editor.keyboard.press("Control+S")
    expect(editor.get_by_role("dialog", name="Save and deploy")).to_contain_text("Checked")
    editor.keyboard.press("Enter")
    expect(editor.get_by_text("Saved and active")).to_be_visible()
    assert text_of(server, "quick-check") == changed


def test_a_change_outside_is_never_overwritten_unasked(editor: Page, server: Server) -> None:
    before = server.call("GET", "/api/flows/quick-check")
    write(editor, before["text"].replace("rest: 20 s", "rest: 40 s"))
    theirs = before["text"].replace("Quick check", "Theirs")
    body = {"text": theirs, "revision": before["revision"]}
    server.call("PUT", "/api/flows/quick-check", body)
    expect(editor.get_by_text("The file changed on disk; your draft is kept.")).to_be_visible()
    editor.get_by_role("button", name="Save").click()
    dialog = editor.get_by_role("dialog", name="Somebody changed this file meanwhile")
    expect(dialog).to_be_visible()
    assert text_of(server, "quick-check") == theirs
    dialog.get_by_role("button", name="Save mine over it").click()
    expect(editor.get_by_text("Saved and active")).to_be_visible()
    assert "rest: 40 s" in text_of(server, "quick-check")


def test_a_draft_survives_a_reload(editor: Page, server: Server) -> None:
    write(editor, text_of(server, "quick-check").replace("rest: 20 s", "rest: 55 s"))
    expect(editor.get_by_text("Rest 55 s")).to_be_visible()
    editor.reload()
    expect(editor.get_by_text("Your unsaved draft was restored.")).to_be_visible()
    expect(editor.get_by_text("Rest 55 s")).to_be_visible()


def test_steps_show_their_ends_and_what_comes_finally(app: Page, server: Server) -> None:
    app.goto(f"{server.url}/flows/capacity-check")
    step = app.get_by_role("button", name=re.compile("^Step empty"))
    expect(step).to_be_visible()
    expect(app.get_by_role("button", name="End cutoff. U ≤ 2.5 V").first).to_be_visible()
    app.get_by_role("button", name="Table").click()
    last = app.get_by_role("row").filter(has_text="Outputs of the run to their safe state")
    expect(last).to_be_visible()
    condition = app.get_by_role("row").filter(has_text='step.ended_by = "taper"')
    expect(condition.get_by_role("gridcell").first).to_have_text("if")
