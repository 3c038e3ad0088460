"""The side panel of the flow editor: forms, fixes, and what they leave of a hand-written text."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.conftest import Server
from tests.browser.editing import show_text, write

pytestmark = pytest.mark.browser

BY_HAND = """# Written by hand; the spaces are meant.
version: 1
id: in-hand
title:   'Form a cell'   # odd quotes
cell: cells/inr18650-25r

channel: CH1


sequence:
  # first a gentle one
  - id: gentle
    charge: {current: 0.5 A,   voltage: "4.2 V"}
    until:
      - {name: taper, phase: cv, when: current < 0.1 A, for: 10 s}   # as always
      - time: step.time > 5 h

  - rest:   30 min
  - {id: again, rest: 10 min}
rules:
  - id: warm
    when: temp > 40 °C
    then: [{log: "Warm, but fine"}]
"""


def remove(server: Server) -> None:
    present = server.call("GET", "/api/flows/in-hand")
    if "revision" in present:
        server.call("DELETE", f"/api/flows/in-hand?revision={present['revision']}")


@pytest.fixture
def by_hand(app: Page, server: Server) -> Iterator[Page]:
    remove(server)
    made = server.call("POST", "/api/flows", {"text": BY_HAND})
    assert made["ok"], made
    app.goto(f"{server.url}/flows/in-hand")
    app.locator(".board button", has_text="Canvas").click()
    show_text(app)
    expect(panel(app).get_by_label("Title", exact=True)).to_have_value("Form a cell")
    yield app
    remove(server)


def panel(page: Page) -> Locator:
    return page.locator("[data-flow-panel]")


def text(page: Page) -> Locator:
    return page.get_by_role("textbox", name="YAML text")


def go_to(page: Page, line: str) -> None:
    """Select what a line of the text is about."""
    text(page).locator(".cm-line", has_text=line).first.click(position={"x": 30, "y": 6})


def draft(page: Page) -> str:
    """The draft as it is kept in the browser; the saved text when there is none."""
    page.wait_for_timeout(50)
    kept: str | None = page.evaluate(
        "Object.keys(localStorage).filter((key) => key.includes('in-hand'))"
        ".map((key) => JSON.parse(localStorage.getItem(key))?.text ?? null)[0] ?? null"
    )
    return kept if kept is not None else BY_HAND


def changed(after: str) -> list[tuple[str, str]]:
    """Lines that differ, before and after; no line may come or go."""
    before, now = BY_HAND.split("\n"), after.split("\n")
    assert len(before) == len(now), after
    return [(a, b) for a, b in zip(before, now, strict=True) if a != b]


def settled(page: Page, name: str) -> None:
    """The last step back is called so: the server has answered."""
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("title", f"Undo: {name}")


def test_one_value_in_the_form_is_one_line_and_undo_leaves_the_file_as_it_was(
    by_hand: Page, server: Server
) -> None:
    page = by_hand
    go_to(page, "id: gentle")
    current = panel(page).get_by_label("Current", exact=True)
    expect(current).to_have_value("0.5 A")
    current.fill("1,25")
    current.press("Enter")
    settled(page, "Set Current")
    assert changed(draft(page)) == [
        (
            '    charge: {current: 0.5 A,   voltage: "4.2 V"}',
            '    charge: {current: 1.25 A,   voltage: "4.2 V"}',
        )
    ]
    go_to(page, "rest:   30 min")
    panel(page).get_by_label("Duration").fill("45min")
    panel(page).get_by_label("Duration").press("Tab")
    settled(page, "Set Duration")
    assert changed(draft(page))[1] == ("  - rest:   30 min", "  - rest:   45 min")
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Draft, not saved")).to_have_count(0)
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    assert draft(page) == BY_HAND
    assert server.call("GET", "/api/flows/in-hand")["text"] == BY_HAND


def test_ends_are_added_ordered_and_opened_only_where_they_must(by_hand: Page) -> None:
    page = by_hand
    go_to(page, "id: gentle")
    second = panel(page).get_by_role("group", name="End 2")
    expect(second.get_by_label("Name", exact=True)).to_have_value("time")
    second.get_by_label("When", exact=True).fill("step.time > 6 h")
    second.get_by_label("When", exact=True).press("Enter")
    settled(page, "Set When")
    assert "      - time: step.time > 6 h\n" in draft(page)
    second.get_by_text("More").click()
    second.get_by_label("Verdict").select_option("fail")
    settled(page, "Set Verdict")
    assert re.search(r"- \{?name: time", draft(page)), draft(page)
    panel(page).get_by_label("Add an end").select_option("charge")
    third = panel(page).get_by_role("group", name="End 3")
    expect(third.get_by_label("When", exact=True)).to_have_value("step.ah > 1 Ah")
    panel(page).get_by_role("button", name="End 3: Up").click()
    expect(second.get_by_label("Name", exact=True)).to_have_value("charge")
    panel(page).get_by_role("button", name="End 2: Remove").click()
    expect(third).to_have_count(0)
    assert "   # as always\n" in draft(page)


def test_a_rule_is_built_by_mouse_alone(by_hand: Page) -> None:
    page = by_hand
    go_to(page, "id: warm")
    panel(page).get_by_label("Add a trigger").select_option("threshold")
    expect(panel(page).locator("[data-verb=threshold]")).to_contain_text("> 45 °C")
    for verb in ("export", "set"):
        panel(page).get_by_label("Add an action").first.select_option(verb)
        expect(panel(page).locator(f"[data-verb={verb}]")).to_be_visible()
    panel(page).locator("[data-verb=set]").click()
    point = panel(page).get_by_role("combobox", name="Point", exact=True)
    point.click()
    point.fill("i_se")
    option = panel(page).get_by_role("option", name=re.compile(r"^PSU_01\.i_set"))
    expect(option).to_contain_text("A")  # what it reads now stands beside it
    option.click()
    expect(panel(page).get_by_role("group", name="PSU_01.i_set")).to_be_visible()
    panel(page).get_by_role("button", name="Back to warm").click()
    expect(panel(page).get_by_label("Id", exact=True)).to_have_value("warm")
    assert "PSU_01.i_set: 0 V" in draft(page)
    expect(page.get_by_role("region", name="Findings")).to_contain_text("V")  # a current in volts


def test_names_are_completed_by_keyboard_and_read_what_they_are_now(by_hand: Page) -> None:
    page = by_hand
    go_to(page, "temp > 40")
    field = panel(page).get_by_role("combobox", name="Condition", exact=True)
    expect(panel(page)).to_contain_text(re.compile(r"temp\s*2\d[.,]\d+\s*°C"))
    field.press("End")
    page.keyboard.type(" and vol")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("Enter")
    page.keyboard.type(" > 3 V")
    field.press("Enter")
    settled(page, "Set Condition")
    assert "    when: temp > 40 °C and voltage > 3 V\n" in draft(page)
    field.press("Control+z")
    expect(field).to_have_value("temp > 40 °C")


def test_what_several_have_in_common_is_set_at_once(by_hand: Page) -> None:
    page = by_hand
    page.locator('.main [data-key="sequence/1"]').click()
    page.locator('.main [data-key="sequence/2"]').click(modifiers=["Control"])
    expect(panel(page).get_by_role("heading", name="2 selected")).to_be_visible()
    duration = panel(page).get_by_label("Duration")
    expect(duration).to_have_attribute("placeholder", "different")
    duration.fill("5 min")
    duration.press("Enter")
    settled(page, "Set Duration of 2")
    assert [after for _, after in changed(draft(page))] == [
        "  - rest:   5 min",
        "  - {id: again, rest: 5 min}",
    ]


def test_a_comma_that_cuts_an_expression_is_mended_by_quotes(by_hand: Page) -> None:
    page = by_hand
    issues = page.get_by_role("region", name="Findings")
    write(page, BY_HAND.replace("temp > 40 °C", "{expr: avg(temp, 10 s) > 40 °C}"))
    finding = issues.get_by_role("listitem").filter(has_text="cuts").first
    finding.get_by_role("button", name="Quote the expressions").click()
    expect(issues.get_by_role("listitem").filter(has_text="cuts")).to_have_count(0)
    assert "when: {expr: 'avg(temp, 10 s) > 40 °C'}\n" in draft(page)


def test_the_panel_can_be_used_by_everybody(by_hand: Page) -> None:
    page = by_hand
    for line in ("id: warm", "id: gentle"):
        go_to(page, line)
        page.wait_for_timeout(100)
        assert axe.findings(page) == [], line
    go_to(page, "id: gentle")
    panel(page).get_by_label("Current", exact=True).focus()
    page.keyboard.press("Escape")
    expect(panel(page).locator(":focus")).to_have_count(0)


NESTED = """    if:
      - all: [voltage > 3 V, {any: [temp > 30 °C, current > 1 A]}]
"""


def test_nested_conditions_are_edited_in_rows_by_keyboard(by_hand: Page) -> None:
    page = by_hand
    write(page, BY_HAND.replace("    then: [{log", f"{NESTED}    then: [{{log"))
    go_to(page, "- all:")
    expect(panel(page).get_by_label("Group 2: Comparison")).to_have_value("or")
    value = panel(page).get_by_label("Condition 2.1: Value")
    value.fill("35 °C")
    value.press("Enter")
    settled(page, "Change the condition")
    assert "{any: [temp > 35 °C, current > 1 A]}" in draft(page)
    panel(page).get_by_label("Group 2: Add Condition").press("Enter")
    fresh = panel(page).get_by_label("Condition 2.3: What")
    expect(fresh).to_be_focused()
    fresh.press("Alt+Delete")
    expect(fresh).to_have_count(0)
    panel(page).get_by_label("Condition 2.1: Value").press("Alt+ArrowLeft")
    expect(panel(page).get_by_label("Condition 3: Value")).to_have_value("1 A")
    assert "- all: [voltage > 3 V, temp > 35 °C, current > 1 A]" in draft(page)
    expect(panel(page)).not_to_contain_text("any of these:")


def test_an_expression_opens_in_rows_and_stays_an_expression(by_hand: Page) -> None:
    page = by_hand
    go_to(page, "temp > 40")
    panel(page).get_by_role("button", name="Condition: Edit in rows").click()
    panel(page).get_by_label("Condition: Add Condition").click()
    settled(page, "Set Condition")
    panel(page).get_by_label("Condition 2: Into a group").click()
    expect(panel(page).get_by_role("group", name="Group 2", exact=True)).to_be_visible()
    assert "    when: temp > 40 °C and (voltage > 4.2 V or voltage > 4.2 V)\n" in draft(page)
    assert axe.findings(page) == []


def test_what_a_condition_is_worth_now_stands_beside_it(by_hand: Page) -> None:
    page = by_hand
    go_to(page, "temp > 40")
    beside = panel(page).locator("[data-now]").first
    beside.scroll_into_view_if_needed()  # what nobody sees is not asked for
    expect(beside).to_have_text("Now false")
    field = panel(page).get_by_role("combobox", name="Condition", exact=True)
    field.fill("temp < 40 °C")
    field.press("Enter")
    expect(beside).to_have_text("Now true")
    go_to(page, "time: step.time")
    expect(panel(page)).to_contain_text("Now unknown – step.time: no run is under way")
