"""Whatever is done to a hand-written flow: taking it all back leaves the file byte for byte."""

import random

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

TEXT = """# written by hand
version: 1
id:   by-hand
title: 'It''s "odd"'   # quotes

channel: CH1


limits:
  - {id: hot,   trip: temp > 45 °C}   # spaces

sequence:
  # first
  - {id: relax, rest: 30 min}

  - repeat: 2
    do:
    - id: charge          # less indent
      charge: {current: 1 A, voltage: 4.2 V}
      until:
        - {name: taper, phase: cv, when: "current < 50 mA", for: 10 s}
        - {name: time, when: step.time > 4 h, verdict: fail}
    # between
    - {id: pause, rest: "10 min"}
  - id: last
    rest: 1 h
finally:
- safe_state: channel
rules:
  - id: full
    when: {run: step_ended, step: charge}
    then:
      - marker: "Full"
"""
MOVES = ["Control+d", "Alt+ArrowUp", "Alt+ArrowDown", "d", "Delete"]
PICK = """at => {
  const cells = document.querySelectorAll(".main [data-node^='sequence/'] [data-column=step]")
  if (cells.length) cells[at % cells.length].click()
}"""  # at once: what is cut or pasted may come between looking and clicking
CLIPBOARD = ["Control+c", "Control+v", "Control+x"]


@pytest.fixture
def by_hand(app: Page, server: Server):
    server.call("POST", "/api/flows", {"text": TEXT})
    app.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield app
    revision = server.call("GET", "/api/flows/by-hand")["revision"]
    server.call("DELETE", f"/api/flows/by-hand?revision={revision}")


def settled(page: Page) -> None:
    expect(page.locator(".board")).to_have_attribute("aria-busy", "false")


@pytest.mark.parametrize("seed", [1, 2])
def test_taking_everything_back_leaves_the_file_as_it_was(
    by_hand: Page, server: Server, seed: int
) -> None:
    page, chance = by_hand, random.Random(seed)
    page.goto(f"{server.url}/flows/by-hand")
    expect(page.get_by_role("button", name="Table")).to_be_visible()
    page.get_by_role("button", name="Table").click()
    with page.expect_response("**/api/flow-edit"):
        page.locator(".main [data-node='sequence/0']").click()
        page.keyboard.press("Control+d")
    for key in chance.choices([*MOVES, *CLIPBOARD], k=20):
        settled(page)
        page.evaluate(PICK, chance.randrange(1000))
        page.keyboard.press(key)
    settled(page)
    undo = page.get_by_role("button", name="Undo", exact=True)
    page.reload()
    expect(undo).to_be_enabled()
    while undo.is_enabled():
        undo.click()
        settled(page)
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    expect(page.get_by_text("Draft, not saved")).to_have_count(0)
    assert server.call("GET", "/api/flows/by-hand")["text"] == TEXT
