"""Devices added, lost, switched and driven to their safe state while everything runs."""

import asyncio
import itertools
import json
import textwrap

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Command, Origin, OutcomeKind, Priority, WriteGate
from ionpy_auto.core.commands import Mode as GateMode
from ionpy_auto.core.errors import Conflict, IonpyError, NotFound, Rejected
from ionpy_auto.core.safety import PanicLatch, drive_safe
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import Lab, device

AWKWARD = '''
from ionpy_auto.devices import RW, Blueprint, DeviceError, Driver, LinkLost, Numeric, Safe, Toggle

LOG = []
WORLD = {"output": False, "u": 1.0, "mode": "good"}

class Awkward(Driver):
    """Does what the test tells it."""
    NAME = "awkward"
    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    u = Numeric(unit="V", min=0, max=10, access=RW, persist=True, safe=Safe("none"))
    output = Toggle(access=RW, safe=Safe("write", value=False, order=5))

    async def poll(self):
        LOG.append("poll")
        if WORLD["mode"] == "hang":
            await self.clock.sleep(1e6)
        if WORLD["mode"] == "slow":
            await self.clock.sleep(0.4)
        if WORLD["mode"] == "silent":
            raise DeviceError("silence")
        if WORLD["mode"] == "bug":
            raise KeyError("oops")
        return {"u": WORLD["u"], "output": WORLD["output"], "nobody": 1}

    async def write(self, entity_id, value):
        LOG.append((entity_id, value))
        if WORLD["mode"] == "refuse":
            raise DeviceError("refused")
        WORLD[entity_id] = value

    async def read_back(self, entity_id):
        return WORLD[entity_id]

    async def close(self):
        LOG.append("close")
'''


@pytest.fixture
async def awkward(tmp_path):
    folder = tmp_path / "drivers" / "awkward"
    folder.mkdir(parents=True)
    (folder / "driver.py").write_text(textwrap.dedent(AWKWARD))
    state = tmp_path / "device_state.json"

    class Setting:
        catalogue = Catalogue(shipped=folder.parent)
        state_path = state
        clock = VirtualClock()  # one per loop: two jumping clocks keep each other from resting

        def lab(self) -> Lab:
            return Lab(self.clock, catalogue=self.catalogue, state_path=state)

        @property
        def module(self):
            driver = self.catalogue.get("awkward")
            return __import__("sys").modules[driver.__module__]

        @property
        def world(self):
            return self.module.WORLD

        @property
        def log(self):
            return self.module.LOG

    return Setting()


@pytest.fixture
async def running(awkward):
    lab = awkward.lab()
    await lab.manager.start([device("A", "awkward")])
    await lab.clock.sleep(1.2)
    yield lab, lab.manager.stack("A"), awkward
    await lab.manager.stop()


async def test_a_silent_device_is_degraded_then_stale_and_offline_with_a_growing_pause(running):
    lab, stack, awkward = running
    awkward.world["mode"] = "silent"
    await lab.clock.sleep(0.5)
    assert stack.state is DeviceState.DEGRADED
    await lab.clock.sleep(1.2)
    assert stack.state is DeviceState.OFFLINE
    assert {s.quality for s in lab.snapshots[-1].samples} == {Quality.STALE}
    assert "device_stale" in lab.kinds()
    began = lab.clock.monotonic()
    attempts = stack.counters["failed_polls"]
    await lab.clock.sleep(600)
    tries = stack.counters["failed_polls"] - attempts
    assert 8 <= tries <= 22  # 2 s growing to 60 s: never hammering, never giving up
    awkward.world["mode"] = "good"
    await lab.until(lambda: stack.state is DeviceState.ONLINE, seconds=90)
    assert lab.clock.monotonic() - began < 700
    assert stack.needs_rearm


@pytest.mark.parametrize("mode", ["hang", "bug"])
async def test_a_driver_that_hangs_or_raises_leaves_its_values_stale(running, mode):
    lab, stack, awkward = running
    awkward.world["mode"] = mode
    await lab.clock.sleep(2.5)
    assert stack.slots["u"].last.quality is Quality.STALE
    assert stack.slots["u"].last.value is None
    await lab.clock.sleep(20)
    assert stack.state in {DeviceState.OFFLINE, DeviceState.CONNECTING}


async def test_polls_stay_on_the_grid_and_late_places_are_left_out(running):
    lab, stack, awkward = running
    awkward.world["mode"] = "slow"  # each poll takes 0.4 s of the 0.5 s
    await lab.clock.sleep(10.05)
    moments = [round(s.mono + s.half_width - 0.4, 3) for s in lab.snapshots[-15:]]
    gaps = {round(b - a, 3) for a, b in itertools.pairwise(moments)}
    assert gaps == {0.5}
    assert lab.snapshots[-1].half_width == pytest.approx(0.2)
    assert stack.counters["unknown_values"] == stack.counters["polls"]


async def test_off_overtakes_500_waiting_writes_and_none_of_them_follows(running):
    lab, stack, awkward = running
    await lab.write("A", "output", True)
    awkward.world["mode"] = "slow"
    await lab.until(lambda: stack.lane.is_busy)
    target = lab.manager.write_target("A", "u")
    waiting = [asyncio.ensure_future(target.send(float(i % 10))) for i in range(500)]
    await asyncio.sleep(0)
    awkward.log.clear()
    (result,) = await drive_safe(lab.manager.safe_writers(), lab.clock)
    assert (result.ok, result.proven, result.outputs) == (True, True, (("output", False),))
    refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert {e.error_code for e in refused} == {"SUPERSEDED"}
    assert [x for x in awkward.log if x != "poll"] == [("output", False)]


async def test_a_write_that_waited_too_long_is_not_sent(running):
    lab, stack, awkward = running
    target = lab.manager.write_target("A", "u")
    await stack.lane.acquire(0)
    late = asyncio.ensure_future(target.send(5.0))
    await lab.clock.sleep(2.5)
    stack.lane.release()
    with pytest.raises(Conflict) as error:
        await late
    assert error.value.error_code == "WRITE_EXPIRED"
    assert ("u", 5.0) not in awkward.log


async def test_a_refused_safe_state_is_tried_again_and_reported(running):
    lab, _, awkward = running
    await lab.write("A", "output", True)
    awkward.world["mode"] = "refuse"
    awkward.log.clear()
    (result,) = await drive_safe(lab.manager.safe_writers(), lab.clock)
    assert not result.ok
    assert "refused" in result.detail
    assert awkward.log.count(("output", False)) == 4  # told once, then tried three times
    awkward.world["mode"] = "good"


async def test_removing_goes_safe_then_closes_then_tells(running):
    lab, _, awkward = running
    saved: list[list[str]] = []
    lab.manager.on_config = lambda configs: saved.append([c.id for c in configs])
    await lab.write("A", "output", True)
    awkward.log.clear()
    await lab.manager.remove("A")
    done = [x for x in awkward.log if x != "poll"]
    assert done == [("output", False), "close"]
    assert saved == [[]]
    assert lab.kinds()[-1] == "device_removed"
    assert lab.payloads("device_removed") == [{"device_id": "A", "left_on": []}]
    with pytest.raises(NotFound):
        lab.manager.stack("A")


async def test_settings_are_remembered_as_unconfirmed_and_nothing_is_sent(running):
    lab, _, awkward = running
    await lab.write("A", "u", 4.2)
    await lab.manager.stop()
    content = json.loads(awkward.state_path.read_text())
    assert content["devices"] == {"A": {"u": 4.2}}
    awkward.log.clear()
    again = awkward.lab()
    await again.manager.start([device("A", "awkward", auto_start=False)])
    sample = again.manager.stack("A").slots["u"].last
    assert (sample.value, sample.quality, sample.known) == (4.2, Quality.UNCONFIRMED, None)
    assert again.manager.stack("A").slots["output"].last is None
    assert awkward.log == []
    await again.manager.stop()


async def test_after_a_crash_an_output_we_left_on_is_switched_off(running):
    lab, _, awkward = running
    await lab.write("A", "output", True)
    content = json.loads(awkward.state_path.read_text())
    assert content["switched_on"] == {"A": ["output"]}  # durable before the wire
    await lab.manager.stack("A").stop()  # "crash": nothing is saved, nothing is switched off
    await lab.manager._tasks.stop()
    assert awkward.world["output"] is True
    again = awkward.lab()
    await again.manager.start([device("A", "awkward")])
    await again.clock.sleep(1)
    assert awkward.world["output"] is False
    assert again.payloads("device_unsafe")[0]["action"] == "driven_safe"
    await again.manager.stop()


async def test_an_output_somebody_else_switched_on_is_told_and_left(awkward):
    awkward.world["output"] = True
    lab = awkward.lab()
    await lab.manager.start([device("A", "awkward")])
    await lab.clock.sleep(1)
    (told,) = lab.payloads("device_unsafe")
    assert (told["outputs"], told["action"]) == (["output"], "left")
    await lab.manager.stop()
    assert awkward.world["output"] is True


async def test_a_corrupt_state_file_is_set_aside_and_the_start_goes_on(awkward):
    awkward.state_path.write_text('{"devices": ')
    lab = awkward.lab()
    await lab.manager.start([device("A", "awkward")])
    assert awkward.state_path.with_name("device_state.json.corrupt").exists()
    assert "unreadable" in lab.manager.store.problem
    await lab.manager.stop()


async def test_life_without_restart(running):
    lab, stack, _awkward = running
    manager = lab.manager
    with pytest.raises(Conflict) as error:
        await manager.add(device("A", "awkward"))
    assert error.value.error_code == "DEVICE_DUPLICATE"
    for broken in (
        device("B", "nothing"),
        device("B", "awkward", params={"x": 1}),
        device("B", "awkward", transport={"type": "serial", "port": "x"}),
    ):
        with pytest.raises(IonpyError) as refused:
            await manager.add(broken)
        assert refused.value.error_code.startswith("SPAWN_")
    assert list(manager.stacks) == ["A"]
    manifest = await manager.add(device("B", "awkward", alias="Zwei"))
    assert (manifest["alias"], manifest["state"]) == ("Zwei", "connecting")
    added = lab.payloads("device_added")[0]
    assert added["meta"]["entities"][0]["id"] == "u"
    await lab.clock.sleep(1)
    assert manager.stack("B").state is DeviceState.ONLINE
    await manager.update(device("A", "awkward", alias="Eins", polling_interval_ms=100))
    assert manager.stack("A") is stack  # only what people see changed: the link stayed
    await manager.disconnect("A")
    assert (stack.state, stack.slots["u"].last.quality) == (DeviceState.OFFLINE, Quality.STALE)
    await lab.clock.sleep(100)
    assert stack.state is DeviceState.OFFLINE
    await manager.connect("A")
    await lab.clock.sleep(1)
    assert stack.state is DeviceState.ONLINE
    assert (await manager.set_enabled("A", enabled=False))["state"] == "disabled"
    with pytest.raises(Conflict):
        await manager.connect("A")
    await manager.set_enabled("A", enabled=True)
    await lab.clock.sleep(1)
    assert manager.stack("A").state is DeviceState.ONLINE
    assert list(manager.stacks) == ["A", "B"]


async def test_auto_start_off_is_loaded_but_not_connected(awkward):
    lab = awkward.lab()
    await lab.manager.start([device("A", "awkward", auto_start=False)])
    await lab.clock.sleep(5)
    manifest = lab.manager.manifest("A")
    assert (manifest["state"], len(manifest["entities"])) == ("offline", 2)
    assert awkward.log == []
    await lab.manager.stop()


async def test_ids_that_differ_in_sign_or_case_never_mix(lab):
    names = ["PSU-1", "PSU_1", "psu_1"]
    await lab.manager.start(
        [device(n, "virtual_psu", params={"bench": f"b{i}"}) for i, n in enumerate(names)]
    )
    await lab.clock.sleep(1)
    for volts, name in enumerate(names, start=1):
        await lab.write(name, "v_set", float(volts))
    known = [lab.manager.stack(n).slots["v_set"].known for n in names]
    assert known == [1.0, 2.0, 3.0]


class Audit:
    """An auditor that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def intent(self, command, old, sent):
        self.lines.append(f"intent {command.device}.{command.entity} {old} -> {sent}")
        return len(self.lines)

    async def result(self, intent, outcome, read_back):
        self.lines.append(f"result {outcome} {read_back}")

    def refused(self, command, reason):
        self.lines.append(f"refused {reason}")


async def test_the_write_gate_works_on_these_devices(lab):
    await lab.manager.start([device("PSU", "virtual_psu")])
    await lab.clock.sleep(1)
    audit = Audit()
    gate = WriteGate(lab.manager, audit, PanicLatch(), lab.clock)
    origin = Origin(Priority.PERSON, "user:test")
    shadowed = await gate.write(Command("PSU", "v_set", 4.2, origin))
    assert shadowed.kind is OutcomeKind.SHADOWED
    gate.mode.mode = GateMode.ARMED
    outcome = await gate.write(Command("PSU", "v_set", 4.2, origin))
    assert (outcome.kind, outcome.read_back) == (OutcomeKind.DONE, 4.2)
    with pytest.raises(Rejected):
        await gate.write(Command("PSU", "v_set", 61.0, origin))
    with pytest.raises(Rejected, match="read-only"):
        await gate.write(Command("PSU", "v_out", 1.0, origin))
    with pytest.raises(NotFound):
        await gate.write(Command("PSU", "nothing", 1.0, origin))
    await lab.manager.disconnect("PSU")
    with pytest.raises(Conflict, match="offline"):
        await gate.write(Command("PSU", "output", True, origin))
    assert audit.lines[-1].startswith("refused PSU is offline")


async def test_zero_current_of_a_unipolar_source_with_output_on_is_unsure(lab):
    await lab.manager.start([device("PSU", "virtual_psu", params={"soc": 0.9})])
    await lab.clock.sleep(1)
    await lab.write("PSU", "v_set", 3.0)  # below the cell: nothing flows
    await lab.write("PSU", "i_set", 1.0)
    await lab.write("PSU", "output", True)
    await lab.clock.sleep(1)
    sample = lab.manager.stack("PSU").slots["i_out"].last
    assert (sample.value, sample.quality) == (0.0, Quality.UNSURE)


async def test_benches_that_are_told_two_things_are_an_error(lab):
    await lab.manager.start(
        [
            device("PSU", "virtual_psu", params={"soc": 0.2}),
            device("DMM", "virtual_meter", params={"soc": 0.3}),
        ]
    )
    assert lab.manager.stack("DMM").state is DeviceState.ERROR
    assert "soc is 0.2 in another device" in lab.manager.stack("DMM").hint


async def test_in_simulation_no_port_is_opened_and_the_riden_charges_the_bench(lab):
    psu = device(
        "PSU",
        "rd6018",
        transport={"type": "serial", "port": "/dev/does-not-exist"},
        params={"simulated_model": "RD6012P", "simulation": {"soc": 0.3}},
    )
    await lab.manager.start([psu, device("DMM", "virtual_meter")])
    await lab.clock.sleep(1)
    stack = lab.manager.stack("PSU")
    assert stack.slots["model"].known == "RD6012P"
    before = lab.manager.stack("DMM").slots["cell_v"].known
    for entity, value in (("v_set", 4.2), ("i_set", 2.5), ("output", True)):
        await lab.write("PSU", entity, value)
    await lab.clock.sleep(600)
    assert lab.manager.stack("DMM").slots["cell_v"].known > before
    assert stack.slots["ah"].known == pytest.approx(2.5 / 6, abs=0.01)


RIDEN = {"transport": {"type": "serial", "port": "x"}}


async def test_a_second_supply_that_names_no_bench_does_not_switch_the_first(lab):
    first = device("PSU", "virtual_psu", params={"bench": "A"})
    await lab.manager.start([first, device("NEW", "rd6012", **RIDEN)])
    await lab.clock.sleep(1)
    for entity, value in (("v_set", 5.0), ("output", True)):
        await lab.write("NEW", entity, value)
    await lab.clock.sleep(1)
    slots = lab.manager.stack("PSU").slots
    assert (slots["v_set"].known, slots["output"].known) == (0.0, False)
    assert lab.manager.stack("NEW").slots["output"].known is True


async def test_a_supply_takes_the_place_of_one_that_was_removed(lab):
    await lab.manager.start([device("PSU", "virtual_psu"), device("DMM", "virtual_meter")])
    await lab.clock.sleep(1)
    await lab.manager.remove("PSU")
    await lab.manager.add(device("NEW", "rd6012", **RIDEN))
    await lab.clock.sleep(1)
    for entity, value in (("v_set", 4.2), ("i_set", 2.5), ("output", True)):
        await lab.write("NEW", entity, value)
    before = lab.manager.stack("DMM").slots["cell_v"].known
    await lab.clock.sleep(600)
    assert lab.manager.stack("DMM").slots["cell_v"].known > before


async def test_a_current_range_switched_on_the_device_changes_scale_and_limits(lab):
    psu = device(
        "PSU",
        "rd6012p",
        params={"simulated_model": "RD6012P"},
        transport={"type": "serial", "port": "x"},
    )
    await lab.manager.start([psu])
    await lab.clock.sleep(1)
    stack = lab.manager.stack("PSU")
    await lab.write("PSU", "i_set", 1.5)
    simulator = stack.driver.link.simulator
    simulator.current_range = 0
    await lab.clock.sleep(1)
    assert stack.slots["i_set"].known == 1.5
    assert stack.slots["i_set"].entity.precision == 4
    with pytest.raises(Rejected):
        await lab.write("PSU", "i_set", 7.0)
    assert await lab.write("PSU", "i_set", 1.2345) == 1.2345


async def test_removing_a_device_out_of_reach_tells_which_outputs_may_still_be_on(running):
    lab, stack, awkward = running
    await lab.write("A", "output", True)
    awkward.world["mode"] = "refuse"
    await lab.manager.remove("A")
    assert lab.payloads("device_removed") == [{"device_id": "A", "left_on": ["output"]}]
    assert not stack.is_running


async def test_in_simulation_a_dps_module_charges_the_bench_and_reports_its_trip(lab):
    psu = device(
        "PSU",
        "dps5020",
        transport={"type": "serial", "port": "/dev/does-not-exist"},
        params={"simulated_model": "DPS5020", "simulation": {"soc": 0.3}},
    )
    await lab.manager.start([psu, device("DMM", "virtual_meter")])
    await lab.clock.sleep(1)
    stack = lab.manager.stack("PSU")
    assert stack.slots["model"].known == "DPS5020"
    before = lab.manager.stack("DMM").slots["cell_v"].known
    for entity, value in (("v_set", 4.2), ("i_set", 2.5), ("ocp", 3.0), ("output", True)):
        await lab.write("PSU", entity, value)
    await lab.clock.sleep(600)
    assert lab.manager.stack("DMM").slots["cell_v"].known > before
    assert stack.slots["p_out"].known == pytest.approx(2.5 * stack.slots["v_out"].known, abs=0.02)
    await lab.write("PSU", "ocp", 1.0)
    await lab.clock.sleep(1)
    assert stack.slots["protection"].known == "ocp"
    assert stack.slots["output"].known is False
