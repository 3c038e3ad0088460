"""Writes that wait for their turn on a slow wire: which are sent, which never are."""

import asyncio

from ionpy_auto.core.commands import Origin, Outcome, Priority, Role
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.testing.wires import Break, Way
from tests.acceptance.safety.rig import OFF, PERSON, RUN, Supply, now, offs, others, until, what

V_SET, I_SET = 8, 9
RULE = Origin(Priority.RULE, "rule:a/b", Role.OPERATOR)
SLOW = {"framing": {"type": "modbus_rtu", "timeout_s": 3.0, "retries": 0}}


async def slow(rig) -> Supply:
    """A supply whose answers take 30 ms, so that writes pile up."""
    supply = await rig.add("PSU", **SLOW)
    await supply.online()
    supply.wire.slow_s = 0.03
    return supply


async def outcomes(supply: Supply, wishes: list[tuple[str, object, Origin]]) -> list[str]:
    """What became of writes that were asked for at once: ``done`` or the code of the refusal."""
    tasks = [asyncio.create_task(supply.write(*wish)) for wish in wishes]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [
        "done" if isinstance(r, Outcome) else r.error_code if isinstance(r, IonpyError) else repr(r)
        for r in results
    ]


def sent(supply: Supply, address: int) -> list[int]:
    return [frame.values[0] for frame in supply.wire.writes if frame.address == address]


async def test_only_the_newest_of_waiting_values_is_sent(rig):
    supply = await slow(rig)
    wishes = [("v_set", 1.0 + n / 10, RULE) for n in range(20)]
    came_to = await outcomes(supply, [*wishes[:10], ("i_set", 0.5, PERSON), *wishes[10:]])
    other = came_to.pop(10)
    assert other == "done"  # another set-point is not sent away
    assert came_to[-1] == "done"
    assert came_to.count("done") <= 2  # and the one that was on the wire already
    assert set(came_to) == {"done", "SUPERSEDED"}
    assert sent(supply, V_SET)[-1] == 290
    assert len(sent(supply, V_SET)) == came_to.count("done")
    assert sent(supply, I_SET) == [50]


async def test_a_sequence_sends_every_value_in_its_order(rig):
    supply = await slow(rig)
    values = [1.0 + n / 10 for n in range(8)]
    came_to = await outcomes(
        supply, [*(("v_set", v, RUN) for v in values), ("v_set", 3.0, PERSON), ("v_set", 3.1, RULE)]
    )
    assert came_to[:8] == ["done"] * 8
    assert [v for v in sent(supply, V_SET) if v < 200] == [round(v * 100) for v in values]


async def test_off_sends_everything_that_waits_away(rig):
    supply = await slow(rig)
    wishes = [("v_set", 1.0 + n / 10, RUN) for n in range(8)] + [("output", True, RUN)]
    came_to = await outcomes(supply, [*wishes, ("output", False, RUN)])
    assert came_to[-1] == "done"
    assert came_to[-2] == "SUPERSEDED"
    assert what(supply.wire.writes[-1]) == OFF
    assert not supply.is_on


async def test_a_write_that_waited_two_seconds_is_never_sent(rig):
    framing = {"type": "modbus_rtu", "timeout_s": 2.2, "retries": 0}
    supply = await rig.add("PSU", framing=framing)
    await supply.online()
    supply.wire.dead = {Way.QUESTIONS}
    polls = len(supply.wire.frames)
    await until(lambda: len(supply.wire.frames) > polls)  # a poll waits for its answer in vain
    came_to = asyncio.create_task(outcomes(supply, [("v_set", 2.0, RUN), ("v_set", 2.1, PERSON)]))
    await asyncio.sleep(2.1)
    supply.wire.dead = set()
    assert set(await came_to) <= {"WRITE_EXPIRED", "DEVICE_BLOCKED"}
    assert sent(supply, V_SET) == []


async def test_what_waited_when_the_link_broke_is_not_sent_over_the_next_one(rig):
    supply = await slow(rig)
    await supply.switch_on()
    wishes = [("v_set", 1.0 + n / 10, RUN) for n in range(20)] + [("i_set", 0.2, PERSON)]
    came_to = asyncio.create_task(outcomes(supply, wishes))
    await asyncio.sleep(0.2)
    broken = now()
    supply.wire.unplug(Break.RESET, stays_reachable=True)
    await until(lambda: bool(offs(supply.wire, broken)))
    await supply.online()
    results = await came_to
    assert 0 < results.count("done") < 20
    assert others(supply.wire, broken) == []
    assert not supply.is_on
