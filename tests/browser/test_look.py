"""The page of a run on a phone, the API page, unknown addresses, the icon."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


def test_the_page_of_a_run_fits_a_phone(app: Page, server: Server) -> None:
    run = server.call("POST", "/api/runs", {"sequence": "capacity-check"})
    app.set_viewport_size({"width": 360, "height": 740})
    app.goto(f"{server.url}/runs/{run['id']}")
    expect(app.locator("tbody tr").filter(has_text="empty")).to_be_attached(timeout=20_000)
    assert app.evaluate(OVERFLOW) <= 0


def test_the_api_page_works_without_internet(app: Page, server: Server) -> None:
    app.goto(f"{server.url}/docs")
    expect(app.locator(".swagger-ui .info")).to_contain_text("ionpy_auto")


def test_an_unknown_address_leads_to_the_first_page(app: Page, server: Server) -> None:
    app.goto(f"{server.url}/nowhere")
    expect(app).to_have_url(re.compile(r"/$"))
    expect(app.get_by_role("region", name="Channel CH1")).to_be_visible()


def test_the_icon_is_served(app: Page, server: Server) -> None:
    href = app.locator("link[rel=icon]").get_attribute("href")
    answer = app.request.get(f"{server.url}{href}")
    assert answer.ok
    assert answer.headers["content-type"].startswith("image/svg+xml")
