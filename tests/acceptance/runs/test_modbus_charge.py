"""A CC-CV charge over a real Modbus link to its end, started over REST, as a lab would do it.

The supply is the Riden simulator in a process of its own; our server knows it only as a TCP port.
The cell's time runs faster than the wall's so that the charge ends within the patience of a test;
what is checked does not depend on the speed.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEED = 150
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
"""
FLOW = """
version: 1
id: cc-cv
title: CC-CV charge
cell: cells/test
channel: CH1
limits:
  - {id: high, trip: voltage > 4.24 V}
sequence:
  - id: charge
    charge: {current: 0.5 C, voltage: 4.2 V}
    until:
      - {name: taper, phase: cv, when: current < 0.1 C, samples: 2}
      - {name: time, when: step.time > 10 min, verdict: fail}
rules:
  - id: done
    when: {run: step_ended, step: charge}
    then:
      - marker: "Charge end: {{ step.ended_by }}"
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


@pytest.fixture
def supply() -> Iterator[int]:
    """Port of a simulated RD6006 that speaks Modbus RTU over TCP."""
    script = ROOT / "drivers" / "riden_rd60xx" / "simulator.py"
    options = ["--model", "RD6006", "--tcp", "0", "--soc", "0.75", "--speed", str(SPEED)]
    process = subprocess.Popen(
        [sys.executable, str(script), *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield int(line_of(process, r"port (\d+)")[1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def lab(tmp_path: Path, supply: int) -> Iterator[httpx.Client]:
    """A server with one open project whose only device is that supply."""
    folder = tmp_path / "projects" / "bench"
    for name in ("channels", "cells", "flows"):
        (folder / name).mkdir(parents=True)
    (folder / "project.json").write_text(json.dumps({"name": "Bench"}))
    device = {
        "id": "PSU_01",
        "driver": "rd6006",
        "transport": {"type": "tcp", "host": "127.0.0.1", "port": supply},
        "framing": {"type": "modbus_rtu"},
        "polling_interval_ms": 200,
    }
    (folder / "devices.json").write_text(json.dumps({"schema_version": 1, "devices": [device]}))
    (folder / "cells" / "test.yaml").write_text(CELL)
    (folder / "channels" / "CH1.yaml").write_text(CHANNEL)
    (folder / "flows" / "cc-cv.yaml").write_text(FLOW)
    command = [sys.executable, "-m", "ionpy_auto", "serve", "--home", str(tmp_path)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--project", "bench"],
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        url = line_of(process, r"(http://127\.0\.0\.1:\d+)/")[1]
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=20)


def wait_until_finished(lab: httpx.Client, run_id: str) -> dict[str, object]:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        run: dict[str, object] = lab.get(f"/api/runs/{run_id}").json()
        if run["state"] == "finished":
            return run
        time.sleep(0.3)
    pytest.fail("the run did not end")


def test_a_cc_cv_charge_over_modbus_ends_in_its_taper_with_the_output_off(
    lab: httpx.Client,
) -> None:
    body = {"sequence": "cc-cv"}
    refused = lab.post("/api/runs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_ARMED")
    assert lab.get("/api/devices/PSU_01/entities/output").json()["value"] is False

    assert lab.post("/api/admin/mode", json={"mode": "armed"}).status_code == 200
    key = {"Idempotency-Key": "charge-1"}
    started = lab.post("/api/runs", json=body, headers=key)
    assert started.status_code == 202, started.text
    run_id = started.json()["id"]
    assert started.headers["location"] == f"/api/runs/{run_id}"
    again = lab.post("/api/runs", json=body, headers=key)
    assert again.json()["id"] == run_id

    run = wait_until_finished(lab, run_id)
    assert (run["verdict"], run["message"]) == ("pass", ""), run
    (step,) = lab.get(f"/api/runs/{run_id}/steps").json()["items"]
    assert step["ended_by"] == "taper"
    assert step["charge_ah"] > 0
    assert step["discharge_ah"] == 0
    assert 0 < step["cv_share"] < 1

    output = lab.get("/api/devices/PSU_01/entities/output").json()
    assert (output["value"], output["quality"]) == (False, "good")
    assert lab.get("/api/devices/PSU_01/entities/ovp").json()["value"] < 4.5
    labels = [m["label"] for m in lab.get("/api/projects/active/markers").json()["items"]]
    assert "Charge end: taper" in labels

    curve = lab.get(f"/api/runs/{run_id}/curve?points=500").json()
    voltages = curve["voltage"].get("max") or curve["voltage"]["v"]
    assert max(v for v in voltages if v is not None) <= 4.205
    audit = lab.get("/api/audit?limit=500").json()["items"]
    switched = [r for r in audit if r["entity_id"] == "output" and r["kind"] == "intent"]
    assert {row["requested"] for row in switched} == {True, False}
    assert {row["actor"] for row in switched} == {f"run:{run_id}"}
