"""Kill -9 at any moment of a sequence: nothing is done twice, nothing is counted twice or lost."""

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STEPS = ("begin", *("up", "told", "rest-up", "down", "noted", "rest-down") * 3, "end", "bye")
KILLS = 8
MANY_KILLS = 200


class Mother:
    """Forks servers; see `child.py`."""

    def __init__(self, folder: Path) -> None:
        self.said: list[list[str]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.runs.child", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.until("mother")

    def until(self, *words: str) -> list[str]:
        """Read up to a line that begins with one of some words."""
        for line in self.process.stdout:
            self.said.append(line.split())
            if self.said[-1][0] in words:
                return self.said[-1]
        pytest.fail(f"the children ended: {self.said[-20:]}")

    def life(self, down_s: float, kill_after: float | None) -> None:
        """One life, cut off after so long (in wall time), or lived to its end."""
        self.tell(down_s)
        if kill_after is not None:
            self.until("outputs")
            time.sleep(kill_after)  # the moment of the kill is what is tried here
        self.tell("wait" if kill_after is None else "kill")
        self.until("gone")

    def tell(self, word: object) -> None:
        print(word, file=self.process.stdin, flush=True)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


def rows_of(folder: Path) -> dict[str, dict]:
    """Each run with its steps, as stored."""
    with closing(sqlite3.connect(folder / "data.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        runs = {
            name: {"status": status, "ended_by": ended_by, "trace": json.loads(trace), "steps": []}
            for name, status, ended_by, trace in db.execute(
                "SELECT id, status, ended_by, trace FROM runs ORDER BY created"
            )
        }
        query = "SELECT run_id, result FROM run_steps ORDER BY run_id, number"
        for name, result in db.execute(query):
            runs[name]["steps"].append(json.loads(result))
    return runs


def check_steps(run: dict) -> None:
    """The whole sequence in its order, each step once, no number twice."""
    steps = run["steps"]
    assert [step["index"] for step in steps] == list(range(len(steps)))
    assert [step["step_id"] for step in steps] == list(STEPS)
    allowed = {"step.time > 3 min", "time", "done", "unknown"}
    assert {step["ended_by"] for step in steps} <= allowed
    for gap in run["trace"]["gaps"]:
        assert gap["cause"] == "power_loss"
        assert gap["outputs"] in {"off", "unknown"}
    assert len(run["trace"]["gaps"]) == len(run["trace"]["resumed"])


def check_charge(run: dict, effects: list[dict]) -> int:
    """Ah of the steps whose gaps are known agree with the cell; returns how many those are."""
    truth: dict[int, dict[str, dict]] = defaultdict(dict)
    for effect in effects:
        if "step" in effect:
            truth[effect["index"]][effect["step"]] = effect
    ours, true, known = [0.0, 0.0], [0.0, 0.0], 0
    for step in run["steps"]:
        seen = truth[step["index"]]
        if step["partial"] or not {"started", "ended"} <= seen.keys():
            continue
        known += 1
        for place, (name, counter) in enumerate((("charge_ah", "up"), ("discharge_ah", "down"))):
            ours[place] += step[name]
            true[place] += seen["ended"][counter] - seen["started"][counter]
    assert ours == pytest.approx(true, rel=0.001, abs=2e-5)
    return known


def check_counters(folder: Path, runs: dict[str, dict]) -> None:
    """What was recorded of a run never runs backwards."""
    with closing(sqlite3.connect(folder / "data.db")) as db:
        query = (
            "SELECT timestamp, charge_ah, discharge_ah, step_count FROM device_CH1"
            " WHERE step != '' ORDER BY id"
        )
        rows = db.execute(query).fetchall()
    assert len(rows) > 100
    before = (0.0, 0.0, 0.0)
    for timestamp, *counted in rows:
        now = tuple(value or 0.0 for value in counted)
        if now[2] >= before[2]:  # else the next run has begun
            assert now[0] >= before[0] - 1e-12, timestamp
            assert now[1] >= before[1] - 1e-12, timestamp
        before = now


@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.proof, id="many")]
)
def test_a_run_survives_kills_at_any_moment(tmp_path, kills):
    source = random.Random(kills)
    mother = Mother(tmp_path)
    for _ in range(kills):
        mother.life(source.uniform(1.0, 60.0), source.uniform(0.0, 1.6))
    mother.life(30.0, None)
    mother.close()
    assert not [words for words in mother.said if words[0] == "gave"], mother.said
    assert {words[1] for words in mother.said if words[0] == "outputs"} == {"0"}
    runs = rows_of(tmp_path)
    lines = (tmp_path / "effects").read_text().splitlines()
    effects = defaultdict(list)
    for effect in map(json.loads, lines):
        effects[effect["run"]].append(effect)
    known = 0
    for name, run in runs.items():
        assert run["status"] == "finished"
        begun = Counter(e["index"] for e in effects[name] if "deed" in e)
        assert {index: count for index, count in begun.items() if count > 1} == {}
        if run["ended_by"] == "done":
            check_steps(run)
            known += check_charge(run, effects[name])
    assert known > 0
    check_counters(tmp_path, runs)
    resumed = sum(len(run["trace"].get("resumed", ())) for run in runs.values())
    assert resumed > 0
