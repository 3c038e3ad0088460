"""A timer is called in the context of whoever planned it, on every clock."""

from contextvars import ContextVar

import pytest

from ionpy_auto.core.clock import SystemClock, VirtualClock

WHO: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.mark.parametrize("make", [SystemClock, VirtualClock])
async def test_a_timer_keeps_the_context_it_was_planned_in(make):
    clock, seen = make(), []
    clock.call_at(0.02, lambda: seen.append(WHO.get()))
    token = WHO.set("somebody")
    try:
        clock.call_at(0.01, lambda: seen.append(WHO.get()))
        await clock.sleep(0.05)
    finally:
        WHO.reset(token)
    assert seen == ["somebody", "nobody"]
