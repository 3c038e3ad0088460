"""A draft becomes what works: looked at, merged, rolled back; tried dry, and traced afterwards."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server, Watch
from tests.browser.editing import show_text, text_of, write

pytestmark = pytest.mark.browser
ID = "quick-check"


@pytest.fixture
def flow(app: Page, server: Server) -> Iterator[Page]:
    """The editor of a flow that is afterwards as it was."""
    server.add_flow(ID)
    app.goto(f"{server.url}/flows/{ID}")
    expect(show_text(app)).to_contain_text(ID)
    yield app
    server.add_flow(ID)


def save(server: Server, text: str) -> None:
    """As somebody else does."""
    revision = server.call("GET", f"/api/flows/{ID}")["revision"]
    server.call("PUT", f"/api/flows/{ID}", {"text": text, "revision": revision})


def bad(page: Page) -> list[str]:
    return [line for line in findings(page) if line.startswith(("critical", "serious"))]


def test_a_draft_is_looked_at_then_deployed_then_rolled_back(flow: Page, server: Server) -> None:
    before = text_of(server, ID)
    write(flow, before.replace("rest: 20 s", "rest: 25 s"))
    flow.keyboard.press("Control+S")
    dialog = flow.get_by_role("dialog", name="Save and deploy")
    expect(dialog.get_by_role("list", name="1 changed parts")).to_contain_text("rest")
    expect(dialog.locator(".cm-merge-b .cm-changedLine")).to_have_text(re.compile("rest: 25 s"))
    expect(dialog.get_by_role("button", name="Deploy")).to_be_focused()
    assert bad(flow) == []
    flow.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert "rest: 25 s" in text_of(server, ID)

    flow.get_by_role("button", name="History").click()
    drawer = flow.get_by_role("dialog", name="Versions of")
    expect(drawer.get_by_role("listitem").first).to_contain_text("at work")
    expect(drawer.locator(".cm-deletedChunk")).to_contain_text("rest: 20 s")
    assert bad(flow) == []
    drawer.get_by_role("button", name="Roll back to this version").click()
    expect(flow.get_by_text(re.compile("^Back to the version of"))).to_be_visible()
    assert text_of(server, ID) == before
    flow.keyboard.press("Escape")
    flow.get_by_role("button", name="Undo").click()
    expect(flow.get_by_text("Draft, not saved")).to_be_visible()


def test_changes_of_a_pull_and_of_the_draft_are_put_together(flow: Page, server: Server) -> None:
    before = text_of(server, ID)
    write(flow, before.replace("rest: 20 s", "rest: 40 s"))
    expect(flow.get_by_text("Rest 40 s")).to_be_visible()
    save(server, before.replace("Quick check", "Pulled").replace("rest: 20 s", "rest: 30 s"))
    expect(flow.get_by_text("The file changed on disk; your draft is kept.")).to_be_visible()
    flow.get_by_role("button", name="Compare and merge").click()
    dialog = flow.get_by_role("dialog", name="Somebody changed this file meanwhile")
    clash = dialog.get_by_role("group").filter(has_text="changed in both")
    expect(dialog.get_by_text("1 of 1 still to choose")).to_be_visible()
    result = dialog.get_by_role("textbox", name="Result")
    expect(result).to_contain_text("Pulled")
    expect(dialog.get_by_role("button", name="Save the result")).to_be_disabled()
    assert bad(flow) == []
    clash.get_by_role("radio", name=re.compile("^Yours")).check()
    expect(dialog.get_by_text("Everything is decided")).to_be_visible()
    dialog.get_by_role("button", name="Save the result").click()
    expect(dialog).to_be_hidden()
    assert "Pulled" in text_of(server, ID)
    assert "rest: 40 s" in text_of(server, ID)


def test_a_comparison_saves_nothing_and_what_is_broken_goes_on_as_draft(
    flow: Page, server: Server
) -> None:
    before = text_of(server, ID)
    write(flow, before.replace("rest: 20 s", "rest: 20 bananas"))
    expect(flow.get_by_text("Draft, not saved")).to_be_visible()
    theirs = before.replace("Quick check", "Pulled")
    save(server, theirs)
    compare = flow.get_by_role("button", name="Compare and merge")
    compare.press("Enter")
    dialog = flow.get_by_role("dialog", name="Somebody changed this file meanwhile")
    expect(dialog.get_by_role("radio", name="On disk").first).to_be_focused()
    expect(dialog.get_by_text("The result has errors: ")).to_be_visible()
    flow.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(compare).to_be_focused()
    flow.keyboard.press("Enter")
    dialog.get_by_role("button", name="Go on with the result as draft").press("Enter")
    expect(dialog).to_be_hidden()
    expect(flow.get_by_role("heading", level=1)).to_have_text("Pulled")
    expect(flow.get_by_role("textbox", name="YAML text")).to_contain_text("20 bananas")
    expect(flow.get_by_text("The file changed on disk")).to_be_hidden()
    assert text_of(server, ID) == theirs


def test_the_second_of_two_tabs_is_refused_with_the_difference(
    flow: Page, server: Server, watch: Watch, context: BrowserContext
) -> None:
    watch.refusals = {412}
    first = context.new_page()
    first.goto(flow.url)
    expect(first.get_by_role("textbox", name="YAML text")).to_contain_text(ID)
    before = text_of(server, ID)
    write(flow, before.replace("rest: 20 s", "rest: 21 s"))
    expect(flow.get_by_text("Rest 21 s")).to_be_visible()
    write(first, before.replace("rest: 20 s", "rest: 22 s"))
    first.keyboard.press("Control+S")
    expect(first.get_by_role("button", name="Deploy")).to_be_focused()
    first.keyboard.press("Enter")
    expect(first.get_by_text("Saved and active")).to_be_visible()
    first.close()
    flow.keyboard.press("Control+S")
    dialog = flow.get_by_role("dialog", name="Somebody changed this file meanwhile")
    expect(dialog).to_contain_text("rest: 22 s")
    expect(dialog).to_contain_text("rest: 21 s")
    assert "rest: 22 s" in text_of(server, ID)
    dialog.get_by_role("button", name="Take the version on disk").click()
    expect(flow.get_by_text("Rest 22 s")).to_be_visible()


def test_a_draft_is_tried_dry_and_the_curve_leads_to_its_step(flow: Page, server: Server) -> None:
    runs = len(server.runs())
    write(flow, text_of(server, ID).replace("repeat: 2", "repeat: 1"))
    expect(flow.get_by_text("Repeat 1 ×").first).to_be_visible()
    flow.get_by_role("button", name="Dry run").click()
    dry = flow.get_by_role("region", name="Dry run")
    expect(dry.get_by_text("It comes to its end without findings.")).to_be_visible(timeout=60_000)
    expect(dry.get_by_role("row").filter(has_text="discharge")).to_have_count(1)
    expect(dry.get_by_role("img", name="Simulated voltage")).to_be_visible()
    plot = dry.locator(".u-over").bounding_box()
    assert plot is not None
    flow.mouse.move(plot["x"] + plot["width"] * 0.2, plot["y"] + 40)
    expect(dry.get_by_role("button", name="charge", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    assert bad(flow) == []
    assert len(server.runs()) == runs
    flow.get_by_role("button", name="Undo").click()


def test_a_past_run_opens_as_its_trace_and_leaves_the_draft_alone(
    flow: Page, server: Server
) -> None:
    server.pace(None)
    run = server.call("POST", "/api/runs", {"sequence": ID})
    server.follow(run["id"])
    server.close_books()
    server.pace(60)
    draft = text_of(server, ID).replace("rest: 20 s", "rest: 26 s")
    write(flow, draft)
    expect(flow.get_by_text("Draft, not saved")).to_be_visible()
    flow.goto(f"{server.url}/runs/{run['id']}")
    flow.get_by_role("link", name="Trace").click()
    path = flow.get_by_role("region", name="Path taken")
    expect(path.get_by_role("listitem")).to_have_count(7)
    expect(path.get_by_role("listitem").first).to_contain_text("ended by time")
    text = flow.get_by_role("textbox", name="YAML text")
    expect(text).to_contain_text("rest: 20 s")
    slider = flow.get_by_role("slider", name="Time in the run")
    slider.focus()
    flow.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("charge"))
    flow.get_by_role("button", name="Next step").click()
    expect(slider).to_have_attribute("aria-valuetext", re.compile("pause"))
    expect(path.locator("[aria-current=step]")).to_contain_text("pause")
    assert bad(flow) == []
    flow.goto(f"{server.url}/flows/{ID}")
    expect(flow.get_by_text("Your unsaved draft was restored.")).to_be_visible()
    expect(text).to_contain_text("rest: 26 s")
