"""Ordinary bench instruments on a simulated cell make a channel, with their protections on."""

import pytest

from ionpy_auto.devices.config import DeviceConfig
from tests.acceptance.runs.bench import config, table

CHANNEL = """
source: PSU_01
sink: LOAD_01
voltage: {{from: DMM_01.cell_v, wires: 4, back_check: 300 mV}}
current: {{charge: PSU_01.{charge}, discharge: LOAD_01.load_i}}
isolation: none
path_resistance: 40 mΩ
accept: [no_hardware_cutoff, unlocked_keypad]
"""

FLOW = """
version: 1
id: short
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: charge, charge: {current: 1 A, voltage: 4.2 V}, until: [step.time > 5 min]}
  - {id: rest, rest: 1 min}
  - {id: discharge, discharge: {current: 1 A}, until: [step.time > 5 min]}
"""

SUPPLIES = {
    "rigol_dp832": ("i_out_1", {"ovp_on_1": True, "ocp_on_1": True}),
    "dps50xx": ("i_out", {}),
    "riden_rd60xx": ("i_out", {}),
}
LOADS = ("rigol_dl3000", "siglent_sdl1000x")


def instrument(device_id: str, driver: str) -> DeviceConfig:
    """A driver that is simulated behind its own protocol."""
    return DeviceConfig.model_validate(
        {
            "id": device_id,
            "driver": driver,
            "transport": {"type": "tcp", "host": "nowhere.invalid", "port": 5025},
            "polling_interval_ms": 500,
            "params": {"simulation": {"soc": 0.5}},
        }
    )


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("supply", SUPPLIES)
async def test_charge_and_discharge(supply, load):
    charge, enabled = SUPPLIES[supply]
    instruments = [
        instrument("PSU_01", supply),
        instrument("LOAD_01", load),
        config("DMM_01", "virtual_meter", 500),
    ]
    channel = CHANNEL.format(charge=charge)
    async with table(channel=channel, instruments=instruments) as lab:
        before = lab.bench.cell.soc
        run = await lab.start(FLOW)
        await run.done.wait()
        assert (run.verdict, run.message) == ("pass", "")
        rows = {row["step_id"]: row for row in lab.rows(run)}
        assert rows["charge"]["charge_ah"] == pytest.approx(1 / 12, rel=0.02)
        assert rows["discharge"]["discharge_ah"] == pytest.approx(1 / 12, rel=0.02)
        assert lab.bench.cell.soc == pytest.approx(before, abs=0.003)
        assert not lab.bench.supply.output
        assert not lab.bench.load.enabled
        slots = lab.devices.stack("PSU_01").slots
        assert {key: slots[key].known for key in enabled} == enabled
