"""A recorded run counted again from its rows, with the same code as while it ran."""

import sqlite3

import pytest

from ionpy_auto.automation.sequences.recount import recount
from ionpy_auto.core.errors import NotFound
from tests.acceptance.runs.bench import table
from tests.acceptance.runs.test_recorded_runs import Recording

CYCLES = """
version: 1
id: cycles
cell: cells/inr18650-25r
channel: CH1
sequence:
  - repeat: 2
    do:
      - id: up
        charge: {current: 1 C, voltage: 4.1 V}
        until:
          - {name: taper, phase: cv, when: current < 0.5 C, for: 5 s}
          - {name: time, when: step.time > 2 h, verdict: fail}
      - {id: pause, rest: 3 min}
      - {id: down, discharge: 1 C, until: [voltage <= 3.6 V, step.time > 1 h]}
      - {id: relax, rest: 3 min}
"""
EDGES = {"step_count": 1.0, "edge": 1.0, "phase": 1.0}
DENSE = {**EDGES, "voltage": 0.005, "current": 0.01}


class Sessions:
    """The one session that is recorded."""

    users: set[str] = set()  # noqa: RUF012 - one test, one book
    active = {"id": 1, "name": "proof"}  # noqa: RUF012

    async def settled(self):
        """Nothing changes."""


async def recorded(path, every_s=1.0):
    recording = Recording(path)

    def kit(clock, bus):
        return {**recording.kit(clock, bus), "sessions": Sessions()}

    async with table(
        kit=kit, opened=recording.opened, poll_ms=1000, capacity_ah=2.5, soc=0.6
    ) as lab:
        await recording.start(lab)
        recording.recorder.thin("CH1", every_s, DENSE)
        run = await lab.start(CYCLES)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        await recording.recorder.stop()
        return run


async def test_a_recorded_run_counted_again_agrees_step_by_step_and_cycle_by_cycle(tmp_path):
    run = await recorded(tmp_path / "data.db")
    result = recount(tmp_path / "data.db", run.id)
    assert result["agrees"], [x for x in (*result["steps"], *result["cycles"]) if not x["agrees"]]
    assert [step["step_id"] for step in result["steps"]] == ["up", "pause", "down", "relax"] * 2
    for step in result["steps"]:
        for name in ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh"):
            stored = step["stored"][name]
            assert step["accumulated"][name] == pytest.approx(stored, rel=1e-9, abs=1e-12)
            assert step["recounted"][name] == pytest.approx(stored, rel=1e-3, abs=1e-6)
    first, second = result["cycles"]
    assert second["ce_state"] == ["valid", "valid"]
    assert second["recounted"]["ce"] == pytest.approx(second["stored"]["ce"], rel=5e-4)
    assert first["ce_state"] == ["first", "first"]
    _a_changed_row_is_found(tmp_path / "data.db", run)


def _a_changed_row_is_found(path, run):
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE device_CH1 SET charge_ah = charge_ah + 0.001 WHERE step_count = 1 AND edge = 1 "
            "AND charge_ah > 0.1"
        )
    result = recount(path, run.id)
    assert not result["agrees"]
    assert [step["agrees"] for step in result["steps"]] == [False, *[True] * 7]


async def test_what_was_not_recorded_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        recount(tmp_path / "data.db", "nothing")
