"""The real server with the demo project on its virtual bench, and a real Chromium looking at it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ionpy_auto.core.files import shipped_path

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_LINE = re.compile(r"ionpy_auto is at (http://\S+?)/?\s")
PATIENCE_MS = 20_000  # a busy machine is no failure

expect.set_options(timeout=PATIENCE_MS)
PACE = 60
FLOWS = Path(__file__).parent / "flows"


def unavailable(reason: str) -> None:
    """A missing part is a failure where the suite is meant to run, else a skip."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = os.environ.get("IONPY_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        unavailable("no Chromium: install one, or name it in IONPY_CHROMIUM")
    return {**browser_type_launch_args, "executable_path": found, "args": list(ARGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1280, "height": 900},
        "locale": "en-US",
        "color_scheme": "dark",
        "reduced_motion": "reduce",
    }


@dataclass(frozen=True)
class Server:
    """The server under test, as a script would speak to it."""

    url: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the answer's JSON, also that of a refusal."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if data else {}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
        return json.loads(text) if text else None

    def pace(self, speed: float | None) -> None:
        """Pace of the virtual time."""
        self.call("POST", "/api/projects/active/speed", {"speed": speed})

    def add_flow(self, name: str) -> None:
        """Put a flow of this folder into the project, as it is in the folder."""
        text = (FLOWS / f"{name}.yaml").read_text(encoding="utf-8")
        present = self.call("GET", f"/api/flows/{name}")
        if "revision" in present:
            body = {"text": text, "revision": present["revision"]}
            self.call("PUT", f"/api/flows/{name}", body)
        else:
            self.call("POST", "/api/flows", {"text": text})

    def runs(self) -> list[dict[str, Any]]:
        """All runs, newest first."""
        items: list[dict[str, Any]] = self.call("GET", "/api/runs")["items"]
        return items

    def relax(self) -> None:
        """Let the cell come to rest after what the test before did to it."""
        before = None
        for _ in range(40):
            now = self.call("GET", "/api/devices/DMM_01/entities/cell_v")["value"]
            if before is not None and now is not None and abs(now - before) < 0.002:
                return
            before = now
            time.sleep(15 / PACE)  # fifteen seconds of the cell
        raise AssertionError("the cell does not come to rest")

    def close_books(self) -> None:
        """Wait until the recording of a run that is over is closed."""
        for _ in range(100):
            if not self.call("GET", "/api/system/status")["recording"]:
                return
            time.sleep(0.05)
        raise AssertionError("the recording of a run stays open")

    def connect(self) -> None:
        """Wait for links that come back."""
        states: set[str] = set()
        for _ in range(200):
            states = {item["state"] for item in self.call("GET", "/api/devices")["items"]}
            if "connecting" not in states:
                return
            time.sleep(0.05)
        raise AssertionError(f"devices do not come back: {states}")

    def settle(self) -> None:
        """No run, no latch, the usual pace, every link open."""
        status = self.call("GET", "/api/system/status")
        if status["latch"]["pressed"]:
            self.call("POST", "/api/admin/rearm", {"reason": "next test"})
            self.connect()
        if status["clock"]["speed"] != PACE:
            self.pace(PACE)
        for run in self.runs():
            if run["state"] != "finished":
                self.call("POST", f"/api/runs/{run['id']}/abort")
                self.follow(run["id"])
                self.close_books()
        for item in self.call("GET", "/api/devices")["items"]:
            if item["state"] == "offline":  # a test that failed may have left it so
                self.call("POST", f"/api/devices/{item['id']}/connect")
                self.connect()

    def follow(self, run_id: str) -> None:
        """Read the events of a run until it has finished: the stream ends then."""
        url = f"{self.url}/api/runs/{run_id}/events"
        with urllib.request.urlopen(url, timeout=30) as stream:
            stream.read()


def _read_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        match = START_LINE.search(line)
        if match:
            return match[1]
    pytest.fail(f"the server did not start: {''.join(seen)[-2000:]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not (shipped_path("ui", "dist") / "index.html").is_file():
        unavailable("the UI is not built: run `npm ci && npm run build` in ui/")
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "ionpy_auto", "demo", "--no-browser", "--home", str(home)]
    log = (home / "stdout.log").open("w")
    with (
        log,
        subprocess.Popen(
            [*command, "--port", "0", "--log-level", "ERROR"],
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        ) as process,
    ):
        try:
            yield Server(_read_url(process))
        finally:
            process.terminate()
            process.communicate(timeout=30)


@dataclass
class Watch:
    """What went wrong in the page without anybody seeing it."""

    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)
    """Statuses that a test provokes on purpose."""

    def follow(self, page: Page) -> None:
        """Listen to console, exceptions and requests."""
        page.on("console", lambda line: self._line(line.type, line.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda answer: self._answer(answer.status, answer.url))
        page.on("request", lambda request: self._request(request.url))
        page.on("websocket", lambda socket: self._request(socket.url))

    def _line(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):  # see `_answer`
            self.errors.append(text)

    def _answer(self, status: int, url: str) -> None:
        if status >= 400 and status not in self.refusals:
            self.errors.append(f"{status} {url}")

    def _request(self, url: str) -> None:
        ours = (self.origin, self.origin.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(ours):
            self.foreign.append(url)


@pytest.fixture
def watch(page: Page, server: Server) -> Iterator[Watch]:
    watch = Watch(server.url)
    watch.follow(page)
    yield watch
    assert watch.foreign == []
    assert watch.errors == []


@pytest.fixture
def app(page: Page, server: Server, watch: Watch) -> Page:
    """The first page, on a bench at rest."""
    del watch
    server.settle()
    page.goto(server.url)
    page.get_by_role("navigation").wait_for()
    return page
