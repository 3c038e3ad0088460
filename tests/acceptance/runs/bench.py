"""A virtual bench for run tests: supply, load and meter on one cell, on a virtual clock."""

from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ionpy_auto.automation.context import PointRange
from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.hooks import Hooks
from ionpy_auto.automation.profiles import read_profile
from ionpy_auto.automation.sequences.manager import RunKit, RunManager
from ionpy_auto.automation.sequences.run import Run, RunRequest
from ionpy_auto.automation.variables import Variables
from ionpy_auto.automation.wiring import CellFile, ChannelFile, read_cell, read_channel
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Command, Mode, Origin, Outcome, WriteGate
from ionpy_auto.core.errors import NotFound
from ionpy_auto.core.safety import PanicLatch, drive_safe
from ionpy_auto.core.samples import LiveValues, Scalar, Snapshot
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.entities import Numeric
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.physics import Bench
from ionpy_auto.storage.recent import Recent

CELL = Path("cells/inr18650-25r.yaml").read_text(encoding="utf-8")

CHANNEL = """
source: PSU_01
sink: LOAD_01
voltage: {from: DMM_01.cell_v, wires: 4, back_check: 200 mV}
current: {charge: PSU_01.i_out, discharge: LOAD_01.load_i}
temp: {from: DMM_01.cell_temp, plausible: [-30 °C, 120 °C], place: can}
isolation: none
path_resistance: 40 mΩ
"""

CAPACITY_CHECK = """
version: 1
id: capacity-check
title: Capacity check 18650
cell: cells/inr18650-25r
channel: CH1
parameters: {cycles: {default: 3, min: 1, max: 100}}
record: {every: 1 s, on_change: {voltage: 5 mV, current: 10 mA, temp: 0.5 K}}
cycle: {begins: charge, ends: discharge, ce: discharge/charge}

limits:
  - {id: hot, trip: temp > 45 °C, samples: 2}
  - {id: q-max, trip: step.ah > 1.2 * cell.capacity}

sequence:
  - {id: empty, discharge: {current: 0.2 C}, until: [voltage <= 2.5 V, step.time > 6 h]}
  - {id: relax, rest: 30 min}
  - repeat: $cycles
    do:
      - id: charge
        charge: {current: 0.5 C, voltage: 4.2 V}
        until:
          - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
          - {name: time, when: step.time > 4 h, verdict: fail}
      - {id: pause, rest: 30 min}
      - id: discharge
        discharge: {current: 1 C}
        until:
          - {name: cutoff, when: voltage <= 2.5 V, samples: 2}
          - {name: time, when: step.time > 90 min, verdict: fail}
        measure: {capacity: {value: step.ah, min: 2.3 Ah}}
      - {id: relax-2, rest: 30 min}
"""


@dataclass
class Wires:
    """Every write to an output device, in order: the auditor sees what the wire sees."""

    clock: VirtualClock
    log: list[tuple[float, str, Scalar, str]] = field(default_factory=list)
    open: dict[int, tuple[str, Scalar]] = field(default_factory=dict)
    refusals: list[tuple[str, str]] = field(default_factory=list)

    async def intent(self, command: Command, old: Scalar | None, sent: Scalar) -> int:
        del old
        number = len(self.log) + len(self.open)
        self.open[number] = (f"{command.device}.{command.entity}", sent)
        self.log.append((self.clock.monotonic(), f"{command.device}.{command.entity}", sent, "?"))
        return len(self.log) - 1

    async def result(self, intent: int, outcome: str, read_back: Scalar | None) -> None:
        del read_back
        at, point, sent, _ = self.log[intent]
        self.log[intent] = (at, point, sent, str(outcome))

    def refused(self, command: Command, reason: str) -> None:
        self.refusals.append((f"{command.device}.{command.entity}", reason))


@dataclass
class TestSite:
    """What flows can refer to."""

    __test__ = False
    devices: DeviceManager
    channels: dict[str, ChannelFile]
    cells: dict[str, CellFile]
    profiles: dict[str, str] = field(default_factory=dict)

    def profile(self, name: str) -> Any:
        text = self.profiles.get(name)
        return (None, []) if text is None else read_profile(text, name)

    def unit_of(self, address: str) -> str | None:
        device, _, key = address.rpartition(".")
        stack = self.devices.stacks.get(device)
        slot = stack.slots.get(key) if stack else None
        return slot.entity.unit_text if slot else None

    def kind_of(self, address: str) -> str:
        device, _, key = address.rpartition(".")
        stack = self.devices.stacks.get(device)
        slot = stack.slots.get(key) if stack else None
        kinds = {"numeric": "number", "toggle": "bool", "enum": "text", "text": "text"}
        return kinds.get(slot.entity.kind, "") if slot else ""

    def channel(self, channel_id: str) -> ChannelFile | None:
        return self.channels.get(channel_id)

    def cell(self, name: str) -> CellFile | None:
        return self.cells.get(name.removeprefix("cells/"))

    def is_writable(self, address: str) -> bool:
        device, _, key = address.rpartition(".")
        stack = self.devices.stacks.get(device)
        slot = stack.slots.get(key) if stack else None
        return bool(slot and slot.entity.is_writable)

    def has_device(self, device_id: str) -> bool:
        return device_id in self.devices.stacks

    def range_of(self, address: str) -> PointRange | None:
        device, _, key = address.rpartition(".")
        stack = self.devices.stacks.get(device)
        slot = stack.slots.get(key) if stack else None
        entity = slot.entity if slot else None
        if not isinstance(entity, Numeric) or entity.min is None or entity.max is None:
            return None
        return PointRange(entity.min, entity.max, entity.grain)


@dataclass
class TestLab:
    """A project without web, storage and people."""

    __test__ = False
    clock: VirtualClock
    bus: Bus
    values: LiveValues
    gate: WriteGate
    devices: DeviceManager
    alarms: list[Any] = field(default_factory=list)
    markers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.variables = Variables(None, self.bus, self.clock)
        self.hooks = Hooks(self.clock)

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        device, _, entity = point.rpartition(".")
        return await self.gate.write(Command(device, entity, value, origin))

    def range_of(self, point: str) -> PointRange | None:
        return TestSite(self.devices, {}, {}).range_of(point)

    async def marker(self, label: str, **more: Any) -> Mapping[str, Any]:
        self.markers.append(label)
        return {"label": label, **more}

    async def alarm(self, call: Any) -> Mapping[str, Any]:
        self.alarms.append(call)
        return {}

    async def export(self, **more: Any) -> Mapping[str, Any]:
        return more

    async def notify(self, to: str, title: str, message: str) -> Mapping[str, Any]:
        return {"to": to, "title": title, "message": message}

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"name": name, **conditions}

    async def stop_session(self) -> Mapping[str, Any]:
        return {}

    async def safe_state(
        self, devices: Sequence[str] | None, owner: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        writers = self.devices.safe_writers()
        if devices is not None:
            writers = self.devices.safe_writers_for(owner, devices, self.gate.leases)
        return [{"device": r.device, "ok": r.ok} for r in await drive_safe(writers, self.clock)]

    async def panic(self, by: str, reason: str) -> None:
        self.gate.latch.press(by, reason, self.clock.now())
        await self.safe_state(None)


@dataclass
class Shelf:
    """Flows by id."""

    flows: dict[str, str] = field(default_factory=dict)

    def flow_text(self, flow_id: str) -> tuple[str, str]:
        if flow_id not in self.flows:
            raise NotFound(f"no flow {flow_id!r}")
        return self.flows[flow_id], f"flows/{flow_id}.yaml"


@dataclass
class Table:
    """Everything a run test needs, ready."""

    clock: VirtualClock
    bus: Bus
    devices: DeviceManager
    lab: TestLab
    gate: WriteGate
    wires: Wires
    shelf: Shelf
    site: TestSite
    runs: RunManager
    events: list[Event] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def bench(self) -> Bench:
        return self.devices.benches.get("A").advanced()[0]

    async def start(self, flow: str, **more: Any) -> Run:
        flow_id = next(x.split(":")[1].strip() for x in flow.splitlines() if x.startswith("id:"))
        self.shelf.flows[flow_id] = flow
        return await self.runs.start(RunRequest(sequence=flow_id, **more))

    def rows(self, run: Run) -> list[dict[str, Any]]:
        return run.step_rows()


def config(device_id: str, driver: str, poll_ms: int, **params: Any) -> DeviceConfig:
    return DeviceConfig.model_validate(
        {
            "id": device_id,
            "driver": driver,
            "transport": {"type": "virtual"},
            "polling_interval_ms": poll_ms,
            "params": params,
        }
    )


@asynccontextmanager
async def table(
    *,
    poll_ms: int = 500,
    channel: str = CHANNEL,
    cell: str = CELL,
    keep_snapshots: bool = False,
    kit: Any = None,
    opened: Mapping[str, Any] | None = None,
    instruments: Sequence[DeviceConfig] | None = None,
    clock: VirtualClock | None = None,
    before: Any = None,
    adaptive: bool = False,
    **params: Any,
) -> Any:
    """A bench with its devices online and a run manager; ``before`` gets its devices unstarted."""
    clock, bus = clock or VirtualClock(), Bus()
    values, recent = LiveValues(), Recent(bus)
    bus.tap("sample/", values.update)
    recent.start()
    devices = DeviceManager(bus, clock, Catalogue(), simulate=True, adaptive=adaptive)
    wires = Wires(clock)
    gate = WriteGate(devices, wires, PanicLatch(), clock)
    gate.mode.mode = Mode.SIMULATE
    lab = TestLab(clock, bus, values, gate, devices)
    read, found = read_channel(channel, "channels/CH1.yaml")
    assert read is not None, found
    cell_file, found = read_cell(cell, "cells/inr18650-25r.yaml")
    assert cell_file is not None, found
    site = TestSite(devices, {"CH1": read}, {"inr18650-25r": cell_file})
    shelf = Shelf()
    runs = RunManager(
        RunKit(
            lab=lab,
            devices=devices,
            gate=gate,
            environment=LiveEnvironment(values, recent, clock),
            shelf=shelf,
            site=site,
            **(kit(clock, bus) if callable(kit) else {}),
        )
    )
    made = Table(clock, bus, devices, lab, gate, wires, shelf, site, runs)
    bus.tap("event/", made.events.append)
    if keep_snapshots:
        bus.tap("sample/", made.snapshots.append)
    params.setdefault("soc", 0.5)
    virtual = [
        config("PSU_01", "virtual_psu", poll_ms, **params),
        config("LOAD_01", "virtual_load", poll_ms),
        config("DMM_01", "virtual_meter", poll_ms),
    ]
    if before is not None:
        before(devices)
    leave = runs.held.watch()
    await devices.start(virtual if instruments is None else instruments)
    if opened is not None:
        await opened["database"].start()
    await devices.settle(5.0)
    await runs.start_up()
    await clock.sleep(2.0)
    try:
        yield made
    finally:
        leave()
        await runs.stop()
        await devices.stop()
        recent.stop()
        if opened is not None:
            await opened["database"].stop()
