"""Every kind of mistake: on its node, in the list, on its line; mended at a press; never saved."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from tests.browser.editing import text_of, write

pytestmark = pytest.mark.browser

HEAD = "version: 1\nid: mistaken\ncell: cells/inr18650-25r\nchannel: CH1\n"
SOUND = f"{HEAD}sequence:\n  - {{id: pause, rest: 1 min}}\n"


class Mistake(NamedTuple):
    """One of the mistakes of a text: what is said, of which node, in which line, and its fix."""

    message: str
    node: str
    line: str
    fix: str


UNREADABLE = (
    HEAD
    + """sequence:
  - id: keyed
    charge: {curent: 0.5 A, voltage: 4.2 V}
    until: [step.time > 5 h]
  - {id: verbed, chrge: 1 A}
  - {id: endless, discharge: 1 A}
  - {id: twin, rest: 1 min}
  - {id: twin, rest: 2 min}
  - {id: ends, discharge: 1 A, until: [{when: voltge < 3 V}, {when: step.time > 1 h, goto: twin}]}
rules:
  - id: warm
    when: temp > 40 K
    then: [{log: Warm}]
  - id: called
    mode: sngle
    when: "avrg(temp, 10 s) > 40 °C"
    then: [{log: Warm}]
  - id: lonely
    then: [{log: Nothing}]
"""
)
UNREADABLE_MISTAKES = (
    Mistake("unknown key 'curent'", "sequence/0", "curent", "Write “current”"),
    Mistake("unknown step 'chrge'", "sequence/1", "chrge", "Write “charge”"),
    Mistake("step 'endless' has no end", "sequence/2", "endless", "Add a time end (4 h, fail)"),
    Mistake("id 'twin' stands twice", "sequence/4", "rest: 2 min", "Rename to “twin-2”"),
    Mistake("no point 'voltge'", "sequence/5/until/0", "voltge", "Write “voltage”"),
    Mistake("goto needs max", "sequence/5/until/1", "goto: twin", "Follow it at most 3 times"),
    Mistake("is in K", "rules/0/when", "temp > 40 K", "Write it in °C"),
    Mistake("'sngle' is not possible", "rules/1", "sngle", "Write “single”"),
    Mistake("'avrg' is no function", "rules/1/when", "avrg", "Write “avg”"),
    Mistake("'when' is missing", "rules/2", "id: lonely", "Add when: temp > 45 °C"),
)
UNSOUND = (
    HEAD
    + """sequence:
  - {id: forever, discharge: 1 A, until: voltage <= 2.5 V}
  - {id: strong, charge: {current: 3.9 A, voltage: 4.5 V}, until: step.time > 1 h}
  - {id: signed, discharge: 1 A, until: [current > 0.5 A, step.time > 1 h]}
  - {id: lost, goto: singed, max: 2}
  - {id: last, rest: 1 min}
rules:
  - {id: safe, when: manual, then: [{safe_state: all}]}
  - {id: both, scope: always, during: last, when: manual, then: [{log: x}]}
  - {id: each, per: device, when: manual, then: [{log: x}]}
"""
)
UNSOUND_MISTAKES = (
    Mistake("no end by time", "sequence/0", "forever", "Add a time end (4 h, fail)"),
    Mistake("above the limit", "sequence/1", "strong", "Set voltage to 4.25 V"),
    Mistake("current is negative", "sequence/2/until/0", "signed", "Write abs(current)"),
    Mistake("no step 'singed'", "sequence/3", "singed", "Write “signed”"),
    Mistake("for scope: always", "rules/0/then/0", "safe_state", "safe_state: channel"),
    Mistake("during belongs to", "rules/1", "during", "Remove during"),
    Mistake("per: device needs", "rules/2", "per: device", "Remove per"),
)
NAMED = "PSU_01.v_out > 4 V"


def remove(server: Server) -> None:
    present = server.call("GET", "/api/flows/mistaken")
    if "revision" in present:
        server.call("DELETE", f"/api/flows/mistaken?revision={present['revision']}")


@pytest.fixture
def flow(app: Page, server: Server) -> Iterator[Page]:
    remove(server)
    made = server.call("POST", "/api/flows", {"text": SOUND})
    assert made["ok"], made
    app.goto(f"{server.url}/flows/mistaken")
    yield app
    remove(server)


def view(page: Page, name: str) -> None:
    page.locator(".board button", has_text=name).click()


def said_of(page: Page, message: str) -> Locator:
    return (
        page.get_by_role("region", name="Findings").get_by_role("listitem").filter(has_text=message)
    )


def shows(page: Page, key: str, message: str) -> None:
    """The node tells it: by a title, a label, or its words."""
    parts = page.locator(f'.main [data-key="{key}"]')
    expect(parts.first).to_be_visible()
    page.wait_for_function(
        """([key, message]) => [...document.querySelectorAll(`.main [data-key="${key}"]`)]
            .flatMap((one) => [one, ...one.querySelectorAll('*')])
            .some((one) => [one.title, one.ariaLabel, one.textContent]
                .some((text) => text?.includes(message)))""",
        arg=[key, message],
    )


def refused(page: Page) -> None:
    """Saving is offered, but not done while an error stands."""
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-deploy]")).to_have_attribute("aria-disabled", "true")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


def step_of(key: str) -> str:
    """Ends have no row of their own in the table."""
    return key.partition("/until/")[0]


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [(UNREADABLE, UNREADABLE_MISTAKES), (UNSOUND, UNSOUND_MISTAKES)],
    ids=["unreadable", "unsound"],
)
def test_each_mistake_is_shown_everywhere_and_mended(
    flow: Page, server: Server, text: str, mistakes: tuple[Mistake, ...]
) -> None:
    page = flow
    view(page, "Canvas")
    write(page, text)
    for mistake in mistakes:
        finding = said_of(page, mistake.message).first
        expect(finding, mistake.message).to_be_visible()
        finding.get_by_role("button").first.click()
        shows(page, mistake.node, mistake.message)
        line = page.locator(".cm-activeLine", has_text=mistake.line)
        expect(line.first, mistake.message).to_be_visible()
        expect(line.locator(".cm-lintRange").first, mistake.message).to_be_visible()
    refused(page)
    view(page, "Table")
    for mistake in mistakes:
        shows(page, step_of(mistake.node), mistake.message)
    for mistake in mistakes:
        said_of(page, mistake.message).get_by_role(
            "button", name=mistake.fix, exact=True
        ).first.click()
        expect(said_of(page, mistake.message), mistake.fix).to_have_count(0)
    assert text_of(server, "mistaken") == SOUND


def test_a_device_the_channel_binds_is_a_warning_and_mended(flow: Page) -> None:
    write(flow, f"{SOUND}rules:\n  - {{id: named, when: {NAMED}, then: [{{log: x}}]}}\n")
    finding = said_of(flow, "bound by the channel")
    finding.get_by_role("button", name="Write channel.source instead of PSU_01", exact=True).click()
    expect(finding).to_have_count(0)
