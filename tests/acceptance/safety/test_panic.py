"""All off with eight devices, one that hangs, one with a queue: what is on the wire, and when."""

import random

import pytest

from ionpy_auto.core.errors import IonpyError
from tests.acceptance.safety.panic_lab import HEALTHY, LOADS, QUEUED, SUPPLIES, Panic, opened
from tests.acceptance.safety.rig import tell

SAMPLE, MANY = 1, 200  # a panic takes about three seconds
HEAD_START_S = 0.15
_known: dict[int, list[Panic]] = {}


async def panics(count: int, folder) -> list[Panic]:
    """All panics, pressed once; each test here looks at another side of them."""
    if count not in _known:
        source = random.Random(count)
        async with opened(folder) as lab:
            _known[count] = [await lab.panic(source) for _ in range(count)]
            with pytest.raises(IonpyError) as refused:
                await lab.write("PSU_1", "v_set", 1.0)
            assert refused.value.error_code == "PANIC_LATCHED"
    return _known[count]


COUNTS = pytest.mark.parametrize(
    "count", [SAMPLE, pytest.param(MANY, marks=pytest.mark.proof, id="many")]
)


@COUNTS
async def test_every_device_that_answers_is_told_off_and_nothing_follows(tmp_path, count):
    found = await panics(count, tmp_path)
    tell("off after the press", [max(panic.off_s.values()) for panic in found])
    for panic in found:
        assert set(panic.off_s) == set(HEALTHY)
        assert panic.late_writes == 0
        proven = {result.device for result in panic.results if result.proven}
        assert proven >= set(HEALTHY)


@COUNTS
async def test_every_queued_write_was_on_the_wire_before_or_was_refused(tmp_path, count):
    for panic in await panics(count, tmp_path):
        assert panic.done + panic.refused == QUEUED
        assert panic.refused > QUEUED / 2
        # One may have been on the wire when it was broken into: its outcome is unknown.
        assert panic.done <= panic.on_wire <= panic.done + 1


@COUNTS
async def test_supplies_go_off_before_loads(tmp_path, count):
    for panic in await panics(count, tmp_path):
        supplies = [panic.off_s[name] for name in SUPPLIES if name != "HUNG"]
        assert max(supplies) <= min(panic.off_s[name] for name in LOADS) or (
            max(supplies) >= HEAD_START_S  # late ones do not keep the loads on
        )


@COUNTS
async def test_a_device_that_was_deaf_at_a_panic_goes_off_when_it_hears(tmp_path, count):
    found = [panic.hung_off_s for panic in await panics(count, tmp_path)]
    assert None not in found
    tell("off after it could hear", found)
