"""Kill -9 while rules act: nothing is done twice, nothing that was taken is forgotten silently."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHILD = [sys.executable, "-m", "tests.acceptance.rules.child"]


def live_and_die(folder: Path, first: int, wait: float) -> tuple[dict[str, int], int]:
    """Counters at the start, and the last number sent before the kill."""
    fired: dict[str, int] = {}
    with subprocess.Popen(
        [*CHILD, str(folder), str(first)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        for line in child.stdout:
            if line == "ready\n":
                break
            if line.startswith("fired "):
                _, rule, count = line.split()
                fired[rule] = int(count)
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        sent = [int(line.split()[1]) for line in child.stdout.read().splitlines(keepends=True)
                if line.startswith("sent") and line.endswith("\n")]  # fmt: skip
    return fired, max([first, *sent])


def stored(folder: Path) -> tuple[dict[str, dict], list[tuple[str, str, dict]]]:
    """States and traces in the file."""
    with closing(sqlite3.connect(folder / "data.db")) as db:
        rows = db.execute("SELECT rule, state FROM rule_state").fetchall()
        states = {rule: json.loads(text) for rule, text in rows}
        rows = db.execute("SELECT rule, outcome, detail FROM rule_traces ORDER BY id").fetchall()
        traces = [(rule, outcome, json.loads(detail)) for rule, outcome, detail in rows]
    return states, traces


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.proof, id="many")])
def test_no_action_is_done_twice_over_kills(tmp_path, kills):
    source = random.Random(kills)
    last, counters = 0, []
    for _ in range(kills):
        fired, last = live_and_die(tmp_path, last, source.uniform(0.3, 1.8))
        counters.append(fired)
    states, traces = stored(tmp_path)
    none = {"fired": 0, "jobs": []}
    effects = Counter((tmp_path / "effects").read_text().splitlines())
    assert len(effects) > kills
    assert {text: count for text, count in effects.items() if count > 1} == {}
    for rule in ("k/queue", "k/side", "k/hold"):
        seen = [one.get(rule, 0) for one in counters] + [states.get(rule, none)["fired"]]
        assert seen == sorted(seen), rule
    # Each firing that acted is accounted for: ended with a trace, or still waiting for its turn.
    for rule, letter in (("k/queue", "q"), ("k/side", "p")):
        ended = {(d["values"]["n"], o) for r, o, d in traces if r == rule and "values" in d}
        waiting = {job["values"]["n"] for job in states.get(rule, none)["jobs"]}
        begun = {int(text.split()[1]) for text in effects if text.startswith(f"{letter}-")}
        assert begun <= {number for number, _ in ended} | waiting
        done = {number for number, outcome in ended if outcome == "done"}
        assert {f"{letter}-b {number}" for number in done} <= effects.keys()
        assert states.get(rule, none)["fired"] >= len(begun)
    assert {outcome for _, outcome, _ in traces} <= {"done", "interrupted"}
