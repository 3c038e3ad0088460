"""Letting go of a device ends, whatever is under way at that moment."""

import asyncio

from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.wires import Way
from tests.acceptance.safety.rig import until

TURNS = 12
"""Of the loop, from an answer's last byte on the wire until whoever asked goes on."""


async def test_disconnecting_in_the_very_moment_of_an_answer_ends(rig):
    supply = await rig.add("PSU")
    for turns in range(TURNS):
        await supply.online()
        supply.wire.went[Way.ANSWERS].clear()
        await supply.wire.went[Way.ANSWERS].wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(4):
            await supply.stack.stop()
        assert supply.stack.state is DeviceState.OFFLINE
        polls = supply.stack.counters["polls"]
        await rig.lab.manager.connect("PSU")
        await until(lambda polls=polls: supply.stack.counters["polls"] > polls)
