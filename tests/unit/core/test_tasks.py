"""Supervised tasks: none dies unseen, none outlives stop."""

import asyncio
import itertools

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.tasks import RESTART_DELAYS_S, Tasks


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def crashes() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def tasks(clock: VirtualClock, crashes: list[tuple[str, str]]) -> Tasks:
    return Tasks("lab", clock, lambda name, error: crashes.append((name, type(error).__name__)))


async def fail() -> None:
    raise LookupError


async def test_a_crash_is_reported_with_the_name_of_its_task(
    tasks: Tasks, crashes: list[tuple[str, str]]
) -> None:
    await asyncio.gather(tasks.start("poll", fail()), return_exceptions=True)
    await asyncio.sleep(0)
    assert crashes == [("lab/poll", "LookupError")]


async def test_a_kept_task_starts_again_after_growing_delays(
    tasks: Tasks, clock: VirtualClock, crashes: list[tuple[str, str]]
) -> None:
    starts = []

    async def work() -> None:
        starts.append(clock.monotonic())
        if len(starts) < 8:
            raise LookupError

    await tasks.keep("poll", work)
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert gaps == pytest.approx([*RESTART_DELAYS_S, 30.0, 30.0])
    assert crashes == [("poll", "LookupError")] * 7


async def test_after_a_long_good_run_the_delays_begin_anew(
    tasks: Tasks, clock: VirtualClock
) -> None:
    starts = []

    async def work() -> None:
        starts.append(clock.monotonic())
        if len(starts) == 4:
            return
        await clock.sleep(100 if len(starts) == 3 else 0)
        raise LookupError

    await tasks.keep("poll", work)
    assert starts == pytest.approx([0, 0.1, 0.6, 100.7])


async def test_a_kept_task_survives_that_something_it_awaited_was_cancelled(
    tasks: Tasks, crashes: list[tuple[str, str]]
) -> None:
    runs = []

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            link = asyncio.get_running_loop().create_future()
            link.cancel()
            await link

    await tasks.keep("poll", work)
    assert len(runs) == 2
    assert crashes == [("poll", "CancelledError")]


async def test_a_task_cancelled_by_what_it_awaited_is_reported(
    tasks: Tasks, crashes: list[tuple[str, str]]
) -> None:
    link = asyncio.get_running_loop().create_future()
    link.cancel()

    async def work() -> None:
        await link

    await asyncio.gather(tasks.start("poll", work()), return_exceptions=True)
    await asyncio.sleep(0)
    assert crashes == [("lab/poll", "CancelledError")]


async def test_a_failing_report_does_not_end_supervision(clock: VirtualClock) -> None:
    runs = []

    def report(name: str, error: BaseException) -> None:
        raise ZeroDivisionError

    async def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise LookupError

    await Tasks("lab", clock, report).keep("poll", work)
    assert len(runs) == 3


async def test_stop_ends_all_even_what_is_begun_meanwhile(
    tasks: Tasks, clock: VirtualClock, crashes: list[tuple[str, str]]
) -> None:
    ended = []

    async def last_words() -> None:
        try:
            await clock.sleep(1e9)
        finally:
            ended.append("child")

    async def work() -> None:
        try:
            await clock.sleep(1e9)
        finally:
            tasks.start("child", last_words())
            await clock.sleep(1)
            ended.append("parent")

    tasks.start("parent", work())
    tasks.keep("kept", fail)
    await clock.sleep(0.05)
    await tasks.stop()
    await tasks.stop()
    assert ended == ["parent", "child"]
    assert [name for name, _ in crashes] == ["kept"]


async def test_a_task_may_stop_the_family_it_belongs_to(tasks: Tasks, clock: VirtualClock) -> None:
    other = tasks.start("other", clock.sleep(1e9))
    await tasks.start("self", tasks.stop())
    assert other.cancelled()
