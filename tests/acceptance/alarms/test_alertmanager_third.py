"""Side by side with a real Alertmanager: the same alarms, the same groups, the same messages.

Many small worlds live in one process at once, told apart by a label. Things happen at full
seconds; both look half a second later. What differs by contract (the end of a silenced alarm) does
not happen here.
"""

import json
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from ionpy_auto.alarms.routing import Alert, Grouper, Routing, read_routing
from ionpy_auto.alarms.routing.matchers import matches, parse_matchers
from ionpy_auto.testing.wires import tool_path

ALERTMANAGER = tool_path("prometheus-alertmanager") or tool_path("alertmanager")
pytestmark = pytest.mark.skipif(not ALERTMANAGER, reason="alertmanager is not installed")

FILE = """
route:
  receiver: first
  group_by: [world, device]
  group_wait: 1500ms
  group_interval: 2s
  repeat_interval: 5s
  routes:
    - matchers: [severity="critical"]
      receiver: second
      continue: true
    - matchers: ['alertname=~"a|b"', severity!="info"]
      receiver: third
      group_by: [world]
    - matchers: [severity="info"]
      receiver: muted
      mute_time_intervals: [always]
    - match: {alertname: d}
      receiver: single
      group_by: ['...']
      active_time_intervals: [always]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [world, device]
time_intervals:
  - name: always
    time_intervals: [{times: [{start_time: "00:00", end_time: "24:00"}]}]
receivers:
  - {name: first, webhook_configs: [{url: "URL"}]}
  - {name: second, webhook_configs: [{url: "URL"}]}
  - {name: third, webhook_configs: [{url: "URL"}]}
  - {name: muted, webhook_configs: [{url: "URL"}]}
  - {name: single, webhook_configs: [{url: "URL"}]}
"""
Message = tuple[str, str, tuple[str, ...], tuple[str, ...]]


@dataclass
class Happening:
    """One thing at a full second."""

    at: int
    what: str  # fire, clear, silence, unsilence
    labels: dict[str, str]


@dataclass
class Story:
    """What happens in one world, made so that both must say the same."""

    world: str
    length: int
    happenings: list[Happening] = field(default_factory=list)
    firing: dict[str, dict[str, str]] = field(default_factory=dict)
    silenced: set[str] = field(default_factory=set)

    @classmethod
    def told_by(cls, dice: random.Random, number: int, length: int) -> "Story":
        story = cls(f"w{number}", length)
        for second in range(length):
            for name in dice.sample("abcd", dice.choice([0, 1, 1, 2])):
                story.turn(dice, second, name)
            if dice.random() < 0.2:
                story.hush(second, dice.choice("XY"))
        return story

    def turn(self, dice: random.Random, second: int, name: str) -> None:
        device = dice.choice("XY")
        severity = {"a": "critical", "b": "warning", "c": "info", "d": "warning"}[name]
        labels = {"alertname": name, "device": device, "severity": severity, "world": self.world}
        key = f"{device}/{name}"
        if key not in self.firing:
            if severity == "critical" and self.has_ended(second, device):
                return
            self.firing[key] = labels
            self.happenings.append(Happening(second, "fire", labels))
        elif not self.is_silent(labels):
            del self.firing[key]
            self.happenings.append(Happening(second, "clear", labels))

    def is_silent(self, labels: dict[str, str]) -> bool:
        is_inhibited = labels["severity"] == "warning" and f"{labels['device']}/a" in self.firing
        return is_inhibited or labels["device"] in self.silenced

    def has_ended(self, second: int, device: str) -> bool:
        """Whether the end of an alarm may not have been told yet."""
        return any(
            h.what == "clear" and h.labels["device"] == device and second - h.at < 3
            for h in self.happenings
        )

    def hush(self, second: int, device: str) -> None:
        """A silence begins or ends; not in a second in which something of it was cleared."""
        now = [h for h in self.happenings if h.at == second and h.labels["device"] == device]
        if now or self.has_ended(second, device):
            return
        what = "unsilence" if device in self.silenced else "silence"
        self.silenced ^= {device}
        self.happenings.append(Happening(second, what, {"device": device, "world": self.world}))


# -- Alertmanager -----------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Hundreds of messages come at the same moment."""

    request_queue_size = 1024


class Sink:
    """Takes what Alertmanager sends."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.messages.append({**json.loads(body), "at": time.monotonic()})
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> "Sink":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@contextmanager
def alertmanager(folder: Path, sink: Sink) -> Iterator[httpx.Client]:
    config = folder / "alertmanager.yml"
    url = f"http://127.0.0.1:{sink.server.server_address[1]}/"
    config.write_text(FILE.replace("URL", url))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        ALERTMANAGER,
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait_until_ready(client)
                yield client
        finally:
            process.terminate()


def wait_until_ready(client: httpx.Client) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            if client.get("/-/ready").is_success:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "alertmanager does not start"
        time.sleep(0.05)


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def play(client: httpx.Client, stories: list[Story], length: int) -> float:
    """Live through all stories at once; returns the monotonic time of their beginning."""
    starts: dict[tuple[str, ...], float] = {}
    silences: dict[tuple[str, str], str] = {}
    begin = time.monotonic() + 0.1
    for second in range(length):
        time.sleep(max(0.0, begin + second - time.monotonic()))
        alerts = []
        for one in (h for story in stories for h in story.happenings if h.at == second):
            now, identity = time.time(), tuple(one.labels.values())
            if one.what == "fire":
                starts[identity] = now
                alerts.append({"labels": one.labels, "startsAt": stamp(now)})
            elif one.what == "clear":
                times = {"startsAt": stamp(starts[identity]), "endsAt": stamp(now)}
                alerts.append({"labels": one.labels, **times})
            elif one.what == "silence":
                silences[one.labels["world"], one.labels["device"]] = silence(client, one, now)
            else:
                known = silences[one.labels["world"], one.labels["device"]]
                client.delete(f"/api/v2/silence/{known}").raise_for_status()
        if alerts:
            client.post("/api/v2/alerts", json=alerts).raise_for_status()
    return begin


def silence(client: httpx.Client, one: Happening, now: float) -> str:
    body = {
        "matchers": [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in one.labels.items()
        ],
        "startsAt": stamp(now),
        "endsAt": stamp(now + 3600),
        "createdBy": "test",
        "comment": "test",
    }
    answer = client.post("/api/v2/silences", json=body)
    answer.raise_for_status()
    return str(answer.json()["silenceID"])


def theirs(sink: Sink, world: str) -> list[tuple[float, Message]]:
    found = []
    for message in sink.messages:
        if message["groupLabels"].get("world") == world:
            keys: dict[str, list[str]] = {"firing": [], "resolved": []}
            for alert in message["alerts"]:
                labels = alert["labels"]
                keys[alert["status"]].append(f"{labels['device']}/{labels['alertname']}")
            group = json.dumps(message["groupLabels"], sort_keys=True)
            shown = (tuple(sorted(keys["firing"])), tuple(sorted(keys["resolved"])))
            found.append((message["at"], (message["receiver"], group, *shown)))
    return found


# -- ours -------------------------------------------------------------------------------------


def ours(routing: Routing, story: Story, end: float) -> list[tuple[float, Message]]:
    silenced: set[str] = set()

    def is_silenced(labels: Any, now: float) -> str:
        fits = [
            device
            for device in silenced
            if matches(parse_matchers(f'device="{device}",world="{story.world}"'), labels)
        ]
        return fits[0] if fits else ""

    grouper = Grouper(routing, is_silenced)
    found: list[tuple[float, Message]] = []

    def until(moment: float) -> None:
        while (due := grouper.next_due()) is not None and due <= moment:
            for notice in grouper.due(due):
                firing, resolved = (
                    tuple(sorted(alert.key for alert in some))
                    for some in (notice.firing, notice.resolved)
                )
                group = json.dumps(dict(notice.group_labels), sort_keys=True)
                found.append((due, (notice.receiver, group, firing, resolved)))
                grouper.settled(notice, due)

    for one in story.happenings:
        until(one.at)
        if "silence" in one.what:
            silenced ^= {one.labels["device"]}
            continue
        key = f"{one.labels['device']}/{one.labels['alertname']}"
        grouper.update(Alert(key, 1, one.labels, firing=one.what == "fire", starts=one.at), one.at)
    until(end)
    return found


def in_lines(messages: list[tuple[float, Message]]) -> dict[tuple[str, str], list[Any]]:
    """What each receiver hears of each group, in its order."""
    lines: dict[tuple[str, str], list[Any]] = {}
    for _, (receiver, group, firing, resolved) in messages:
        lines.setdefault((receiver, group), []).append((firing, resolved))
    return lines


def live(folder: Path, seed: int, worlds: int, length: int) -> None:
    dice = random.Random(seed)
    stories = [Story.told_by(dice, number, length) for number in range(worlds)]
    routing, findings = read_routing(FILE.replace("URL", "http://127.0.0.1/"))
    assert routing is not None, findings
    last = length + 3  # a full second: nobody looks now
    with Sink() as sink, alertmanager(folder, sink) as client:
        begin = play(client, stories, length)
        time.sleep(max(0.0, begin + last - time.monotonic()))
        heard = {story.world: theirs(sink, story.world) for story in stories}
    assert sum(map(len, heard.values())) >= worlds
    for story in stories:
        here = ours(routing, story, last)
        assert in_lines(here) == in_lines(heard[story.world]), story.happenings
        for (due, mine), (at, other) in zip(sorted(here), sorted(heard[story.world]), strict=True):
            assert due <= at - begin + 0.01, (mine, other)


def test_three_worlds_hear_the_same(tmp_path: Path) -> None:
    live(tmp_path, seed=1, worlds=3, length=4)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(5))
def test_hundreds_of_worlds_hear_the_same(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed, worlds=60, length=20)
