"""What the tests of devices share: a bus, a virtual clock, and short ways to configurations."""

from collections.abc import Callable
from typing import Any

import pytest

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.manager import DeviceManager


def device(device_id: str, driver: str, **more: Any) -> DeviceConfig:
    """A configuration on the virtual transport, polled twice a second."""
    return DeviceConfig.model_validate(
        {
            "id": device_id,
            "driver": driver,
            "transport": {"type": "virtual"},
            "polling_interval_ms": 500,
            **more,
        }
    )


class Lab:
    """A manager with everything it published."""

    def __init__(self, clock: Any, **options: Any) -> None:
        self.clock = clock
        self.bus = Bus()
        self.snapshots: list[Snapshot] = []
        self.events: list[Event] = []
        self.bus.tap("sample/", self.snapshots.append)
        self.bus.tap("event/", self.events.append)
        catalogue = options.pop("catalogue", None) or Catalogue()
        self.manager = DeviceManager(self.bus, clock, catalogue, **options)

    def kinds(self) -> list[str]:
        return [e.kind for e in self.events]

    def payloads(self, kind: str) -> list[Any]:
        return [e.payload for e in self.events if e.kind == kind]

    async def write(self, device_id: str, entity: str, value: Any) -> Any:
        target = self.manager.write_target(device_id, entity)
        sent = target.check(value)
        assert target.blocked(sent) is None, target.blocked(sent)
        return (await target.send(sent))[0]

    async def until(self, true: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait on the lab's clock until something holds."""
        for _ in range(int(seconds / 0.02)):
            if true():
                return
            await self.clock.sleep(0.02)
        raise AssertionError(f"did not become true within {seconds} s")


@pytest.fixture
async def lab():
    lab = Lab(VirtualClock(), simulate=True)
    yield lab
    await lab.manager.stop()


@pytest.fixture
async def real_lab():
    lab = Lab(SystemClock())
    yield lab
    await lab.manager.stop()
