"""Answers vanish while questions arrive, or the other way round, or nobody says anything at all."""

import asyncio
import random
from dataclasses import dataclass

import pytest

from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.wires import Break, Way
from tests.acceptance.safety.rig import (
    GAP_S,
    GIVEN_UP_S,
    INTERVAL_S,
    REPEAT_S,
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

SAMPLE, MANY = 10, 200
AT_ONCE = 10
BLIND_S = 30.0
"""So long "off" is repeated while nothing answers."""


@dataclass(frozen=True)
class Found:
    """One trial; times in seconds, without what the machine itself lost.

    Attributes:
        oldest_s: How old a value grew while it was shown as good.
        first_s: From the loss until the first "off" arrived.
        gaps_s: Between all of them while nothing answered.
        wrong_writes: How many other writes arrived.
        settled: Whether it was online, off and waiting to be re-armed afterwards.
    """

    oldest_s: float
    first_s: float
    gaps_s: list[float]
    wrong_writes: int
    settled: bool


async def started(rig: Rig, name: str) -> Supply:
    supply = await rig.add(name)
    await supply.online()
    await supply.switch_on()
    return supply


async def answers_vanish(rig: Rig, name: str, wait_s: float, deaf_s: float) -> Found:
    """RX dead, TX alive, beginning at any moment of the grid."""
    supply = await started(rig, name)
    wire, lag = supply.wire, rig.lag
    await asyncio.sleep(wait_s)
    begin = now()
    wire.dead = {Way.ANSWERS}
    await asyncio.sleep(deaf_s)
    supply.freshness.look()
    heard = offs(wire, begin)
    end = now()
    wire.dead = set()
    try:
        await until(lambda: supply.stack.state is DeviceState.ONLINE and not supply.is_on)
        settled = supply.stack.needs_rearm
    except AssertionError:
        settled = False
    refused = [await supply.refusal("output", value=True), await supply.refusal("v_set", 3.0)]
    return Found(
        supply.freshness.oldest_s - lag.between(begin, now()),
        (heard[0] if heard else end) - begin - lag.between(begin, end),
        [b - a - lag.between(a, b) for a, b in zip(heard, [*heard[1:], end], strict=True)],
        len(others(wire, begin)),
        settled and refused == ["DEVICE_BLOCKED"] * 2,
    )


_known: dict[int, list[Found]] = {}


async def trials(count: int) -> list[Found]:
    """All trials, run once; each test here looks at another side of them."""
    if count not in _known:
        source, found = random.Random(count), []
        for first in range(0, count, AT_ONCE):
            async with made() as rig:
                found += await asyncio.gather(
                    *(
                        answers_vanish(rig, f"PSU_{first + n}", source.uniform(0, 0.3), 1.8)
                        for n in range(AT_ONCE)
                    )
                )
        _known[count] = found
    return _known[count]


COUNTS = pytest.mark.parametrize(
    "count", [SAMPLE, pytest.param(MANY, marks=pytest.mark.proof, id="many")]
)


@COUNTS
async def test_without_answers_off_still_arrives_in_time(count):
    found = await trials(count)
    tell("off after the last answer", [one.first_s for one in found])
    assert max(one.first_s for one in found) <= STALE_S + REPEAT_S


@COUNTS
async def test_without_answers_off_is_repeated(count):
    for found in await trials(count):
        assert len(found.gaps_s) >= 2, found
        assert max(found.gaps_s) <= GAP_S, found


@COUNTS
async def test_without_answers_nothing_old_is_shown_as_good(count):
    assert max(found.oldest_s for found in await trials(count)) <= STALE_S + 0.01


@COUNTS
async def test_when_answers_come_back_it_is_off_and_waits_to_be_rearmed(count):
    for found in await trials(count):
        assert found.settled, found
        assert found.wrong_writes == 0, found


async def questions_vanish(rig: Rig, name: str) -> None:
    """TX dead, RX alive: our side cannot tell it from a dead device."""
    supply = await started(rig, name)
    begin = now()
    supply.wire.dead = {Way.QUESTIONS}
    await asyncio.sleep(1.2)
    supply.freshness.look()
    assert supply.freshness.oldest_s <= STALE_S + rig.lag.between(begin, now()) + 0.01
    assert supply.is_on  # nobody could tell the supply
    mended = now()
    supply.wire.dead = set()
    await until(lambda: bool(offs(supply.wire, mended)))
    off = offs(supply.wire, mended)[0]
    await until(lambda: supply.stack.state is DeviceState.ONLINE)
    assert supply.stack.needs_rearm
    assert others(supply.wire, begin) == []
    assert off - mended <= GAP_S + rig.lag.between(mended, off)


async def half_open(rig: Rig, name: str, gone_s: float = 0.0) -> None:
    """Our side of the connection looks alive, the other side knows nothing of it any more."""
    supply = await started(rig, name)
    wire = supply.wire
    wire.unplug(Break.SILENT, stays_reachable=gone_s == 0.0)
    begin = now()
    await asyncio.sleep(gone_s)
    await wire.plug()
    await until(lambda: bool(offs(wire, begin)))
    off = offs(wire, begin)[0]
    await until(lambda: supply.stack.state is DeviceState.ONLINE and not supply.is_on)
    assert supply.stack.needs_rearm
    assert others(wire, begin) == []
    usable = max(begin + STALE_S + GIVEN_UP_S, wire.plugged_at)
    assert off <= usable + GAP_S + rig.lag.between(begin, off)


async def half_open_for_a_while(rig: Rig, name: str) -> None:
    """New connections lead nowhere either, at first."""
    await half_open(rig, name, 1.3)


async def one_answer_between(rig: Rig, name: str) -> None:
    """The proof of "off" comes through, and nothing after it: it too grows old."""
    supply = await started(rig, name)
    wire, begin = supply.wire, now()
    wire.dead = {Way.ANSWERS}
    await until(lambda: bool(offs(wire, begin)))
    await until(lambda: not supply.freshness.shown)
    wire.dead = set()
    await until(lambda: bool(supply.freshness.shown))
    wire.dead = {Way.ANSWERS}
    await asyncio.sleep(STALE_S + 4 * INTERVAL_S)
    supply.freshness.look()
    assert supply.freshness.oldest_s <= STALE_S + rig.lag.between(begin, now()) + 0.01


SCENES = (questions_vanish, half_open, half_open_for_a_while, one_answer_between)
_played: dict[object, BaseException | None] = {}


@pytest.mark.parametrize(
    "scene",
    [pytest.param(scene, id=scene.__name__) for scene in SCENES],
)
async def test_a_loss_ends_with_the_output_off_and_nothing_old_shown(rig, scene):
    if not _played:  # all at once: most of the time is waiting
        works = (play(rig, f"PSU_{n}") for n, play in enumerate(SCENES))
        _played.update(
            zip(SCENES, await asyncio.gather(*works, return_exceptions=True), strict=True)
        )
    if (failure := _played[scene]) is not None:
        raise failure


@pytest.mark.proof
async def test_off_is_repeated_for_half_a_minute_and_then_ends(rig):
    supply = await started(rig, "PSU")
    begin = now()
    supply.wire.dead = {Way.ANSWERS}
    await asyncio.sleep(BLIND_S + 6.0)
    heard = offs(supply.wire, begin)
    assert len(heard) >= BLIND_S / GAP_S
    assert BLIND_S - 1.0 <= heard[-1] - begin <= BLIND_S + STALE_S + 2 * GAP_S
    assert others(supply.wire, begin) == []
