"""A server with one real-protocol supply: the Riden simulator in a process of its own."""

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
CELL = """
capacity: 2.5 Ah
charge_voltage: 4.20 V
cutoff_voltage: 2.50 V
limits: {voltage: [2.40 V, 4.25 V], charge_current: 4 A, charge_temp: [0 °C, 45 °C]}
"""
CHANNEL = """
source: PSU_01
voltage: {from: PSU_01.v_battery, wires: 2}
current: {charge: PSU_01.i_out}
accept: [unlocked_keypad]
"""


def line_of(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """The first line of a process that fits."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if found := re.search(pattern, line):
            return found
    pytest.fail(f"process ended without {pattern!r}: {''.join(seen)}")


class RidenSupply:
    """A simulated RD6006 that speaks Modbus RTU over TCP in front of a cell."""

    def __init__(self, *, soc: float, speed: float) -> None:
        script = ROOT / "drivers" / "riden_rd60xx" / "simulator.py"
        options = ["--model", "RD6006", "--tcp", "0", "--modbus-tcp", "0"]
        self.process = subprocess.Popen(
            [sys.executable, str(script), *options, "--soc", str(soc), "--speed", str(speed)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.port = int(line_of(self.process, r"port (\d+)")[1])
        self.tcp_port = int(line_of(self.process, r"port (\d+)")[1])

    def register(self, address: int) -> int:
        """A register, read with a hand-made Modbus TCP frame: nothing of ours in between."""
        frame = bytes([0, 1, 0, 0, 0, 6, 1, 3, address >> 8, address & 255, 0, 1])
        with socket.create_connection(("127.0.0.1", self.tcp_port), timeout=5) as link:
            link.sendall(frame)
            answer = link.recv(64)
        return int.from_bytes(answer[9:11], "big")

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


@dataclass
class Lab:
    """A home with one project, and the server on it."""

    home: Path
    supply: RidenSupply
    guard: Literal["on", "off"] = "on"
    process: subprocess.Popen[str] | None = None
    client: httpx.Client = field(default_factory=httpx.Client)

    def prepare(self, flow: str) -> None:
        """Write the project."""
        folder = self.home / "projects" / "bench"
        for name in ("channels", "cells", "flows"):
            (folder / name).mkdir(parents=True)
        (folder / "project.json").write_text(json.dumps({"name": "Bench"}))
        device = {
            "id": "PSU_01",
            "driver": "rd6006",
            "transport": {"type": "tcp", "host": "127.0.0.1", "port": self.supply.port},
            "framing": {"type": "modbus_rtu"},
            "polling_interval_ms": 200,
        }
        devices = {"schema_version": 1, "devices": [device]}
        (folder / "devices.json").write_text(json.dumps(devices))
        (folder / "cells" / "test.yaml").write_text(CELL, encoding="utf-8")
        (folder / "channels" / "CH1.yaml").write_text(CHANNEL, encoding="utf-8")
        (folder / "flows" / "cc-cv.yaml").write_text(flow, encoding="utf-8")

    def start(self) -> httpx.Client:
        """Start the server; returns once the project is open."""
        command = [sys.executable, "-m", "ionpy_auto", "serve", "--home", str(self.home)]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--project", "bench"],
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "IONPY_GUARD": self.guard},
        )
        url = line_of(self.process, r"(http://127\.0\.0\.1:\d+)/")[1]
        self.client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        return self.client

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()
        self.client.close()

    def close(self) -> None:
        """Stop the server in order."""
        self.client.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=20)
