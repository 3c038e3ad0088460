"""Kill -9 at each transition: no alarm is lost or lowered, acknowledgements and shelves stay."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.storage.database import Database
from tests.acceptance.alarms.life import STEPS
from tests.unit.alarms.desk import Desk

ROOT = Path(__file__).parents[3]
CHILD = [sys.executable, "-m", "tests.acceptance.alarms.life"]
SEVERITIES = ["info", "warning", "critical"]


def live_and_die(folder, first, step, source):
    """Kill while a step is done; what was durable of each alarm, and what was under way."""
    durable, doing = {}, None
    aim = f"doing {step} rule:k/{first + source.randrange(1, 6)}\n"
    with subprocess.Popen(
        [*CHILD, str(folder), str(first)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        is_killed = False
        for line in child.stdout:
            if not line.endswith("\n"):
                break
            word, *rest = line.split()
            if word == "doing":
                doing = tuple(rest)
            elif word == "done":
                durable[rest[1]] = (rest[0], *rest[2:])
            if line == aim and not is_killed:
                time.sleep(source.uniform(0.0, 0.004))
                child.send_signal(signal.SIGKILL)
                is_killed = True
    assert is_killed
    return durable, doing


async def kept(folder):
    """All alarms as a new start finds them."""
    database = Database(folder / "data.db", VirtualClock(time.time()))
    await database.start()
    desk = Desk(database)
    await desk.manager.start()
    found = {a["key"]: a for a in desk.manager.active()}
    await desk.manager.stop()
    await database.stop()
    return found


def check(alarm, said, under_way):
    """An alarm against what was durable of it; the step under way may have come through too."""
    step, state, severity, overlay = said
    assert alarm is not None, said
    assert SEVERITIES.index(alarm["severity"]) >= SEVERITIES.index(severity), (alarm, said)
    if not under_way:
        assert (alarm["state"], alarm["overlay"] or "-") == (state, overlay), (alarm, said)
    elif step == "ack":
        assert alarm["ack_by"] == "anna"
    elif step == "shelve":
        assert alarm["overlay"] == "shelved" or alarm["state"] == "active_acked"


LIVES = [
    *(pytest.param(step, 1, id=step) for step in ("worse", "ack", "shelve")),
    *(pytest.param(step, 30, id=f"{step} 30", marks=pytest.mark.proof) for step in STEPS),
]


@pytest.mark.parametrize(("step", "kills"), LIVES)
async def test_no_alarm_is_lost_or_lowered_by_a_kill(tmp_path, step, kills):
    source = random.Random(f"{step} {kills}")
    everything, first = {}, 1
    for _ in range(kills):
        durable, doing = live_and_die(tmp_path, first, step, source)
        everything |= durable
        found = await kept(tmp_path)
        for key, said in everything.items():
            check(found.get(key), said, doing is not None and key == doing[1])
        # What came through of the step under way is what counts from now on.
        if doing is not None and doing[1] in found:
            alarm = found[doing[1]]
            words = alarm["state"], alarm["severity"], alarm["overlay"] or "-"
            everything[doing[1]] = (doing[0], *words)
        first += 100_000
