"""A laboratory for tests: a device manager on any clock that remembers what it published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.samples import Scalar, Snapshot
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.manager import DeviceManager


def device(device_id: str, driver: str, **more: object) -> DeviceConfig:
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
    """A manager with everything it published.

    Args:
        clock: Virtual for speed, real when there is a wire.
        catalogue: The shipped drivers by default.
        state_path: Of the `DeviceManager`.
        simulate: No port is opened.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        catalogue: Catalogue | None = None,
        state_path: Path | None = None,
        simulate: bool = False,
    ) -> None:
        self.clock = clock
        self.bus = Bus()
        self.snapshots: list[Snapshot] = []
        self.events: list[Event] = []
        self.bus.tap("sample/", self.snapshots.append)
        self.bus.tap("event/", self.events.append)
        self.manager = DeviceManager(
            self.bus, clock, catalogue or Catalogue(), state_path, simulate=simulate
        )

    def kinds(self) -> list[str]:
        """Kinds of all events, in order."""
        return [e.kind for e in self.events]

    def payloads(self, kind: str) -> list[Any]:
        """Payloads of the events of one kind."""
        return [e.payload for e in self.events if e.kind == kind]

    async def write(self, device_id: str, entity: str, value: Scalar) -> Scalar | None:
        """Write as the gate does; returns what was read back."""
        target = self.manager.write_target(device_id, entity)
        sent = target.check(value)
        if (reason := target.blocked(sent)) is not None:
            raise AssertionError(reason)
        return (await target.send(sent))[0]

    async def until(self, true: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait on the lab's clock until something holds.

        Raises:
            AssertionError: It did not become true in time.
        """
        for _ in range(int(seconds / 0.02)):
            if true():
                return
            await self.clock.sleep(0.02)
        happened = "; ".join(f"{e.kind} {dict(e.payload)}" for e in self.events[-8:])
        raise AssertionError(f"did not become true within {seconds} s: {happened:.2000}")
