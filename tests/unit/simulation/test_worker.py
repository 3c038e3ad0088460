"""The worker process: bounded, cancelled, orphaned, broken; and no way leads out of it."""

import json
import subprocess
import sys

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput, Unavailable
from ionpy_auto.simulation.jobs import in_worker
from ionpy_auto.simulation.worker import ORPHANED
from tests.conftest import DEMO, ROOT

LONG = {"folder": str(ROOT / "projects" / DEMO), "flow": "capacity-check", "hours": 1000.0}


def nothing(share, message):
    del share, message


async def test_a_test_that_takes_too_long_is_ended():
    with pytest.raises(Unavailable, match="longer than") as caught:
        await in_worker("simulate", LONG, SystemClock(), nothing, limit_s=0.05)
    assert caught.value.error_code == "WORKER_TIMEOUT"


async def test_an_error_of_the_worker_keeps_its_kind_code_and_hint():
    with pytest.raises(BadInput, match="no test 'nonsense'"):
        await in_worker("nonsense", {}, SystemClock(), nothing)


async def test_a_worker_that_breaks_down_says_how_it_ended():
    with pytest.raises(Unavailable, match="ended with code 1: TypeError") as caught:
        await in_worker("backtest", {"nonsense": 1}, SystemClock(), nothing)
    assert caught.value.error_code == "WORKER_DIED"


def test_a_worker_ends_with_its_parent():
    worker = subprocess.Popen(
        [sys.executable, "-m", "ionpy_auto.simulation.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    worker.stdin.write(json.dumps({"kind": "simulate", "job": LONG, "limit_s": 60}) + "\n")
    worker.stdin.flush()
    assert "progress" in worker.stdout.readline()  # it is well under way
    worker.stdin.close()
    assert worker.wait(30) == ORPHANED
    worker.stdout.close()


def test_nobody_can_be_reached_from_inside_a_test():
    script = """
import socket, sys
from ionpy_auto.simulation import worker
listening = socket.create_server(("127.0.0.1", 0))
sys.addaudithook(worker._stay_inside)
for attempt in (
    lambda: socket.create_connection(listening.getsockname(), 1),
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
):
    try:
        attempt()
    except PermissionError as error:
        print(error)
"""
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert answer.stdout.splitlines() == ["a test of a flow reaches nobody"] * 3
