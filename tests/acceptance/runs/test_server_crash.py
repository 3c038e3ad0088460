"""kill -9 of the whole server while it charges: what the next start finds, and does first."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .riden_lab import Lab, RidenSupply

OUTPUT_REGISTER = 18
KILLS = 3
MANY_KILLS = 40
FLOW = """
version: 1
id: cc-cv
cell: cells/test
channel: CH1
sequence:
  - id: charge
    charge: {current: 0.5 C, voltage: 4.2 V}
    until: [{name: time, when: step.time > 10 min}]
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    supply = RidenSupply(soc=0.4, speed=1)
    it = Lab(tmp_path, supply, guard="off")  # nobody switches off but the next start
    it.prepare(FLOW)
    try:
        yield it
    finally:
        it.close()
        supply.close()


def eventually(check: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            pytest.fail("it did not become so in time")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.proof, id="many")]
)
def test_after_kill_9_the_output_is_off_before_anything_else_and_nothing_acked_is_lost(
    lab: Lab, kills: int
) -> None:
    seed = random.Random(kills)
    database = lab.home / "projects" / "bench" / "data.db"
    for kill in range(1, kills + 1):
        server = lab.start()
        server.post("/api/admin/mode", json={"mode": "armed"}).raise_for_status()
        started = server.post("/api/runs", json={"sequence": "cc-cv"})
        assert started.status_code == 202, started.text
        eventually(lambda: lab.supply.register(OUTPUT_REGISTER) == 1)
        eventually(
            lambda: server.get("/api/system/status").json()["recorder"]["recorded"] > 5  # noqa: B023 - used at once
        )
        time.sleep(seed.uniform(0.0, 1.0))  # the moment of the kill is what is tried here
        acked = server.get("/api/system/status").json()["recorder"]["recorded"]
        lab.kill()
        assert lab.supply.register(OUTPUT_REGISTER) == 1, "without us the supply goes on"
        with sqlite3.connect(database) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows = sum(
                file.execute(
                    f"SELECT count(*) FROM {table} WHERE session_id = ?", (kill,)
                ).fetchone()[0]
                for table in ("device_PSU_01", "device_CH1")
            )
        assert rows >= acked

        server = lab.start()
        # The project is open only once outputs were looked at and driven safe.
        assert lab.supply.register(OUTPUT_REGISTER) == 0
        sessions = server.get("/api/projects/active/sessions").json()["items"]
        newest = sessions[0]
        assert (newest["id"], newest["status"]) == (kill, "interrupted")
        assert newest["stopped"] >= newest["created"]
        (run, *_) = server.get("/api/runs").json()["items"]
        assert (run["state"], run["held"]["outputs"]) == ("held", "unknown")
        refused = server.post(f"/api/runs/{run['id']}/resume")
        assert (refused.status_code, refused.json()["code"]) == (409, "NOT_ARMED")
        alarms = {alarm["key"]: alarm for alarm in server.get("/api/alarms").json()["items"]}
        assert "switched off" in alarms["PSU_01/found-on"]["text"]
        refused = server.put("/api/devices/PSU_01/entities/output", json={"value": True})
        assert refused.json().get("kind") == "shadowed"
        ended = server.post(f"/api/runs/{run['id']}/abort").json()
        assert (ended["state"], ended["verdict"]) == ("finished", "aborted")
        eventually(lambda: "run_aborted" in server.get("/api/audit").text)  # noqa: B023 - used at once
        assert lab.supply.register(OUTPUT_REGISTER) == 0
        lab.close()
