"""The DPS50xx driver on every way it can be reached, for every model, against foreign tools."""

import asyncio
import sys

import pytest
from pymodbus.simulator import DataType, SimData

from drivers.dps50xx.registers import MODELS, WRITABLE
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.files import shipped_path
from ionpy_auto.devices.simulated import TcpServer
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import device


def dps_on(port, framing="modbus_tcp", **more):
    transport = {"type": "tcp", "host": "127.0.0.1", "port": port}
    if isinstance(port, str):
        transport = {"type": "serial", "port": port}
    return device(
        "PSU",
        "DPS5005",
        transport=transport,
        framing={"type": framing, "timeout_s": 0.5},
        polling_interval_ms=50,
        **more,
    )


async def online(lab, config):
    await lab.manager.start([config])
    await lab.until(lambda: lab.manager.stack("PSU").state is DeviceState.ONLINE)
    return lab.manager.stack("PSU")


@pytest.mark.parametrize("way", ["rtu over tcp", "modbus tcp", "rtu on a pty"])
async def test_settings_written_are_read_back_and_measured(real_lab, dps, way):
    simulator = dps.simulator("DPS5005")
    if way == "rtu on a pty":
        config = dps_on(dps.pty(simulator), "modbus_rtu")
    elif way == "modbus tcp":
        config = dps_on(await dps.tcp(simulator, TcpServer))
    else:
        config = dps_on(await dps.tcp(simulator), "modbus_rtu")
    stack = await online(real_lab, config)
    for entity, value in (("v_set", 4.1), ("i_set", 1.234), ("ovp", 4.35), ("ocp", 2.2)):
        assert await real_lab.write("PSU", entity, value) == value
    assert await real_lab.write("PSU", "keypad_lock", True) is True
    assert await real_lab.write("PSU", "output", True) is True
    supply = dps.circuit.bench.supply
    assert (supply.v_set, supply.i_set, supply.ovp_v, supply.ocp_a) == (4.1, 1.234, 4.35, 2.2)
    polls = stack.counters["polls"]
    await real_lab.until(lambda: stack.counters["polls"] > polls + 1)
    known = {key: slot.known for key, slot in stack.slots.items()}
    assert known["i_out"] == pytest.approx(1.234, abs=0.002)
    assert known["p_out"] == pytest.approx(known["v_out"] * known["i_out"], abs=1e-4)
    assert known["regulation"] == "cc"
    assert known["model"] == "DPS5005"
    assert known["boot_power"] is False


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
async def test_every_model_scales_as_its_table_says_against_a_foreign_server(
    real_lab, foreign_server, model
):
    one_a = 10**model.i
    front = [330, 15 * one_a // 10, 420, 2 * one_a, 9999, 6512, 1, 3, 1, 1, 4, model.model_id, 14]
    group = [330, 15 * one_a // 10, 1150, 21 * one_a // 10, 7777, 4, 0, 1]
    port = await foreign_server.serve(
        SimData(0, values=front, datatype=DataType.REGISTERS),
        SimData(0x50, values=group, datatype=DataType.REGISTERS),
        unit=7,
    )
    stack = await online(real_lab, dps_on(port, params={"modbus_address": 7}))
    known = {key: slot.known for key, slot in stack.slots.items()}
    assert known["model"] == model.name
    assert (known["v_set"], known["i_set"]) == (3.3, 1.5)
    assert (known["v_out"], known["i_out"], known["p_out"]) == (4.2, 2.0, 8.4)
    assert (known["ovp"], known["ocp"], known["v_in"]) == (11.5, 2.1, 65.12)
    assert (known["protection"], known["regulation"]) == ("opp", "cc")
    assert (known["output"], known["keypad_lock"], known["boot_power"]) == (True, True, True)
    assert stack.slots["i_set"].entity.precision == model.i
    assert stack.slots["v_set"].entity.max == model.max_v

    assert await real_lab.write("PSU", "v_set", 4.1) == 4.1
    assert await foreign_server.words(7, 0x00) == [410]
    assert await real_lab.write("PSU", "i_set", 0.29) == 0.29
    assert await foreign_server.words(7, 0x01) == [29 * one_a // 100]
    assert await real_lab.write("PSU", "ovp", 4.3) == 4.3
    assert await real_lab.write("PSU", "ocp", 1.1) == 1.1
    assert await foreign_server.words(7, 0x52, 2) == [430, 11 * one_a // 10]
    assert await real_lab.write("PSU", "output", False) is False
    assert await foreign_server.words(7, 0x09) == [0]
    with pytest.raises(Rejected):
        await real_lab.write("PSU", "i_set", model.max_a + 0.5)
    await real_lab.manager.stop()
    # Everything this driver never writes is as it was.
    assert await foreign_server.words(7, 0x0A, 3) == [4, model.model_id, 14]
    assert await foreign_server.words(7, 0x54, 4) == [7777, 4, 0, 1]
    assert set(WRITABLE) == {"v_set", "i_set", "output", "keypad_lock", "ovp", "ocp"}


async def test_an_unknown_model_is_refused_by_name(real_lab, foreign_server):
    port = await foreign_server.serve(SimData(0, values=[6006] * 16, datatype=DataType.REGISTERS))
    await real_lab.manager.start([dps_on(port)])
    await real_lab.until(lambda: real_lab.manager.stack("PSU").state is DeviceState.OFFLINE)
    assert real_lab.payloads("device_error")[0]["code"] == "UNKNOWN_MODEL"


async def test_another_model_at_the_same_address_loses_the_link(real_lab, dps):
    simulator = dps.simulator("DPS5005")
    await online(real_lab, dps_on(await dps.tcp(simulator, TcpServer)))
    simulator.model = dps.simulator("DPS5020").model
    await real_lab.until(
        lambda: any("another device" in e["message"] for e in real_lab.payloads("device_error"))
    )


@pytest.mark.parametrize("way", ["tcp", "rtu"])
async def test_mbpoll_reads_writes_and_gets_exceptions_and_silence(dps, mbpoll, way):
    simulator = dps.simulator("DPS5015")
    place = await dps.tcp(simulator, TcpServer) if way == "tcp" else dps.pty(simulator)
    code, text = await mbpoll(way, place, "-r", "0", "--", "420", "150")  # function 16
    assert code == 0, text
    supply = dps.circuit.bench.supply
    assert (supply.v_set, supply.i_set) == (4.2, 1.5)
    code, text = await mbpoll(way, place, "-r", "9", "--", "1")  # function 6
    assert code == 0, text
    assert supply.output
    code, text = await mbpoll(way, place, "-r", "80", "-c", "4")  # the mirror of the front page
    assert code == 0, text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("[8")] == [
        "420", "150", "5100", "1510",
    ]  # fmt: skip
    for what, exception in (
        (("-r", "11", "--", "5015"), "Illegal data address"),  # the model cannot be written
        (("-r", "12", "-c", "8"), "Illegal data address"),  # beyond the map
        (("-r", "36", "-c", "1"), "Illegal data address"),
        (("-r", "0", "--", "5001"), "Illegal data value"),
        (("-r", "9", "--", "2"), "Illegal data value"),
    ):
        _, text = await mbpoll(way, place, *what)
        assert exception in text, what
    _, text = await mbpoll(way, place, "-r", "0", unit=9)
    assert "timed out" in text.lower()  # silence for another's address


async def test_a_data_group_is_kept_and_recalled(dps, mbpoll):
    place = await dps.tcp(dps.simulator("DPS5005"), TcpServer)
    await mbpoll("tcp", place, "-r", "112", "--", "500", "1000", "600", "2000")  # group 2
    assert dps.circuit.bench.supply.v_set == 0.0
    code, text = await mbpoll("tcp", place, "-r", "35", "--", "2")
    assert code == 0, text
    supply = dps.circuit.bench.supply
    assert (supply.v_set, supply.i_set, supply.ovp_v, supply.ocp_a) == (5.0, 1.0, 6.0, 2.0)


async def test_the_simulator_runs_as_a_plain_script(mbpoll):
    script = shipped_path("drivers", "dps50xx", "simulator.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), "--model", "DPH5005", "--unit", "3", "--modbus-tcp", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(15):
            port = (await process.stdout.readline()).decode().split()[-1]
        code, text = await mbpoll("tcp", port, "-r", "11", "-c", "1", unit=3)
        assert code == 0, text
        assert "5205" in text
    finally:
        process.terminate()
        await process.wait()
