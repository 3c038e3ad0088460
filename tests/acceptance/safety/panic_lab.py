"""An open project with eight real links: what all off means there, and how long it takes."""

import asyncio
import json
import logging
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from drivers.riden_rd60xx.simulator import RidenSimulator
from ionpy_auto.core.commands import Command, Outcome
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.files import Home
from ionpy_auto.core.safety import SafeResult
from ionpy_auto.core.settings import Settings
from ionpy_auto.devices import Benches
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.engine import Engine, Workbench
from ionpy_auto.testing.wires import ChaosWire, Way
from tests.acceptance.safety.rig import (
    RUN,
    config_of,
    now,
    offs,
    others,
    until,
    wired,
    with_kin,
)

SUPPLIES = ("PSU_1", "PSU_2", "PSU_3", "PSU_4", "BUSY", "HUNG")
LOADS = ("LOAD_1", "LOAD_2")
HEALTHY = tuple(name for name in (*SUPPLIES, *LOADS) if name != "HUNG")
QUEUED = 500
INTERVAL_MS = 1000
HUNG_AFTER_S = 2.1
"""So long after the panic the hung device answers again: every attempt of the panic is over then,
and its values are not yet stale."""
SLUG = "eight"


@dataclass(frozen=True)
class Panic:
    """What one panic came to; times in seconds from the press.

    Attributes:
        off_s: When "off" arrived at each healthy device.
        hung_off_s: When it arrived at the one that had not answered, counted from when it could.
        late_writes: Writes but "off" that arrived at a device after its "off".
        done: How many of the queued writes were carried out.
        refused: How many were not.
        on_wire: How many of them arrived before "off".
        results: What the panic itself reported.
    """

    off_s: dict[str, float]
    hung_off_s: float | None
    late_writes: int
    done: int
    refused: int
    on_wire: int
    results: list[SafeResult]


class PanicLab:
    """See the module's first lines."""

    def __init__(self, engine: Engine, devices: dict[str, tuple[RidenSimulator, ChaosWire]]):
        self.engine = engine
        self.simulators = {name: simulator for name, (simulator, _) in devices.items()}
        self.wires = {name: wire for name, (_, wire) in devices.items()}

    @property
    def bench(self) -> Workbench:
        return self.engine.project

    def is_on(self, name: str) -> bool:
        return self.simulators[name].circuit.bench.supply.output

    async def write(self, device: str, entity: str, value: object) -> Outcome:
        return await self.bench.gate.write(Command(device, entity, value, RUN))

    async def everything_on(self) -> None:
        """Online, armed, and all outputs on."""
        stacks = self.bench.devices.stacks
        await until(lambda: all(s.state is DeviceState.ONLINE for s in stacks.values()), 20.0)
        for name, stack in stacks.items():
            if stack.needs_rearm:
                self.bench.devices.rearm(name)
        if self.engine.latch.pressed:
            await self.engine.rearm("user:eva", "looked at it")
        self.bench.set_mode("armed", "user:eva")
        for name in self.wires:
            await self.write(name, "output", True)
        assert all(self.is_on(name) for name in self.wires)

    async def panic(self, source: random.Random) -> Panic:
        """One panic while a device hangs and another has more writes waiting than it can take."""
        await self.everything_on()
        for wire in self.wires.values():
            wire.frames.clear()
        queue = [
            asyncio.create_task(self.write("BUSY", "v_set", 1.0 + n / 200)) for n in range(QUEUED)
        ]
        await until(lambda: len(others(self.wires["BUSY"])) > 2)
        hung = self.wires["HUNG"]
        hung.dead = set(Way)
        await asyncio.sleep(source.uniform(0.0, 0.2))
        pressed = now()
        panicking = asyncio.create_task(self.engine.panic("user:anna", "smoke"))
        await asyncio.sleep(HUNG_AFTER_S)
        hung.dead = set()
        heard = now()
        results = await panicking
        came_to = await asyncio.gather(*queue, return_exceptions=True)
        done = sum(isinstance(one, Outcome) for one in came_to)
        refused = sum(isinstance(one, IonpyError) for one in came_to)
        try:
            await until(lambda: not self.is_on("HUNG"), 1.5)
            hung_off = offs(hung, heard)[0] - heard
        except AssertionError:
            hung_off = None
        first = {name: offs(self.wires[name], pressed)[0] for name in HEALTHY}
        return Panic(
            {name: at - pressed for name, at in first.items()},
            hung_off,
            sum(len(others(self.wires[name], at)) for name, at in first.items()),
            done,
            refused,
            len(others(self.wires["BUSY"])),
            results,
        )


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[PanicLab]:
    """The engine with its project open, every device behind a wire of its own."""
    async with AsyncExitStack() as stack:
        engine = Engine(Home(folder), Settings())
        benches = Benches(engine.clock)
        devices = {name: await wired(stack, benches.get(name)) for name in (*SUPPLIES, *LOADS)}
        lab = PanicLab(engine, devices)
        write_project(folder, lab.wires)
        engine.catalogue = with_kin()
        # Hundreds of refusals are told here; drawing them all would block the loop for seconds.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        stack.callback(structlog.reset_defaults)
        await engine.start()
        stack.push_async_callback(engine.stop)
        await engine.open_project(SLUG)
        yield lab


def write_project(
    home: Path, wires: dict[str, ChaosWire], load_driver: str = "riden_as_load"
) -> None:
    """A project folder as a person would have made it."""
    folder = home / "projects" / SLUG
    folder.mkdir(parents=True)
    project = {"schema_version": 1, "id": str(uuid.uuid4()), "name": "Eight"}
    (folder / "project.json").write_text(json.dumps(project), encoding="utf-8")
    entries = [
        config_of(
            name,
            load_driver if name in LOADS else "riden_rd60xx",
            wire,
            polling_interval_ms=INTERVAL_MS,
            framing={"type": "modbus_rtu", "timeout_s": 0.5, "retries": 0},
        ).as_dict()
        for name, wire in wires.items()
    ]
    content = {"schema_version": 1, "devices": entries}
    (folder / "devices.json").write_text(json.dumps(content), encoding="utf-8")
