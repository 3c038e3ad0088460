"""The server as a process: started, spoken to over raw sockets, stopped, killed, started again."""

import json
import re
import signal
import socket
from contextlib import suppress

import pytest

WISH = b'{"device_id":"PSU_01","key":"v_set","value":3.5}'


def talk(port, raw, *, half=False):
    """Send bytes as they are; everything the server answers until it closes.

    With ``half`` nothing more is to come, and the server is told so.
    """
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        with suppress(ConnectionError):  # a server need not read all it refuses
            sock.sendall(raw)
            if half:
                sock.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while chunk := sock.recv(2**16):
                answer += chunk
    return answer


def request(*headers, body=WISH, method=b"POST", path=b"/api/control", sized=True):
    lines = [method + b" " + path + b" HTTP/1.1", *headers]
    if sized:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body


def chunked(*chunks):
    """A body without a length."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


HOST = b"Host: localhost"
JSON = b"Content-Type: application/json"
HOSTILE = {
    "foreign host": request(b"Host: evil.example", JSON),
    "no host": request(JSON),
    "host twice": request(HOST, b"Host: evil.example", JSON),
    "host with user": request(b"Host: localhost@evil.example", JSON),
    "whole address": request(HOST, JSON, path=b"http://evil.example/api/control").replace(
        b"Host: localhost", b"Host: evil.example"
    ),
    "foreign origin": request(HOST, JSON, b"Origin: https://evil.example"),
    "null origin": request(HOST, JSON, b"Origin: null"),
    "cross-site": request(HOST, JSON, b"Sec-Fetch-Site: cross-site"),
    "text": request(HOST, b"Content-Type: text/plain"),
    "form": request(HOST, b"Content-Type: application/x-www-form-urlencoded"),
    "no type": request(HOST),
    "type twice": request(HOST, b"Content-Type: text/plain", JSON),
    "oversize": request(HOST, JSON, body=WISH + b" " * 2**20),
    "oversize in chunks": request(HOST, JSON, b"Transfer-Encoding: chunked", sized=False, body=b"")
    + chunked(WISH, *[b" " * 2**16] * 17),
    "length and chunks": request(HOST, JSON, b"Transfer-Encoding: chunked", body=chunked(WISH)),
    "cut off": request(HOST, JSON)[:-5],
    "deep": request(HOST, JSON, body=b"[" * 200_000),
    "key twice": request(HOST, JSON, body=WISH[:-1] + b',"value":60}'),
    "nan": request(HOST, JSON, body=WISH.replace(b"3.5", b"NaN")),
    "text for a number": request(HOST, JSON, body=WISH.replace(b"3.5", b'"3.5"')),
    "true for a number": request(HOST, JSON, body=WISH.replace(b"3.5", b"true")),
    "byte order mark": request(HOST, JSON, body=b"\xef\xbb\xbf" + WISH),
    "method override": request(HOST, JSON, b"X-HTTP-Method-Override: POST", method=b"GET"),
    "forwarded host": request(b"Host: evil.example", b"X-Forwarded-Host: localhost", JSON),
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_request_writes_nothing(server, raw):
    before = server.http.get("/api/system/status").json()["gate"]["done"]
    is_half = raw in {HOSTILE["cut off"], HOSTILE["no http"]}
    answer = talk(server.port, raw, half=is_half)
    refused = rb"HTTP/1\.1 4\d\d "
    assert is_half or len(raw) > 2**20 or re.match(refused, answer), answer[:300]
    assert not answer or re.match(refused, answer), answer[:300]
    value = server.http.get("/api/devices/PSU_01/entities/v_set").json()["value"]
    assert value != 3.5
    assert server.http.get("/api/system/status").json()["gate"]["done"] == before


def test_the_same_request_without_malice_is_carried_out(server):
    wish = WISH.replace(b"3.5", b"2.5")
    answer = talk(server.port, request(HOST, JSON, body=wish))
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["read_back"] == 2.5


def test_a_socket_of_another_site_is_refused_with_a_reason(server):
    answer = talk(
        server.port,
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Origin: https://evil.example\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"FOREIGN_ORIGIN" in answer
    assert b"content-security-policy" in answer.lower()


def test_the_server_does_not_say_what_it_is_made_of(server):
    assert "server" not in server.http.get("/api/health").headers


def start_recording(server):
    """A session with an output on and some samples stored."""
    on = {"device_id": "PSU_01", "key": "output", "value": True}
    assert server.http.post("/api/control", json=on).status_code == 200
    session = server.http.post("/api/projects/active/sessions/start", json={"name": "long"}).json()
    while server.http.get("/api/system/status").json()["recorder"]["recorded"] < 100:
        pass
    return session["id"]


def test_sigterm_closes_the_session_and_ends_well(start_server):
    first = start_server()
    number = start_recording(first)
    assert first.stop(signal.SIGTERM) == 0
    again = start_server()
    session = again.http.get(f"/api/projects/active/sessions/{number}").json()
    assert session["status"] == "completed"
    assert again.http.get("/api/audit/verify").json()["ok"]
    assert again.stop(signal.SIGINT) == 0


def test_a_killed_server_leaves_an_interrupted_session_and_starts_safe(start_server):
    first = start_server()
    number = start_recording(first)
    first.http.post("/api/projects/active/markers", json={"label": "there"})
    first.stop(signal.SIGKILL)
    again = start_server()
    session = again.http.get(f"/api/projects/active/sessions/{number}").json()
    history = again.http.get(
        f"/api/projects/active/devices/PSU_01/history?session_id={number}&limit=200000"
    ).json()
    assert session["status"] == "interrupted"
    assert session["stopped"] >= history["t"][-1] > session["created"]
    assert session["stopped"] - history["t"][-1] < 60
    assert again.http.get("/api/projects/active").json()["session"] is None
    assert again.http.get("/api/devices/PSU_01/entities/output").json()["value"] is False
    assert again.http.get("/api/audit/verify").json()["ok"]
    started = again.http.post("/api/projects/active/sessions/start", json={}).json()
    assert started["created"] >= session["stopped"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_panic_stays_latched_over_a_restart(start_server, how):
    first = start_server()
    first.http.post("/api/admin/panic", json={"reason": "smoke"})
    first.http.get("/api/audit")  # the latch was on its way before this
    first.stop(how)
    again = start_server()
    latch = again.http.get("/api/system/status").json()["latch"]
    assert (latch["pressed"], latch["reason"]) == (True, "smoke")
    refused = again.http.put("/api/devices/PSU_01/entities/v_set", json={"value": 1.0})
    assert refused.json()["code"] == "PANIC_LATCHED"
    assert again.http.post("/api/admin/rearm", json={"reason": "looked"}).status_code == 200
    assert again.http.put("/api/devices/PSU_01/entities/v_set", json={"value": 1.0}).is_success
