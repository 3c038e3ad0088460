"""Starts the web server for ``serve`` and ``demo``."""

import ipaddress
import os
import socket
import webbrowser
from pathlib import Path

import uvicorn

from ionpy_auto.cli.output import err, setup_logging
from ionpy_auto.core.errors import BadInput, StorageError
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
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + (TRIES if search and port else 1)):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
        except OSError:
            sock.close()
            continue
        return sock
    msg = f"port {port} is in use"
    raise StorageError(msg, code="PORT_IN_USE", hint="choose another --port")


def serve(
    home: Home, settings: Settings, *, project: str = "", browser: bool, search: bool
) -> None:
    """Serve until stopped by a signal."""
    setup_logging(settings.log_level)
    require_loopback(settings.host)
    sock = listen(settings.host, settings.port, search=search)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{sock.getsockname()[1]}/"
    engine = Engine(home, settings)
    server = _Server(engine, url, project, browser=browser)
    server.run(sockets=[sock])


class _Server(uvicorn.Server):
    """Opens the project and says where we are once the server listens."""

    def __init__(self, engine: Engine, url: str, project: str, *, browser: bool) -> None:
        self._engine = engine
        self._url = url
        self._project = project
        self._browser = browser
        super().__init__(
            uvicorn.Config(
                create_app(engine),
                log_config=None,
                access_log=False,
                lifespan="on",
                ws="websockets-sansio",
                ws_max_size=256 * 1024,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then open the project, then tell."""
        await super().startup(sockets)
        if self.should_exit:
            return
        if self._project:
            await self._engine.open_project(self._project)
        err.print(f"ionpy_auto is at [bold]{self._url}[/bold]  (Ctrl+C stops it)")
        if self._browser:
            webbrowser.open(self._url)


def checkout_home(root: Path) -> Home:
    """The git-ignored home that a checkout's demo uses."""
    return Home(root / ".ionpy")
