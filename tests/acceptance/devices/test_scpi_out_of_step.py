"""Lines that lose, delay or add answers: no wrong value, and off arrives all the same."""

import asyncio

import pytest

from drivers.generic_scpi.instruments import MODELS
from drivers.generic_scpi.simulator import LineServer
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices import Benches
from ionpy_auto.devices.simulated import serve_tcp
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import device
from ionpy_auto.testing.wires import CutWire


@pytest.fixture
async def supply():
    """A DP832 behind a wire that can be made deaf; gives the wire and the circuit."""
    circuit = Benches(SystemClock()).get("A")
    instrument = MODELS["DP832"](circuit)
    server = await serve_tcp(lambda: LineServer(instrument), "127.0.0.1", 0)
    async with CutWire(server.sockets[0].getsockname()[1]) as wire:
        yield wire, circuit
    server.close()
    await asyncio.sleep(0.01)


async def charging(lab, port: int) -> None:
    """A DP832 that charges the cell."""
    where = {"type": "tcp", "host": "127.0.0.1", "port": port}
    quick = {"type": "delimiter", "timeout_s": 0.2}
    await lab.manager.start(
        [device("PSU", "dp832", transport=where, framing=quick, polling_interval_ms=200)]
    )
    await lab.until(lambda: lab.manager.stack("PSU").state is DeviceState.ONLINE)
    await lab.write("PSU", "v_set_1", 4.2)
    await lab.write("PSU", "i_set_1", 1.0)
    await lab.write("PSU", "output_1", True)


async def test_off_arrives_when_answers_are_lost(supply, real_lab):
    wire, circuit = supply
    await charging(real_lab, wire.port)
    assert circuit.bench.supply.output
    wire.silent = True
    await real_lab.until(lambda: not circuit.bench.supply.output, 20)
    slots = real_lab.manager.stack("PSU").slots
    await real_lab.until(lambda: slots["v_out_1"].last.quality is Quality.STALE, 20)


class Sluggish(LineServer):
    """Answers twice now and then, and after a while one question behind until it is reconnected."""

    def __init__(self, instrument: object) -> None:
        super().__init__(instrument)
        self.count = 0
        self.held = b""

    def feed(self, data: bytes) -> bytes:
        self.count += 1
        answer = super().feed(data)
        if self.count >= 151:
            self.held, answer = answer, self.held
        return answer * 2 if self.count % 17 == 0 else answer


async def test_no_value_is_ever_that_of_another_question(real_lab):
    circuit = Benches(SystemClock()).get("A")
    instrument = MODELS["DP832"](circuit)
    server = await serve_tcp(lambda: Sluggish(instrument), "127.0.0.1", 0)
    instrument.channels[1].v_set, instrument.channels[1].i_set = 11.0, 1.1
    instrument.channels[2].v_set, instrument.channels[2].i_set = 3.0, 2.2
    instrument.channels[2].on = True
    where = {"type": "tcp", "host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
    quick = {"type": "delimiter", "timeout_s": 0.1}
    config = device("PSU", "dp832", transport=where, framing=quick, polling_interval_ms=50)
    await real_lab.manager.start([config])
    await real_lab.clock.sleep(3)
    truth = {"v_set_2": 11.0, "i_set_2": 1.1, "v_out_3": 3.0, "i_out_3": 0.0}
    seen = {key: set() for key in truth}
    for snapshot in real_lab.snapshots:
        for sample in snapshot.samples:
            key = sample.point.partition(".")[2]
            if key in truth and sample.value is not None:
                seen[key].add(sample.value)
    server.close()
    assert real_lab.manager.stack("PSU").counters["failed_polls"] > 0
    assert seen["v_set_2"] == {11.0}
    assert all(values <= {truth[key]} for key, values in seen.items())
