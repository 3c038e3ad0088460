"""Rules as a person looks after them: what they see, what they did, and what they would do."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.axe import findings
from tests.browser.conftest import Server
from tests.browser.editing import show_text

pytestmark = pytest.mark.browser

FIRED_MORE = "n => parseInt(document.querySelector('[aria-label=Counters] dd').textContent) > n"


@pytest.fixture
def rules(app: Page, server: Server) -> Iterator[Page]:
    """The list of rules, with three more; afterwards they are gone."""
    server.add_flow("rule-page")
    app.goto(f"{server.url}/rules")
    app.get_by_role("link", name="Note the voltage").wait_for()
    yield app
    revision = server.call("GET", "/api/flows/rule-page")["revision"]
    server.call("DELETE", f"/api/flows/rule-page?revision={revision}")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways, once the page has taken its new width."""
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    with contextlib.suppress(PlaywrightTimeout):
        page.wait_for_function(width, timeout=5_000)
    fitting: bool = page.evaluate(width)
    return fitting


def test_rules_are_found_by_filter_and_the_filter_stands_in_the_address(rules: Page) -> None:
    table = rules.get_by_role("table").first
    rules.get_by_label("Search rules").fill("cold 200")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(table.get_by_role("link", name="Never so cold")).to_be_visible()
    expect(rules).to_have_url(re.compile(r"/rules\?q=cold"))
    rules.reload()
    expect(table.get_by_role("row")).to_have_count(2)
    rules.get_by_role("button", name="Clear filter").click()
    rules.get_by_label("Flow", exact=True).select_option("rule-page")
    expect(table.get_by_role("row")).to_have_count(4)
    assert findings(rules) == []


def test_a_rule_is_switched_off_and_the_server_knows(rules: Page, server: Server) -> None:
    switch = rules.get_by_role("switch", name="Enabled: Beat every ten seconds")
    expect(switch).to_be_checked()
    switch.press("Space")
    expect(switch).not_to_be_checked()
    found = {one["id"]: one for one in server.call("GET", "/api/rules")["items"]}
    assert found["rule-page/beat"]["runtime_enabled"] is False
    switch.click()
    expect(switch).to_be_checked()


def test_a_rule_fired_by_hand_leaves_a_trace_with_steps_changes_and_the_failure(
    rules: Page, server: Server
) -> None:
    rules.get_by_role("link", name="Note the voltage").click()
    expect(rules.get_by_text("would act")).to_be_visible()
    expect(rules.get_by_text("DMM_01.cell_v", exact=True)).to_be_visible()
    rules.get_by_role("button", name="Trigger").click()
    dialog = rules.get_by_role("dialog")
    expect(dialog.get_by_text("add 1 to var.notes")).to_be_visible()
    assert findings(rules) == []
    dialog.get_by_role("button", name="Trigger").click()
    rules.get_by_role("tab", name=re.compile("^Firings")).click()
    rules.get_by_role("button", name=re.compile("^Details of")).first.click()
    expect(rules.get_by_text("by hand").first).to_be_visible()
    expect(rules.get_by_text(re.compile(r"notes = \d"))).to_be_visible()
    expect(rules.get_by_text("an administrator may list it in webhook_allow")).to_be_visible()
    assert findings(rules) == []
    rules.set_viewport_size({"width": 360, "height": 780})
    assert fits(rules)
    rules.goto(f"{server.url}/rules?state=trouble")
    expect(rules.get_by_role("table").first.get_by_role("row")).to_have_count(2)
    assert fits(rules)


def test_why_a_rule_did_not_act_and_what_it_would_do(rules: Page) -> None:
    rules.get_by_role("link", name="Never so cold").click()
    why = rules.get_by_role("region", name="Why it did not act")
    expect(why.get_by_text("a condition did not hold")).to_be_visible()
    expect(why.get_by_text("false").first).to_be_visible()
    rules.get_by_role("tab", name="Test").click()
    rules.get_by_role("button", name="Try it now").click()
    expect(rules.get_by_text("It would do nothing")).to_be_visible()
    assert findings(rules) == []


def test_a_back_test_counts_what_a_rule_would_have_done(rules: Page, server: Server) -> None:
    server.call("POST", "/api/projects/active/sessions/start", {"name": "For the back-test"})
    before = server.call("GET", "/api/rules")["items"]
    fired = next(one["fired"] for one in before if one["id"] == "rule-page/beat")
    rules.get_by_role("link", name="Beat every ten seconds").click()
    rules.get_by_role("region", name="Counters").wait_for()
    rules.wait_for_function(FIRED_MORE, arg=fired + 12)  # two minutes of the lab
    server.call("POST", "/api/projects/active/sessions/stop")
    rules.get_by_role("tab", name="Test").click()
    back = rules.get_by_role("region", name="Back-test")
    back.get_by_role("button", name="Start").click()
    expect(back.get_by_text(re.compile(r"It would have fired \d+ ×"))).to_be_visible()
    expect(back.get_by_role("img", name=re.compile("^Firings"))).to_be_visible()
    back.get_by_role("button", name=re.compile("^Details of")).first.click()
    expect(back.get_by_text("log 'beat'").first).to_be_visible()
    assert findings(rules) == []


def test_a_rule_leads_to_itself_in_the_flow(rules: Page) -> None:
    rules.get_by_role("link", name="Never so cold").click()
    rules.get_by_role("link", name="Show in the flow").click()
    strip = rules.get_by_role("region", name="Rule at work")
    expect(strip.get_by_role("switch", name="Enabled: Never so cold")).to_be_visible()
    show_text(rules)
    expect(rules.locator(".cm-activeLine")).to_contain_text("id: never")
