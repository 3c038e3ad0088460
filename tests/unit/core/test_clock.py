"""The clock: what holds for both kinds, and what virtual time promises beyond."""

import asyncio
import math
import threading

import pytest

from ionpy_auto.core import clock as clock_module
from ionpy_auto.core.clock import Clock, SystemClock, VirtualClock


def make_virtual() -> Clock:
    return VirtualClock()


@pytest.fixture(params=[SystemClock, make_virtual], ids=["system", "virtual"])
def any_clock(request: pytest.FixtureRequest) -> Clock:
    return request.param()


# -- conformance: both clocks -----------------------------------------------------------------


async def test_a_sleep_takes_at_least_its_time(any_clock: Clock) -> None:
    begin = any_clock.monotonic()
    await any_clock.sleep(0.01)
    assert any_clock.monotonic() - begin >= 0.01 - 1e-9


async def test_a_negative_sleep_returns_and_time_does_not_go_back(any_clock: Clock) -> None:
    begin = any_clock.monotonic()
    await any_clock.sleep(-5)
    assert any_clock.monotonic() >= begin


async def test_timers_fire_in_order_of_their_time(any_clock: Clock) -> None:
    seen: list[str] = []
    done = asyncio.Event()
    now = any_clock.monotonic()
    any_clock.call_at(now + 0.03, done.set)
    any_clock.call_at(now + 0.02, lambda: seen.append("later"))
    any_clock.call_at(now + 0.01, lambda: seen.append("sooner"))
    any_clock.call_at(now - 1, lambda: seen.append("past"))
    await done.wait()
    assert seen == ["past", "sooner", "later"]


async def test_a_cancelled_timer_never_calls_even_twice_cancelled(any_clock: Clock) -> None:
    seen: list[str] = []
    timer = any_clock.call_at(any_clock.monotonic() + 0.005, lambda: seen.append("called"))
    timer.cancel()
    timer.cancel()
    await any_clock.sleep(0.01)
    timer.cancel()
    assert seen == []


async def test_a_timeout_ends_its_body_and_says_how_long_it_waited(any_clock: Clock) -> None:
    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        async with any_clock.timeout(0.01):
            await asyncio.Event().wait()
    assert asyncio.current_task().cancelling() == 0


async def test_a_body_in_time_leaves_no_cancellation_behind(any_clock: Clock) -> None:
    async with any_clock.timeout(0.01):
        await any_clock.sleep(0)
    await any_clock.sleep(0.02)
    assert asyncio.current_task().cancelling() == 0


async def test_the_error_of_a_body_is_not_replaced_by_the_timeout(any_clock: Clock) -> None:
    with pytest.raises(LookupError):
        async with any_clock.timeout(0.001):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise LookupError from None
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize(("outer", "inner"), [(0.01, 5), (5, 0.01)])
async def test_of_nested_timeouts_the_shorter_one_raises(
    any_clock: Clock, outer: float, inner: float
) -> None:
    raised = []
    with pytest.raises(TimeoutError):
        async with any_clock.timeout(outer):
            try:
                async with any_clock.timeout(inner):
                    await asyncio.Event().wait()
            except TimeoutError:
                raised.append("inner")
                raise
    assert raised == (["inner"] if inner < outer else [])
    assert asyncio.current_task().cancelling() == 0


async def test_a_cancellation_from_outside_passes_through_a_timeout(any_clock: Clock) -> None:
    async def work() -> None:
        async with any_clock.timeout(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await any_clock.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_together_with_the_deadline_stays_a_cancellation(
    any_clock: Clock,
) -> None:
    async def work() -> None:
        async with any_clock.timeout(0.01):
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    task = asyncio.create_task(work())
    await begun.wait()
    # Both arrive before the task runs again: the deadline first, then the caller.
    timeout_timer_first = any_clock.monotonic() + 0.01
    any_clock.call_at(timeout_timer_first, task.cancel)
    with pytest.raises((asyncio.CancelledError, TimeoutError)) as caught:
        await task
    if isinstance(any_clock, VirtualClock):  # only there are both in the same turn for certain
        assert caught.type is asyncio.CancelledError


async def test_nan_is_no_time(any_clock: Clock) -> None:
    with pytest.raises(ValueError, match="NaN"):
        await any_clock.sleep(math.nan)
    with pytest.raises(ValueError, match="NaN"):
        any_clock.call_at(math.nan, print)


async def test_an_endless_timeout_is_no_timeout(any_clock: Clock) -> None:
    async with any_clock.timeout(math.inf):
        await any_clock.sleep(0.001)
    assert math.isfinite(any_clock.monotonic())


async def test_utc_belongs_to_monotonic(any_clock: Clock) -> None:
    assert any_clock.utc_at(any_clock.monotonic()) == pytest.approx(any_clock.now(), abs=1)
    ahead = any_clock.utc_at(any_clock.monotonic() + 60) - any_clock.now()
    assert ahead == pytest.approx(60, abs=1)


async def test_a_hold_can_be_nested_and_left_by_an_error(any_clock: Clock) -> None:
    with pytest.raises(LookupError), any_clock.hold(), any_clock.hold():
        raise LookupError
    await any_clock.sleep(0.001)


def test_only_the_virtual_clock_calls_itself_virtual() -> None:
    assert (SystemClock().is_virtual, VirtualClock().is_virtual) == (False, True)


# -- virtual time -----------------------------------------------------------------------------


async def test_ten_hours_run_every_poll() -> None:
    clock = VirtualClock()
    polls = 0

    async def poll() -> None:
        nonlocal polls
        while True:
            await clock.sleep(1)
            polls += 1

    task = asyncio.create_task(poll())
    await clock.sleep(10 * 3600 + 0.5)
    task.cancel()
    assert polls == 36_000
    assert clock.monotonic() == 36_000.5


async def test_a_timer_can_cancel_another_one_of_the_same_moment() -> None:
    clock = VirtualClock()
    seen: list[str] = []
    clock.call_at(5, lambda: second.cancel())
    second = clock.call_at(5, lambda: seen.append("second"))
    await clock.sleep(10)
    assert seen == []


async def test_time_stands_while_anything_is_runnable() -> None:
    clock = VirtualClock()
    fired = []
    clock.call_at(1, lambda: fired.append(clock.monotonic()))
    for _ in range(200):
        await asyncio.sleep(0)
        assert clock.monotonic() == 0
    await clock.sleep(2)
    assert fired == [1]


async def test_a_hold_over_a_thread_keeps_time_still() -> None:
    clock = VirtualClock()
    ticks = []

    async def tick() -> None:
        while True:
            await clock.sleep(0.1)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(tick())
    gate = threading.Event()
    lags = []
    for _ in range(50):
        begin = clock.monotonic()
        with clock.hold():
            asyncio.get_running_loop().call_later(0.002, gate.set)
            assert await asyncio.to_thread(gate.wait, 10)
        lags.append(clock.monotonic() - begin)
        gate.clear()
        await clock.sleep(0.1)
    task.cancel()
    assert lags == [0.0] * 50
    assert len(ticks) >= 49


async def test_time_goes_on_only_when_the_last_of_several_holds_is_left() -> None:
    clock = VirtualClock()
    sleeper = asyncio.create_task(clock.sleep(1))
    with clock.hold():
        with clock.hold():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        assert clock.monotonic() == 0
        assert not sleeper.done()
    await sleeper
    assert clock.monotonic() == 1


async def test_a_cancelled_sleep_leaves_no_timer_that_moves_time() -> None:
    clock = VirtualClock()
    long = asyncio.create_task(clock.sleep(1e6))
    await clock.sleep(1)
    long.cancel()
    await asyncio.gather(long, return_exceptions=True)
    await asyncio.sleep(0.005)  # an idle loop: nothing is left to jump to
    assert clock.monotonic() == 1
    assert not clock._heap


async def test_many_finished_timeouts_do_not_pile_up() -> None:
    clock = VirtualClock()
    for _ in range(5000):
        async with clock.timeout(1e6):
            pass
    assert len(clock._heap) < 500
    await clock.sleep(1)
    assert clock.monotonic() == 1


async def test_bytes_on_a_local_socket_settle_before_time_moves() -> None:
    clock = VirtualClock()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    with clock.hold():
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    times = []
    for _ in range(20):
        writer.write(b"ping")
        async with clock.timeout(0.001):
            assert await reader.readexactly(4) == b"ping"
        times.append(clock.monotonic())
        await clock.sleep(1)
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    assert times == [float(n) for n in range(20)]


async def test_stepping_utc_leaves_monotonic_alone() -> None:
    clock = VirtualClock(start_utc=1000.0)
    sleeper = asyncio.create_task(clock.sleep(10))
    await clock.sleep(5)
    clock.step_utc(-7200)
    assert clock.now() == 1000.0 + 5 - 7200
    assert clock.utc_at(5) == clock.now()
    await sleeper
    assert clock.monotonic() == 10


async def test_an_endless_sleep_never_moves_time_to_infinity() -> None:
    clock = VirtualClock()
    endless = asyncio.create_task(clock.sleep(math.inf))
    await clock.sleep(3)
    await asyncio.sleep(0.005)  # an idle loop: nothing is left to jump to
    assert clock.monotonic() == 3
    endless.cancel()
    await asyncio.gather(endless, return_exceptions=True)


async def test_a_failing_timer_does_not_stop_the_clock() -> None:
    clock = VirtualClock()
    problems: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    clock.call_at(1, lambda: 1 / 0)
    await clock.sleep(2)
    assert clock.monotonic() == 2
    assert isinstance(problems[0]["exception"], ZeroDivisionError)


def test_a_clock_outlives_the_loop_that_was_left_in_the_middle() -> None:
    clock = VirtualClock()

    async def leave_a_timer() -> None:
        clock.call_at(5, lambda: None)  # the pump is under way when this loop ends

    asyncio.run(leave_a_timer())
    asyncio.run(clock.sleep(1))
    assert clock.monotonic() == 1


# -- scaled time ------------------------------------------------------------------------------


class Wall:
    """A wall clock in hand; the loop's own waiting is replaced by turning it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.waits: list[float] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(clock_module.time, "monotonic", lambda: self.now)

        def call_later(delay: float, callback, *args):
            self.waits.append(delay)
            self.now += delay
            return loop.call_soon(callback, *args)

        monkeypatch.setattr(loop, "call_later", call_later)


async def test_scaled_time_never_runs_ahead_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = VirtualClock(speed=10)
    begin = wall.now
    for n in range(1, 50):
        await clock.sleep(1)
        assert clock.monotonic() == n
        assert clock.monotonic() <= (wall.now - begin) * 10 + 1e-6
    assert sum(wall.waits) == pytest.approx(4.9)


async def test_scaled_time_that_fell_behind_skips_nothing_and_does_not_rush(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall = Wall(monkeypatch)
    clock = VirtualClock(speed=1)
    seen = []
    for n in range(10):
        await clock.sleep(1)
        seen.append(clock.monotonic())
        if n == 4:
            wall.now += 1000  # a breakpoint, a suspended machine
    assert seen == [float(n) for n in range(1, 11)]
    # After the one that was overdue anyway, every second takes a second again.
    assert wall.waits[-4:] == pytest.approx([1, 1, 1, 1])


async def test_an_earlier_timer_shortens_a_wait_under_way() -> None:
    clock = VirtualClock(speed=1000)
    order = []
    clock.call_at(50, lambda: order.append("late"))
    await asyncio.sleep(0.005)  # the wall wait for the late one is under way
    clock.call_at(20, lambda: order.append("early"))
    await clock.sleep(60)
    assert order == ["early", "late"]


async def test_the_pace_may_change_while_running(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = VirtualClock(speed=100)
    await clock.sleep(1000)
    clock.speed = 1
    wall.waits.clear()
    await clock.sleep(5)
    assert sum(wall.waits) == pytest.approx(5)
    clock.speed = None
    wall.waits.clear()
    await clock.sleep(1e6)
    assert wall.waits == []


async def test_taking_the_ceiling_away_ends_a_wait_under_way() -> None:
    clock = VirtualClock(speed=1e-6)
    sleeper = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0.005)
    assert not sleeper.done()
    clock.speed = None
    await sleeper
    assert clock.monotonic() == 10


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf])
def test_a_speed_must_be_positive_and_finite(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        VirtualClock(speed=speed)


async def test_two_virtual_clocks_on_one_loop_both_go_on() -> None:
    first, second = VirtualClock(), VirtualClock()
    ended: list[str] = []

    async def many(clock: VirtualClock, step: float, name: str) -> None:
        for _ in range(200):
            await clock.sleep(step)
        ended.append(name)

    await asyncio.gather(many(first, 1.0, "first"), many(second, 3.0, "second"))
    assert sorted(ended) == ["first", "second"]
    assert (first.monotonic(), second.monotonic()) == (200.0, 600.0)
