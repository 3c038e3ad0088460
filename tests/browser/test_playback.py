"""The past on every page: played, scrubbed, stepped through, and left by All off."""

import contextlib
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import recordings
from tests.browser.axe import findings
from tests.browser.conftest import Server
from tests.browser.recordings import BASE, Recordings

pytestmark = pytest.mark.browser
made = pytest.fixture(recordings.recorded, scope="module")


@pytest.fixture
def playing(app: Page, server: Server, made: Recordings) -> Page:
    """The second recording, at its beginning."""
    app.goto(f"{server.url}/history?session={made.second}")
    app.get_by_role("button", name="Play back").click()
    expect(app.get_by_role("region", name="Playback")).to_be_visible()
    return app


def at(page: Page) -> float:
    return float(page.get_by_role("slider", name="Time").input_value())


def test_the_dashboard_shows_the_time_that_plays_and_goes_back_to_now(
    playing: Page, server: Server, made: Recordings
) -> None:
    playing.get_by_role("link", name="Dashboard").click()
    expect(playing.get_by_text("You are looking at the past")).to_be_visible()
    before = at(playing)
    playing.get_by_role("combobox", name="Speed").select_option("60")
    playing.get_by_role("button", name="Play", exact=True).click()
    expect(playing.get_by_role("slider", name="Time")).not_to_have_value(str(before))
    playing.get_by_role("button", name="Pause").click()
    session = server.call("GET", f"{BASE}/sessions/{made.second}")
    assert before < at(playing) <= session["stopped"]
    assert findings(playing) == []
    playing.get_by_role("region", name="Playback").get_by_role(
        "button", name="Back to live"
    ).click()
    expect(playing.get_by_role("region", name="Playback")).to_have_count(0)
    expect(playing.get_by_text("You are looking at the past")).to_have_count(0)


def test_the_next_event_leads_to_the_alarm_and_the_alarm_page_shows_it(playing: Page) -> None:
    player = playing.get_by_role("region", name="Playback")
    forward = player.get_by_role("button", name="Next event")

    def step() -> None:
        before = at(playing)
        forward.click()
        expect(player.get_by_role("slider")).not_to_have_value(str(before))

    while "Fan on" not in player.inner_text():
        step()
    playing.get_by_role("navigation").get_by_role("link", name=re.compile("^Alarms")).click()
    fire = playing.get_by_role("row").filter(has_text="The fire bell rings")
    expect(fire).to_have_count(0)
    for _ in range(4):  # the bells ring one after the other
        step()
        with contextlib.suppress(AssertionError):
            expect(fire).to_be_visible(timeout=8_000)
            break
    expect(fire).to_be_visible()
    expect(player).to_contain_text("Alarms:")
    playing.get_by_role("slider", name="Time").focus()
    playing.keyboard.press("Home")
    expect(fire).to_have_count(0)


def test_nothing_is_switched_while_the_past_is_shown(playing: Page, server: Server) -> None:
    before = server.runs()
    playing.get_by_role("link", name="Flows").click()
    refusal = playing.evaluate(
        "fetch('/api/system/status').then(answer => answer.status)"
    )  # reading goes on
    assert refusal == 200
    playing.get_by_role("link", name="Dashboard").click()
    switch = playing.get_by_role("switch").first
    expect(switch).to_be_disabled()
    assert server.runs() == before


def test_all_off_works_at_once_and_leads_back_to_now(playing: Page, server: Server) -> None:
    playing.get_by_role("button", name="All off").click()
    expect(playing.get_by_role("region", name="Playback")).to_have_count(0)
    assert server.call("GET", "/api/system/status")["latch"]["pressed"]
    server.settle()
