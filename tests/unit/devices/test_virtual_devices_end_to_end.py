"""A project's virtual devices from configuration to snapshots and back through the write gate."""

from itertools import pairwise

import pytest

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import Quality, Snapshot
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.devices.stack import DeviceState


def device(device_id: str, driver: str, **more: object) -> DeviceConfig:
    return DeviceConfig.model_validate(
        {
            "id": device_id,
            "driver": driver,
            "transport": {"type": "virtual"},
            "polling_interval_ms": 500,
            **more,
        }
    )


@pytest.fixture
async def lab():
    clock, bus = VirtualClock(), Bus()
    manager = DeviceManager(bus, clock, Catalogue(), simulate=True)
    snapshots: list[Snapshot] = []
    bus.tap("sample/", snapshots.append)
    yield manager, clock, snapshots
    await manager.stop()


async def test_a_cell_charges_through_psu_and_is_seen_by_the_meter(lab):
    manager, clock, snapshots = lab
    await manager.start(
        [
            device("PSU", "virtual_psu", params={"soc": 0.2}),
            device("DMM", "virtual_meter"),
        ]
    )
    await clock.sleep(1.0)
    assert manager.stack("PSU").state is DeviceState.ONLINE
    before = manager.stack("DMM").slots["cell_v"].known
    for entity, value in (("v_set", 4.2), ("i_set", 2.5), ("output", True)):
        target = manager.write_target("PSU", entity)
        sent = target.check(value)
        assert target.blocked(sent) is None
        read, _ = await target.send(sent)
        assert read == sent
    await clock.sleep(600.0)
    after = manager.stack("DMM").slots["cell_v"].known
    assert after > before + 0.05
    psu = {s.point: s for shot in snapshots[-3:] for s in shot.samples}
    assert psu["PSU.i_out"].value == pytest.approx(2.5, abs=0.01)
    assert psu["PSU.regulation"].value == "cc"
    assert psu["PSU.i_out"].quality is Quality.GOOD
    times = [s.mono for s in snapshots if s.source == "DMM"]
    steps = {round(b - a, 6) for a, b in pairwise(times)}
    assert steps == {0.5}


async def test_stopping_the_manager_switches_off_what_it_switched_on(lab):
    manager, clock, _ = lab
    await manager.start([device("PSU", "virtual_psu")])
    await clock.sleep(1.0)
    circuit = manager.benches.get("A")
    await manager.write_target("PSU", "output").send(True)
    assert circuit.bench.supply.output
    await manager.stop()
    assert not circuit.bench.supply.output
