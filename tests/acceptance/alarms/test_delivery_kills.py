"""Kill -9 while a receiver is down or takes: all arrives, in order, hardly ever twice."""

import random
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.acceptance.alarms.child import EVERY_S, START
from tests.acceptance.alarms.sinks import HttpSink

ROOT = Path(__file__).parents[3]
CHILD = [sys.executable, "-m", "tests.acceptance.alarms.child"]
HOUR = 3600.0


def live(folder, url, wanted, seen, wait):
    """One life; the virtual time it was seen last, and whether it came to its end."""
    words = [*CHILD, str(folder), url, str(wanted), str(seen)]
    is_done = False
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout.readline() == "ready\n"
        try:
            out, _ = child.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            out, _ = child.communicate()
    for line in out.splitlines(keepends=True):
        word, *rest = line.split()
        if line.endswith("\n") and word in {"now", "done"}:
            seen = max(seen, float(rest[0]))
            is_done = word == "done"
    return seen, is_done


@pytest.mark.parametrize(
    ("alarms", "kills", "down_s"),
    [(8, 2, 200.0), pytest.param(500, 10, HOUR, marks=pytest.mark.proof)],
    ids=["small", "an hour and ten kills"],
)
def test_every_alarm_arrives_in_order_and_at_most_one_twice_per_kill(
    tmp_path, alarms, kills, down_s
):
    begin = START + alarms * EVERY_S / 3  # in the midst of it
    source = random.Random(kills)
    waits = [source.uniform(0.3, 1.5 if kills < 5 else 12.0) for _ in range(kills)]

    def answer(body):
        return 503 if begin <= body["time"] < begin + down_s else 200

    with HttpSink(answer) as sink:
        seen, is_done = START, False
        for wait in waits:
            seen, is_done = live(tmp_path, sink.url, alarms, seen, wait)
        for _ in range(3):
            if not is_done:
                seen, is_done = live(tmp_path, sink.url, alarms, seen, 600.0)
        got, taken = list(sink.got), sink.taken
    assert is_done
    heard = defaultdict(list)
    for one in taken:
        for alert in one.body["alerts"]:
            heard[alert["key"]].append(alert["status"])
    assert sorted(heard) == sorted(f"CH{number}/u" for number in range(alarms))
    assert len([one for one in got if one.status == 503]) > alarms / 3  # it was really down
    for statuses in heard.values():
        # In order, whatever came twice: it begins with "firing" and ends with "resolved".
        assert (statuses[0], statuses[-1]) == ("firing", "resolved")
        assert statuses == sorted(statuses)
    repeated = Counter(one.key for one in taken)
    assert sum(count - 1 for count in repeated.values()) <= kills
    assert sum(len(statuses) - 2 for statuses in heard.values()) <= kills
    tries = defaultdict(list)
    for one in got:
        tries[one.key].append(one.body["time"])
    most = max(sum(t <= u < t + HOUR for u in times) for times in tries.values() for t in times)
    assert most <= 20
