"""The Riden's register table and its simulator behind the hand-written Modbus, against anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.riden_rd60xx.registers import MODELS, REGISTERS, WRITABLE, model_of
from drivers.riden_rd60xx.simulator import RidenSimulator, model_named
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.devices import Benches, raw_of, value_of
from ionpy_auto.devices.simulated import ModbusFault, RtuServer, TcpServer
from ionpy_auto.devices.simulated.modbus import answer, crc16


def simulator(model: str = "RD6006") -> RidenSimulator:
    return RidenSimulator(model_named(model), Benches(VirtualClock()).get("A"))


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        (60062, "RD6006"),
        (60065, "RD6006P"),
        (60121, "RD6012"),
        (60125, "RD6012P"),
        (60181, "RD6018"),
        (60241, "RD6024"),
        (60301, "RD6030"),
        (60066, None),
        (0, None),
    ],
)
def test_models_by_register_0(model_id, name):
    found = model_of(model_id)
    assert (found.name if found else None) == name


def test_the_table_never_writes_presets_calibration_or_system():
    addresses = {r.name: r.address for r in REGISTERS}
    assert {addresses[name] for name in WRITABLE} == {8, 9, 15, 18, 82, 83}
    spans = [range(r.address, r.address + r.words) for r in REGISTERS]
    assert len([a for span in spans for a in span]) == len({a for span in spans for a in span})


@given(st.integers(0, 0xFFFF), st.integers(0, 4))
def test_every_raw_number_survives_its_way_through_a_value(raw, decimals):
    assert raw_of(value_of(raw, decimals), decimals) == raw


def test_41_tenths_of_a_volt_is_410_and_not_409():
    assert raw_of(4.1, 2) == 410


@pytest.mark.parametrize("address", [*range(55, 63), 256, 8 + 120, 10, 65535])
def test_the_simulated_device_refuses_dangerous_and_unknown_registers(address):
    with pytest.raises(ModbusFault):
        simulator().write(address, 5633)


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_any_bytes_are_answered_with_valid_frames_or_silence(chunks):
    rtu, tcp = RtuServer(simulator()), TcpServer(simulator())
    for chunk in chunks:
        said = rtu.feed(chunk)
        assert not said or crc16(said[:-2]) == said[-2:]
        tcp.feed(chunk)
    rtu.idle()
    frame = bytes.fromhex("010300000001")
    assert rtu.feed(frame + crc16(frame))[:3] == bytes.fromhex("010302")


@given(st.binary(max_size=260))
def test_any_request_with_a_valid_checksum_gets_an_answer_or_an_exception(pdu):
    said = answer(simulator(), pdu)
    assert said
    assert said[0] & 0x7F == (pdu[0] if pdu else 0) & 0x7F


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_every_model_reports_itself_and_scales_what_is_set(model):
    device = simulator(model.name)
    amps = model.decimals("i")
    device.write(8, raw_of(4.1, model.v))
    device.write(9, raw_of(1.5, amps))
    words = device.read(0, 84)
    assert model_of(words[0]) is model
    assert value_of(words[8], model.v) == 4.1
    assert value_of(words[9], amps) == 1.5
    assert device.circuit.bench.supply.v_set == 4.1
