"""Threads for work that may hang: results come back, hangs are left behind and bounded."""

import asyncio
import threading

import pytest

from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import Unavailable
from ionpy_auto.devices.aside import Aside


async def gone(aside):
    for _ in range(500):
        if not aside.alive:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("threads are still alive")


async def test_results_and_errors_come_back():
    aside = Aside(SystemClock())
    assert await aside.run("sum", lambda: 1 + 1, 5.0) == 2
    with pytest.raises(ZeroDivisionError):
        await aside.run("bad", lambda: 1 / 0, 5.0)
    with pytest.raises(RuntimeError, match="SystemExit"):
        await aside.run("exit", lambda: (_ for _ in ()).throw(SystemExit(3)), 5.0)
    await gone(aside)


async def test_what_hangs_is_left_behind_and_only_so_many_may_hang():
    aside, release = Aside(SystemClock(), most=2), threading.Event()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await aside.run("hang", release.wait, 0.02)
    assert aside.alive == 2
    with pytest.raises(Unavailable) as error:
        await aside.run("one more", lambda: 1, 5.0)
    assert error.value.error_code == "HARDWARE_BUSY"
    release.set()
    await gone(aside)
    assert await aside.run("again", lambda: 3, 5.0) == 3


async def test_a_thread_that_ends_after_its_loop_disturbs_nobody():
    release, ended = threading.Event(), threading.Event()

    def late():
        release.wait()
        ended.set()

    def other_loop():
        async def leave():
            with pytest.raises(TimeoutError):
                await Aside(SystemClock()).run("late", late, 0.02)

        asyncio.run(leave())

    await asyncio.to_thread(other_loop)
    release.set()
    assert await asyncio.to_thread(ended.wait, 5.0)


async def test_virtual_time_stands_still_while_a_thread_works():
    clock = VirtualClock()
    aside, release = Aside(clock), threading.Event()
    jumped = asyncio.create_task(clock.sleep(3600))
    working = asyncio.create_task(aside.run("work", lambda: release.wait(5.0), 7200.0))
    await asyncio.sleep(0.05)
    assert clock.monotonic() == 0.0
    release.set()
    assert await working is True
    await jumped
    assert clock.monotonic() == 3600.0
