"""States of the flow editor that its guide shows: how a person gets there, and what is there."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.editing import show_text, text_of, write

ID = "quick-check"
PATIENCE_MS = 90_000


def _open(page: Page, server: Server, view: str, flow: str = ID) -> None:
    page.goto(f"{server.url}/flows/{flow}")
    page.get_by_role("button", name=view, exact=True).click()
    expect(page.locator("[data-flow-panel]")).to_be_visible()


@contextmanager
def _changed(page: Page, server: Server, *pairs: tuple[str, str]) -> Iterator[str]:
    """The draft with parts of the text replaced; gives the text from before."""
    _open(page, server, "Canvas")
    before = after = text_of(server, ID)
    for old, new in pairs:
        after = after.replace(old, new)
    show_text(page)
    write(page, after)
    expect(page.get_by_text("Draft, not saved")).to_be_visible()
    page.get_by_role("button", name="Text beside it").click()
    yield before


def _table(page: Page, server: Server) -> None:
    _open(page, server, "Table", "capacity-check")
    expect(page.get_by_role("treegrid").get_by_label("under way").first).to_be_visible()


def _live(page: Page, server: Server) -> None:
    _open(page, server, "Canvas", "capacity-check")
    page.get_by_role("button", name=re.compile("^Step charge")).click()


def _template(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/flows")
    page.get_by_role("button", name="New flow").first.click()
    page.get_by_role("radio", name="Capacity test").click()
    expect(page.get_by_text("Checked: no findings")).to_be_visible()


def _quick(page: Page, server: Server) -> None:
    _open(page, server, "Canvas")
    page.keyboard.press("/")
    page.keyboard.type("cc 1.5a 4.2v, r 30m, 3x, t>45")
    expect(page.get_by_role("dialog", name="Quick add")).to_contain_text("Repeat 3 ×")


def _problem(page: Page, server: Server) -> None:
    with _changed(page, server, ("rest: 20 s", "rst: 20 s")):
        finding = page.get_by_role("region", name="Findings").get_by_role("listitem").first
        finding.get_by_role("button").first.click()
        expect(page.get_by_role("list", name="Findings here")).to_be_visible()


def _dry(page: Page, server: Server) -> None:
    _open(page, server, "Canvas")
    page.get_by_role("button", name="Dry run").click()
    dry = page.get_by_role("region", name="Dry run")
    end = dry.get_by_text("It comes to its end without findings.")
    expect(end).to_be_visible(timeout=PATIENCE_MS)


def _deploy(page: Page, server: Server) -> None:
    with _changed(page, server, ("rest: 20 s", "rest: 2 min"), ("repeat: 2", "repeat: 3")):
        page.keyboard.press("Control+S")
        dialog = page.get_by_role("dialog", name="Save and deploy")
        expect(dialog.get_by_role("list", name="2 changed parts")).to_be_visible()


def _merge(page: Page, server: Server) -> None:
    with _changed(page, server, ("rest: 20 s", "rest: 2 min")) as before:
        theirs = before.replace("rest: 20 s", "rest: 1 min").replace("repeat: 2", "repeat: 3")
        revision = server.call("GET", f"/api/flows/{ID}")["revision"]
        server.call("PUT", f"/api/flows/{ID}", {"text": theirs, "revision": revision})
        page.get_by_role("button", name="Compare and merge").click()
        expect(page.get_by_text("1 of 1 still to choose")).to_be_visible()
        expect(page.get_by_text("The result is free of errors")).to_be_visible()


def _history(page: Page, server: Server) -> None:
    server.add_flow(ID)
    _open(page, server, "Canvas")
    page.get_by_role("button", name="History").click()
    drawer = page.get_by_role("dialog", name="Versions of")
    expect(drawer.locator(".cm-content")).to_be_visible()


def _trace(page: Page, server: Server) -> None:
    run = next(run for run in server.runs() if run["state"] == "finished")
    page.goto(f"{server.url}/runs/{run['id']}/trace")
    expect(page.get_by_role("region", name="Path taken")).to_contain_text("ended by")
    page.get_by_role("button", name="Step before").click()


def _start(page: Page, server: Server) -> None:
    for run in server.runs():
        if run["state"] != "finished":
            server.call("POST", f"/api/runs/{run['id']}/abort")
            server.follow(run["id"])
    _open(page, server, "Canvas")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Nothing stands in the way of a start.")).to_be_visible()


STATES: dict[str, Callable[[Page, Server], None]] = {
    "flow-table": _table,
    "flow-live": _live,
    "flow-template": _template,
    "flow-quick-add": _quick,
    "flow-problem": _problem,
    "flow-dry-run": _dry,
    "flow-deploy": _deploy,
    "flow-merge": _merge,
    "flow-history": _history,
    "flow-trace": _trace,
    "flow-start": _start,
}
"""In this order: the last one ends the run that the others show."""
