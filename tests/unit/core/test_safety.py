"""Safe states: every device gets there or is reported, whatever the others do."""

import asyncio
import math

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import Conflict
from ionpy_auto.core.safety import PanicLatch, SafeResult, drive_safe


class Device:
    """Goes off after a while and says when."""

    def __init__(self, clock: VirtualClock, name: str, order: int = 50, takes: float = 0.1) -> None:
        self.clock = clock
        self.device_id = name
        self.safe_orders = [(order, ("output",))]
        self.safe_timeout_s = 2.0
        self.takes = takes
        self.error: BaseException | None = None
        self.ignores_cancel = False
        self.off_at: float | None = None

    async def drive_safe(self, outputs: object = None) -> SafeResult:
        while True:
            try:
                await self.clock.sleep(self.takes)
                break
            except asyncio.CancelledError:
                if not self.ignores_cancel:
                    raise
        if self.error is not None:
            raise self.error
        self.off_at = self.clock.monotonic()
        return SafeResult(self.device_id, ok=True, proven=True)


async def test_lower_orders_go_first_and_the_same_order_together() -> None:
    clock = VirtualClock()
    load = Device(clock, "load", order=90)
    chargers = [Device(clock, "a", order=10), Device(clock, "b", order=10, takes=0.3)]
    results = await drive_safe([load, *chargers], clock)
    assert [r.device for r in results] == ["a", "b", "load"]
    assert [d.off_at for d in (*chargers, load)] == pytest.approx([0.1, 0.3, 0.4])


@pytest.mark.parametrize("stubborn", [False, True], ids=["hangs", "hangs and ignores cancelling"])
async def test_a_hung_device_delays_nobody_of_its_order(stubborn: bool) -> None:
    clock = VirtualClock()
    hung = Device(clock, "hung", takes=1000)
    hung.ignores_cancel = stubborn
    fine = Device(clock, "fine")
    later = Device(clock, "later", order=60)
    results = await drive_safe([hung, fine, later], clock)
    assert [(r.device, r.ok) for r in results] == [("hung", False), ("fine", True), ("later", True)]
    assert fine.off_at == pytest.approx(0.1)
    assert later.off_at == pytest.approx(2.1)
    assert results[0].detail == "no answer in time"


@pytest.mark.parametrize(
    "error",
    [OSError("gone"), TimeoutError(), ValueError(), asyncio.CancelledError()],
    ids=lambda e: type(e).__name__,
)
async def test_a_broken_device_is_reported_and_the_others_go_off(error: BaseException) -> None:
    clock = VirtualClock()
    broken = Device(clock, "broken", order=1)
    broken.error = error
    fine = Device(clock, "fine", order=2)
    results = await drive_safe([broken, fine], clock)
    assert [(r.device, r.ok) for r in results] == [("broken", False), ("fine", True)]
    assert results[0].detail


@pytest.mark.parametrize("patience", [math.nan, 0.0, -1.0, math.inf])
async def test_a_timeout_that_is_no_number_neither_hangs_nor_skips(patience: float) -> None:
    clock = VirtualClock()
    fine, hung = Device(clock, "fine"), Device(clock, "hung", takes=1e6)
    fine.safe_timeout_s = hung.safe_timeout_s = patience
    results = await drive_safe([fine, hung], clock)
    assert [(r.device, r.ok) for r in results] == [("fine", True), ("hung", False)]
    assert clock.monotonic() == pytest.approx(2)


async def test_a_cancelled_caller_stops_no_order_not_even_one_not_begun() -> None:
    clock = VirtualClock()
    devices = [Device(clock, str(order), order=order) for order in (10, 20, 30)]
    caller = asyncio.create_task(drive_safe(devices, clock))
    await clock.sleep(0.05)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await clock.sleep(1)
    assert [d.off_at for d in devices] == pytest.approx([0.1, 0.2, 0.3])


async def test_no_devices_are_safe_already() -> None:
    assert await drive_safe([], VirtualClock()) == []


# -- panic latch ------------------------------------------------------------------------------


def test_a_pressed_latch_says_who_pressed_it_first() -> None:
    latch = PanicLatch()
    latch.check()
    latch.press("user:eva", "smoke", 5.0)
    latch.press("user:max", "me too", 6.0)
    with pytest.raises(Conflict, match="user:eva") as caught:
        latch.check()
    assert caught.value.error_code == "PANIC_LATCHED"
    assert latch.as_dict() == {"pressed": True, "since": 5.0, "by": "user:eva", "reason": "smoke"}


def test_every_listener_is_told_whatever_another_one_raises() -> None:
    latch = PanicLatch()
    told = []
    latch.listeners += [lambda: told.append(1), lambda: 1 / 0, lambda: told.append(2)]
    latch.press("user:eva", "", 0.0)
    latch.press("user:eva", "", 0.0)
    latch.rearm("user:eva", "repaired")
    assert told == [1, 2] * 3


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_rearming_needs_a_reason(reason: str) -> None:
    latch = PanicLatch()
    latch.press("user:eva", "", 0.0)
    with pytest.raises(Conflict, match="reason"):
        latch.rearm("user:eva", reason)
    assert latch.pressed
    latch.rearm("user:eva", "repaired")
    latch.check()
