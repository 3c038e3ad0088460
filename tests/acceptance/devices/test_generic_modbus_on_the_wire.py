"""Devices described by a register map, on wires, against servers and clients nobody of us wrote."""

import asyncio
import importlib.util
import os
import socket
import struct
import sys

import pytest
from pymodbus.simulator import DataType, SimData

from drivers.generic_modbus.simulator import MapBank, described
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.core.files import shipped_path
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.simulated import RtuServer, TcpServer
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import Lab, device

METER = shipped_path("drivers", "example_meter", "device.yaml")
BOX = shipped_path("drivers", "example_io", "device.yaml")
SETTINGS = (
    ("relay", True), ("lamp", True), ("fan", 33.3), ("setpoint", -12.34), ("offset", -4.1),
    ("mode", "cool"), ("buzzer", True), ("label", "shelf 7"), ("relay", False),
)  # fmt: skip


def words_of(layout: str, *values: float) -> list[int]:
    data = struct.pack(layout, *values)
    return list(struct.unpack(f">{len(data) // 2}H", data))


def on(driver: str, port: int | str, framing: str = "modbus_tcp", **more):
    transport = {"type": "tcp", "host": "127.0.0.1", "port": port}
    if isinstance(port, str):
        transport = {"type": "serial", "port": port}
    framing_config = {"type": framing, "timeout_s": 0.5}
    return device(
        "DEV", driver, transport=transport, framing=framing_config, polling_interval_ms=50, **more
    )


async def online(lab, config):
    await lab.manager.start([config])
    await lab.until(lambda: lab.manager.stack("DEV").state is DeviceState.ONLINE)
    return lab.manager.stack("DEV")


def known(stack):
    return {key: slot.known for key, slot in stack.slots.items()}


@pytest.mark.parametrize("way", ["rtu over tcp", "modbus tcp", "rtu on a pty"])
async def test_a_described_device_is_read_and_written_on_every_wire(real_lab, wires, way):
    bank = MapBank(described(BOX))
    if way == "rtu on a pty":
        config = on("example_io", wires.pty(bank), "modbus_rtu")
    elif way == "modbus tcp":
        config = on("example_io", await wires.tcp(bank, TcpServer))
    else:
        config = on("example_io", await wires.tcp(bank, RtuServer), "modbus_rtu")
    stack = await online(real_lab, config)
    assert known(stack)["temperature"] == -3.5
    assert known(stack)["door"] is True
    assert known(stack)["hours"] == 4012.5
    for entity, value in SETTINGS:
        read = await real_lab.write("DEV", entity, value)
        assert read == (value if entity != "setpoint" else pytest.approx(value, abs=1e-6))
    assert bank.tables["coil"] == {0: 0, 1: 1}
    assert bank.tables["holding"][0x10] == 333
    assert bank.tables["holding"][0x14] == (4 << 4) | 1
    assert bytes([*struct.pack(">2H", *(bank.tables["holding"][a] for a in (0x12, 0x11)))]) == (
        struct.pack(">f", -12.34)  # the least significant word comes first
    )


async def test_a_foreign_server_shows_what_the_map_says(real_lab, foreign_server):
    image = [*words_of(">ffi", 229.5, 1.5, -2881), 0, 0, 4998, 0, *words_of(">I", 9999999), 2, 0x81]
    identity = [4711, *words_of(">I", 777)]
    port = await foreign_server.serve(
        SimData(0, values=image, datatype=DataType.REGISTERS),
        SimData(0x100, values=identity, datatype=DataType.REGISTERS),
        unit=3,
    )
    config = on("example_meter", port, params={"modbus_address": 3})
    shown = known(await online(real_lab, config))
    assert (shown["voltage"], shown["current"], shown["power"]) == (229.5, 1.5, -288.1)
    assert (shown["frequency"], shown["energy"], shown["tariff"]) == (49.98, 99999.99, "night")
    assert (shown["warnings"], shown["serial"]) == (0x81, "777")
    assert shown["refused_registers"] == ""


async def test_a_foreign_server_without_some_registers_is_read_as_far_as_it_goes(
    real_lab, foreign_server
):
    port = await foreign_server.serve(
        SimData(0, values=words_of(">ff", 230.0, 1.0), datatype=DataType.REGISTERS),
        SimData(8, values=[5000], datatype=DataType.REGISTERS),
        SimData(0x100, values=[4711], datatype=DataType.REGISTERS),
    )
    stack = await online(real_lab, on("example_meter", port))
    shown = known(stack)
    assert (shown["voltage"], shown["frequency"]) == (230.0, 50.0)
    assert shown["refused_registers"] == "energy, power, serial, tariff, warnings"
    assert shown["energy"] is None
    polls = stack.counters["polls"]
    await real_lab.until(lambda: stack.counters["polls"] > polls + 2)
    assert stack.state is DeviceState.ONLINE


async def test_another_device_is_refused(real_lab, foreign_server):
    port = await foreign_server.serve(SimData(0, values=[1] * 0x110, datatype=DataType.REGISTERS))
    await real_lab.manager.start([on("example_meter", port)])
    await real_lab.until(lambda: real_lab.manager.stack("DEV").state is DeviceState.OFFLINE)
    assert real_lab.payloads("device_error")[0]["code"] == "UNKNOWN_MODEL"


async def test_a_device_that_takes_no_write_is_an_error(real_lab, wires):
    bank = MapBank(described(BOX))
    await online(real_lab, on("example_io", await wires.tcp(bank, TcpServer)))
    bank._writable.clear()
    with pytest.raises(DeviceError) as refused:
        await real_lab.write("DEV", "fan", 20.0)
    assert refused.value.error_code == "MODBUS_EXCEPTION"


@pytest.mark.parametrize("way", ["tcp", "rtu"])
async def test_mbpoll_sees_every_table_of_a_simulated_map(wires, mbpoll, way):
    async def shown(bank, *what, kind):
        place = await wires.tcp(bank, TcpServer) if way == "tcp" else wires.pty(bank)
        code, text = await mbpoll(way, place, *what, kind=kind)
        assert code == 0, text
        return [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("[")]

    meter, box = MapBank(described(METER)), MapBank(described(BOX))
    assert await shown(meter, "-r", "0", "-c", "2", "-B", kind="3:float") == ["230.5", "1.25"]
    assert await shown(meter, "-r", "4", "-c", "1", "-B", kind="3:int") == ["2881"]
    assert await shown(box, "-r", "16", "-c", "1", kind="1") == ["1"]
    await shown(box, "-r", "0", "--", "1", "1", kind="0")  # function 15
    assert await shown(box, "-r", "0", "-c", "2", kind="0") == ["1", "1"]
    await shown(box, "-r", "1", "--", "0", kind="0")  # function 5
    assert box.tables["coil"] == {0: 1, 1: 0}
    await shown(box, "-r", "17", "--", "21.5", kind="4:float")  # least significant word first
    assert await shown(box, "-r", "17", "-c", "1", kind="4:float") == ["21.5"]


async def test_mbpoll_gets_an_exception_for_what_the_map_does_not_have(wires, mbpoll):
    port = await wires.tcp(MapBank(described(METER)), TcpServer)
    for what, kind in (
        (("-r", "500"), "3"),
        (("-r", "0"), "4"),  # a table it does not have
        (("-r", "0", "--", "1"), "4"),
    ):
        _, text = await mbpoll("tcp", port, *what, kind=kind)
        assert "Illegal data address" in text, what
    _, text = await mbpoll("tcp", port, "-r", "0", kind="3", unit=8)
    assert "timed out" in text.lower()


async def test_the_simulator_of_any_map_runs_as_a_plain_script(mbpoll):
    script = shipped_path("drivers", "generic_modbus", "simulator.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), "--map", str(METER), "--unit", "2", "--modbus-tcp", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(15):
            port = (await process.stdout.readline()).decode().split()[-1]
        code, text = await mbpoll("tcp", port, "-r", "8", "-c", "1", kind="3", unit=2)
        assert code == 0, text
        assert "5002" in text
    finally:
        process.terminate()
        await process.wait()


LEWIS_MAP = """
name: lewis_device
base: generic_modbus
description: The Modbus example of lewis, whose tables share one memory.
protocol: {max_gap: 100}
entities:
  level: {kind: numeric, access: RW, safe: {action: none}, min: -50, max: 50, precision: 2,
    address: 10, type: i32, scale: 0.01}
  level_seen: {kind: numeric, table: input, address: 10, type: i32, scale: 0.01}
  far: {kind: numeric, table: input, address: 60000, poll: slow}
  valve: {kind: toggle, access: RW, safe: {action: write, value: false}, table: coil, address: 100}
  valve_seen: {kind: toggle, table: discrete, address: 100}
"""


async def test_a_map_speaks_with_the_modbus_example_of_lewis(tmp_path):
    if importlib.util.find_spec("lewis") is None:
        assert os.environ.get("CI") != "true", (
            "lewis is not installed, and in CI nothing is skipped"
        )
        pytest.skip("lewis is not installed")
    for name in ("generic_modbus", "__init__.py"):
        (tmp_path / name).symlink_to(shipped_path("drivers", name))
    (tmp_path / "lewis_device").mkdir()
    (tmp_path / "lewis_device" / "device.yaml").write_text(LEWIS_MAP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with_port = f"modbus: {{bind_address: 127.0.0.1, port: {port}}}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from lewis.scripts.run import run_simulation; run_simulation()"),
        *("-k", "lewis.examples", "modbus_device", "-p", with_port),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    lab = Lab(SystemClock(), catalogue=Catalogue(shipped=tmp_path))
    try:
        async with asyncio.timeout(20):
            while b"Listening on" not in await process.stderr.readline():
                pass
        stack = await online(lab, on("lewis_device", port))
        assert await lab.write("DEV", "level", -41.07) == -41.07
        assert await lab.write("DEV", "valve", True) is True
        await lab.until(lambda: known(stack)["valve_seen"] is True)
        shown = known(stack)
        assert shown["level_seen"] == -41.07
        assert (shown["far"], shown["refused_registers"]) == (0.0, "")
    finally:
        await lab.manager.stop()
        process.terminate()
        await process.communicate()
