"""A whole test by mouse alone: click and drag; the keyboard only types values into forms."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from tests.browser.editing import text_of

pytestmark = pytest.mark.browser

FLOW = "by-mouse"
WRITTEN = """\
version: 1
id: by-mouse
title: By mouse
description: Full and empty several times; the charge taken out is the capacity.
cell: cells/inr18650-25r
channel: CH1
record: {every: 10 s, on_change: {voltage: 5 mV, current: 10 mA, temp: 0.5 K}}
cycle: {begins: charge, ends: discharge, ce: discharge/charge}

limits:
  - {id: hot, trip: temp > 50 °C, samples: 2}
  - {id: q-max, trip: step.ah > 1.3 * cell.capacity}
  - {id: hot-2, trip: temp > 50 °C, samples: 2}

sequence:
  - repeat: 2
    do:
      - id: charge
        charge: {current: 0.5 C, voltage: 4.2 V}
        until:
          - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
          - {name: time, when: step.time > 24 h, verdict: fail}
      - {id: full, rest: 30 min}
      - id: discharge
        discharge: {current: 0.5 C}
        until:
          - {name: cutoff, when: voltage <= 2.5 V, samples: 2}
          - {name: time, when: step.time > 24 h, verdict: fail}
        measure: {capacity: step.ah, energy: step.wh}
      - {id: empty, rest: 30 min}

finally:
  - safe_state: channel

rules:
  - id: hot
    title: Over-temperature
    when:
      - {expr: temp > 45 °C, samples: 2}
      - run: step_ended
    then:
      - marker: Note
      - export: csv
      - set: {PSU_01.v_set: 4.2 V}
"""


@pytest.fixture
def flows(app: Page, server: Server) -> Iterator[Page]:
    app.evaluate(
        'localStorage.setItem(\'ionpy.flows.look\', \'{"view": "canvas", "text": false}\');'
        "localStorage.setItem('ionpy.flows.palette', 'open')"
    )
    app.set_viewport_size({"width": 1600, "height": 1000})
    app.goto(f"{server.url}/flows")
    yield app
    revision = server.call("GET", f"/api/flows/{FLOW}")["revision"]
    server.call("DELETE", f"/api/flows/{FLOW}?revision={revision}")


def block(page: Page, group: str, name: str) -> Locator:
    section = page.get_by_role("region", name=group, exact=True)
    return section.get_by_role("button", name=re.compile(f"^Add {name}:"))


def drop(page: Page, what: Locator, onto: Locator) -> None:
    """Slowly, as a hand does: what is under the mouse lights up on the way."""
    what.scroll_into_view_if_needed()
    start, end = what.bounding_box(), onto.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 30, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 30, steps=3)
    page.mouse.move(end["x"] + 120, end["y"] + 18, steps=5)
    expect(page.locator("section.target, .spot.target")).to_have_count(1)
    page.mouse.up()


def test_a_capacity_check_with_a_rule_and_a_limit_is_built_and_deployed_by_mouse(
    flows: Page, server: Server
) -> None:
    flows.get_by_role("button", name="New flow").first.click()
    new = flows.get_by_role("dialog")
    new.get_by_role("radio", name=re.compile("^Capacity test")).click()
    new.get_by_label("Title").fill("By mouse")
    new.get_by_role("button", name="Create").click()
    block(flows, "Watch", "Limit").click()
    expect(flows.get_by_role("button", name=re.compile("^Limit hot-2"))).to_be_visible()
    block(flows, "Watch", "Rule").click()
    rule = flows.locator("article.rule")
    expect(rule).to_be_visible()
    for start in ("Alarm", "Outputs of the run"):
        action = rule.get_by_role("button", name=re.compile(f"^{start}"))
        action.click()
        flows.get_by_role("region", name="Details").get_by_role("button", name="Remove").click()
        expect(action).to_have_count(0)
    parts = [
        ("Triggers", "Run", "a step ends"),
        ("Note and tell", "Marker", "Marker"),
        ("Note and tell", "Export", "Export"),
        ("Control", "Set a value", "Set PSU_01"),
    ]
    for group, name, sentence in parts:
        drop(flows, block(flows, group, name), rule)
        expect(rule.get_by_role("button", name=re.compile(f"^{sentence}"))).to_be_visible()
    flows.get_by_role("button", name="Save", exact=True).click()
    flows.get_by_role("dialog").get_by_role("button", name=re.compile("Deploy")).click()
    expect(flows.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert text_of(server, FLOW) == WRITTEN
