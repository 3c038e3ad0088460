"""Every page in both themes, wide and on a phone: nothing sticks out, nothing keeps people out."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server, Watch
from tests.browser.shown import PAGES, Shown, prepare, routes

pytestmark = pytest.mark.browser
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
LIGHT = "document.documentElement.dataset.theme = 'light'"
DARK = "document.documentElement.dataset.theme = 'dark'"
WIDE = {"width": 1920, "height": 1080}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def prepared(server: Server) -> Server:
    server.settle()
    prepare(server)
    return server


def test_every_page_is_in_the_list() -> None:
    assert {shown.route or shown.path for shown in PAGES} == routes()


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)
def test_a_page_is_open_to_all_in_both_themes_and_widths(
    page: Page, prepared: Server, watch: Watch, shown: Shown
) -> None:
    del watch
    page.set_viewport_size(WIDE)
    shown.open(page, prepared)
    wide = findings(page)
    page.evaluate(LIGHT)
    wide += findings(page, "color-contrast")
    assert (wide, page.evaluate(OVERFLOW)) == ([], 0)
    page.set_viewport_size(PHONE)
    narrow = findings(page, "color-contrast")
    page.evaluate(DARK)
    narrow += findings(page)
    assert (narrow, page.evaluate(OVERFLOW)) == ([], 0)
    expect(page.get_by_role("button", name="All off")).to_be_in_viewport()
