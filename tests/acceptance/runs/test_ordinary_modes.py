"""The modes of ordinary loads, through their own protocols."""

import pytest

from tests.acceptance.runs.bench import config, table
from tests.acceptance.runs.test_ordinary_instruments import CHANNEL, LOADS, instrument

FLOW = """
version: 1
id: modes
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: power, discharge: {power: 4 W}, until: step.time > 2 min}
  - {id: ohms, discharge: {resistance: 3 Ω}, until: step.time > 2 min}
  - {id: ramp, ramp: {discharge: {power: [1 W, 4 W]}, over: 1 min}}
  - {id: back, charge: {power: 4 W, voltage: 4.2 V}, until: step.time > 2 min}
"""


@pytest.mark.parametrize("load", LOADS)
async def test_power_and_resistance_are_held_by_the_load_itself(load):
    instruments = [
        instrument("PSU_01", "rigol_dp832"),
        instrument("LOAD_01", load),
        config("DMM_01", "virtual_meter", 500),
    ]
    async with table(channel=CHANNEL.format(charge="i_out_1"), instruments=instruments) as lab:
        run = await lab.start(FLOW)
        await run.done.wait()
        assert (run.verdict, run.message) == ("pass", "")
        rows = {row["step_id"]: row for row in lab.rows(run)}
        assert rows["power"]["discharge_wh"] == pytest.approx(4 * 2 / 60, rel=0.03)
        assert rows["ohms"]["i_end"] == pytest.approx(-3.7 / 3, rel=0.05)
        assert rows["ramp"]["discharge_wh"] == pytest.approx(2.5 / 60, rel=0.06)
        assert rows["back"]["charge_wh"] == pytest.approx(4 * 2 / 60, rel=0.03)
        modes = [v for _, p, v, _ in lab.wires.log if p == "LOAD_01.load_mode"]
        assert modes == ["cp", "cr", "cp"]
        assert not lab.bench.load.enabled
