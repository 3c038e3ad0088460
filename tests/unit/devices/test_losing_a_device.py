"""A device goes silent while its output is on: what is sent, to whom, and what is refused after."""

import asyncio
import textwrap

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import DeviceError, IonpyError
from ionpy_auto.core.safety import PANIC_HEAD_START_S, drive_safe
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import Lab, device

DEAF = '''
from ionpy_auto.devices import (
    RW, Blueprint, Driver, DriverParams, LinkLost, NoAnswer, Numeric, Role, Safe, Toggle,
)

WORLDS = {}

class World:
    def __init__(self):
        self.output, self.watchdog, self.sent = False, 0.0, []
        self.mode, self.opens, self.stuck = "good", 0, False

class Wire:
    def __init__(self, world):
        self.world = world
        self.note = ""
    async def open(self):
        self.world.opens += 1
        if self.world.mode == "cut":
            raise LinkLost("cut")
    async def close(self):
        pass

class Deaf(Driver):
    """A supply whose line the test can break."""
    NAME = "deaf"
    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    class Params(DriverParams):
        name: str = "A"
        order: int = 10
        has_watchdog: bool = False
    output = Toggle(access=RW, role=Role.OUTPUT, safe=Safe("write", value=False, order=10))

    def declare(self):
        self.world = WORLDS.setdefault(self.params.name, World())
        self.link = Wire(self.world)
        safe = Safe("write", value=False, order=self.params.order)
        self.entities["output"] = Toggle(
            id="output", access=RW, role=Role.OUTPUT, safe=safe, danger=True
        )
        if self.params.has_watchdog:
            self.entities["watchdog"] = Numeric(
                id="watchdog", unit="s", precision=0, min=0, max=3600, access=RW,
                role=Role.WATCHDOG, safe=Safe("none"),
            )

    def _hear(self):
        if self.world.mode == "cut":
            raise LinkLost("cut")
        if self.world.mode == "deaf":
            raise NoAnswer("no answer")

    async def poll(self):
        if self.world.mode == "hang":
            await self.clock.sleep(1e6)
        self._hear()
        return {"output": self.world.output}

    async def write(self, entity_id, value):
        if self.world.mode == "cut":
            raise LinkLost("cut")
        self.world.sent.append((round(self.clock.monotonic(), 3), entity_id, value))
        if not (self.world.stuck and entity_id == "watchdog"):
            setattr(self.world, entity_id, value)
        if self.world.mode == "hang-write":
            await self.clock.sleep(1e6)
        self._hear()

    async def read_back(self, entity_id):
        self._hear()
        return getattr(self.world, entity_id)
'''


@pytest.fixture
async def lab(tmp_path):
    folder = tmp_path / "drivers" / "deaf"
    folder.mkdir(parents=True)
    (folder / "driver.py").write_text(textwrap.dedent(DEAF))
    catalogue = Catalogue(shipped=folder.parent)
    lab = Lab(VirtualClock(), catalogue=catalogue)
    module = catalogue.get("deaf").__module__
    lab.worlds = __import__("sys").modules[module].WORLDS
    yield lab
    for world in lab.worlds.values():
        world.mode = "good"
    await lab.manager.stop()


async def charging(lab, *names, own=None, **more):
    """Devices whose outputs are on; ``own`` holds further parameters by name."""
    own = own or {}
    configs = [device(n, "deaf", params={"name": n, **own.get(n, {})}, **more) for n in names]
    await lab.manager.start(configs)
    await lab.clock.sleep(1.2)
    for name in names:
        await lab.write(name, "output", True)
    await lab.clock.sleep(1.0)
    for name in names:
        lab.worlds[name].sent.clear()
    return [lab.manager.stack(n) for n in names], [lab.worlds[n] for n in names]


async def test_answers_lost_off_is_sent_when_stale_and_again_for_half_a_minute(lab):
    (stack,), (world,) = await charging(lab, "A")
    last_good = stack._last_ok
    world.mode = "deaf"
    await lab.clock.sleep(120)
    times = [t for t, entity, value in world.sent if (entity, value) == ("output", False)]
    assert times[0] - last_good <= 3.5 * 0.5 + 0.5
    assert {(e, v) for _, e, v in world.sent} == {("output", False)}
    first = [t for t in times if t < times[0] + 29]
    assert len(first) >= 20
    assert stack.slots["output"].last.quality is Quality.STALE
    assert stack.needs_rearm


async def test_a_deaf_device_that_hears_again_is_proven_off_and_left_to_be_rearmed(lab):
    (stack,), (world,) = await charging(lab, "A")
    world.mode = "deaf"
    await lab.clock.sleep(4)
    world.mode = "good"
    await lab.until(lambda: stack.state is DeviceState.ONLINE)
    assert world.output is False
    assert lab.payloads("device_unsafe")[-1]["ok"] is True
    assert lab.manager.store.switched_on("A") == frozenset()
    target = lab.manager.write_target("A", "output")
    assert "re-armed" in target.blocked(True)
    assert target.blocked(False) is None


@pytest.mark.parametrize("mode", ["deaf", "cut"])
async def test_a_link_that_comes_back_within_the_rescue_is_used_within_half_a_second(lab, mode):
    (_stack,), (world,) = await charging(lab, "A")
    world.mode = mode
    await lab.clock.sleep(10)
    world.sent.clear()
    world.mode = "good"
    back = lab.clock.monotonic()
    await lab.until(lambda: bool(world.sent), seconds=5)
    assert world.sent[0][0] - back <= 0.6
    assert world.output is False


async def test_a_hung_poll_does_not_keep_an_output_on(lab):
    (stack,), (world,) = await charging(lab, "A")
    world.mode = "hang"
    await lab.until(lambda: stack.lane.is_busy)
    began = lab.clock.monotonic()
    (result,) = await drive_safe(lab.manager.safe_writers(), lab.clock, PANIC_HEAD_START_S)
    assert (result.ok, result.proven) == (True, True)
    assert world.sent[0][0] - began <= 0.11
    assert world.output is False


async def test_a_hung_write_is_broken_into_and_reported_as_failed(lab):
    (_,), (world,) = await charging(lab, "A")
    world.mode = "hang-write"
    hanging = asyncio.ensure_future(lab.manager.write_target("A", "output").send(True))
    await lab.clock.sleep(0.5)
    world.mode = "good"
    (result,) = await drive_safe(lab.manager.safe_writers(), lab.clock, PANIC_HEAD_START_S)
    assert result.ok
    with pytest.raises(DeviceError, match="safe state was written first"):
        await hanging
    assert world.output is False


async def test_in_an_emergency_a_hung_supply_does_not_keep_the_load_on(lab):
    _, (supply, load) = await charging(lab, "A", "B", own={"B": {"order": 20}})
    supply.mode = "deaf"
    began = lab.clock.monotonic()
    await drive_safe(lab.manager.safe_writers(), lab.clock, PANIC_HEAD_START_S)
    assert load.sent[0][0] - began <= 0.25
    assert load.sent[0][0] >= supply.sent[0][0]


async def test_devices_of_one_group_go_together_and_others_stay(lab):
    configs = [
        device("A", "deaf", params={"name": "A"}, safe_group="rack"),
        device("B", "deaf", params={"name": "B"}, safe_group="rack"),
        device("C", "deaf", params={"name": "C"}),
    ]
    await lab.manager.start(configs)
    await lab.clock.sleep(1.2)
    for name in "ABC":
        await lab.write(name, "output", True)
    await lab.clock.sleep(1)
    lab.worlds["A"].mode = "cut"
    await lab.clock.sleep(3)
    assert [lab.worlds[n].output for n in "ABC"] == [True, False, True]
    told = [p for p in lab.payloads("device_unsafe") if p["action"] == "group_safe"]
    assert [(p["device_id"], p["detail"]) for p in told] == [("B", "A was lost")]


async def test_nothing_is_sent_to_a_lost_device_whose_output_is_off(lab):
    (stack,), (world,) = await charging(lab, "A")
    await lab.write("A", "output", False)
    await lab.clock.sleep(1)
    world.sent.clear()
    world.mode = "deaf"
    await lab.clock.sleep(60)
    world.mode = "good"
    await lab.until(lambda: stack.state is DeviceState.ONLINE, seconds=90)
    assert world.sent == []


async def test_holding_needs_a_watchdog_of_the_device(lab):
    await lab.manager.start([])
    with pytest.raises(IonpyError) as refused:
        await lab.manager.add(device("A", "deaf", on_comm_loss="hold"))
    assert refused.value.error_code == "HOLD_NEEDS_WATCHDOG"


async def test_held_outputs_stay_on_over_a_lost_link_and_still_need_rearming(lab):
    (stack,), (world,) = await charging(
        lab, "A", own={"A": {"has_watchdog": True}}, on_comm_loss="hold"
    )
    world.mode = "cut"
    await lab.clock.sleep(5)
    world.mode = "good"
    await lab.until(lambda: stack.state is DeviceState.ONLINE, seconds=90)
    assert world.sent == []
    assert world.output is True
    assert stack.needs_rearm
    assert lab.payloads("device_unsafe")[-1]["action"] == "held"


async def test_the_watchdog_is_armed_and_read_back_before_the_output_goes_on(lab):
    await lab.manager.start([device("A", "deaf", params={"name": "A", "has_watchdog": True})])
    await lab.clock.sleep(1.2)
    await lab.write("A", "output", True)
    sent = [(e, v) for _, e, v in lab.worlds["A"].sent]
    assert sent == [("watchdog", 5.0), ("output", True)]
    assert lab.manager.manifest("A")["watchdog_s"] == 5.0


async def test_a_tighter_watchdog_that_somebody_set_stays(lab):
    await lab.manager.start([device("A", "deaf", params={"name": "A", "has_watchdog": True})])
    await lab.clock.sleep(1.2)
    await lab.write("A", "watchdog", 2.0)
    await lab.write("A", "output", True)
    assert [(e, v) for _, e, v in lab.worlds["A"].sent] == [("watchdog", 2.0), ("output", True)]


async def test_a_watchdog_that_cannot_be_armed_keeps_the_output_off(lab):
    await lab.manager.start([device("A", "deaf", params={"name": "A", "has_watchdog": True})])
    await lab.clock.sleep(1.2)
    lab.worlds["A"].stuck = True
    with pytest.raises(DeviceError) as refused:
        await lab.write("A", "output", True)
    assert refused.value.error_code == "WATCHDOG_NOT_ARMED"
    assert lab.worlds["A"].output is False
    assert lab.manager.store.switched_on("A") == frozenset()
