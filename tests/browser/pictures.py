"""Pictures for the documentation: ``python -m tests.browser.pictures [NAME …]``.

Of every page, wide and on a phone, and of the states of the flow editor that its guide shows.

A server of its own starts at a fixed moment; once every page has something to show, its virtual
time goes at real pace, so that two runs of this show nearly the same.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGS, Server, _read_url
from tests.browser.shown import PAGES, prepare
from tests.browser.states import STATES

Size = tuple[int, int]
IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTHS = ((1920, 1080), (360, 740))
STATE_SIZE = (1280, 800)
MOMENT = 1_768_467_600
"""Thursday 15 January 2026, 09:00 UTC."""

STANDSTILL = 1.0
"""Real pace: while pictures are taken nothing moves far."""
SERVER = f"""
import sys, time
from ionpy_auto.core.clock import SystemClock
started = time.monotonic()
SystemClock.now = lambda self: {MOMENT} + time.monotonic() - started
from ionpy_auto.cli.__main__ import main
sys.exit(main())
"""


def a_day_in_the_lab(server: Server) -> None:
    """One capacity check that is over, and one in the middle of its charge."""
    body = {"sequence": "capacity-check", "parameters": {"cycles": 1}}
    server.pace(None)
    server.follow(server.call("POST", "/api/runs", body)["id"])
    server.call("POST", "/api/runs", body)
    for _ in range(1_200):
        volts = server.call("GET", "/api/devices/DMM_01/entities/cell_v")["value"]
        if server.runs()[0]["step_id"] == "charge" and volts > 3.9:
            break
        time.sleep(0.05)
    server.pace(STANDSTILL)


@contextmanager
def still_server() -> Iterator[Server]:
    """A demo server whose time stands still."""
    with tempfile.TemporaryDirectory() as home:
        options = ["demo", "--no-browser", "--home", home, "--port", "0", "--log-level", "ERROR"]
        with subprocess.Popen(
            [sys.executable, "-c", SERVER, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TZ": "UTC"},
        ) as process:
            try:
                server = Server(_read_url(process))
                server.settle()
                a_day_in_the_lab(server)
                prepare(server)
                server.pace(STANDSTILL)
                yield server
            finally:
                process.terminate()
                process.communicate(timeout=30)


def take(
    browser: Browser, server: Server, name: str, show: Callable[[Page, Server], None], size: Size
) -> Path:
    """One picture."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-US",
        timezone_id="UTC",
        color_scheme="dark",
        reduced_motion="reduce",
        service_workers="block",
    )
    page = context.new_page()
    show(page, server)
    page.wait_for_load_state("networkidle")
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, animations="disabled", caret="hide")
    context.close()
    return path


def main(names: list[str]) -> None:
    """Take the pictures of the named pages and states, or of all."""
    wanted = [shown for shown in PAGES if not names or shown.name in names]
    with still_server() as server, sync_playwright() as playwright:
        found = os.environ.get("IONPY_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGS))
        for shown in wanted:
            for size in WIDTHS:
                name = f"{shown.name}-{size[0]}"
                sys.stdout.write(f"{take(browser, server, name, shown.open, size).name}\n")
        server.add_flow("quick-check")
        for name, show in STATES.items():
            if not names or name in names:
                sys.stdout.write(f"{take(browser, server, name, show, STATE_SIZE).name}\n")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
