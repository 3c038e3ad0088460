"""The Riden driver on every way it can be reached, for every model, against two kinds of server."""

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.riden_rd60xx.registers import MODELS
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices.simulated import RtuServer, TcpServer
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import device

SETTINGS = (("v_set", 4.1), ("i_set", 1.7), ("ovp", 4.35), ("ocp", 2.2))


def riden_on(transport: dict, framing: str, **more):
    return device(
        "PSU",
        "rd6012",
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
async def test_settings_written_are_read_back_and_measured(real_lab, riden, way):
    simulator = riden.simulator("RD6012")
    if way == "rtu on a pty":
        transport, framing = {"type": "serial", "port": riden.pty(simulator)}, "modbus_rtu"
    elif way == "modbus tcp":
        port = await riden.tcp(simulator, TcpServer)
        transport, framing = {"type": "tcp", "host": "127.0.0.1", "port": port}, "modbus_tcp"
    else:
        port = await riden.tcp(simulator, RtuServer)
        transport, framing = {"type": "tcp", "host": "127.0.0.1", "port": port}, "modbus_rtu"
    stack = await online(real_lab, riden_on(transport, framing))
    for entity, value in SETTINGS:
        assert await real_lab.write("PSU", entity, value) == value
    assert await real_lab.write("PSU", "output", True) is True
    assert riden.circuit.bench.supply.v_set == 4.1
    polls = stack.counters["polls"]
    await real_lab.until(lambda: stack.counters["polls"] > polls + 1)
    assert stack.slots["i_out"].known == pytest.approx(1.7, abs=0.011)
    assert stack.slots["regulation"].known == "cc"
    assert stack.slots["model"].known == "RD6012"


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
async def test_every_model_scales_as_its_table_says_against_a_foreign_server(real_lab, model):
    image = [0] * 120
    image[0], image[3], image[14], image[32] = model.ids.start, 136, 6512, 1
    decimals_i = model.low_range_i or model.i  # register 20 is 0: the low range where there is one
    image[8] = 3300 * 10**model.v // 1000
    image[9] = 1500 * 10**decimals_i // 1000
    image[10] = 4200 * 10**model.v // 1000
    image[11] = 2000 * 10**decimals_i // 1000
    power = 655400 * 10**model.p // 1000  # above 16 bit with two decimals
    image[12], image[13] = power >> 16, power & 0xFFFF
    image[33] = 4190 * 10**model.v // 1000
    image[38], image[39] = 1, 4587  # 70.123 Ah
    data = SimData(0, values=image, datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(id=7, simdata=[data]), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    try:
        config = riden_on(
            {"type": "tcp", "host": "127.0.0.1", "port": port},
            "modbus_tcp",
            params={"modbus_address": 7},
        )
        stack = await online(real_lab, config)
        known = {key: slot.known for key, slot in stack.slots.items()}
        assert known["model"] == model.name
        assert (known["v_set"], known["i_set"]) == (3.3, 1.5)
        assert (known["v_out"], known["i_out"]) == (4.2, 2.0)
        assert known["p_out"] == 655.4
        assert known["v_battery"] == 4.19
        assert known["ah"] == 70.123
        assert known["v_in"] == 65.12
        assert stack.slots["v_set"].entity.precision == model.v
        assert stack.slots["i_set"].entity.precision == decimals_i
        assert await real_lab.write("PSU", "v_set", 4.1) == 4.1
        assert (await server.async_getValues(7, 3, 8, 1))[0] == 41 * 10 ** (model.v - 1)
        assert await real_lab.write("PSU", "i_set", 0.29) == 0.29
        assert (await server.async_getValues(7, 3, 9, 1))[0] == 29 * 10 ** (decimals_i - 2)
    finally:
        await real_lab.manager.stop()
        await server.shutdown()


async def test_a_wrong_modbus_address_stays_offline_and_says_why(real_lab, riden):
    port = await riden.tcp(riden.simulator("RD6006"), unit=5)
    config = riden_on({"type": "tcp", "host": "127.0.0.1", "port": port}, "modbus_rtu")
    await real_lab.manager.start([config])
    await real_lab.until(lambda: real_lab.manager.stack("PSU").state is DeviceState.OFFLINE)
    assert "Modbus address" in real_lab.manager.stack("PSU").hint


async def test_a_missing_serial_port_is_offline_with_the_ports_there_are(real_lab):
    config = riden_on({"type": "serial", "port": "/dev/ttyNOTHING7"}, "modbus_rtu")
    await real_lab.manager.start([config])
    await real_lab.until(lambda: real_lab.manager.stack("PSU").state is DeviceState.OFFLINE)
    (error,) = real_lab.payloads("device_error")
    assert error["code"] == "TRANSPORT_SERIAL"
    assert error["stage"] == "transport"
    assert "ports on this machine" in error["hint"]


async def test_a_tcp_port_nobody_listens_on_is_offline_with_a_hint(real_lab):
    config = riden_on({"type": "tcp", "host": "127.0.0.1", "port": 9}, "modbus_rtu")
    await real_lab.manager.start([config])
    await real_lab.until(lambda: real_lab.manager.stack("PSU").state is DeviceState.OFFLINE)
    (error,) = real_lab.payloads("device_error")
    assert error["code"] == "TRANSPORT_TCP"
    assert error["hint"]


async def test_an_unknown_model_is_refused_by_name(real_lab):
    data = SimData(0, values=[12345] * 120, datatype=DataType.REGISTERS)
    server = ModbusTcpServer(SimDevice(id=1, simdata=[data]), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    try:
        config = riden_on({"type": "tcp", "host": "127.0.0.1", "port": port}, "modbus_tcp")
        await real_lab.manager.start([config])
        await real_lab.until(lambda: real_lab.manager.stack("PSU").state is DeviceState.OFFLINE)
        assert real_lab.payloads("device_error")[0]["code"] == "UNKNOWN_MODEL"
    finally:
        await real_lab.manager.stop()
        await server.shutdown()


async def test_a_device_that_ignores_a_write_is_a_readback_mismatch(real_lab, riden):
    port = await riden.tcp(riden.simulator("RD6012"))
    config = riden_on({"type": "tcp", "host": "127.0.0.1", "port": port}, "modbus_rtu")
    await online(real_lab, config)
    riden.circuit.bench.faults.ignored_write = True
    with pytest.raises(DeviceError) as error:
        await real_lab.write("PSU", "v_set", 4.2)
    assert error.value.error_code == "READBACK_MISMATCH"
