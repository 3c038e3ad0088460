"""What the recorded rows of a channel say about steps, however thinly they are recorded."""

import pytest

from tests.acceptance.runs.bench import table
from tests.acceptance.runs.test_recorded_runs import SHORT, Recording

TWICE = SHORT.replace("sequence:", "sequence:\n  - repeat: 2\n    do:").replace(
    "\n  - {", "\n      - {"
)


async def _rows(tmp_path, every_s):
    recording = Recording(tmp_path / f"data-{every_s:g}.db")
    async with table(kit=recording.kit, opened=recording.opened) as lab:
        await recording.start(lab)
        recording.recorder.thin("CH1", every_s, {"step_count": 1.0, "edge": 1.0, "phase": 1.0})
        run = await lab.start(TWICE)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        rows = await recording.rows(
            "SELECT step_count, step, edge, charge_ah, discharge_ah, charge_wh, discharge_wh, ah, "
            "timestamp FROM device_CH1 WHERE step != '' ORDER BY id"
        )
        await recording.recorder.stop()
        return rows, lab.rows(run), run.figures()


@pytest.mark.parametrize("every_s", [1.0, 10.0])
async def test_the_first_and_last_row_of_every_step_hold_what_was_counted(tmp_path, every_s):
    rows, steps, run = await _rows(tmp_path, every_s)
    for number, step in enumerate(steps, 1):
        own = [row for row in rows if row[0] == number]
        assert {row[1] for row in own} == {step["step_id"]}
        first, last = own[0], own[-1]
        assert (first[2], last[2]) == (1.0, 1.0)
        assert first[7] == 0.0
        passed = [last[i] - first[i] for i in range(3, 7)]
        names = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
        assert passed == pytest.approx([step[name] for name in names], rel=1e-9, abs=1e-12)
        assert last[7] == pytest.approx(step["ah"], rel=1e-9, abs=1e-12)
    assert rows[-1][3] == pytest.approx(run["charge_ah"], rel=1e-9)
    stamps = [row[8] for row in rows]
    assert stamps == sorted(stamps)


async def test_thin_records_count_the_same(tmp_path):
    dense, dense_steps, _ = await _rows(tmp_path, 1.0)
    thin, thin_steps, _ = await _rows(tmp_path, 10.0)
    assert len(thin) < len(dense) / 4
    assert [s["ah"] for s in thin_steps] == [s["ah"] for s in dense_steps]
    edges = [[row[3:7] for row in rows if row[2]] for rows in (dense, thin)]
    assert edges[0] == edges[1]
