"""Starts the web server for ``serve`` and ``demo``."""

import contextlib
import errno
import gc
import ipaddress
import logging
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from ionpy_auto.cli.output import err, setup_logging
from ionpy_auto.core.errors import BadInput, IonpyError, StorageError
from ionpy_auto.core.files import Home
from ionpy_auto.core.settings import Settings, load_settings
from ionpy_auto.engine import Engine
from ionpy_auto.web.app import create_app

TRIES = 20


def load(home: Home, **overrides: object) -> Settings:
    """Settings of a home; what the command line gave comes first."""
    return load_settings(home.root / "config" / "settings.json", os.environ, **overrides)


def require_loopback(host: str) -> None:
    """Without accounts the server is for this machine only.

    Raises:
        BadInput: The address can be reached from elsewhere.
    """
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host == "localhost"
    if not is_local:
        msg = f"{host} can be reached from other machines, and no account exists"
        raise BadInput(
            msg,
            code="LOGIN_REQUIRED",
            hint="bind 127.0.0.1 and use an SSH tunnel or a reverse proxy with a login",
        )


def listen(host: str, port: int, *, search: bool) -> socket.socket:
    """A listening socket; with ``search`` the next free port above is taken.

    Raises:
        StorageError: The port is in use.
        BadInput: The address or the port cannot be used at all.
    """
    last = min(port + (TRIES if search and port else 1), 65536)
    for candidate in range(port, last):
        try:
            return _bound(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or error
                msg = f"cannot listen on {host} port {candidate}: {reason}"
                hint = "choose another --host or a --port above 1023"
                raise BadInput(msg, code="CANNOT_LISTEN", hint=hint) from None
    msg = f"port {port} is in use"
    raise StorageError(msg, code="PORT_IN_USE", hint="choose another --port")


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # there, "reuse" would let two servers share one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen()  # before that, another socket may still bind the same port
    except BaseException:
        sock.close()
        raise
    return sock


def serve(
    home: Home, settings: Settings, *, project: str = "", browser: bool, search: bool
) -> None:
    """Serve until stopped by a signal; returns once outputs are safe and all is stored.

    Raises:
        IonpyError: The server could not start, or the project could not be opened.
    """
    setup_logging(settings.log_level)
    require_loopback(settings.host)
    engine = Engine(home, settings)
    if project:
        engine.library.find(project)  # a typing mistake is seen before anything is started
    sock = listen(settings.host, settings.port, search=search)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{sock.getsockname()[1]}/"
    server = _Server(engine, url, project, browser=browser)
    try:
        server.run(sockets=[sock])
    except SystemExit:  # the framework's word for "could not start"; ours says why
        if server.failure is None:
            raise
    finally:
        sock.close()
    if server.failure is not None:
        raise server.failure


class _Server(uvicorn.Server):
    """Opens the project and says where we are once the server listens.

    Attributes:
        failure: Why it did not start.
    """

    def __init__(self, engine: Engine, url: str, project: str, *, browser: bool) -> None:
        self._engine = engine
        self._url = url
        self._project = project
        self._browser = browser
        self.failure: IonpyError | None = None
        super().__init__(
            uvicorn.Config(
                create_app(engine, on_failure=self._remember),
                log_config=None,
                access_log=False,
                lifespan="on",
                ws="websockets-sansio",
                ws_max_size=256 * 1024,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
        )

    def _remember(self, error: IonpyError) -> None:
        """Keep the reason; the framework's own account of it would only bury it."""
        self.failure = error
        logging.getLogger("uvicorn.error").disabled = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and end as a success, not as somebody killed by it."""
        wanted = [signal.SIGINT, signal.SIGTERM]
        if sys.platform == "win32":
            wanted.append(signal.SIGBREAK)
        before = {number: signal.signal(number, self.handle_exit) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then open the project, then tell."""
        await super().startup(sockets)
        if self.should_exit:
            return
        try:
            if self._project:
                await self._engine.open_project(self._project)
        except IonpyError as error:
            self.failure = error
            self.should_exit = True  # the usual way down: outputs safe, all stored
            return
        # What stays for good is looked at by no later collection: each took longer than a poll may.
        gc.collect()
        gc.freeze()
        err.print(f"ionpy_auto is at [bold]{self._url}[/bold]  (Ctrl+C stops it)")
        bench = self._engine.bench
        for armed in bench.automation.snapshot()["armed_flows"] if bench is not None else ():
            what = f"flow {armed['flow']} may drive outputs by itself: armed by {armed['by']}"
            err.print(f"[bold yellow]{what}[/bold yellow]")
        if self._browser:
            webbrowser.open(self._url)


def checkout_home(root: Path) -> Home:
    """The git-ignored home that a checkout's demo uses."""
    return Home(root / ".ionpy")
