"""Two short recordings for tests of the history: with markers, and with alarms in the second."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.browser.conftest import PACE, Server
from tests.browser.test_alarms import alarms, ring

BASE = "/api/projects/active"


@dataclass(frozen=True)
class Recordings:
    """What was recorded; ids of sessions."""

    first: int
    second: int


def recorded(server: Server) -> Iterator[Recordings]:
    """Two recordings as long as they are needed; a module makes a fixture of it."""
    made = _make(server)
    yield made
    _remove(server, made)


def _make(server: Server) -> Recordings:
    """Record the bench twice for a minute or two."""
    server.settle()
    server.pace(300)
    first = _record(server, "Cold cell", {"cell": "A12", "ambient": "5 °C"}, lambda: None)
    second = _record(server, "Warm cell", {"cell": "B07"}, lambda: _ring_the_bells(server))
    server.pace(PACE)
    return Recordings(first, second)


def _remove(server: Server, made: Recordings) -> None:
    """Leave nothing to the next test."""
    for number in (made.first, made.second):
        server.call("DELETE", f"{BASE}/sessions/{number}")
    for marker in server.call("GET", f"{BASE}/markers")["items"]:
        server.call("DELETE", f"{BASE}/markers/{marker['id']}")
    for row in server.call("GET", f"{BASE}/exports")["items"]:
        server.call("DELETE", f"{BASE}/exports/{row['id']}")


def _record(
    server: Server, name: str, conditions: dict[str, str], happening: Callable[[], None]
) -> int:
    body = {"name": name, "conditions": conditions}
    number: int = server.call("POST", f"{BASE}/sessions/start", body)["id"]
    _pass(server, 40)
    server.call("POST", f"{BASE}/markers", {"label": "Fan on"})
    happening()
    _pass(server, 40)
    server.call("POST", f"{BASE}/sessions/stop")
    return number


def _ring_the_bells(server: Server) -> None:
    ring(server, "many-bells")
    _pass(server, 30)
    ring(server, "many-bells-quiet")
    server.call("POST", "/api/alarms/ack", {"ids": [alarm["id"] for alarm in alarms(server)]})


def _pass(server: Server, seconds: float) -> None:
    """Let so much of the bench's time go by."""
    begin = _now(server)
    while _now(server) - begin < seconds:
        time.sleep(0.02)


def _now(server: Server) -> float:
    status: dict[str, Any] = server.call("GET", "/api/system/status")
    now: float = status["clock"]["now"]
    return now
