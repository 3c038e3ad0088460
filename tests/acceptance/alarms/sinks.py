"""Receivers that are really there: an HTTP server and a mail server, each in a thread."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller

from tests.acceptance.connections.lab import free_port


@dataclass
class Got:
    """One request.

    Attributes:
        status: What it was answered.
    """

    path: str
    key: str
    body: dict[str, Any]
    status: int


class HttpSink:
    """Takes POSTs on a port of its own; ``answer`` decides about the status of each body."""

    def __init__(self, answer: Callable[[dict[str, Any]], int] = lambda _body: 200) -> None:
        self.got: list[Got] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length))
                status = answer(body)
                key = self.headers.get("Idempotency-Key", "")
                sink.got.append(Got(self.path, key, body, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing on the screen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/alarms"

    @property
    def taken(self) -> list[Got]:
        """What was accepted."""
        return [one for one in self.got if one.status == 200]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class Mails:
    """Takes mails; the first ones are refused with these answers."""

    answers: list[str] = field(default_factory=list)
    got: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.got.append(envelope)
        return "250 taken"

    def __enter__(self) -> Self:
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
