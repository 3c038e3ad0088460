"""Foreign clients at our simulated instruments, and our SCPI driver at foreign instruments."""

import asyncio
import contextlib
import re
import socket
import sys
from pathlib import Path

import pytest

from drivers.generic_scpi.instruments import MODELS
from drivers.generic_scpi.simulator import conversation
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices import Benches
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.simulated import PtyPort, serve_tcp
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import Lab, device


@pytest.fixture
async def bench():
    """Simulated instruments on wires, all on one circuit."""
    benches, closing = Benches(SystemClock()), []

    class Served:
        circuit = benches.get("A")

        async def tcp(self, model: str) -> int:
            instrument = MODELS[model](self.circuit)
            server = await serve_tcp(lambda: conversation(instrument), "127.0.0.1", 0)
            closing.append(server)
            return server.sockets[0].getsockname()[1]

        def pty(self, model: str) -> str:
            port = PtyPort(conversation(MODELS[model](self.circuit)))
            closing.append(port)
            return port.name

    yield Served()
    for one in closing:
        one.close()
    await asyncio.sleep(0.01)


async def run(*command: str, timeout_s: float = 20.0) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode == 0, output.decode()
    return output.decode()


# --- foreign clients ----------------------------------------------------------------------------


async def test_sigrok_finds_our_dp832_and_what_it_sets_the_bench_sees(bench, require_tool):
    sigrok = require_tool("sigrok-cli")
    place = ["-d", f"scpi-pps:conn=tcp-raw/127.0.0.1/{await bench.tcp('DP832')}"]
    found = await run(sigrok, *place, "--scan")
    assert "Rigol DP832" in found
    assert "9 channels" in found
    for setting in ("voltage_target=4.1", "current_limit=0.5", "enabled=on"):
        await run(sigrok, *place, "-g", "1", "--config", setting, "--set")
    supply = bench.circuit.bench.supply
    assert (supply.v_set, supply.i_set, supply.output) == (4.1, 0.5, True)
    shown = await run(sigrok, *place, "--samples", "1")
    amps = re.search(r"I1: ([\d.]+) mA", shown)
    assert amps is not None, shown
    assert float(amps[1]) == pytest.approx(500, abs=2)


async def test_koradctl_sets_and_reads_our_ka3005p_on_a_serial_line(bench):
    pytest.importorskip("koradctl")
    start = [sys.executable, "-m", "koradctl", "-p", bench.pty("KA3005P")]
    said = await run(*start, "-v", "4.20", "-i", "1.5", "-e", "on", "-m")
    assert "request: 4.20, result: 4.20" in said
    assert "request: 1.500, result: 1.500" in said
    assert re.search(r"Output: 3\.\d\d v, 1\.500 A", said), said
    supply = bench.circuit.bench.supply
    assert (supply.v_set, supply.i_set, supply.output) == (4.2, 1.5, True)


# --- our driver on wires ------------------------------------------------------------------------


def tcp(port: int) -> dict[str, object]:
    return {"type": "tcp", "host": "127.0.0.1", "port": port}


async def online(lab: Lab, device_id: str) -> None:
    await lab.until(lambda: lab.manager.stack(device_id).state is DeviceState.ONLINE, 20)


async def test_supply_load_and_meter_on_one_cell_over_tcp(bench, real_lab):
    lab = real_lab
    await lab.manager.start(
        [
            device("PSU", "DP832", transport=tcp(await bench.tcp("DP832"))),
            device("LOAD", "dl3021", transport=tcp(await bench.tcp("DL3021"))),
            device("DMM", "scpi_multimeter", transport=tcp(await bench.tcp("DMM"))),
        ]
    )
    for device_id in ("PSU", "LOAD", "DMM"):
        await online(lab, device_id)
    assert await lab.write("PSU", "v_set_1", 4.2) == 4.2
    assert await lab.write("PSU", "i_set_1", 1.0) == 1.0
    assert await lab.write("PSU", "output_1", True) is True
    assert await lab.write("LOAD", "load_level", 0.25) == 0.25
    assert await lab.write("LOAD", "load_on", True) is True
    psu, load = lab.manager.stack("PSU").slots, lab.manager.stack("LOAD").slots

    def settled() -> bool:
        return psu["i_out_1"].known == 1.0 and load["load_i"].known == 0.25

    await lab.until(settled, 10)
    assert psu["regulation_1"].known == "cc"
    cell = bench.circuit.readings().cell_voltage
    assert lab.manager.stack("DMM").slots["voltage"].known == pytest.approx(cell, abs=0.05)
    results = await asyncio.gather(*(w.drive_safe() for w in lab.manager.safe_writers()))
    assert all(r.ok for r in results)
    assert not bench.circuit.bench.supply.output
    assert not bench.circuit.bench.load.enabled


async def test_a_korad_on_a_serial_line(bench, real_lab):
    port = {"type": "serial", "port": bench.pty("KA3005P")}
    await real_lab.manager.start([device("PSU", "ka3005p", transport=port)])
    await online(real_lab, "PSU")
    assert await real_lab.write("PSU", "v_set", 4.1) == 4.1
    assert await real_lab.write("PSU", "i_set", 0.5) == 0.5
    assert await real_lab.write("PSU", "output", True) is True
    slots = real_lab.manager.stack("PSU").slots
    await real_lab.until(lambda: slots["i_out"].known == 0.5, 10)
    assert slots["regulation"].known == "cc"


async def test_the_wrong_instrument_is_named_and_never_written_to(bench, real_lab):
    where = tcp(await bench.tcp("SPD3303X"))
    await real_lab.manager.start([device("PSU", "dp832", transport=where)])
    await real_lab.until(lambda: "SPD3303X" in real_lab.manager.stack("PSU").hint, 10)
    assert real_lab.payloads("device_error")[0]["code"] == "WRONG_DEVICE"


# --- foreign instruments ------------------------------------------------------------------------

JULABO = r"""
name: my_bath
base: generic_scpi
description: A Julabo thermostat bath.
category: chamber
blueprints:
  - transport: tcp
    framing: delimiter
    framing_params: {delimiter: '\r\n', send: '\r'}
protocol:
  dialect: plain
  identify: {query: VERSION, answers: "*JULABO*"}
  acknowledge: "*"  # an empty line
entities:
  bath:
    kind: numeric
    unit: °C
    precision: 1
    plausible: [-60, 250]
    query: IN_PV_00
  set_point:
    kind: numeric
    unit: °C
    precision: 1
    min: 5
    max: 90
    access: RW
    safe: {action: none}
    query: IN_SP_00
    set: OUT_SP_00 {value}
  pump:
    kind: toggle
    access: RW
    safe: {action: write, value: false}
    query: IN_MODE_05
    set: OUT_MODE_05 {value}
    "on": "1"
    "off": "0"
"""


def home(tmp_path: Path, name: str, text: str) -> Catalogue:
    (tmp_path / name).mkdir()
    (tmp_path / name / "device.yaml").write_text(text, encoding="utf-8")
    return Catalogue([tmp_path], trusted=lambda *_: True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def lewis():
    """A thermostat bath of somebody else's on a TCP port."""
    pytest.importorskip("lewis")
    port = free_port()
    protocol = f"julabo-version-1: {{bind_address: 127.0.0.1, port: {port}}}"
    code = "from lewis.scripts.run import run_simulation; run_simulation()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, "-k", "lewis.devices", "julabo", "-p", protocol),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                break
            await asyncio.sleep(0.1)
    yield port
    process.terminate()
    await process.wait()


async def test_a_user_describes_a_bath_of_somebody_elses_in_yaml(lewis, tmp_path):
    lab = Lab(SystemClock(), catalogue=home(tmp_path, "my_bath", JULABO))
    await lab.manager.start([device("BATH", "my_bath", transport=tcp(lewis))])
    await online(lab, "BATH")
    slots = lab.manager.stack("BATH").slots
    await lab.until(lambda: slots["bath"].known is not None)
    assert slots["bath"].known == pytest.approx(24.0, abs=0.1)
    assert await lab.write("BATH", "set_point", 55.0) == 55.0
    assert await lab.write("BATH", "pump", True) is True
    assert await lab.write("BATH", "pump", False) is False
    await lab.until(lambda: slots["set_point"].known == 55.0)
    await lab.manager.stop()


SIM_YAML = """
spec: "1.1"
devices:
  supply:
    eom:
      TCPIP SOCKET: {q: "\\n", r: "\\n"}
    error: ERROR
    dialogues:
      - {q: "*IDN?", r: "LSG Serial #1234"}
    properties:
      voltage:
        default: 1.0
        getter: {q: "VOLT?", r: "{:+.8E}"}
        setter: {q: "VOLT {:.3f}", r: "OK", e: "FAIL"}
        specs: {min: 0, max: 6, type: float}
resources:
  TCPIP0::localhost::5025::SOCKET: {device: supply}
"""
SIM_MAP = """
name: lsg
base: generic_scpi
description: An instrument of pyvisa-sim.
protocol:
  identify: {answers: "LSG *"}
  acknowledge: OK
entities:
  voltage:
    kind: numeric
    unit: V
    precision: 3
    min: 0
    max: 10
    access: RW
    safe: {action: none}
    query: VOLT?
    set: VOLT {value}
"""


async def test_our_driver_on_an_instrument_of_pyvisa_sim(tmp_path):
    pytest.importorskip("pyvisa_sim")
    (tmp_path / "sim.yaml").write_text(SIM_YAML)
    visa = {
        "type": "visa",
        "resource": "TCPIP0::localhost::5025::SOCKET",
        "backend": f"{tmp_path / 'sim.yaml'}@sim",
    }
    lab = Lab(SystemClock(), catalogue=home(tmp_path, "lsg", SIM_MAP))
    await lab.manager.start([device("X", "lsg", transport=visa)])
    await online(lab, "X")
    assert await lab.write("X", "voltage", 4.125) == 4.125
    with pytest.raises(DeviceError, match="the instrument says"):
        await lab.write("X", "voltage", 8.0)  # beyond what the instrument takes
    assert lab.manager.stack("X").slots["voltage"].known == 4.125
    await lab.manager.stop()
