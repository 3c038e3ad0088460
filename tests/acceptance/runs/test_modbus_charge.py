"""A CC-CV charge over a real Modbus link to its end, started over REST, as a lab would do it.

The supply is the Riden simulator in a process of its own; our server knows it only as a TCP port.
The cell's time runs faster than the wall's so that the charge ends within the patience of a test;
what is checked does not depend on the speed.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ionpy_auto.testing.wires import tool_path

from .riden_lab import Lab, RidenSupply

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


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A server with one open project whose only device is that supply."""
    supply = RidenSupply(soc=0.75, speed=150)
    it = Lab(tmp_path, supply)
    try:
        it.prepare(FLOW)
        it.start()
        yield it
    finally:
        it.close()
        supply.close()


def wait_until_finished(server: httpx.Client, run_id: str) -> dict[str, object]:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        run: dict[str, object] = server.get(f"/api/runs/{run_id}").json()
        if run["state"] == "finished":
            return run
        time.sleep(0.3)
    pytest.fail("the run did not end")


def raw_set_voltage(lab: Lab) -> float:
    """The set voltage as Debian's ``mbpoll``, which none of us wrote, reads it."""
    options = ["-m", "tcp", "-p", str(lab.supply.tcp_port), "-a", "1", "-0", "-r", "8", "-c", "1"]
    answer = subprocess.run(
        [tool_path("mbpoll"), *options, "-1", "-t", "4", "127.0.0.1"],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    found = re.search(r"\[8\]:\s+(\d+)", answer.stdout)
    assert found is not None, answer.stdout
    return int(found[1]) / 100


def test_a_cc_cv_charge_over_modbus_ends_in_its_taper_with_the_output_off(
    lab: Lab,
) -> None:
    server = lab.client
    body = {"sequence": "cc-cv"}
    refused = server.post("/api/runs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_ARMED")
    assert server.get("/api/devices/PSU_01/entities/output").json()["value"] is False

    assert server.post("/api/admin/mode", json={"mode": "armed"}).status_code == 200
    key = {"Idempotency-Key": "charge-1"}
    started = server.post("/api/runs", json=body, headers=key)
    assert started.status_code == 202, started.text
    run_id = started.json()["id"]
    assert started.headers["location"] == f"/api/runs/{run_id}"
    again = server.post("/api/runs", json=body, headers=key)
    assert again.json()["id"] == run_id

    run = wait_until_finished(server, run_id)
    assert (run["verdict"], run["message"]) == ("pass", ""), run
    (step,) = server.get(f"/api/runs/{run_id}/steps").json()["items"]
    assert step["ended_by"] == "taper"
    assert step["charge_ah"] > 0
    assert step["discharge_ah"] == 0
    assert 0 < step["cv_share"] < 1

    output = server.get("/api/devices/PSU_01/entities/output").json()
    assert (output["value"], output["quality"]) == (False, "good")
    assert server.get("/api/devices/PSU_01/entities/ovp").json()["value"] < 4.5
    labels = [m["label"] for m in server.get("/api/projects/active/markers").json()["items"]]
    assert "Charge end: taper" in labels

    curve = server.get(f"/api/runs/{run_id}/curve?points=500").json()
    voltages = curve["voltage"].get("max") or curve["voltage"]["v"]
    assert max(v for v in voltages if v is not None) <= 4.205
    audit = server.get("/api/audit?limit=500").json()["items"]
    switched = [r for r in audit if r["entity_id"] == "output" and r["kind"] == "intent"]
    assert {row["requested"] for row in switched} == {True, False}
    assert {row["actor"] for row in switched} == {f"run:{run_id}"}

    if not tool_path("mbpoll"):
        pytest.skip("the comparison with mbpoll needs mbpoll")
    assert raw_set_voltage(lab) == pytest.approx(
        server.get("/api/devices/PSU_01/entities/v_set").json()["value"], abs=0.005
    )
