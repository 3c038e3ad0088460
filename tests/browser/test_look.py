"""Language, theme, width, and that nothing comes from elsewhere."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

PAGES = ("/", "/flows", "/flows/capacity-check", "/runs", "/devices", "/alarms", "/history")
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


def test_german_is_chosen_and_kept(app: Page) -> None:
    app.get_by_role("button", name="Deutsch").click()
    expect(app.get_by_role("button", name="Alles aus")).to_be_visible()
    expect(app.locator("html")).to_have_attribute("lang", "de")
    app.reload()
    expect(app.get_by_role("link", name="Abläufe")).to_be_visible()


def test_the_light_theme_is_chosen_and_kept(app: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    dark = app.evaluate(background)
    app.get_by_role("button", name="Light theme").click()
    expect(app.locator("html")).to_have_attribute("data-theme", "light")
    assert app.evaluate(background) != dark
    app.reload()
    expect(app.get_by_role("button", name="Dark theme")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(app: Page, server: Server, path: str) -> None:
    app.set_viewport_size({"width": 360, "height": 740})
    app.goto(server.url + path)
    expect(app.get_by_role("heading", level=1)).to_be_attached()
    expect(app.get_by_text("Loading …")).to_have_count(0)
    expect(app.get_by_role("button", name="All off")).to_be_in_viewport()
    assert app.evaluate(OVERFLOW) <= 0


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
