"""A real mosquitto that can be killed and started again, and the connections of a project."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from ionpy_auto.connections.connection import BackOff, Kit
from ionpy_auto.connections.manager import ConnectionManager
from ionpy_auto.connections.messages import Message, Publication, Wish
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.testing.wires import tool_path

PATIENCE_S = 10.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mosquitto:
    """The broker as a process of its own.

    Args:
        folder: For its configuration.
        lines: Added to the configuration.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        has_anonymous = any("allow_anonymous" in line for line in lines)
        rest = () if has_anonymous else ("allow_anonymous true",)
        who = ("user root",) if os.geteuid() == 0 else ()
        text = [f"listener {self.port} 127.0.0.1", "log_dest stderr", *who, *rest, *lines]
        self._file.write_text("\n".join(text) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        program = tool_path("mosquitto") or "/usr/sbin/mosquitto"
        command = [program, "-c", str(self._file)]
        self._process = await asyncio.to_thread(self._until_running, command)

    def _until_running(self, command: list[str]) -> "subprocess.Popen[bytes]":
        # Into a file: a pipe that nobody empties would stop the broker.
        with self._log.open("wb") as log:
            process = subprocess.Popen(command, stderr=log)
        while b" running" not in self._log.read_bytes():
            assert process.poll() is None, self._log.read_text(encoding="utf-8")
            time.sleep(0.01)
        return process

    async def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def pub(self, *words: str, stdin: bytes | None = None) -> int:
        """Publish as a foreign client."""
        return (await self._client("mosquitto_pub", *words, stdin=stdin))[0]

    async def sub(self, *words: str) -> str:
        """What a foreign client hears before it has enough (``-C``) or waits no longer (``-W``)."""
        return (await self._client("mosquitto_sub", *words))[1]

    async def _client(self, name: str, *words: str, stdin: bytes | None = None) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            tool_path(name),
            *("-h", "127.0.0.1", "-p", str(self.port)),
            *words,
            stdin=asyncio.subprocess.PIPE if stdin is not None else None,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate(stdin)
        return process.returncode or 0, out.decode("utf-8", "replace")


def entry(port: int, name: str = "lab", **keys: Any) -> dict[str, Any]:
    """A broker as it stands in ``connections.json``."""
    return {"id": name, "kind": "mqtt", "endpoint": f"127.0.0.1:{port}", **keys}


class Bench:
    """The connections of a project without the project.

    Args:
        folder: Holds ``connections.json`` and ``config``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "project" / "connections.json"
        self.config = folder / "config"
        for path in (self.file.parent, self.config):
            path.mkdir(parents=True, exist_ok=True)
        self.bus = Bus()
        self.clock = SystemClock()
        self.secrets = Secrets(self.config / "secrets.json", {})
        self.armed = True
        self.states: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        retry = BackOff(first_s=0.05, longest_s=0.2)
        kit = Kit(
            self.bus,
            self.clock,
            self.clock,
            self.secrets,
            self.config,
            lambda: self.armed,
            retry,
        )
        self.manager = ConnectionManager(self.file, kit, look_s=0.05)
        self.heard: list[Message] = []
        self.bus.tap("event/connection_state", self._state)

    def _state(self, event: Any) -> None:
        self.states.append((event.payload["id"], event.payload["state"]))
        self._news.set()

    def write(self, *entries: dict[str, Any]) -> None:
        content = {"version": 1, "connections": list(entries)}
        self.file.write_text(json.dumps(content, indent=2), encoding="utf-8")

    async def until(self, holds: Any) -> None:
        """Wait until something holds: looked at when anything happens."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                with_news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait({with_news}, timeout=0.02)
                with_news.cancel()

    async def state(self, name: str, word: str) -> None:
        """Wait until a connection is so."""
        await self.until(
            lambda: name in self.manager.connections and self.manager.get(name).state.value == word
        )

    def listen(self, topic: str, name: str | None = None, **keys: Any) -> Any:
        """Hear messages into `heard`."""

        def tell(message: Message) -> None:
            self.heard.append(message)
            self._news.set()

        return self.manager.listen(Wish(topic, name, **keys), tell)

    async def subscribed(self, name: str, *topics: str) -> None:
        """Wait until the broker has taken these subscriptions."""
        connection: Any = self.manager.get(name)
        await self.until(lambda: set(topics) == connection._on_wire.keys())

    async def publish(self, topic: str, payload: bytes | str = b"", **keys: Any) -> Any:
        raw = payload.encode() if isinstance(payload, str) else payload
        return await self.manager.publish(Publication(topic, raw, **keys))

    @property
    def said(self) -> list[tuple[str, bytes]]:
        """Topic and payload of all that was heard."""
        return [(message.topic, message.payload) for message in self.heard]
