"""Scripts in their editor: written with help, tried dry, run, rolled back; opened in place."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server, Watch
from tests.browser.editing import show_text, text_of, write

pytestmark = pytest.mark.browser
NAME = "drift"
FLOW = "quick-check"
FIRST = '# Größe\nprint("first", 1 + 1)\n'
SECOND = 'print("second")\n'


def script(server: Server, name: str = NAME) -> str:
    """The script as it stands on disk."""
    text: str = server.call("GET", f"/api/scripts/{name}")["text"]
    return text


def put(server: Server, text: str) -> None:
    """As somebody else does."""
    revision = server.call("GET", f"/api/scripts/{NAME}").get("revision", "")
    server.call("PUT", f"/api/scripts/{NAME}", {"text": text, "revision": revision})


def bad(page: Page) -> list[str]:
    return [line for line in findings(page) if line.startswith(("critical", "serious"))]


def replace(page: Page, text: str) -> None:
    """Select all and paste."""
    page.get_by_role("textbox", name="Source").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def save(page: Page) -> None:
    """Ctrl+S, a look, Enter."""
    page.keyboard.press("Control+S")
    dialog = page.get_by_role("dialog", name=f"Save {NAME}")
    expect(dialog.get_by_role("button", name="Save")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


@pytest.fixture
def scripts(app: Page, server: Server) -> Iterator[Page]:
    """The list of scripts; the one of the test is gone afterwards."""
    app.goto(f"{server.url}/scripts")
    yield app
    found = server.call("GET", f"/api/scripts/{NAME}")
    if "revision" in found:
        server.call("DELETE", f"/api/scripts/{NAME}?revision={found['revision']}")


def test_a_script_is_written_with_help_and_tried_on_virtual_devices(
    scripts: Page, server: Server
) -> None:
    page = scripts
    page.get_by_role("button", name="New script").first.click()
    dialog = page.get_by_role("dialog", name="New script")
    dialog.get_by_role("textbox", name="Name").fill(NAME)
    assert bad(page) == []
    dialog.get_by_role("button", name="New script").click()
    expect(page.get_by_role("heading", level=1, name=NAME)).to_be_visible()
    replace(page, "")
    page.keyboard.type("await wri")
    page.get_by_role("option", name=re.compile("write")).first.click()
    page.keyboard.type("v_s")
    page.get_by_role("option", name=re.compile("PSU_01.v_set")).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.type(', 2.5)\nraed("x")')
    source = page.get_by_role("textbox", name="Source")
    expect(source).to_contain_text('await write("PSU_01.v_set", 2.5)')
    mistake = page.get_by_role("button", name=re.compile("raed.*line 2"))
    expect(mistake).to_be_visible()
    expect(page.locator(".cm-lintRange-error").first).to_contain_text("raed")
    expect(page.get_by_role("button", name="Dry run", exact=True)).to_be_disabled()
    page.keyboard.press("Shift+Home")
    page.keyboard.type('print("there")')
    expect(page.get_by_text("No findings")).to_be_visible()
    before = server.call("GET", "/api/devices/PSU_01/entities/v_set")["value"]
    page.keyboard.press("Control+Enter")
    result = page.get_by_role("region", name="Result of the dry run")
    expect(result).to_be_visible(timeout=60_000)
    expect(result.get_by_role("status")).to_contain_text("done")
    expect(result).to_contain_text("there")
    row = result.get_by_role("row").filter(has_text="PSU_01.v_set")
    expect(row).to_contain_text("reads back 2.5")
    assert bad(page) == []
    assert server.call("GET", "/api/devices/PSU_01/entities/v_set")["value"] == before
    page.reload()
    expect(page.get_by_text("Your unsaved draft was restored.")).to_be_visible()
    expect(source).to_contain_text("there")
    assert "there" not in script(server)


def test_versions_are_looked_at_run_and_rolled_back_byte_by_byte(
    scripts: Page, server: Server
) -> None:
    page = scripts
    put(server, "print(0)\n")
    page.goto(f"{server.url}/scripts/{NAME}")
    replace(page, FIRST)
    page.keyboard.press("Control+S")
    dialog = page.get_by_role("dialog", name=f"Save {NAME}")
    expect(dialog.locator(".cm-merge-b .cm-changedLine").last).to_contain_text("first")
    assert bad(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert script(server) == FIRST
    page.get_by_role("button", name="Run …").click()
    page.get_by_role("dialog", name=f"Run {NAME}").get_by_role("button", name="Run now").click()
    expect(page.get_by_role("log", name="Output")).to_contain_text("first 2")
    panel = page.get_by_role("tabpanel", name="Run")
    expect(panel.get_by_text("done", exact=True).first).to_be_visible()
    replace(page, SECOND)
    save(page)
    assert script(server) == SECOND
    page.get_by_role("button", name="History").click()
    drawer = page.get_by_role("dialog", name="Versions of")
    expect(drawer.get_by_role("listitem").first).to_contain_text("on disk")
    expect(drawer.locator(".cm-deletedChunk")).to_contain_text("first")
    assert bad(page) == []
    drawer.get_by_role("button", name="Roll back to this version").click()
    expect(page.get_by_text(re.compile("^Back to the version of"))).to_be_visible()
    assert script(server) == FIRST


def test_the_second_tab_is_refused_with_the_difference_and_a_deleted_file_is_told(
    scripts: Page, server: Server, context: BrowserContext, watch: Watch
) -> None:
    page = scripts
    watch.refusals = {412}
    put(server, "a = 1\nb = 2\nprint(a, b)\n")
    page.goto(f"{server.url}/scripts/{NAME}")
    replace(page, "a = 5\nb = 2\nprint(a, b)\n")
    expect(page.get_by_text("Draft, not saved")).to_be_visible()
    other = context.new_page()
    other.goto(f"{server.url}/scripts")
    other.evaluate("localStorage.clear()")
    other.goto(page.url)
    replace(other, "a = 6\nb = 2\nprint(a, b)\n")
    save(other)
    other.close()
    expect(page.get_by_text("The file changed on disk; your draft is kept.")).to_be_visible()
    page.keyboard.press("Control+S")
    dialog = page.get_by_role("dialog", name="Somebody changed this file meanwhile")
    expect(dialog.get_by_text("1 of 1 still to choose")).to_be_visible()
    expect(dialog).to_contain_text("a = 6")
    assert bad(page) == []
    dialog.get_by_role("radio", name=re.compile("^Yours")).check()
    dialog.get_by_role("button", name="Save the result").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert script(server).startswith("a = 5")
    revision = server.call("GET", f"/api/scripts/{NAME}")["revision"]
    server.call("DELETE", f"/api/scripts/{NAME}?revision={revision}")
    expect(page.get_by_text("The file was deleted meanwhile.")).to_be_visible()
    replace(page, SECOND)
    save(page)
    assert script(server) == SECOND


def test_a_script_step_opens_its_file_in_place_and_the_draft_of_the_flow_stays(
    scripts: Page, server: Server
) -> None:
    page = scripts
    server.add_flow(FLOW)
    page.goto(f"{server.url}/flows/{FLOW}")
    expect(show_text(page)).to_contain_text(FLOW)
    before = text_of(server, FLOW)
    write(page, f"{before.rstrip()}\n  - script: {{name: {NAME}}}")
    page.get_by_role("button", name="Create script").click()
    dialog = page.get_by_role("dialog", name="New script")
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value(NAME)
    dialog.get_by_role("button", name="New script").click()
    place = page.get_by_role("dialog", name=f"Script {NAME}")
    expect(place.get_by_role("textbox", name="Source")).to_be_focused()
    assert bad(page) == []
    replace(page, SECOND)
    save(page)
    assert script(server) == SECOND
    page.keyboard.press("Escape")
    expect(place).to_be_hidden()
    expect(page.get_by_role("button", name="Open script")).to_be_visible()
    expect(page.get_by_text("Draft, not saved")).to_be_visible()
    expect(page.get_by_role("textbox", name="YAML text")).to_contain_text(f"name: {NAME}")
    assert text_of(server, FLOW) == before
