"""Ends by what a cycler knows: state of charge, a fall from the peak, a taper, a change."""

import pytest

from tests.acceptance.runs.bench import table

HEAD = """
version: 1
id: ends
cell: cells/inr18650-25r
channel: CH1
soc: $soc
parameters: {soc: 50 %}
sequence:
"""


async def ended(lab, steps, **more):
    run = await lab.start(HEAD + steps, **more)
    await run.done.wait()
    assert run.verdict == "pass", run.message
    return {row["step_id"]: row for row in lab.rows(run)}


async def test_a_state_of_charge_counts_from_where_the_flow_says_it_began():
    steps = (
        "  - {id: up, charge: {current: 2 A, voltage: 4.2 V},"
        " until: [run.soc >= $to, step.time > 2 h]}"
    )
    async with table(soc=0.4) as lab:
        head = HEAD.replace("{soc: 50 %}", "{soc: 50 %, to: 55 %}")
        run = await lab.start(head + steps, parameters={"soc": "40 %", "to": "45 %"})
        await run.done.wait()
        (row,) = lab.rows(run)
        assert row["ended_by"] == "run.soc >= $to"
        assert row["charge_ah"] == pytest.approx(0.05 * 2.5, rel=0.01)


async def test_without_a_start_value_the_state_of_charge_is_unknown_and_ends_nothing():
    steps = (
        "  - {id: up, charge: {current: 1 A, voltage: 4.2 V},"
        " until: [run.soc >= 0 %, step.time > 1 min]}"
    )
    async with table() as lab:
        flow = (HEAD + steps).replace("soc: $soc\n", "")
        run = await lab.start(flow)
        await run.done.wait()
        assert lab.rows(run)[0]["ended_by"] == "step.time > 1 min"


async def test_a_taper_without_a_phase_waits_until_the_voltage_is_held():
    # The current is below the bound from the start: only the phase can say that it is no taper.
    steps = (
        "  - {id: up, charge: {current: 1 A, voltage: 4.0 V},"
        " until: [{name: taper, when: current < 1.5 A}, step.time > 2 h]}"
    )
    async with table(soc=0.7) as lab:
        row = (await ended(lab, steps))["up"]
        assert row["ended_by"] == "taper"
        assert row["charge_ah"] > 0.01
        assert row["v_end"] >= 3.95


async def test_a_fall_from_the_peak_ends_a_charge():
    steps = (
        "  - {id: up, charge: {current: 0.5 A, voltage: 4.2 V},"
        " until: [{name: peak, when: step.minus_dv > 5 mV}, step.ah > 2.5 Ah]}"
    )
    async with table(soc=0.3) as lab:
        run = await lab.start(HEAD + steps)
        await lab.clock.sleep(600.0)
        drift = 0.0
        while run.is_active and drift < 0.05:
            drift += 0.0005
            now = lab.clock.monotonic()
            lab.bench.set_meter_error(now, "cell_voltage", offset=-drift)
            await lab.clock.sleep(2.0)
        await run.done.wait()
        (row,) = lab.rows(run)
        assert (row["ended_by"], row["verdict"]) == ("peak", "pass")
        assert row["end_value"] == pytest.approx(0.005, abs=0.001)


async def test_a_change_since_the_step_began_ends_it():
    steps = (
        "  - {id: up, charge: {current: 1 A, voltage: 4.2 V},"
        " until: [{name: moved, when: step.dv > 20 mV}, step.time > 2 h]}"
    )
    async with table(soc=0.3) as lab:
        row = (await ended(lab, steps))["up"]
        assert row["ended_by"] == "moved"
        assert row["v_end"] - row["v_start"] == pytest.approx(0.020, abs=0.001)
