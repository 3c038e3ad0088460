"""Who may talk next: safe-state writes overtake everybody, and a turn is never lost."""

import asyncio

import pytest

from ionpy_auto.devices.lane import Lane, Turn


async def test_safe_goes_before_writes_before_polls():
    lane, order = Lane(), []

    async def talk(kind):
        async with lane.turn(kind):
            order.append(kind)

    async with lane.turn(Turn.POLL):
        tasks = [asyncio.ensure_future(talk(k)) for k in (Turn.POLL, Turn.WRITE, Turn.SAFE)]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == [Turn.SAFE, Turn.WRITE, Turn.POLL]
    assert not lane.is_busy


async def test_a_flush_sends_waiting_writes_away():
    lane = Lane()
    async with lane.turn(Turn.POLL):
        waiting = [asyncio.ensure_future(lane.acquire(Turn.WRITE)) for _ in range(500)]
        await asyncio.sleep(0)
        assert lane.flush(Turn.WRITE, ConnectionError("superseded")) == 500
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(r) for r in results} == {ConnectionError}
    assert not lane.is_busy


async def test_cancelling_whoever_waits_or_was_just_called_loses_no_turn():
    lane = Lane()
    await lane.acquire(Turn.POLL)
    first = asyncio.ensure_future(lane.acquire(Turn.WRITE))
    second = asyncio.ensure_future(lane.acquire(Turn.WRITE))
    await asyncio.sleep(0)
    lane.release()  # first has the turn now, and is cancelled before it runs
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    lane.release()
    assert not lane.is_busy
