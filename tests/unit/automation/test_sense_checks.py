"""Checks of what a channel can see, and of what it loses while nobody drives it."""

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.sequences.check import check_flow
from tests.acceptance.runs.bench import CHANNEL, table

HEAD = """version: 1
id: t
cell: cells/inr18650-25r
channel: CH1
sequence:
"""
UP = "  - {id: u, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 h}\n"
DOWN = "  - {id: d, discharge: 1 A, until: step.time > 1 h}\n"
REST = "  - {id: r, rest: 3 h}\n"
GITT = "  - {id: g, pulse: {discharge: 0.1 C, for: 10 min, rest: 1 h, repeat: 10}}\n"
SHORT = "  - {id: s, rest: 10 min}\n"


def codes(lab, steps):
    flow, findings = read_flow(HEAD + steps, "t.yaml", lab.site)
    assert flow is not None, findings
    return {f.code: f.message for f in check_flow(flow, lab.site, lab.devices)}


@pytest.mark.parametrize(
    ("draws", "steps", "word"),
    [(None, REST, "nobody knows"), (0.002, REST, "6 mAh"), (None, GITT, "nobody knows")],
)
async def test_a_long_rest_without_isolation_says_what_is_drawn(draws, steps, word):
    async with table() as lab:
        lab.devices.stack("LOAD_01").driver.OFF_LEAKAGE_A = draws
        assert word in codes(lab, steps)["leakage"].replace("0.006 Ah", "6 mAh")
        assert "leakage" not in codes(lab, SHORT)


@pytest.mark.parametrize("isolation", ["relay", "ideal_diode"])
async def test_an_isolated_cell_draws_no_warning(isolation):
    channel = CHANNEL.replace("isolation: none", f"isolation: {isolation}")
    async with table(channel=channel) as lab:
        lab.devices.stack("LOAD_01").driver.OFF_LEAKAGE_A = None
        assert "leakage" not in codes(lab, REST)


async def test_instruments_known_to_draw_nothing_draw_no_warning():
    async with table() as lab:
        assert "leakage" not in codes(lab, REST)


async def test_one_meter_for_both_directions_must_be_signed():
    one = CHANNEL.replace(
        "{charge: PSU_01.i_out, discharge: LOAD_01.load_i}", "{from: LOAD_01.load_i}"
    )
    async with table(channel=one) as lab:
        assert "unsigned-current" in codes(lab, UP + DOWN)
        assert "unsigned-current" not in codes(lab, DOWN)


async def test_a_relay_hides_a_voltage_taken_behind_it():
    behind = CHANNEL.replace("from: DMM_01.cell_v", "from: LOAD_01.load_v").replace(
        "isolation: none", "isolation: relay"
    )
    async with table(channel=behind) as lab:
        assert "relay-hides-voltage" in codes(lab, DOWN)


async def test_a_zero_of_a_meter_without_sign_is_not_sure():
    flow = HEAD + DOWN.replace("1 h", "30 s")
    async with table() as lab:
        run = await lab.start(flow)
        await run.done.wait()
        assert not lab.rows(run)[0]["unsure"]
        await lab.clock.sleep(1800.0)
        run = await lab.start(flow)
        await lab.clock.sleep(15.0)
        lab.bench.set_load(lab.clock.monotonic(), level=0.0)
        lab.runs.channel("CH1").trust_nothing()
        await lab.clock.sleep(1.2)
        lab.bench.set_load(lab.clock.monotonic(), level=1.0)
        await run.done.wait()
        assert lab.rows(run)[0]["unsure"], run.message
        assert run.columns()["trace"]["leakage"] == {"PSU_01": 0.0, "LOAD_01": 0.0}
