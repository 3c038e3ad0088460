"""A supply loses its link at any byte while its output is on: what is shown and sent."""

import asyncio
import random
from dataclasses import dataclass

import pytest

from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.wires import Break, Frame, Way
from tests.acceptance.safety.rig import (
    GAP_S,
    GIVEN_UP_S,
    INTERVAL_S,
    PERSON,
    RUN,
    STALE_S,
    Rig,
    Supply,
    made,
    now,
    offs,
    others,
    tell,
    until,
)

SAMPLE, MANY = 12, 200
AT_ONCE = 12
TRIES = (("v_set", 3.3), ("i_set", 0.7), ("output", True), ("ovp", 4.3), ("keypad_lock", True))


@dataclass(frozen=True)
class Case:
    """Where the wire breaks, how, and for how long.

    Attributes:
        way: Whose bytes are counted.
        offset: Break after so many.
        how: What the two sides see.
        pause_s: Until it can be opened again; 0: at once.
    """

    way: Way
    offset: int
    how: Break
    pause_s: float


def cases(count: int) -> list[Case]:
    """Offsets over about four polls: of 8 bytes of questions and 89 of answers each."""
    source = random.Random(count)
    return [
        Case(
            way := source.choice(list(Way)),
            source.randrange(40 if way is Way.QUESTIONS else 400),
            source.choice(list(Break)),
            source.choice([0.0, source.uniform(0.05, 0.9)]),
        )
        for _ in range(count)
    ]


async def keep_writing(supply: Supply) -> None:
    """Somebody who never stops trying, as a run and as a person."""
    number = 0
    while True:
        entity, value = TRIES[number % len(TRIES)]
        await supply.refusal(entity, value, RUN if number % 2 else PERSON)
        number += 1
        await asyncio.sleep(0.02)


async def unplug(supply: Supply, case: Case) -> float:
    """Break the wire and mend it; returns when it could first be used again."""
    wire = supply.wire
    stays = case.pause_s == 0.0
    wire.break_after(case.way, case.offset, case.how, stays_reachable=stays)
    await asyncio.wait_for(wire.broken.wait(), 5.0)
    if not stays:
        await asyncio.sleep(case.pause_s)
        await wire.plug()
    return wire.plugged_at


@dataclass(frozen=True)
class Found:
    """What one trial came to; times in seconds, without what the machine itself lost.

    Attributes:
        case: What was done.
        oldest_s: How old a value grew while it was shown as good.
        off_after_s: From when the link could be used until "off".
        allowed_s: How long that may take.
        wrong_writes: Whatever else was written between the break and the re-arming.
        refusals: What wishes to write were answered with before the re-arming.
    """

    case: Case
    oldest_s: float
    off_after_s: float
    allowed_s: float
    wrong_writes: list[Frame]
    refusals: list[str]


async def try_out(rig: Rig, name: str, case: Case) -> Found:
    """One trial, from online to switched on again after the re-arming."""
    supply = await rig.add(name)
    wire = supply.wire
    await supply.online()
    await supply.switch_on()
    nuisance = asyncio.create_task(keep_writing(supply))
    try:
        usable = await unplug(supply, case)
        await until(lambda: bool(offs(wire, wire.broken_at)))
        await until(lambda: supply.stack.state is DeviceState.ONLINE and not supply.is_on)
        await asyncio.sleep(5 * INTERVAL_S)  # it goes on trying all the while
    finally:
        nuisance.cancel()
        await asyncio.gather(nuisance, return_exceptions=True)
    supply.freshness.look()
    refusals = [await supply.refusal(*wish) for wish in TRIES]
    refusals.append(await supply.refusal("output", value=False))
    wrong_writes = others(wire, wire.broken_at)
    rig.lab.manager.rearm(name)
    await supply.switch_on()
    off = offs(wire, wire.broken_at)[0]
    given_up = STALE_S + GIVEN_UP_S if case.how is Break.SILENT else STALE_S
    begin = max(usable, wire.broken_at)
    return Found(
        case,
        supply.freshness.oldest_s - rig.lag.between(wire.broken_at, now()),
        off - begin - rig.lag.between(wire.broken_at, off),
        max(begin, wire.broken_at + given_up) - begin + GAP_S,
        wrong_writes,
        refusals,
    )


_known: dict[int, list[Found]] = {}


async def trials(count: int) -> list[Found]:
    """All trials, run once; each test here looks at another side of them."""
    if count not in _known:
        chosen, found = cases(count), []
        for first in range(0, count, AT_ONCE):
            async with made() as rig:
                some = enumerate(chosen[first : first + AT_ONCE], first)
                found += await asyncio.gather(*(try_out(rig, f"PSU_{n}", c) for n, c in some))
        _known[count] = found
    return _known[count]


COUNTS = pytest.mark.parametrize(
    "count", [SAMPLE, pytest.param(MANY, marks=pytest.mark.proof, id="many")]
)


@COUNTS
async def test_no_value_older_than_three_polls_is_shown_as_good(count):
    for found in await trials(count):
        assert found.oldest_s <= STALE_S + 0.01, found


@COUNTS
async def test_off_follows_as_soon_as_the_link_allows(count):
    found = await trials(count)
    tell("off after the link could be used", [one.off_after_s for one in found])
    for one in found:
        assert one.off_after_s <= one.allowed_s, one


@COUNTS
async def test_nothing_but_off_is_written_before_the_device_is_rearmed(count):
    for found in await trials(count):
        assert found.wrong_writes == [], found
        assert found.refusals == ["DEVICE_BLOCKED"] * len(TRIES) + [""], found
