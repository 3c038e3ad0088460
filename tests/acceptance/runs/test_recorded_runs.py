"""Runs with everything that is recorded about them, in a real database file."""

import os

import pytest

from ionpy_auto.core.clock import VirtualClock
from tests.acceptance.runs.bench import CAPACITY_CHECK, table
from tests.acceptance.runs.recording import Recording

SHORT = """
version: 1
id: short
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 3 min}
  - {id: relax, rest: 1 min}
  - {id: down, discharge: 1 A, until: step.time > 3 min}
"""


async def test_the_channel_is_recorded_like_a_device_with_signed_current(tmp_path):
    recording = Recording(tmp_path / "data.db")
    async with table(kit=recording.kit, opened=recording.opened) as lab:
        await recording.start(lab)
        run = await lab.start(SHORT)
        await run.done.wait()
        await recording.recorder.flush()
        rows = await recording.rows(
            "SELECT step, min(current), max(current), max(ah), count(*) FROM device_CH1 "
            "WHERE step != '' GROUP BY step"
        )
        seen = {row[0]: row[1:] for row in rows}
        assert set(seen) == {"up", "relax", "down"}
        assert seen["up"][1] == pytest.approx(1.0, abs=0.002)
        assert seen["down"][0] == pytest.approx(-1.0, abs=0.002)
        assert seen["relax"][:2] == (0.0, 0.0)
        ended = {r["step_id"]: r["ah"] for r in lab.rows(run)}
        assert seen["up"][2] == pytest.approx(ended["up"], rel=0.01)
        phases = await recording.rows("SELECT DISTINCT phase FROM device_CH1 WHERE step = 'up'")
        assert {p[0] for p in phases} >= {"ramp", "cc"}
        await recording.recorder.stop()


@pytest.mark.proof
@pytest.mark.skipif(not os.environ.get("IONPY_PROOF"), reason="a long proof: ./ionpy proof")
async def test_three_cycles_are_recorded_to_their_end(tmp_path):
    recording = Recording(tmp_path / "data.db")
    async with table(
        poll_ms=1000, kit=recording.kit, opened=recording.opened, capacity_ah=2.5, soc=0.5
    ) as lab:
        assert isinstance(lab.clock, VirtualClock)
        await recording.start(lab)
        recording.recorder.thin("CH1", 1.0, {"voltage": 0.005, "current": 0.01, "temp": 0.5})
        cell = lab.bench.cell
        charged, discharged = cell.charged_ah, cell.discharged_ah
        run = await lab.start(CAPACITY_CHECK)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        cell = lab.bench.cell
        rows = lab.rows(run)
        total = sum(r["charge_ah"] for r in rows), sum(r["discharge_ah"] for r in rows)
        true = cell.charged_ah - charged, cell.discharged_ah - discharged
        assert total == pytest.approx(true, rel=1e-3)
        assert [c["ce_state"] for c in run.cycles] == ["partial", "valid", "valid"]
        (count,) = (await recording.rows("SELECT count(*) FROM device_CH1"))[0]
        assert count > 15 * 3600
        status = recording.recorder.status()
        assert (status["dropped"], status["failures"], status["rejected"]) == (0, 0, 0)
        await recording.recorder.stop()
