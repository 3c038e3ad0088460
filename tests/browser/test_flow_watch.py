"""What a flow does now, in every view: its run, its rules, and the trace of a run under way."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
LONG = """version: 1
id: long-rest
title: Long rest
channel: CH1
sequence:
  - {id: relax, rest: 2 h}
  - {id: more, rest: 2 h}
rules:
  - id: ring
    title: Ring
    scope: always
    when: DMM_01.cell_v > 9 V
    then:
      - log: rung
"""


@pytest.fixture
def long_rest(app: Page, server: Server) -> Iterator[Page]:
    """A flow with a rule, gone afterwards."""
    server.call("POST", "/api/flows", {"text": LONG})
    yield app
    server.settle()
    revision = server.call("GET", "/api/flows/long-rest")["revision"]
    server.call("DELETE", f"/api/flows/long-rest?revision={revision}")


def test_the_trace_goes_along_with_a_run_under_way(long_rest: Page, server: Server) -> None:
    page = long_rest
    run = server.call("POST", "/api/runs", {"sequence": "long-rest"})["id"]
    page.goto(f"{server.url}/runs")
    page.get_by_role("link", name=f"Trace of run #{run}").click()
    slider = page.get_by_role("slider", name="Time in the run")
    expect(page.get_by_text("The run goes on")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Step relax.*running"))).to_be_visible()
    before = float(slider.input_value())
    expect(slider).not_to_have_value(str(before))
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"relax"))
    slider.press("ArrowLeft")
    kept = slider.input_value()
    to_now = page.get_by_role("button", name="To now")
    expect(to_now).to_be_visible()
    last = slider.get_attribute("max")
    expect(slider).not_to_have_attribute("max", str(last))
    assert slider.input_value() == kept
    assert [line for line in findings(page) if line.startswith(("critical", "serious"))] == []
    to_now.click()
    expect(page.get_by_text("The run goes on")).to_be_visible()
    server.call("POST", f"/api/runs/{run}/abort")
    expect(page.get_by_text("The run has ended")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", "At the end")
    page.get_by_role("button", name="Table", exact=True).click()
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="relax")).to_contain_text("failed")
    expect(rows.filter(has_text="more")).to_contain_text("not reached")
    assert [line for line in findings(page) if line.startswith(("critical", "serious"))] == []


def test_a_rule_is_in_the_hand_on_the_page_of_its_flow(long_rest: Page, server: Server) -> None:
    page = long_rest
    run = server.call("POST", "/api/runs", {"sequence": "long-rest"})["id"]
    page.goto(f"{server.url}/flows/long-rest")
    page.get_by_role("button", name="Table", exact=True).click()
    row = page.get_by_role("row").filter(has_text="relax")
    expect(row.get_by_label("under way")).to_be_visible()
    page.get_by_role("treegrid").get_by_text("Ring").click()
    strip = page.get_by_role("region", name="Rule at work")
    expect(strip).to_contain_text("Last fired: never")
    strip.get_by_role("button", name="Trigger").click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    expect(strip).to_contain_text("1 ×")
    strip.get_by_role("switch", name="Enabled: Ring").click()
    expect(strip).to_contain_text("switched at run time; the file says")
    expect(strip.get_by_role("button", name="Trigger")).to_be_disabled()
    strip.get_by_role("switch", name="Enabled: Ring").click()
    expect(strip.get_by_role("button", name="Trigger")).to_be_enabled()
    assert [line for line in findings(page) if line.startswith(("critical", "serious"))] == []
    strip.get_by_role("link", name="Firings").click()
    page.wait_for_url(re.compile("/rules/long-rest/ring"))
    expect(page.get_by_text("by hand").first).to_be_visible()
    server.call("POST", f"/api/runs/{run}/abort")
    server.follow(run)


def test_the_text_stands_beside_the_view_where_there_is_room(app: Page, server: Server) -> None:
    app.goto(f"{server.url}/flows/capacity-check")
    switch = app.get_by_role("button", name="Text beside it")
    text = app.get_by_role("textbox", name="YAML text")
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(text).to_be_hidden()
    app.set_viewport_size({"width": 1700, "height": 900})
    expect(text).to_be_visible()
    app.set_viewport_size({"width": 1280, "height": 900})
    expect(text).to_be_hidden()
    switch.click()
    expect(text).to_be_visible()
    app.reload()
    expect(text).to_be_visible()
    app.set_viewport_size({"width": 1000, "height": 900})
    expect(switch).to_be_hidden()
    expect(text).to_be_hidden()
