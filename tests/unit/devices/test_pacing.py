"""Simulated devices may be asked less often while nothing moves; real ones never."""

from itertools import pairwise

import pytest

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.devices.pacing import Pacing


def config(device_id: str, driver: str, poll_ms: int = 1000, **more: object) -> DeviceConfig:
    return DeviceConfig.model_validate(
        {
            "id": device_id,
            "driver": driver,
            "transport": {"type": "virtual"},
            "polling_interval_ms": poll_ms,
            **more,
        }
    )


async def started(*configs: DeviceConfig) -> tuple[VirtualClock, DeviceManager, list[float]]:
    clock, bus = VirtualClock(), Bus()
    devices = DeviceManager(bus, clock, Catalogue(), simulate=True, adaptive=True)
    seen: list[float] = []

    def look(snapshot: Snapshot) -> None:
        if snapshot.samples[0].value is not None:
            seen.append(snapshot.mono)

    bus.tap("sample/DMM_01", look)
    await devices.start(configs)
    await devices.settle(10.0)
    return clock, devices, seen


METER = config("DMM_01", "virtual_meter")


def test_real_time_has_no_pacing():
    assert (
        DeviceManager(Bus(), SystemClock(), Catalogue(), simulate=True, adaptive=True).pacing
        is None
    )
    assert DeviceManager(Bus(), VirtualClock(), Catalogue(), adaptive=True).pacing is None
    assert DeviceManager(Bus(), VirtualClock(), Catalogue(), simulate=True).pacing is None
    with pytest.raises(ValueError, match="real devices"):
        Pacing(SystemClock())


async def test_without_a_hint_every_place_of_the_grid_is_asked():
    clock, devices, seen = await started(METER)
    await clock.sleep(10.5)
    await devices.stop()
    assert [round(b - a, 9) for a, b in pairwise(seen)] == [1.0] * 10


async def test_a_hint_leaves_out_places_and_stays_on_the_grid():
    clock, devices, seen = await started(METER, config("PSU_01", "virtual_psu", 500))
    leave = devices.pacing.ask(lambda now: 7.7, lambda: None)
    await clock.sleep(40.0)
    distances = [round(b - a, 9) for a, b in pairwise(seen)]
    assert set(distances[1:]) == {7.0}
    assert devices.stack("DMM_01").promised_s == 7.0
    assert devices.stack("PSU_01").promised_s == 7.0  # looked at in the same moments
    leave()
    count = len(seen)
    await clock.sleep(10.0)
    await devices.stop()
    assert len(seen) - count == 10
    assert all(at % 1.0 < 1e-6 for at in seen[1:])


async def test_the_smallest_hint_counts():
    clock, devices, seen = await started(METER)
    devices.pacing.ask(lambda now: 60.0, lambda: None)
    devices.pacing.ask(lambda now: 3.0, lambda: None)
    await clock.sleep(31.0)
    await devices.stop()
    assert {round(b - a, 9) for a, b in pairwise(seen[2:])} == {3.0}


async def test_a_write_has_everything_asked_at_the_next_place():
    clock, devices, seen = await started(METER, config("PSU_01", "virtual_psu"))
    leave = devices.pacing.ask(lambda now: 60.0, lambda: None)
    await clock.sleep(70.3)
    now = clock.monotonic()
    assert now - seen[-1] > 1.0
    await devices.write_target("PSU_01", "v_set").send(3.0)
    assert devices.stack("DMM_01").promised_s >= 60.0  # what came before may still be counted
    leave()
    await clock.sleep(1.0)
    await devices.stop()
    assert 0.0 < seen[-1] - now < 1.0


async def test_silence_is_noticed_after_three_of_the_polls_that_were_promised():
    clock, devices, _ = await started(
        METER, config("PSU_01", "virtual_psu"), config("BENCH", "virtual_bench")
    )
    leave = devices.pacing.ask(lambda now: 10.0, lambda: None)
    await clock.sleep(45.0)
    meter = devices.stack("DMM_01")
    assert meter.state == "online"
    devices.benches.get("A").bench.faults.hung_poll = "meter"
    await clock.sleep(20.0)
    assert not meter.slots["cell_v"].is_stale
    await clock.sleep(30.0)
    assert meter.slots["cell_v"].is_stale
    leave()
    await devices.stop()


async def test_a_promise_holds_until_the_value_after_it_has_been_counted():
    clock, devices, seen = await started(METER)
    rooms = iter([0.0, 30.0, 0.0, 0.0])
    devices.pacing.ask(lambda now: next(rooms, 0.0), lambda: None)
    promises: list[float] = []
    for _ in range(4):
        count = len(seen)
        while len(seen) == count:
            await clock.sleep(0.5)
        promises.append(devices.stack("DMM_01").promised_s)
    await devices.stop()
    assert promises == [1.0, 30.0, 30.0, 1.0]
