"""Supplies behind chaos wires, a gate in front of them, and watchers of what is shown and sent."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from drivers.riden_rd60xx.simulator import RidenSimulator, model_named
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.commands import Command, Mode, Origin, Outcome, Priority, Role, WriteGate
from ionpy_auto.core.errors import Conflict, DeviceError, IonpyError
from ionpy_auto.core.safety import PanicLatch
from ionpy_auto.core.samples import Quality, Snapshot
from ionpy_auto.devices import Benches, Circuit
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.simulated import RtuServer, serve_tcp
from ionpy_auto.devices.stack import DeviceState, Stack
from ionpy_auto.testing.lab import Lab, device
from ionpy_auto.testing.wires import ChaosWire, Frame

INTERVAL_S = 0.1
STALE_S = 3.5 * INTERVAL_S
"""From the last answer until nothing of a device may be shown as good any more."""
REPEAT_S = 0.5
"""How soon "off" follows, and how often it is repeated."""
ANSWER_S = 0.15
"""How long the driver waits for an answer in these tests."""
GIVEN_UP_S = 4 * REPEAT_S
"""After so much silence a link is opened anew: before, nobody can tell it from a deaf device."""
GAP_S = REPEAT_S + 2 * ANSWER_S + 0.05
"""Between two "off": the pause, and waiting in vain for an answer."""
OFF = (0x12, (0,))
ON = (0x12, (1,))
SHOWN = {Quality.GOOD, Quality.UNSURE}
PERSON = Origin(Priority.PERSON, "user:anna", Role.OPERATOR)
RUN = Origin(Priority.SEQUENCE, "run:1", Role.OPERATOR)


def tell(what: str, seconds: list[float]) -> None:
    """Middle and longest of some times, for whoever runs the proofs with ``-s``."""
    middle = sorted(seconds)[len(seconds) // 2]
    sys.stdout.write(f"\n{what}: {middle:.3f} s (median), {max(seconds):.3f} s (longest)\n")


def now() -> float:
    """The time that frames carry."""
    return asyncio.get_running_loop().time()


def what(frame: Frame) -> tuple[int, tuple[int, ...]]:
    """Register and values of a write."""
    return frame.address, frame.values


def offs(wire: ChaosWire, since: float = 0.0) -> list[float]:
    """When "output off" arrived at the device."""
    return [f.at for f in wire.writes if what(f) == OFF and f.at >= since]


def others(wire: ChaosWire, since: float = 0.0) -> list[Frame]:
    """Writes that arrived and were not "output off"."""
    return [f for f in wire.writes if what(f) != OFF and f.at >= since]


class Books:
    """An auditor that keeps what it is told in memory."""

    def __init__(self) -> None:
        self.count = 0

    async def intent(self, *_: object) -> int:
        self.count += 1
        return self.count

    async def result(self, *_: object) -> None:
        pass

    def refused(self, *_: object) -> None:
        pass


class Freshness:
    """Notes how old a device's values grew while they were still shown as good.

    What one poll does not read (settings read at every tenth) is as old as the last poll that had
    an answer; a value read back after a write is as old as that reading.

    Attributes:
        shown: Points shown as good now, and when each was last heard of.
        oldest_s: The greatest age so far.
    """

    def __init__(self, source: str, polled: str) -> None:
        self._source = source
        self._mark = f"{source}.{polled}"
        self.shown: dict[str, float] = {}
        self.oldest_s = 0.0

    def __call__(self, snapshot: Snapshot) -> None:
        if snapshot.source != self._source:
            return
        self.look()
        at = now()
        good = {s.point for s in snapshot.samples if s.quality in SHOWN}
        if self._mark in good and len(good) > 1:
            good |= self.shown.keys()
        for sample in snapshot.samples:
            if sample.quality not in SHOWN:
                good.discard(sample.point)
                self.shown.pop(sample.point, None)
        self.shown.update(dict.fromkeys(good, at))

    def look(self) -> None:
        """Take the age of everything that is shown as good at this moment."""
        if self.shown:
            self.oldest_s = max(self.oldest_s, now() - min(self.shown.values()))


class Lag:
    """How long this process was not there: what the machine took is not held against the product.

    The sum of all the time by which a timer of 5 ms came late.
    """

    STEP_S = 0.005
    USUAL_S = 0.002

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            due = now() + self.STEP_S
            await asyncio.sleep(self.STEP_S)
            if (late := now() - due) > self.USUAL_S:
                self._late.append((due, late))

    def between(self, begin: float, end: float) -> float:
        """Seconds lost in a stretch of time."""
        lost = (min(end, at + late) - max(begin, at) for at, late in self._late)
        return sum(seconds for seconds in lost if seconds > 0)


class Supply:
    """One simulated supply, its wire, and what our side knows of it."""

    def __init__(self, rig: "Rig", name: str, simulator: RidenSimulator, wire: ChaosWire) -> None:
        self.rig = rig
        self.name = name
        self.simulator = simulator
        self.wire = wire
        self.freshness = Freshness(name, "v_out")
        rig.lab.bus.tap(f"sample/{name}", self.freshness)

    @property
    def stack(self) -> Stack:
        return self.rig.lab.manager.stack(self.name)

    @property
    def is_on(self) -> bool:
        """What the device itself says, whatever our side believes."""
        return self.simulator.circuit.bench.supply.output

    async def write(self, entity: str, value: object, origin: Origin = PERSON) -> Outcome:
        """Through the gate; a person says yes when asked."""
        wish = Command(self.name, entity, value, origin)
        try:
            return await self.rig.gate.write(wish)
        except Conflict as question:
            if question.error_code != "CONFIRMATION_REQUIRED":
                raise
            return await self.rig.gate.write(replace(wish, confirm=question.arguments["token"]))

    async def refusal(self, entity: str, value: object, origin: Origin = PERSON) -> str:
        """The code a write is refused with, or an empty text when it went through."""
        try:
            await self.write(entity, value, origin)
        except IonpyError as error:
            return error.error_code
        return ""

    async def switch_on(self) -> None:
        """Charging; asked again when a busy machine made an answer late."""
        for entity, value in (("v_set", 4.2), ("i_set", 1.0), ("output", True)):
            try:
                await self.write(entity, value)
            except DeviceError:
                await self.write(entity, value)
        assert self.is_on

    async def online(self) -> None:
        await until(lambda: self.stack.state is DeviceState.ONLINE)


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: It did not in time.
    """
    end = now() + seconds
    while not true():
        assert now() < end, f"did not become true within {seconds:g} s"
        await asyncio.sleep(0.005)


def with_kin() -> Catalogue:
    """The shipped drivers, and those beside this file."""
    return Catalogue((Path(__file__).parent / "drivers",), trusted=lambda *_: True)


async def wired(stack: AsyncExitStack, circuit: Circuit) -> tuple[RidenSimulator, ChaosWire]:
    """A simulated supply and the wire in front of it, until the stack ends."""
    simulator = RidenSimulator(model_named("RD6012"), circuit)
    server = await serve_tcp(lambda: RtuServer(simulator), "127.0.0.1", 0)
    stack.callback(server.close)
    port = server.sockets[0].getsockname()[1]
    return simulator, await stack.enter_async_context(ChaosWire(port))


def config_of(name: str, driver: str, wire: ChaosWire, **more: object) -> DeviceConfig:
    """A device behind a wire, with short times."""
    usual = {
        "transport": {"type": "tcp", "host": "127.0.0.1", "port": wire.port},
        "framing": {"type": "modbus_rtu", "timeout_s": ANSWER_S, "retries": 0},
        "polling_interval_ms": int(INTERVAL_S * 1000),
    }
    return device(name, driver, **{**usual, **more})


class Rig:
    """A real device manager behind a real gate, armed, on real time."""

    def __init__(self) -> None:
        self.lab = Lab(SystemClock(), catalogue=with_kin())
        self.latch = PanicLatch()
        self.gate = WriteGate(self.lab.manager, Books(), self.latch, self.lab.clock)
        self.benches = Benches(self.lab.clock)
        self.lag = Lag()
        self.supplies: dict[str, Supply] = {}
        self.exit = AsyncExitStack()
        self.arm()

    def arm(self) -> None:
        self.gate.mode.mode = Mode.ARMED

    async def add(self, name: str, driver: str = "riden_rd60xx", **config: object) -> Supply:
        """A supply on a cell of its own; the manager begins to connect."""
        simulator, wire = await wired(self.exit, self.benches.get(name))
        supply = self.supplies[name] = Supply(self, name, simulator, wire)
        await self.lab.manager.add(config_of(name, driver, wire, **config))
        return supply


@asynccontextmanager
async def made() -> AsyncIterator[Rig]:
    """A rig that is taken down at the end."""
    rig = Rig()
    rig.lag.start()
    try:
        await rig.lab.manager.start([])
        yield rig
    finally:
        for supply in rig.supplies.values():
            supply.wire.dead.clear()
        async with asyncio.timeout(20):
            await rig.lab.manager.stop()
        await rig.exit.aclose()
        await rig.lag.stop()
        await asyncio.sleep(0.02)  # servers see the ends of their connections
