"""People, runs, panics, doors and broken links in any order: what the wire sees was always allowed.

The gate, the lanes, the stacks and the safe-state writers are the real ones; the devices are two
pieces of memory behind a line that can be cut or deaf, on virtual time. Every write is judged in
the moment it reaches the line, by rules written down here a second time.
"""

import asyncio
from contextlib import suppress
from contextvars import ContextVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Command, Mode, Origin, Priority, Role, WriteGate
from ionpy_auto.core.errors import Conflict, IonpyError
from ionpy_auto.core.safety import PANIC_HEAD_START_S, PanicLatch, SafeResult, drive_safe
from ionpy_auto.devices import RW, Blueprint, Driver, LinkLost, NoAnswer, Numeric, Safe, Toggle
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.stack import LINKED
from ionpy_auto.testing.lab import Lab, device
from tests.acceptance.safety.rig import Books

DEVICES = ("PSU", "LOAD")
TALK_S = 0.05
LATCHED, LOST = "panic is latched", "the device was lost and not re-armed"
ASKER: ContextVar[Command | None] = ContextVar("asker", default=None)
"""Which wish of the gate is being carried out; None for safe-state writes."""


class Line:
    """A device's memory behind a line; as a link it has nothing to open."""

    note = ""

    def __init__(self, name: str, clock: VirtualClock, judge) -> None:
        self.name = name
        self.state = "up"  # or cut, or deaf
        self.values = {"output": False, "v_set": 0.0}
        self.last_output: bool | None = None
        self._clock = clock
        self._judge = judge

    async def open(self) -> None:
        if self.state == "cut":
            raise LinkLost("cut")

    async def close(self) -> None:
        pass

    async def talk(self) -> None:
        if self.state == "cut":
            raise LinkLost("cut")
        await self._clock.sleep(TALK_S)
        if self.state != "up":
            raise NoAnswer("no answer")

    async def write(self, entity: str, value: object) -> None:
        if self.state != "cut":
            self._judge(self, entity, value, ASKER.get())
            self.values[entity] = value
        await self.talk()


class Bare(Driver):
    """A set-point and a switch."""

    NAME = "bare"
    STACK_BLUEPRINTS = (Blueprint("virtual"),)

    v_set = Numeric(unit="V", precision=2, min=0, max=60, access=RW, safe=Safe("none"))
    output = Toggle(access=RW, safe=Safe("write", value=False, order=10))

    async def connect(self):
        await self.link.talk()

    async def poll(self):
        await self.link.talk()
        return dict(self.link.values)

    async def write(self, entity_id, value):
        await self.link.write(entity_id, value)

    async def read_back(self, entity_id):
        await self.link.talk()
        return self.link.values[entity_id]


class Door:
    """Denies everything while it is open."""

    id = "door"
    is_open = False

    def denies(self, *_: object) -> str | None:
        return "the door is open" if self.is_open else None


class World:
    """Gate, manager and lines, and our own book of what is allowed now."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.lab = Lab(self.clock)
        self.manager = self.lab.manager
        self.manager.builder = self
        self.lines = {name: Line(name, self.clock, self.judge) for name in DEVICES}
        self.latch = PanicLatch()
        self.gate = WriteGate(self.manager, Books(), self.latch, self.clock)
        self.door = Door()
        self.gate.interlocks.append(self.door)
        self.lost: set[str] = set()
        self.owners: dict[str, str] = {}
        self.wrong: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.lab.bus.tap("event/device_state", self._note)

    def build(self, config: DeviceConfig) -> Driver:
        """Stands in for the builder."""
        return Bare(self.lines[config.id], self.clock, None)

    async def start(self) -> None:
        await self.manager.start([device(name, "bare") for name in DEVICES])
        await self.clock.sleep(1.0)
        self.gate.mode.mode = Mode.ARMED

    async def stop(self) -> None:
        for line in self.lines.values():
            line.state = "up"
        await self.manager.stop()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _note(self, event: Event) -> None:
        if event.payload["state"] == "offline":
            self.lost.add(event.payload["device_id"])

    def judge(self, line: Line, entity: str, value: object, command: Command | None) -> None:
        """Called in the moment something reaches the line."""
        if entity == "output":
            line.last_output = value
        if entity == "output" and value is False:
            return
        if command is None:
            self.wrong.append(f"{line.name}.{entity} = {value} was no wish of anybody")
            return
        owner = self.owners.get(line.name)
        forbidden = {
            LATCHED: self.latch.pressed,
            "the project is in shadow": self.gate.mode.mode is Mode.SHADOW,
            LOST: line.name in self.lost,
            "the door is open": self.door.is_open,
            "another holds it": owner not in {None, command.origin.id}
            and command.origin.kind > Priority.OPERATOR,
        }
        reasons = [reason for reason, is_so in forbidden.items() if is_so]
        if reasons:
            told = f"{line.name}.{entity} = {value} for {command.origin.id}, but {reasons}"
            self.wrong.append(told)

    async def ask(self, command: Command) -> None:
        ASKER.set(command)
        with suppress(IonpyError):  # what reached the line was judged there
            await self.gate.write(command)

    async def begin(self, command: Command) -> None:
        """Ask without waiting for what becomes of it."""
        task = asyncio.create_task(self.ask(command))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        await asyncio.sleep(0)

    async def panic(self) -> list[SafeResult]:
        """As the engine does it."""
        self.latch.press("user:eva", "", self.clock.now())
        return await drive_safe(self.manager.safe_writers(), self.clock, PANIC_HEAD_START_S)

    async def off(self, name: str) -> list[SafeResult]:
        return await drive_safe(
            [w for w in self.manager.safe_writers() if w.device_id == name], self.clock
        )


ORIGINS = st.sampled_from(
    [
        Origin(Priority.OPERATOR, "user:eva", Role.ENGINEER),
        Origin(Priority.SEQUENCE, "run:1"),
        Origin(Priority.SEQUENCE, "run:2"),
        Origin(Priority.PERSON, "user:anna"),
        Origin(Priority.RULE, "rule:a/b"),
    ]
)
NAMES = st.sampled_from(DEVICES)


class GateAndLane(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.runner.run(self.world.start())

    def teardown(self) -> None:
        self.runner.run(self.world.stop())
        self.runner.close()

    @rule(
        name=NAMES,
        wishes=st.lists(
            st.one_of(
                st.tuples(st.just("output"), st.booleans()),
                st.tuples(st.just("v_set"), st.floats(0, 60)),
            ),
            min_size=1,
            max_size=4,
        ),
        origin=ORIGINS,
    )
    def ask(self, name: str, wishes: list[tuple[str, object]], origin: Origin) -> None:
        for entity, value in wishes:
            self.runner.run(self.world.begin(Command(name, entity, value, origin)))

    @rule(seconds=st.sampled_from([0.01, 0.06, 0.3, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.runner.run(self.world.clock.sleep(seconds))

    @rule()
    def panic(self) -> None:
        results = self.runner.run(self.world.panic())
        for result in results:
            line = self.world.lines[result.device]
            assert not result.ok or line.values["output"] is False

    @rule()
    def rearm(self) -> None:
        self.world.latch.rearm("user:eva", "looked at it")

    @rule(mode=st.sampled_from([Mode.ARMED, Mode.SHADOW]))
    def switch_mode(self, mode: Mode) -> None:
        if not (mode is Mode.ARMED and self.world.latch.pressed):  # arming refuses then
            self.world.gate.mode.mode = mode

    @rule(is_open=st.booleans())
    def turn_door(self, is_open: bool) -> None:
        self.world.door.is_open = is_open

    @rule(name=NAMES, owner=st.sampled_from(["run:1", "run:2"]))
    def lease(self, name: str, owner: str) -> None:
        try:
            self.world.gate.leases.acquire(owner, [f"{name}.*"])
        except Conflict:
            assert self.world.owners[name] != owner
        else:
            self.world.owners[name] = owner

    @rule(owner=st.sampled_from(["run:1", "run:2"]))
    def release(self, owner: str) -> None:
        self.world.gate.leases.release(owner)
        self.world.owners = {n: o for n, o in self.world.owners.items() if o != owner}

    @rule(name=NAMES, state=st.sampled_from(["up", "cut", "deaf"]))
    def turn_line(self, name: str, state: str) -> None:
        self.world.lines[name].state = state

    @rule(name=NAMES)
    def rearm_device(self, name: str) -> None:
        try:
            self.world.manager.rearm(name)
        except Conflict:
            assert self.world.manager.stack(name).state not in LINKED
        else:
            self.world.lost.discard(name)

    @rule(name=NAMES)
    def off(self, name: str) -> None:
        """Always possible where the line allows it, whatever else holds."""
        world = self.world
        line, stack = world.lines[name], world.manager.stack(name)
        could = line.state == "up" and stack.state in LINKED
        (result,) = self.runner.run(world.off(name))
        if could:
            assert line.values["output"] is False, result
            assert result.ok, result

    @rule()
    def all_comes_back(self) -> None:
        """A minute later whatever was lost or stopped by a panic is off."""
        world = self.world
        for line in world.lines.values():
            line.state = "up"
        self.runner.run(world.clock.sleep(70.0))
        for name, line in world.lines.items():
            if name in world.lost or world.latch.pressed:
                assert line.values["output"] is False, f"{name} is on"

    @invariant()
    def nothing_forbidden_was_sent(self) -> None:
        assert not self.world.wrong, self.world.wrong

    @invariant()
    def after_a_panic_the_last_word_was_off(self) -> None:
        if self.world.latch.pressed:
            assert all(line.last_output is not True for line in self.world.lines.values())


TestGateAndLane = GateAndLane.TestCase
TestGateAndLane.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)


@pytest.mark.proof
class TestManyTimes(GateAndLane.TestCase):
    settings = settings(max_examples=1000, stateful_step_count=40, deadline=None)


def to_shadow(world: World) -> None:
    world.gate.mode.mode = Mode.SHADOW


def open_door(world: World) -> None:
    world.door.is_open = True


def take(world: World) -> None:
    world.gate.leases.acquire("run:2", ["PSU.*"])
    world.owners["PSU"] = "run:2"


@pytest.mark.parametrize("change", [to_shadow, open_door, take])
def test_what_waits_for_its_turn_is_not_sent_when_it_is_no_longer_allowed(change):
    rule_origin = Origin(Priority.RULE, "rule:a/b")
    with asyncio.Runner() as runner:
        world = World()
        runner.run(world.start())
        runner.run(world.begin(Command("PSU", "output", True, rule_origin)))
        runner.run(world.begin(Command("PSU", "v_set", 5.0, rule_origin)))
        assert world.lines["PSU"].values == {"output": True, "v_set": 0.0}
        change(world)
        runner.run(world.clock.sleep(1.0))
        runner.run(world.stop())
        assert world.wrong == []
        assert world.lines["PSU"].values["v_set"] == 0.0
