"""A flow made, started and changed by the keyboard alone."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

PHRASE = "cc 1a 4.2v,m,r 1m,m,3x,t>45"


class Hands:
    """Somebody at the keyboard: every key counts, and nothing else is touched."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = 0
        self.began = time.monotonic()

    def press(self, *strokes: str) -> None:
        """Keys one after the other; with Ctrl or Shift held, one of them."""
        for stroke in strokes:
            self.keys += 1
            self.page.keyboard.press(stroke)

    def type(self, text: str) -> None:
        """Each letter is a key."""
        for letter in text:
            self.press(letter)


@pytest.fixture
def made(server: Server) -> Iterator[str]:
    """The id a new flow gets; the flow is gone afterwards."""
    name = "empty-flow"
    yield name
    server.settle()
    present = server.call("GET", f"/api/flows/{name}")
    if "revision" in present:
        server.call("DELETE", f"/api/flows/{name}?revision={present['revision']}")


def open_table(page: Page, server: Server, flow: str) -> None:
    """The flow in the table, with the focus in it."""
    page.goto(f"{server.url}/flows/{flow}")
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.get_by_role("treegrid")).to_be_visible()


def test_cycles_with_markers_and_a_rule_by_keyboard_alone(
    app: Page, server: Server, made: str
) -> None:
    app.goto(f"{server.url}/flows")
    expect(app.get_by_role("link", name="Capacity check 18650, 3 cycles")).to_be_visible()
    hands = Hands(app)
    hands.press("n")
    expect(app.get_by_role("radio", name="Empty flow")).to_be_focused()
    expect(app.get_by_text("Checked: no findings")).to_be_visible()
    hands.press("Enter")
    expect(app.get_by_role("heading", name="Empty flow", level=1)).to_be_visible()
    hands.press("/")
    expect(app.get_by_role("combobox", name="What to add")).to_be_focused()
    hands.type(PHRASE)
    expect(app.get_by_role("dialog", name="Quick add")).to_contain_text("Repeat 3 ×")
    hands.press("Enter")
    expect(app.get_by_role("dialog", name="Quick add")).to_be_hidden()
    hands.press("Control+s")
    deploy = app.get_by_role("dialog")
    expect(app.get_by_text("Saved and active").or_(deploy)).to_be_visible()
    if deploy.is_visible():
        hands.press("Enter")
    expect(app.get_by_text("Saved and active")).to_be_visible()
    expect(app.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    hands.press("Control+Enter")
    expect(app.get_by_role("button", name="Start run")).to_be_enabled()
    hands.press("Shift+Tab", "Shift+Tab", "Enter")
    app.wait_for_url(re.compile("/runs/"))
    assert hands.keys <= 40
    assert time.monotonic() - hands.began <= 60
    expect(app.get_by_text(re.compile("charge.*round 1/3")).first).to_be_visible()
    run = app.url.rsplit("/", 1)[-1]
    server.call("POST", f"/api/runs/{run}/abort")
    server.follow(run)
    app.get_by_role("link", name="Trace").click()
    app.wait_for_url(re.compile(f"/runs/{run}/trace"))
    expect(app.get_by_text("Charge CC-CV 1 A to 4.2 V").first).to_be_visible()
    text = server.call("GET", f"/api/flows/{made}")["text"]
    for part in ("repeat: 3", "current: 1 A", "- marker: Charged", "- rest: 1 min", "temp > 45 °C"):
        assert part in text


def test_a_figure_changes_in_its_cell_and_in_one_line(app: Page, server: Server) -> None:
    server.add_flow("quick-check")
    before = server.call("GET", "/api/flows/quick-check")["text"]
    app.set_viewport_size({"width": 1900, "height": 1000})
    open_table(app, server, "quick-check")
    app.get_by_role("row", name=re.compile("^1.1")).locator("[data-column=current]").click()
    app.keyboard.type("0,25")
    app.keyboard.press("Enter")
    expect(app.get_by_role("gridcell", name="0.25 C", exact=True)).to_be_focused()
    app.keyboard.press("ArrowDown")
    app.keyboard.press("ArrowRight")
    app.keyboard.press("ArrowRight")
    app.keyboard.press("F2")
    app.keyboard.type("15s")
    app.keyboard.press("Enter")
    expect(app.get_by_role("gridcell", name="15 s", exact=True)).to_be_focused()
    expect(app.locator(".board")).not_to_have_attribute("aria-busy", "true")
    app.keyboard.press("Control+z")
    expect(app.get_by_role("gridcell", name="20 s", exact=True)).to_be_visible()
    shown = app.get_by_role("textbox", name="YAML text")
    expect(shown).to_contain_text("current: 0.25 C")
    assert server.call("GET", "/api/flows/quick-check")["text"] == before
    app.keyboard.press("Control+z")
    expect(app.get_by_text("Draft, not saved")).to_be_hidden()


def test_rows_move_double_and_go_by_keys(app: Page, server: Server) -> None:
    server.add_flow("quick-check")
    open_table(app, server, "quick-check")
    rows = app.locator("[role=treegrid] [data-key^='sequence/']")
    expect(rows).to_have_count(4)
    app.get_by_text("Rest 20 s").first.click()
    app.keyboard.press("Alt+ArrowUp")
    expect(rows.nth(1)).to_contain_text("Rest 20 s")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    app.keyboard.press("Control+d")
    expect(rows).to_have_count(5)
    app.keyboard.press("Shift+ArrowUp")
    expect(app.locator("[role=row][aria-selected=true]")).to_have_count(2)
    app.keyboard.press("Delete")
    expect(rows).to_have_count(3)
    app.keyboard.press("Tab")
    app.keyboard.type("w 5s")
    app.keyboard.press("Enter")
    expect(rows).to_have_count(4)
    expect(app.get_by_role("dialog", name="Quick add")).to_be_hidden()
    for _ in range(4):
        app.keyboard.press("Control+z")
    expect(app.get_by_text("Draft, not saved")).to_be_hidden()


def test_quick_add_says_what_it_cannot_read(app: Page, server: Server) -> None:
    server.add_flow("quick-check")
    open_table(app, server, "quick-check")
    app.keyboard.press("/")
    app.keyboard.type("cc 3 bananas")
    expect(app.get_by_text("“3” does not fit here")).to_be_visible()
    app.keyboard.press("Enter")
    expect(app.get_by_role("dialog", name="Quick add")).to_be_visible()
    assert findings(app) == []
    app.keyboard.press("Control+a")
    app.keyboard.type("marke")
    expect(
        app.get_by_role("listbox", name="Matches").get_by_role("option", selected=True)
    ).to_contain_text("Marker")
    app.keyboard.press("Escape")
    expect(app.get_by_role("dialog", name="Quick add")).to_be_hidden()
    assert findings(app) == []


def test_blocks_come_by_click_and_by_drag(app: Page, server: Server) -> None:
    server.add_flow("quick-check")
    open_table(app, server, "quick-check")
    app.get_by_role("button", name="Show the blocks").click()
    app.get_by_role("searchbox", name="Find a block").fill("mark")
    block = app.get_by_role("button", name=re.compile("^Add Marker: "))
    block.click()
    rows = app.locator("[role=treegrid] [data-key^='sequence/']")
    expect(rows).to_have_count(5)
    block.drag_to(app.get_by_text("Rest 20 s").first)
    expect(rows).to_have_count(6)
    assert findings(app) == []
    app.get_by_role("button", name="Hide the blocks").click()
    app.keyboard.press("Control+z")
    app.keyboard.press("Control+z")
    expect(app.get_by_text("Draft, not saved")).to_be_hidden()


def test_a_template_becomes_a_flow_with_the_values_that_matter(app: Page, server: Server) -> None:
    app.goto(f"{server.url}/flows")
    app.get_by_role("button", name="New flow").first.click()
    dialog = app.get_by_role("dialog", name="New flow")
    dialog.get_by_role("radio", name="Over-temperature rule").click()
    dialog.get_by_label("Id").fill("too-hot")
    dialog.get_by_label("Temperature limit").fill("50 bananas")
    expect(dialog.get_by_role("list", name="Findings of the check")).to_be_visible()
    expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    dialog.get_by_label("Temperature limit").fill("50 °C")
    expect(dialog.get_by_text("DMM_01.cell_temp > 50 °C").first).to_be_visible()
    expect(dialog.get_by_text("Checked: no findings")).to_be_visible()
    assert findings(app) == []
    dialog.get_by_role("button", name="Create").click()
    app.wait_for_url(re.compile("/flows/too-hot"))
    made = server.call("GET", "/api/flows/too-hot")
    assert "when: {expr: DMM_01.cell_temp > 50 °C, for: 10 s" in made["text"]
    server.call("DELETE", f"/api/flows/too-hot?revision={made['revision']}")
