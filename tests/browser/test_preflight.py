"""A run is predicted in the start dialog, before anything is switched."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_a_run_is_predicted_before_it_is_started(app: Page, server: Server) -> None:
    server.add_flow("quick-check")
    before = len(server.runs())
    app.goto(f"{server.url}/flows/quick-check")
    app.get_by_role("button", name=re.compile("^Start")).first.click()
    dialog = app.get_by_role("dialog")
    dialog.get_by_label("Charge at start").fill("40")
    dialog.get_by_role("button", name="Pre-flight").click()
    expect(dialog.get_by_role("progressbar", name="Pre-flight")).to_be_visible()
    curve = dialog.get_by_role("img", name=re.compile("^Predicted voltage"))
    expect(curve).to_be_visible(timeout=60_000)
    expect(dialog.get_by_text("40 % (given)")).to_be_visible()
    preflight = dialog.get_by_role("region", name="Pre-flight")
    expect(preflight.get_by_text("2.40 … 4.25 V")).to_be_visible()
    expect(dialog.get_by_role("button", name="Predict again")).to_be_enabled()
    assert findings(app) == []
    assert len(server.runs()) == before  # nothing was started
    with app.expect_response(re.compile("/api/runs$")) as answer:
        dialog.get_by_role("button", name=re.compile("^Start")).click()
    assert answer.value.status == 202, answer.value.text()
    run = answer.value.json()["id"]
    kept = server.call("GET", f"/api/runs/{run}/prediction")
    assert kept["start"] == {**kept["start"], "soc": 0.4, "source": "given"}
