"""Runs as a person follows them: checked, asked, compared; channels and scripts beside them."""

import contextlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.axe import findings
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

RUN = {
    "sequence": "capacity-check",
    "state": "finished",
    "verdict": "pass",
    "started": 1.7e9,
    "ended": 1.7e9 + 60,
    "bindings": {"channel": "CH1"},
    "conditions": {},
    "message": "",
}


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways, once the page has taken its new width."""
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    with contextlib.suppress(PlaywrightTimeout):
        page.wait_for_function(width, timeout=5_000)
    fitting: bool = page.evaluate(width)
    return fitting


def test_a_run_is_checked_asks_and_goes_on_with_the_answers(app: Page, server: Server) -> None:
    server.add_flow("ask-first")
    server.relax()
    app.goto(f"{server.url}/flows/ask-first")
    app.get_by_role("button", name=re.compile("^Start")).first.click()
    dialog = app.get_by_role("dialog")
    expect(dialog.get_by_text("Nothing stands in the way of a start.")).to_be_visible()
    expect(dialog.get_by_text("off within").first).to_be_visible()
    dialog.get_by_label("Cell (its own id)").fill("25R-08")
    dialog.get_by_label("Operator").fill("Ada")
    assert findings(app) == []
    dialog.get_by_role("button", name="Start run").click()

    asked = app.get_by_role("region", name="The run asks")
    expect(asked.get_by_text("3 h").or_(asked.get_by_text("left to answer"))).to_be_visible()
    expect(app.get_by_role("navigation").get_by_role("link", name="Runs")).to_contain_text("1")
    asked.get_by_label("Value").fill("99")
    expect(asked.get_by_text("Outside 30 to 60.")).to_be_visible()
    expect(asked.get_by_role("button", name="Answer")).to_be_disabled()
    asked.get_by_label("Value").fill("45,2")
    assert findings(app) == []
    asked.get_by_role("button", name="Answer").click()
    asked.get_by_role("button", name="whole").click()
    expect(app.get_by_text(re.compile("charge · rounds 1/2"))).to_be_visible()
    expect(app.get_by_text("Answer: 45.2 (Ada)")).to_be_visible()
    run = server.runs()[0]
    assert run["bindings"]["cell_id"] == "25R-08"
    assert run["conditions"]["operator"] == "Ada"

    app.get_by_role("navigation").get_by_role("link", name="Channels").click()
    card = app.get_by_role("article", name="Channel 1")
    expect(card.get_by_text("armed", exact=True)).to_be_visible()
    expect(card.get_by_text("Charging", exact=True)).to_be_visible()
    assert findings(app) == []
    app.set_viewport_size({"width": 360, "height": 780})
    assert fits(app)
    app.set_viewport_size({"width": 1280, "height": 900})

    server.pace(None)
    server.follow(run["id"])
    app.goto(f"{server.url}/runs")
    app.get_by_role("searchbox", name="Search runs").fill("25r-08")
    expect(app.get_by_role("table").get_by_role("row")).to_have_count(2)
    expect(app).to_have_url(re.compile(r"q=25r-08"))
    app.get_by_label("State").select_option("running")
    expect(app.get_by_text("No run matches.")).to_be_visible()
    app.get_by_label("State").select_option("")
    app.get_by_label("Flow", exact=True).select_option("ask-first")
    expect(app.get_by_role("table").get_by_role("row")).to_have_count(2)
    app.get_by_role("checkbox").first.check()
    assert findings(app) == []
    app.get_by_role("link", name="Compare").click()
    expect(app.get_by_role("heading", name=re.compile("Discharge capacity"))).to_be_visible()
    figures = app.get_by_role("region", name="Per cycle")
    figures.get_by_role("button", name="Mean V").click()
    expect(figures.get_by_role("cell", name=re.compile(r"^\d\.\d{3}$")).first).to_be_visible()
    curves = app.get_by_role("region", name="Voltage over charge")
    expect(curves.get_by_role("button", name=re.compile(r"25R-08 .* Charge"))).to_be_visible()
    curves.get_by_role("button", name="Discharge", exact=True).click()
    expect(curves.get_by_role("button", name=re.compile(r"25R-08 .* Charge"))).to_have_count(0)
    assert findings(app) == []
    app.set_viewport_size({"width": 360, "height": 780})
    assert fits(app)
    app.set_viewport_size({"width": 1280, "height": 900})
    app.get_by_role("region", name="Runs").get_by_role("link", name=re.compile("25R-08")).click()
    expect(app.get_by_text(re.compile(r"0\.\d+ ± 0\.\d+")).first).to_be_visible()
    expect(app.get_by_role("link", name="PDF")).to_have_attribute("href", re.compile("format=pdf"))
    app.get_by_role("tab", name="Report").click()
    paper = app.frame_locator("iframe[title='Report of Ask first']")
    expect(paper.get_by_role("heading", name="Ask first")).to_be_visible()
    expect(paper.get_by_text("25R-08").first).to_be_visible()


def test_the_list_of_runs_is_read_page_by_page(app: Page, server: Server) -> None:
    asked: list[str] = []
    app.on("request", lambda request: asked.append(request.url))
    many = [{**RUN, "id": f"{number:012x}", "title": f"Run {number}"} for number in range(120)]

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        start = int(query.get("offset", ["0"])[0])
        route.fulfill(json={"items": many[start : start + 50], "total": len(many)})

    app.route(re.compile(r"/api/runs\?"), answer)
    app.goto(f"{server.url}/runs")
    expect(app.get_by_text("1 to 50 of 120")).to_be_visible()
    expect(app.get_by_role("button", name="Newer")).to_be_disabled()
    app.get_by_role("checkbox", name=re.compile("Choose Run 3 ")).check()
    app.get_by_role("button", name="Older").click()
    expect(app.get_by_role("link", name="Run 50", exact=True)).to_be_visible()
    expect(app).to_have_url(re.compile("page=2"))
    expect(app.get_by_role("region", name="Compare").get_by_text("Run 3 #0000")).to_be_visible()
    app.get_by_role("button", name="Older").click()
    expect(app.get_by_text("101 to 120 of 120")).to_be_visible()
    expect(app.get_by_role("button", name="Older")).to_be_disabled()
    app.get_by_label("from", exact=True).fill("2026-11-20")
    app.get_by_label("to", exact=True).fill("2026-11-21")
    expect(app).to_have_url(re.compile(r"from=2026-11-20&to=2026-11-21"))
    last = parse_qs(urlsplit([url for url in asked if "/api/runs?" in url][-1]).query)
    assert float(last["until"][0]) - float(last["since"][0]) > 172_000  # both days whole
    assert findings(app) == []


def test_a_script_is_run_watched_and_stopped(app: Page, server: Server) -> None:
    text = 'print("begun", params["n"])\nwhile True:\n    await wait(1)\n    print("still here")\n'
    before = server.call("GET", "/api/scripts/ticker").get("revision", "")
    server.call("PUT", "/api/scripts/ticker", {"text": text, "revision": before})
    app.goto(f"{server.url}/scripts")
    app.get_by_role("link", name="ticker").click()
    expect(app.get_by_text("No findings")).to_be_visible()
    app.get_by_role("button", name="Run …", exact=True).click()
    app.get_by_role("dialog").get_by_label("Parameters").fill("n: 7")
    assert findings(app) == []
    app.get_by_role("dialog").get_by_role("button", name="Run now").click()
    output = app.get_by_role("log", name="Output")
    expect(output.get_by_text("begun 7")).to_be_visible()
    expect(output.get_by_text("still here").first).to_be_visible()
    app.get_by_role("button", name="Stop", exact=True).click()
    app.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(app.get_by_text("stopped").first).to_be_visible()
    assert findings(app) == []
    app.set_viewport_size({"width": 360, "height": 780})
    assert fits(app)


def test_one_action_of_a_rule_is_switched_off_and_back(app: Page, server: Server) -> None:
    server.add_flow("doorbell")
    app.goto(f"{server.url}/rules/doorbell/ring")
    action = app.get_by_role("switch", name=re.compile("The bell rings"))
    action.click()
    expect(app.get_by_text("switched off at run time; on in the file")).to_be_visible()
    rule = next(
        one for one in server.call("GET", "/api/rules")["items"] if one["id"] == "doorbell/ring"
    )
    assert rule["actions"][0]["runtime_enabled"] is False
    action.click()
    expect(action).to_have_attribute("aria-checked", "true")
    assert findings(app) == []
