"""Shared fixtures: a real server in a process of its own, and an engine in this one."""

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings

from ionpy_auto.core.files import Home
from ionpy_auto.core.settings import Settings
from ionpy_auto.engine import Engine
from ionpy_auto.web.app import create_app
from ionpy_auto.web.live import LiveHub

# How long an example takes says more about the machine than about the code.
settings.register_profile("lab", deadline=None)
settings.load_profile("lab")

ROOT = Path(__file__).parents[1]
DEMO = "akku-charakterisierung"
START_S = 60


def pytest_configure(config: pytest.Config) -> None:
    """What the web framework will rename in its next major version, which we do not allow."""
    for message in ("Deprecated .(query|header). parameter", r"\[paths="):
        config.addinivalue_line("filterwarnings", f"ignore:{message}")


@dataclass
class Server:
    """A server process.

    Attributes:
        url: Base address without a slash at the end.
        home: Its home.
        process: To send signals to.
        http: Speaks to it.
    """

    url: str
    home: Path
    process: subprocess.Popen[str]
    http: httpx.Client

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        with suppress(ValueError):
            self.process.communicate(timeout=START_S)
        self.http.close()
        return self.process.returncode


def environment() -> dict[str, str]:
    """What a child gets: nothing of this machine's own settings, no proxy."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IONPY_", "COV_"))}
    return {**kept, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}


def ionpy(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ionpy_auto", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(),
        timeout=START_S,
        check=False,
    )


def start_process(home: Path, *words: str) -> Server:
    """Start a server on a free port and wait until it says where it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ionpy_auto", *words, "--home", str(home), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment(),
    )
    said = ""
    while not (match := re.search(r"(http://[^/\s]+)/", said)):
        ready, _, _ = select.select([process.stdout], [], [], START_S)
        line = process.stdout.readline() if ready else ""
        said += line
        if not line:
            process.kill()
            process.communicate()
            pytest.fail(f"the server did not start:\n{said}")
    client = httpx.Client(base_url=match[1], timeout=START_S, trust_env=False)
    return Server(match[1], home, process, client)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers, the same home by default; all are gone afterwards."""
    started: list[Server] = []

    def start(*words: str, home: Path = tmp_path / "home") -> Server:
        server = start_process(home, *(words or ("demo", "--no-browser")))
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server with the demo project, shared by a module."""
    running = start_process(tmp_path_factory.mktemp("home"), "demo", "--no-browser")
    yield running
    assert running.stop() == 0


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Start and stop an ASGI application as a server would."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, to_app.get, from_app.put))
    for word in ("startup", "shutdown"):
        to_app.put_nowait({"type": f"lifespan.{word}"})
        answer = await from_app.get()
        assert answer["type"] == f"lifespan.{word}.complete", answer.get("message")
        if word == "startup":
            try:
                yield
            except BaseException:
                to_app.put_nowait({"type": "lifespan.shutdown"})
                await from_app.get()
                raise
    await task


class Api(httpx.AsyncClient):
    """Speaks to the application in this process, through guard and framework.

    Attributes:
        engine: What stands behind it.
        app: The guarded application.
    """

    def __init__(self, engine: Engine, app: Any) -> None:
        self.engine = engine
        self.app = app
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        super().__init__(transport=transport, base_url="http://localhost:8000")

    @property
    def hub(self) -> LiveHub:
        """What feeds the browsers."""
        return self.app.inner.state.hub


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.fixture
async def bare(home: Home) -> AsyncIterator[Api]:
    """A server in this process without an open project."""
    engine = Engine(home, Settings(guard="off"))  # it would end the process of the tests
    app = create_app(engine)
    async with lifespan(app), Api(engine, app) as client:
        yield client


@pytest.fixture
async def api(bare: Api) -> Api:
    """The same with the demo project open."""
    await bare.engine.open_project(DEMO)
    return bare


@pytest.fixture
async def engine(api: Api) -> Engine:
    """The engine behind `api`, with the demo project open."""
    return api.engine
