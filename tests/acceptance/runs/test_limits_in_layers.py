"""Limits of every layer trip within one sample and their ``for``; outputs off, cause stored."""

import pytest

from ionpy_auto.core.errors import Conflict
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from tests.acceptance.runs.bench import CELL, CHANNEL, table

FLOW = """
version: 1
id: layers
cell: cells/inr18650-25r
channel: CH1
limits:
  - {id: flow-warm, trip: temp > 35 °C}
  - {id: flow-slow, trip: temp > 32 °C, for: 3 s}
sequence:
  - id: up
    charge: {current: 1 A, voltage: 4.08 V}
    until: step.time > 1 h
    limits:
      - {id: step-volts, trip: voltage > 4.0 V}
      - {id: step-three, trip: voltage > 3.80 V, samples: 3}
  - {id: down, discharge: {current: 1 A}, until: step.time > 1 h}
"""
LIMITS = "limits: {voltage: [3.0 V, 4.1 V], charge_current: 1.5 A, discharge_current: 1.5 A}\n"
POLL_S = 0.5


def say(lab, point, value, quality=Quality.GOOD):
    """One sample of one meter, now; its own poll goes on saying the truth."""
    now = lab.clock.monotonic()
    utc = lab.clock.utc_at(now)
    sample = Sample(point, value, "", quality, AlarmState.NORMAL, utc, now)
    lab.bus.publish(Snapshot(point.partition(".")[0], utc, now, 0.0, (sample,)))


def keep_saying(lab, point, value):
    """The meter shows this from now on."""
    device, _, key = point.rpartition(".")
    driver = lab.devices.stack(device).driver
    look = driver.look
    driver.look = lambda: {**look(), key: value}


async def running(lab, side="up"):
    run = await lab.start(FLOW)
    await lab.clock.sleep(30.0)
    if side == "down":
        lab.runs.skip(run.id)
        await lab.clock.sleep(30.0)
    assert run.state == "running", run.message
    return run


async def assert_tripped(lab, run, cause, verdict="fail"):
    await run.done.wait()
    assert run.ended_by == cause, run.message
    step = lab.rows(run)[-1]
    assert (step["ended_by"], step["verdict"], run.verdict) == (cause, verdict, verdict)
    for device, entity in (("PSU_01", "output"), ("LOAD_01", "load_on")):
        assert lab.devices.stack(device).slots[entity].known is False
    assert not lab.bench.supply.output
    assert not lab.bench.load.enabled
    assert lab.lab.alarms[0].key == f"run:{cause}"


AT_ONCE = {
    "cell: voltage": ("up", "DMM_01.cell_v", 4.26, "voltage_max", ""),
    "cell: voltage below": ("down", "DMM_01.cell_v", 2.39, "voltage_min", ""),
    "cell: current": ("up", "PSU_01.i_out", 4.1, "charge_current", ""),
    "cell: current out": ("down", "LOAD_01.load_i", 20.1, "discharge_current", ""),
    "cell: temperature": ("up", "DMM_01.cell_temp", 45.1, "charge_temp_max", ""),
    "cell: cold": ("up", "DMM_01.cell_temp", -0.1, "charge_temp_min", ""),
    "channel: voltage": ("up", "DMM_01.cell_v", 4.11, "voltage_max", LIMITS),
    "channel: voltage below": ("down", "DMM_01.cell_v", 2.99, "voltage_min", LIMITS),
    "channel: current": ("up", "PSU_01.i_out", 1.6, "charge_current", LIMITS),
    "channel: current out": ("down", "LOAD_01.load_i", 1.6, "discharge_current", LIMITS),
    "flow": ("down", "DMM_01.cell_temp", 36.0, "flow-warm", ""),
    "step": ("up", "DMM_01.cell_v", 4.05, "step-volts", ""),
}


@pytest.mark.parametrize("name", AT_ONCE)
async def test_a_limit_of_each_layer_trips_on_the_first_sample_beyond_it(name):
    side, point, value, cause, more = AT_ONCE[name]
    async with table(channel=CHANNEL + more) as lab:
        run = await running(lab, side)
        say(lab, point, value)
        assert run.interrupted, "the sample itself must trip it, not the next tick"
        began = lab.clock.monotonic()
        await assert_tripped(lab, run, cause)
        assert lab.clock.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("point", "value", "cause", "after"),
    [
        ("DMM_01.cell_temp", 33.0, "flow-slow", 3.0),
        ("DMM_01.cell_v", 3.83, "step-three", 2 * POLL_S),
    ],
)
async def test_a_limit_with_a_hold_time_or_samples_waits_for_them_and_no_longer(
    point, value, cause, after
):
    async with table() as lab:
        run = await running(lab)
        keep_saying(lab, point, value)
        began = lab.clock.monotonic()
        while not run.interrupted:
            await lab.clock.sleep(0.05)
        assert after <= lab.clock.monotonic() - began <= after + POLL_S + 0.06
        await assert_tripped(lab, run, cause)


async def test_a_limit_of_a_step_is_gone_with_its_step():
    async with table() as lab:
        run = await running(lab, "down")
        say(lab, "DMM_01.cell_v", 4.05)
        assert not run.interrupted
        await lab.runs.abort(run.id)
        await run.done.wait()


@pytest.mark.parametrize(
    ("point", "cause"),
    [
        ("DMM_01.cell_v", "voltage-unknown"),
        ("DMM_01.cell_temp", "temp-unknown"),
        ("PSU_01.i_out", "current-unknown"),
    ],
)
async def test_a_value_that_goes_stale_trips(point, cause):
    async with table() as lab:
        run = await running(lab)
        say(lab, point, None, Quality.STALE)
        assert run.interrupted
        await assert_tripped(lab, run, cause, "error")


async def test_the_strictest_layer_is_the_one_that_trips_and_is_named():
    cell = CELL.replace("charge_current: 4 A", "charge_current: 1.2 A")
    async with table(cell=cell, channel=CHANNEL + LIMITS) as lab:
        run = await running(lab)
        say(lab, "PSU_01.i_out", 1.3)
        await run.done.wait()
        assert run.ended_by == "charge_current"
        assert "(cell)" in run.message


async def test_two_channels_on_one_supply_refuse_the_second_run_with_the_owners_name():
    async with table() as lab:
        lab.site.channels["CH2"] = lab.site.channels["CH1"]
        run = await running(lab)
        with pytest.raises(Conflict) as refused:
            await lab.start(FLOW, channel="CH2")
        assert refused.value.arguments["owner"] == f"run:{run.id}"
        assert run.id in refused.value.message
        assert run.state == "running"
        await lab.runs.abort(run.id)
        await run.done.wait()
