"""Server restart, lost network, a slow line, two tabs: pages recover without reload and say so."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Server, _read_url

pytestmark = pytest.mark.browser
SLOW_BYTES = 20_000
"""What a slow line carries in a second."""


class Line:
    """The network between browser and server, able to break and to be slow."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.slow = False
        self._whole = True
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            if not self._whole:
                raise ConnectionError
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        self._ends |= {near, far}
        threading.Thread(target=self._copy, args=(near, far), daemon=True).start()
        self._copy(far, near, slows=True)

    def _copy(self, source: socket.socket, target: socket.socket, slows: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(2048):
                if slows and self.slow:
                    time.sleep(len(data) / SLOW_BYTES)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        """Break what is open and let nothing new through."""
        self._whole = False
        for end in list(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def heal(self) -> None:
        """As it was."""
        self._whole = True

    def close(self) -> None:
        """For good."""
        self.cut()
        self._listener.close()


class Bench:
    """A server of its own with a line to it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.server = Server("")
        self._process: subprocess.Popen[str] | None = None
        self.start(0)
        self.line = Line(self.port)

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    def start(self, port: int) -> None:
        """Start the server; 0 takes any port."""
        options = ["demo", "--no-browser", "--home", str(self._home), "--log-level", "ERROR"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ionpy_auto", *options, "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        )
        self.server = Server(_read_url(self._process))

    def stop(self) -> None:
        """Stop it in order."""
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("recovery"))
    yield bench
    bench.line.close()
    bench.stop()


@pytest.fixture
def page(context: BrowserContext, bench: Bench) -> Iterator[Page]:
    """The first page over the line; it must never be loaded a second time."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(bench.line.url)
    expect(page.get_by_role("button", name="Connected")).to_be_visible()
    page.evaluate("window.loadedOnce = true")
    yield page
    assert page.evaluate("window.loadedOnce") is True
    assert errors == []


def lost(page: Page) -> None:
    """The page says that it hears nothing, and that its values are old."""
    expect(page.get_by_text("Values shown are frozen.").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"next try in \d+ s|Connecting")).first).to_be_visible()


def back(page: Page, hint: str) -> None:
    """The page says that all is well again, and what it knows of the time between."""
    expect(page.get_by_text(re.compile("Connected again after"))).to_be_visible()
    expect(page.get_by_text(hint)).to_be_visible()
    expect(page.get_by_text("Values shown are frozen.")).to_have_count(0)


def test_a_page_survives_a_restart_of_the_server(page: Page, bench: Bench) -> None:
    page.get_by_role("link", name="Runs").click()
    bench.stop()
    lost(page)
    page.get_by_role("button", name="All off").click()
    expect(page.get_by_text("All off did not reach the server.")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("alert").filter(has_text="could not be loaded").first).to_be_visible()
    bench.line.cut()  # so that the page is not back before anybody looks
    bench.start(bench.port)
    bench.line.heal()
    back(page, "everything shown was read again")
    expect(page.get_by_text("could not be loaded")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("region", name="Channel CH1")).to_contain_text("at rest")


def test_what_happened_while_the_network_was_gone_is_caught_up_with(
    page: Page, context: BrowserContext, bench: Bench
) -> None:
    context.set_offline(True)
    bench.line.cut()
    expect(page.get_by_text("This computer has no network.").first).to_be_visible()
    lost(page)
    started = bench.server.call("POST", "/api/projects/active/sessions/start", {"name": "unseen"})
    time.sleep(2)  # shorter gaps are not worth a word
    bench.line.heal()
    context.set_offline(False)
    back(page, "nothing is missing")
    expect(page.get_by_role("button", name="Recording: unseen")).to_be_visible()
    bench.server.call("POST", "/api/projects/active/sessions/stop")
    expect(page.get_by_role("button", name="Not recording")).to_be_visible()
    assert started["status"] == "running"


def test_a_person_does_not_wait_for_the_next_try(page: Page, bench: Bench) -> None:
    bench.line.cut()
    lost(page)
    page.get_by_role("button", name="Try now").focus()
    bench.line.heal()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Connected")).to_be_visible()


def test_a_slow_line_delays_events_and_loses_none(page: Page, bench: Bench) -> None:
    bench.line.slow = True
    try:
        labels = [f"slow {n}" for n in range(5)]
        for label in labels:
            bench.server.call("POST", "/api/projects/active/markers", {"label": label})
        page.keyboard.press("m")
        panel = page.get_by_role("dialog", name="Marker")
        for label in labels:
            expect(panel.get_by_text(label)).to_be_visible()
    finally:
        bench.line.slow = False


def test_two_tabs_show_the_same_recording(page: Page, context: BrowserContext) -> None:
    other = context.new_page()
    other.goto(page.url)
    page.get_by_role("button", name="Not recording").click()
    page.get_by_role("dialog").get_by_label("Name of the session").fill("both")
    page.keyboard.press("Enter")
    other.get_by_role("button", name="Recording: both").click()
    other.get_by_role("button", name="Stop recording").click()
    other.get_by_role("dialog").last.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_role("button", name="Not recording")).to_be_visible()


def test_a_project_closed_elsewhere_leads_to_the_chooser_and_back(page: Page, bench: Bench) -> None:
    project = bench.server.call("GET", "/api/projects/active")
    bench.server.call("POST", "/api/projects/active/close")
    expect(page.get_by_text("was closed in another window")).to_be_visible()
    expect(page.get_by_role("heading", name="Choose a project")).to_be_visible()
    expect(page.get_by_role("button", name="Back to")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Choose a project")).to_be_visible()
    page.get_by_role("button", name=re.compile(f"^Open ?: {project['name']}")).click()
    expect(page.get_by_role("region", name="Channel CH1")).to_be_visible()
    expect(page.get_by_text("was opened in another window")).to_have_count(0)


def test_the_phone_page_is_an_app_that_opens_without_a_network(
    browser: Browser, bench: Bench
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{bench.line.url}/mobile")
    expect(page.get_by_role("region", name="Supply")).to_be_visible()
    errors = context.new_cdp_session(page).send("Page.getInstallabilityErrors")
    assert [
        e["errorId"] for e in errors["installabilityErrors"] if e["errorId"] != "in-incognito"
    ] == []
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    kept = page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.open(name)))).then("
        "all => Promise.all(all.map(one => one.keys()))).then(all => all.flat().map(r => r.url))"
    )
    assert kept
    assert [url for url in kept if "/api" in url] == []
    bench.line.cut()
    try:
        page.goto(f"{bench.line.url}/mobile/alarms")
        expect(page.get_by_role("button", name="All off")).to_be_visible()
        expect(
            page.get_by_role("button", name=re.compile("Connection lost|Connecting"))
        ).to_be_visible()
        expect(page.get_by_text("3.7")).to_have_count(0)
    finally:
        bench.line.heal()
    expect(page.get_by_text("No alarms", exact=True)).to_be_visible()
    context.close()
