"""A held run as programs see it: the real server, killed, with a simulated bench."""

import json
import time
from collections.abc import Callable

import httpx
import pytest

from .riden_lab import Lab

FLOW = """
version: 1
id: quiet
channel: CH1
limits: [voltage > 4.3 V, voltage < 2 V]
sequence:
  - {id: begin, marker: begin}
  - {id: wait, rest: 5 min}
  - {id: end, marker: end}
"""
CHANNEL = """
source: PSU_01
voltage: {from: DMM_01.cell_v, wires: 4}
current: {charge: PSU_01.i_out}
"""


def device(name: str, driver: str) -> dict:
    return {"id": name, "driver": driver, "transport": {"type": "virtual"}}


@pytest.fixture
def lab(tmp_path):
    it = Lab(tmp_path, supply=None, guard="off")
    folder = tmp_path / "projects" / "bench"
    for name in ("channels", "flows"):
        (folder / name).mkdir(parents=True)
    project = {"name": "Bench", "simulation": {"speed": 60}}
    (folder / "project.json").write_text(json.dumps(project))
    devices = [device("PSU_01", "virtual_psu"), device("DMM_01", "virtual_meter")]
    content = {"schema_version": 1, "devices": devices}
    (folder / "devices.json").write_text(json.dumps(content))
    (folder / "channels" / "CH1.yaml").write_text(CHANNEL, encoding="utf-8")
    (folder / "flows" / "quiet.yaml").write_text(FLOW, encoding="utf-8")
    yield it
    it.close()


def eventually(look: Callable[[], object], seconds: float = 30) -> object:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail("it did not become so in time")
        time.sleep(0.05)
    return found


def run_of(server: httpx.Client) -> dict:
    (run,) = server.get("/api/runs").json()["items"]
    return run


def test_a_killed_server_holds_its_run_and_a_person_resumes_it(lab):
    server = lab.start()
    started = server.post("/api/runs", json={"sequence": "quiet"})
    assert started.status_code == 202, started.text
    eventually(lambda: run_of(server)["step_id"] == "wait")
    session = run_of(server)["session_id"]
    time.sleep(0.5)  # so that something was recorded
    lab.kill()

    server = lab.start()
    run = run_of(server)
    assert (run["id"], run["state"]) == (started.json()["id"], "held")
    assert run["held"]["outputs"] == "off"
    refused = server.post("/api/runs", json={"sequence": "quiet"})
    assert (refused.status_code, refused.json()["code"]) == (409, "OWNED")
    alarms = [alarm["key"] for alarm in server.get("/api/alarms").json()["items"]]
    assert f"run:held:{run['id']}" in alarms

    gone_on = server.post(f"/api/runs/{run['id']}/resume")
    assert gone_on.status_code == 200, gone_on.text
    done = eventually(lambda: (r := run_of(server))["state"] == "finished" and r, 60)
    assert done["verdict"] == "pass"
    assert [gap["outputs"] for gap in done["gaps"]] == ["off"]
    assert [one["by"] for one in done["resumed"]] == ["rest"]
    assert len(done["sessions"]) == 2
    assert done["sessions"][0] == session
    steps = server.get(f"/api/runs/{run['id']}/steps").json()["items"]
    assert [step["step_id"] for step in steps] == ["begin", "wait", "end"]
    markers = server.get("/api/projects/active/markers").json()["items"]
    labels = [marker["label"].partition(" of ")[0] for marker in markers]
    assert {"begin", "end", "gap", "resumed by rest"} <= set(labels)
    eventually(lambda: "run_resumed" in server.get("/api/audit").text)
    curve = server.get(f"/api/runs/{run['id']}/curve").json()
    assert curve["t"][-1] - curve["t"][0] > 280
