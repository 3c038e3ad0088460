"""The canvas of a flow: by mouse, by keyboard, alive, and with what is dropped on it."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

DROP = """([selector, nodes]) => {
  const at = document.querySelector(selector).getBoundingClientRect()
  const data = new DataTransfer()
  data.setData('application/x-ionpy-nodes', nodes)
  const where = { clientX: at.x + at.width / 2, clientY: at.y + at.height + 12 }
  const options = { bubbles: true, cancelable: true, dataTransfer: data, ...where }
  const pane = document.querySelector('.area')
  pane.dispatchEvent(new DragEvent('dragover', options))
  pane.dispatchEvent(new DragEvent('drop', options))
}"""


@pytest.fixture
def canvas(app: Page, server: Server) -> Iterator[Page]:
    server.add_flow("canvas")
    look = json.dumps({"view": "canvas", "text": False})
    app.evaluate("look => localStorage.setItem('ionpy.flows.look', look)", look)
    app.set_viewport_size({"width": 1600, "height": 1000})
    app.goto(f"{server.url}/flows/canvas")
    expect(card(app, "charge")).to_be_visible()
    yield app
    server.settle()
    revision = server.call("GET", "/api/flows/canvas")["revision"]
    server.call("DELETE", f"/api/flows/canvas?revision={revision}")


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^Step {name}\."))


def middle(target: Locator, down: float = 0.5) -> tuple[float, float]:
    box = target.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] * down


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 8, start[1] + 8, steps=3)
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def order(page: Page) -> list[str]:
    """Cards from top to bottom."""
    faces = page.locator(".card .face")
    found = [(middle(face)[1], face.get_attribute("data-key") or "") for face in faces.all()]
    names = {key: page.locator(f"[data-key='{key}'] .top").inner_text() for _, key in found}
    return [names[key].split("\n")[0] for _, key in sorted(found)]


def text_of(page: Page) -> str:
    """The draft, from the page's own memory of it."""
    drafts = page.evaluate(
        "Object.entries(localStorage).find(([key]) => key.includes('draft') && "
        "key.includes('canvas'))?.[1] ?? '{}'"
    )
    text: str = json.loads(drafts).get("text", "")
    return text


def test_a_step_is_dragged_between_others_and_into_a_loop(canvas: Page, server: Server) -> None:
    before = server.call("GET", "/api/flows/canvas")["text"]
    note = "  - {id: note, marker: Half}\n"
    relax = middle(card(canvas, "relax"), 0)
    drag(canvas, middle(card(canvas, "note")), (relax[0], relax[1] - 14))
    expect(canvas.get_by_role("button", name="Undo")).to_be_enabled()
    assert order(canvas)[:3] == ["charge", "note", "relax"]
    rest = "  - {id: relax, rest: 10 min}\n"
    assert text_of(canvas) == before.replace(rest + note, note + rest)
    short = middle(card(canvas, "short"), 1)
    drag(canvas, middle(card(canvas, "note")), (short[0], short[1] + 14))
    expect(card(canvas, "note")).to_have_attribute("data-key", "sequence/2/do/1")
    canvas.keyboard.press("Control+Z")
    canvas.keyboard.press("Control+Z")
    expect(canvas.get_by_role("button", name="Save")).to_be_disabled()
    assert order(canvas)[:3] == ["charge", "relax", "note"]


def test_a_port_dragged_to_a_step_goes_on_there(canvas: Page) -> None:
    port = canvas.locator(".end .port").nth(1)
    drag(canvas, middle(port), middle(card(canvas, "note")))
    end = canvas.get_by_role("button", name="End time")
    expect(end).to_contain_text("note")
    expect(canvas.locator(".links path.goto")).to_be_attached()
    line = "{name: time, when: step.time > 4 h, verdict: fail, goto: note, max: 1}"
    assert line in text_of(canvas)


def test_an_end_that_goes_on_elsewhere_is_let_go_by_mouse_and_by_key(canvas: Page) -> None:
    port = canvas.locator(".end .port").nth(1)
    link = canvas.locator(".links path.goto")
    end = canvas.get_by_role("button", name=re.compile("^End time"))
    for let_go in ("the link", "the port", "the key"):
        drag(canvas, middle(port), middle(card(canvas, "note")))
        expect(link).to_be_attached()
        if let_go == "the link":
            canvas.get_by_role("button", name="not at note").click()
        elif let_go == "the port":
            drag(canvas, middle(port), (middle(port)[0] + 62, middle(port)[1]))
        else:
            end.focus()
            canvas.keyboard.press("ArrowRight")
            expect(canvas.get_by_role("button", name="Goes on at note")).to_be_focused()
            canvas.keyboard.press("Delete")
            expect(end).to_be_focused()
        expect(link).to_have_count(0)
        assert "goto" not in text_of(canvas)
        assert "max: 1" not in text_of(canvas)


def test_the_quick_add_opens_where_the_mouse_is_else_where_it_will_add(canvas: Page) -> None:
    box = canvas.get_by_role("dialog", name="Quick add")
    pane = canvas.locator(".area").bounding_box()
    assert pane
    at = (pane["x"] + pane["width"] - 40, pane["y"] + 300)
    canvas.mouse.dblclick(*at)
    place = box.bounding_box()
    assert place
    assert place["x"] + place["width"] <= 1600
    assert at[1] < place["y"] < at[1] + 40
    canvas.keyboard.press("Escape")
    canvas.mouse.move(5, 5)
    relax = card(canvas, "relax")
    relax.focus()
    canvas.keyboard.press("Enter")
    relax.focus()
    canvas.keyboard.press("/")
    place, near = box.bounding_box(), relax.bounding_box()
    assert place
    assert near
    assert 0 < place["y"] - near["y"] - near["height"] < 60
    canvas.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(relax).to_be_focused()


def test_a_step_is_dragged_into_a_branch_that_is_not_there_yet(canvas: Page) -> None:
    way = json.dumps([{"if": "temp > 20 °C", "then": [{"wait": "1 min"}]}])
    canvas.evaluate(DROP, ["[data-id='sequence/0']", way])
    ghost = canvas.get_by_role("button", name="Add “else”", include_hidden=True)
    expect(ghost).to_be_visible()
    drag(canvas, middle(card(canvas, "relax")), middle(ghost))
    expect(ghost).to_have_count(0)
    both = "    then:\n      - wait: 1 min\n    else:\n      - {id: relax, rest: 10 min}\n"
    assert f"  - if: temp > 20 °C\n{both}  - {{id: note, marker: Half}}\n" in text_of(canvas)


def test_a_moved_rule_card_changes_no_line_of_logic(canvas: Page, server: Server) -> None:
    before = server.call("GET", "/api/flows/canvas")["text"]
    canvas.get_by_role("button", name="Go to the rules").click()
    rule = canvas.locator(".rule .face")
    x, y = middle(rule)
    drag(canvas, (x, y), (x + 40, y + 120))
    undo = canvas.get_by_role("button", name="Undo")
    expect(undo).to_have_attribute("title", "Undo: Place of Cell is full")
    after = text_of(canvas)
    assert after.startswith(before)
    assert after[len(before) :].splitlines()[0] == "x-layout:"
    expect(canvas.get_by_text("Only appearance differs")).to_be_visible()
    assert middle(rule)[1] > y + 80


def test_a_limit_goes_only_after_two_questions(canvas: Page) -> None:
    limit = canvas.get_by_role("button", name=re.compile("^Limit hot"))
    limit.click()
    canvas.keyboard.press("Delete")
    expect(limit).to_be_visible()
    canvas.get_by_role("button", name="Remove limit hot").click()
    canvas.get_by_role("dialog").get_by_role("button", name="Go on").click()
    second = canvas.get_by_role("dialog", name="Really without")
    second.get_by_role("button", name="Cancel").click()
    expect(limit).to_be_visible()
    canvas.get_by_role("button", name="Remove limit hot").click()
    canvas.get_by_role("dialog").get_by_role("button", name="Go on").click()
    second.get_by_role("button", name="Remove limit").click()
    expect(limit).to_have_count(0)


def test_arrows_walk_alt_moves_and_the_focus_stays(canvas: Page) -> None:
    card(canvas, "charge").focus()
    canvas.keyboard.press("ArrowDown")
    expect(card(canvas, "relax")).to_be_focused()
    canvas.keyboard.press("ArrowUp")
    expect(card(canvas, "charge")).to_be_focused()
    canvas.keyboard.press("ArrowRight")
    expect(canvas.get_by_role("button", name="End taper")).to_be_focused()
    canvas.keyboard.press("ArrowLeft")
    canvas.keyboard.press("ArrowDown")
    canvas.keyboard.press("Alt+ArrowDown")
    expect(canvas.get_by_role("button", name="Undo")).to_be_enabled()
    assert order(canvas)[:3] == ["charge", "note", "relax"]
    expect(card(canvas, "relax")).to_be_focused()


def test_something_from_the_palette_lands_where_it_is_dropped(canvas: Page) -> None:
    steps = json.dumps([{"id": "relax", "rest": "5 min"}])
    canvas.evaluate(DROP, ["[data-id='sequence/0']", steps])
    expect(card(canvas, "relax-2")).to_be_visible()
    rule = json.dumps([{"id": "warm", "when": "temp > 40 °C", "then": ["panic"]}])
    canvas.evaluate(DROP, ["[data-id='sequence/1']", rule])
    expect(canvas.get_by_role("button", name="Rule warm")).to_be_visible()


def test_a_run_is_watched_on_the_canvas(canvas: Page, server: Server) -> None:
    server.call("POST", "/api/runs", {"sequence": "canvas"})
    running = canvas.locator(".card.at")
    expect(running).to_contain_text("charge")
    expect(running.get_by_role("progressbar")).to_be_attached()
    expect(canvas.locator("canvas.values")).to_have_attribute("data-values", re.compile("[1-9]"))
    taper = canvas.get_by_role("button", name=re.compile("^End taper"))
    taper.focus()  # what is drawn is told by name to who comes to look
    expect(taper).to_have_accessible_name(re.compile(r"now -?[\d.]+ A"))
    expect(canvas.locator(".limits .live-text").first).to_contain_text("°C")
    canvas.locator(".card .face").nth(1).click()
    canvas.keyboard.press("d")
    expect(canvas.get_by_text("Another version runs")).to_be_visible()
    expect(running).to_have_count(0)


def test_the_view_comes_back_as_it_was_left_on_a_phone_too(canvas: Page) -> None:
    canvas.get_by_role("button", name="Overview map").click()
    canvas.get_by_role("button", name="Zoom out").click()
    canvas.reload()
    expect(canvas.get_by_role("button", name="Actual size")).to_contain_text("83")
    expect(canvas.locator(".map")).to_be_visible()
    assert [line for line in axe.findings(canvas) if line.startswith(("serious", "critical"))] == []
    canvas.set_viewport_size({"width": 360, "height": 740})
    expect(card(canvas, "charge")).to_be_visible()
    assert canvas.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
