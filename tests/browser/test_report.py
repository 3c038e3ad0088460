"""The report of a run as a person opens it: whole, without a script, on paper too."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_report_opens_without_script_or_foreign_resource_and_prints(page, server, watch):
    del watch  # fails the test on an error of the console, a refused resource, a foreign request
    server.settle()
    server.add_flow("quick-check")
    server.relax()
    server.pace(600)
    run = server.call("POST", "/api/runs", {"sequence": "quick-check"})["id"]
    server.follow(run)
    address = f"{server.url}/api/runs/{run}/report?format=html&lang=de"
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Quick check")
    expect(page.locator(".verdict")).to_have_text("bestanden")
    assert page.locator('svg[role="img"]').count() >= 4
    assert page.locator("script").count() == 0
    for width in (1280, 420):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
