"""A supply loses its link while its output is on: what is known, what is sent, what is refused."""

import pytest

from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import device
from ionpy_auto.testing.wires import CutWire


@pytest.fixture
async def bench(real_lab, riden):
    """A charging supply behind a wire that can be cut."""
    port = await riden.tcp(riden.simulator("RD6012"))
    async with CutWire(port) as wire:
        config = device(
            "PSU",
            "riden_rd60xx",
            transport={"type": "tcp", "host": "127.0.0.1", "port": wire.port},
            framing={"type": "modbus_rtu", "timeout_s": 0.1, "retries": 0},
            polling_interval_ms=50,
        )
        await real_lab.manager.start([config])
        stack = real_lab.manager.stack
        await real_lab.until(lambda: stack("PSU").state is DeviceState.ONLINE)
        await real_lab.write("PSU", "v_set", 4.2)
        await real_lab.write("PSU", "i_set", 1.0)
        await real_lab.write("PSU", "output", True)
        yield real_lab, stack("PSU"), wire, riden.circuit.bench
        await real_lab.manager.stop()


async def test_cut_in_the_middle_of_a_frame_makes_values_stale_and_the_device_offline(bench):
    lab, stack, wire, _ = bench
    wire.cut_after = 5
    await lab.until(lambda: stack.state is DeviceState.OFFLINE)
    latest = {s.point: s for s in lab.snapshots[-1].samples}
    assert latest["PSU.v_out"].quality is Quality.STALE
    assert all(s.value is None for s in latest.values())
    assert stack.needs_rearm


async def test_after_reconnecting_the_output_is_off_and_nothing_is_written_before_rearming(bench):
    lab, stack, wire, physics = bench
    await wire.cut()
    await lab.until(lambda: stack.state is DeviceState.OFFLINE)
    assert physics.supply.output  # nobody could tell the supply
    wire.sent.clear()
    await wire.mend()
    await lab.until(lambda: stack.state is DeviceState.ONLINE)
    assert not physics.supply.output
    (told,) = lab.payloads("device_unsafe")
    assert (told["outputs"], told["action"], told["ok"]) == (["output"], "driven_safe", True)
    writes = [
        wire.sent[i : i + 6] for i in range(len(wire.sent)) if wire.sent[i : i + 2] == b"\x01\x06"
    ]
    assert writes
    assert set(map(bytes, writes)) == {b"\x01\x06\x00\x12\x00\x00"}  # output off, nothing else

    manager = lab.manager
    on, volts = manager.write_target("PSU", "output"), manager.write_target("PSU", "v_set")
    assert "re-armed" in (on.blocked(True) or "")
    assert "re-armed" in (volts.blocked(3.0) or "")
    assert on.blocked(False) is None
    manager.rearm("PSU")
    assert on.blocked(True) is None
    assert await lab.write("PSU", "output", True) is True


async def test_a_deaf_return_line_still_gets_the_off_command(bench):
    lab, stack, wire, physics = bench
    wire.silent = True
    await lab.until(lambda: stack.state in {DeviceState.OFFLINE, DeviceState.CONNECTING})
    await lab.until(lambda: not physics.supply.output)
    assert stack.needs_rearm


async def test_one_dead_device_does_not_slow_the_others(bench):
    lab, stack, wire, _ = bench
    await lab.manager.add(device("V", "virtual_template", polling_interval_ms=50))
    await wire.cut()
    await lab.until(lambda: stack.state is DeviceState.OFFLINE)
    other = lab.manager.stack("V")
    polls = other.counters["polls"]
    await lab.until(lambda: other.counters["polls"] >= polls + 5, seconds=2.0)
    assert other.counters["failed_polls"] == 0
