"""What a lost device means for the others of its group, and outputs that are meant to stay on."""

import asyncio

import pytest

from ionpy_auto.core.errors import IonpyError
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.wires import Break, Way
from tests.acceptance.safety.drivers.riden_kin.driver import WATCHDOG_REGISTER
from tests.acceptance.safety.rig import (
    GAP_S,
    INTERVAL_S,
    ON,
    RUN,
    STALE_S,
    now,
    offs,
    until,
    what,
)


@pytest.mark.parametrize("loss", ["answers", "reset"])
async def test_a_lost_device_takes_the_outputs_of_its_group_with_it(rig, loss):
    lost = await rig.add("PSU", safe_group="cell")
    load = await rig.add("LOAD", "riden_as_load", safe_group="cell")
    by_hand = await rig.add("HAND", safe_group="cell")
    alone = await rig.add("ALONE")
    for supply in rig.supplies.values():
        await supply.online()
    for supply in (lost, load, alone):
        await supply.switch_on()
    bench, moment = by_hand.simulator.circuit.advanced()
    bench.set_supply(moment, output=True)
    begin = now()
    if loss == "answers":
        lost.wire.dead = {Way.ANSWERS}
    else:
        lost.wire.unplug(Break.RESET)
    await until(lambda: bool(offs(load.wire, begin)))
    off = offs(load.wire, begin)[0]
    await until(lambda: not load.is_on)
    assert off - begin <= STALE_S + GAP_S + rig.lag.between(begin, off)
    await asyncio.sleep(5 * INTERVAL_S)
    assert alone.is_on
    assert by_hand.is_on  # nobody here switched it on
    assert offs(alone.wire) == offs(by_hand.wire) == []


async def test_a_watched_device_on_hold_is_left_alone_by_a_loss(rig):
    supply = await rig.add("PSU", "riden_watched", on_comm_loss="hold")
    wire = supply.wire
    await supply.online()
    await supply.switch_on()
    before = [what(frame) for frame in wire.writes]
    assert before.index((WATCHDOG_REGISTER, (5,))) < before.index(ON)
    begin = now()
    wire.unplug(Break.RESET)
    await until(lambda: supply.stack.state is DeviceState.OFFLINE)
    await wire.plug()
    await supply.online()
    await asyncio.sleep(5 * INTERVAL_S)
    assert supply.is_on
    assert [frame for frame in wire.writes if frame.at >= begin] == []
    assert await supply.refusal("v_set", 3.0, RUN) == "DEVICE_BLOCKED"


async def test_hold_without_a_watchdog_is_refused(rig):
    with pytest.raises(IonpyError) as refused:
        await rig.add("PSU", on_comm_loss="hold")
    assert refused.value.error_code == "HOLD_NEEDS_WATCHDOG"
