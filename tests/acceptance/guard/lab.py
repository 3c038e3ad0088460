"""Supplies in processes of their own, a server with a guard, and a watchman between them."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.runs.riden_lab import ROOT, RidenSupply, line_of

OUTPUT_REGISTER = 18
START_S = 60


class Supply(RidenSupply):
    """A simulated RD6006: spoken to over TCP or a pseudo terminal, asked by us on a side door.

    Attributes:
        transport: How a server reaches it.
    """

    def __init__(self, wire: str = "tcp") -> None:
        script = ROOT / "drivers" / "riden_rd60xx" / "simulator.py"
        option = ["--pty"] if wire == "pty" else ["--tcp", "0"]
        self.process = subprocess.Popen(
            [sys.executable, str(script), *option, "--modbus-tcp", "0", "--soc", "0.4"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        where = line_of(self.process, r"(?:port| on) (\S+)$")[1]
        self.tcp_port = int(line_of(self.process, r"port (\d+)")[1])
        self.transport: dict[str, Any] = (
            {"type": "serial", "port": where}
            if wire == "pty"
            else {"type": "tcp", "host": "127.0.0.1", "port": int(where)}
        )

    @property
    def is_on(self) -> bool:
        """What the device itself says."""
        return self.register(OUTPUT_REGISTER) == 1

    def freeze(self) -> None:
        """It still accepts connections, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, and finds what was sent meanwhile."""
        self.process.send_signal(signal.SIGCONT)


class Porter:
    """A TCP door in front of a supply that counts who comes in."""

    def __init__(self, supply: Supply) -> None:
        self._target = ("127.0.0.1", int(supply.transport["port"]))
        self._door = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.visits = 0
        supply.transport = {**supply.transport, "port": self._door.getsockname()[1]}
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._door.accept()
                self.visits += 1
                inside = socket.create_connection(self._target)
                self._ends += [visitor, inside]
                for here, there in ((visitor, inside), (inside, visitor)):
                    threading.Thread(target=_carry, args=(here, there), daemon=True).start()

    def close(self) -> None:
        """Lock up."""
        self._door.close()
        for end in self._ends:
            end.close()


def _carry(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while data := here.recv(4096):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)


def eventually(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail("it did not become so in time")
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, other than as a name on a list."""
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False


class Bench:
    """A home with one project of real devices, and the server on it."""

    def __init__(self, home: Path, supplies: dict[str, Supply]) -> None:
        self.home = home
        self.supplies = supplies
        self.said = ""
        self.process: subprocess.Popen[str] | None = None
        self.http = httpx.Client()
        folder = home / "projects" / "bench"
        folder.mkdir(parents=True)
        (folder / "project.json").write_text(json.dumps({"name": "Bench"}))

    # -- the server

    def launch(self) -> None:
        """Start the server; returns at once."""
        devices = [
            {
                "id": name,
                "driver": "rd6006",
                "transport": supply.transport,
                "framing": {"type": "modbus_rtu", "timeout_s": 0.3, "retries": 0},
                "polling_interval_ms": 200,
            }
            for name, supply in self.supplies.items()
        ]
        content = {"schema_version": 1, "devices": devices}
        (self.home / "projects" / "bench" / "devices.json").write_text(json.dumps(content))
        command = [sys.executable, "-m", "ionpy_auto", "serve", "--home", str(self.home)]
        self.said = ""
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--project", "bench"],
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "IONPY_GUARD": "on", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
        )

    def hear(self, pattern: str) -> re.Match[str]:
        """Wait until the server says something."""
        assert self.process is not None
        assert self.process.stdout is not None
        while not (found := re.search(pattern, self.said)):
            ready, _, _ = select.select([self.process.stdout], [], [], START_S)
            line = self.process.stdout.readline() if ready else ""
            self.said += line
            if not line:
                pytest.fail(f"the server did not say {pattern!r}: {self.said}")
        return found

    def start(self) -> "Bench":
        """Start the server; returns once the project is open."""
        self.launch()
        return self.opened()

    def opened(self) -> "Bench":
        """Wait until the project is open."""
        url = self.hear(r"(http://127\.0\.0\.1:\d+)/")[1]
        self.http = httpx.Client(base_url=url, timeout=START_S, trust_env=False)
        return self

    def signal(self, number: signal.Signals) -> None:
        """Do something to the server's process."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and bury it."""
        self.signal(signal.SIGKILL)
        self.gone()

    def gone(self) -> int:
        """Wait for the end of the server; its exit code."""
        assert self.process is not None
        self.http.close()
        self.said += self.process.communicate(timeout=START_S)[0]
        return self.process.returncode

    def close(self) -> None:
        """Whatever is left ends."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    # -- what people do

    def switch_on(self, *names: str) -> None:
        """Charge: all supplies unless named; a person arms and confirms."""
        self.http.post("/api/admin/mode", json={"mode": "armed"}).raise_for_status()
        for name in names or self.supplies:
            self.write(name, "v_set", 4.1)
            self.write(name, "i_set", 0.5)
            self.write(name, "output", True)
            assert self.supplies[name].is_on

    @contextmanager
    def switching_on(self, name: str) -> Iterator[None]:
        """While a person presses the switch, whatever becomes of the answer."""
        self.http.post("/api/admin/mode", json={"mode": "armed"}).raise_for_status()
        self.write(name, "v_set", 4.1)

        def press() -> None:
            with suppress(httpx.HTTPError):
                self.write(name, "output", True)

        thread = threading.Thread(target=press)
        thread.start()
        yield
        thread.join()

    def write(self, device: str, entity: str, value: float | bool) -> None:
        """Write, and confirm where that is asked for."""
        path, wish = f"/api/devices/{device}/entities/{entity}", {"value": value}
        answer = self.http.put(path, json=wish)
        if answer.status_code == 409 and answer.json()["code"] == "CONFIRMATION_REQUIRED":
            answer = self.http.put(path, json={**wish, "confirm": answer.json()["args"]["token"]})
        assert answer.is_success, answer.text

    # -- what is known of the guard

    @property
    def guard(self) -> dict[str, Any]:
        """As the server sees it."""
        status: dict[str, Any] = self.http.get("/api/system/status").json()["guard"]
        return status

    @property
    def log(self) -> str:
        """What guards wrote."""
        return (self.home / "logs" / "guard.log").read_text(encoding="utf-8")

    def reports(self) -> list[dict[str, Any]]:
        """What guards left for the next server."""
        path = self.home / "var" / "guard-report.json"
        if not path.exists():
            return []
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["reports"]
        return found

    def switched_on(self) -> dict[str, list[str]]:
        """The outputs that the next server must look at."""
        path = self.home / "projects" / "bench" / "device_state.json"
        found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))["switched_on"]
        return found

    def alarms(self) -> dict[str, dict[str, Any]]:
        """By key."""
        return {a["key"]: a for a in self.http.get("/api/alarms").json()["items"]}
