"""Every page of the UI: where it is, what it needs, and how one knows that it is there."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

FEATURES = Path(__file__).parents[2] / "ui" / "src" / "features"


@dataclass(frozen=True)
class Shown:
    """One page.

    Attributes:
        name: Of its pictures.
        path: Its address; ``{run}`` becomes a run of the project.
        route: What the router calls it, when that is not its path.
        still: Shows signs of loading on purpose.
    """

    name: str
    path: str
    route: str = ""
    still: bool = False

    def open(self, page: Page, server: Server) -> None:
        """Go there and wait until it shows what it has."""
        path = self.path
        if "{run}" in path:
            path = path.format(run=server.runs()[0]["id"])
        page.goto(server.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        if not self.still:
            expect(page.get_by_text("Loading …")).to_have_count(0)


PAGES = (
    Shown("dashboard", "/"),
    Shown("channels", "/channels"),
    Shown("flows", "/flows"),
    Shown("flow", "/flows/capacity-check", "/flows/:id"),
    Shown("rules", "/rules"),
    Shown("rule", "/rules/doorbell/ring", "/rules/:flow/:rule"),
    Shown("scripts", "/scripts"),
    Shown("script", "/scripts/report", "/scripts/:name"),
    Shown("runs", "/runs"),
    Shown("run", "/runs/{run}", "/runs/:id"),
    Shown("trace", "/runs/{run}/trace", "/runs/:id/trace"),
    Shown("runs-compare", "/runs/compare"),
    Shown("devices", "/devices"),
    Shown("alarms", "/alarms"),
    Shown("alarms-history", "/alarms/history"),
    Shown("alarms-definitions", "/alarms/definitions"),
    Shown("alarms-routing", "/alarms/routing"),
    Shown("alarms-outbox", "/alarms/outbox"),
    Shown("alarms-quality", "/alarms/quality"),
    Shown("history", "/history"),
    Shown("kit", "/kit", still=True),
    Shown("mobile", "/mobile"),
    Shown("mobile-live", "/mobile/live"),
    Shown("mobile-alarms", "/mobile/alarms"),
    Shown("mobile-runs", "/mobile/runs"),
)


def routes() -> set[str]:
    """All addresses that the features register."""
    found = re.compile(r"path: '(/[^']*)'")
    texts = [path.read_text(encoding="utf-8") for path in sorted(FEATURES.glob("*/feature.ts"))]
    return {route for text in texts for route in found.findall(text)}


def prepare(server: Server) -> None:
    """A rule, a script and a finished run, so that every page has something to show."""
    server.add_flow("doorbell")
    if "revision" not in server.call("GET", "/api/scripts/report"):
        text = 'voltage = await read("DMM_01.cell_v")\nprint(f"{voltage} V")\n'
        server.call("PUT", "/api/scripts/report", {"text": text, "revision": ""})
    if not any(run["state"] == "finished" for run in server.runs()):
        run = server.call("POST", "/api/runs", {"sequence": "capacity-check"})
        server.call("POST", f"/api/runs/{run['id']}/abort")
        server.follow(run["id"])
