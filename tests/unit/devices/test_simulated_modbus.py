"""The hand-written Modbus of simulated devices: every function, every exception, and silence."""

import struct

import pytest

from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices.links import NoAnswer
from ionpy_auto.devices.simulated import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    InProcessModbus,
    ModbusFault,
    RegisterBank,
    RtuServer,
    TcpServer,
)
from ionpy_auto.devices.simulated.modbus import answer, crc16


class Small(RegisterBank):
    """Ten of everything; register 3 refuses values above 100."""

    def __init__(self):
        self.words, self.coils = [*range(10)], [0] * 10

    def _span(self, table, address, count):
        if address + count > len(table):
            raise ModbusFault(ILLEGAL_ADDRESS)
        return table[address : address + count]

    def read(self, address, count):
        return self._span(self.words, address, count)

    def read_input(self, address, count):
        return self._span([w + 1000 for w in self.words], address, count)

    def read_coils(self, address, count):
        return self._span(self.coils, address, count)

    def read_discrete(self, address, count):
        return self._span([1 - bit for bit in self.coils], address, count)

    def write(self, address, value):
        self._span(self.words, address, 1)
        if address == 3 and value > 100:
            raise ModbusFault(ILLEGAL_VALUE)
        self.words[address] = value

    def write_coil(self, address, value):
        self._span(self.coils, address, 1)
        self.coils[address] = value


def pdu(text):
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ("03 0001 0002", "03 04 0001 0002"),
        ("04 0001 0002", "04 04 03e9 03ea"),
        ("01 0000 000a", "01 02 00 00"),
        ("02 0000 000a", "02 02 ff 03"),
        ("06 0002 002a", "06 0002 002a"),
        ("05 0009 ff00", "05 0009 ff00"),
        ("0f 0000 000a 02 01 02", "0f 0000 000a"),
        ("10 0000 0002 04 0007 0008", "10 0000 0002"),
        ("03 0009 0002", "83 02"),
        ("03 ffff 0002", "83 02"),
        ("03 0000 0000", "83 03"),
        ("03 0000 007e", "83 03"),
        ("01 0000 07d1", "81 03"),
        ("03 00", "83 03"),
        ("05 0000 1234", "85 03"),
        ("06 0003 0065", "86 03"),
        ("06 000a 0001", "86 02"),
        ("10 0000 0002 03 0007 00", "90 03"),
        ("10 0000 0002", "90 03"),
        ("0f 0000 000a 01 01", "8f 03"),
        ("17 0000", "97 01"),
        ("", "80 01"),
    ],
)
def test_every_request_has_its_answer_or_its_exception(request_, reply):
    assert answer(Small(), pdu(request_)) == pdu(reply)


def test_bits_are_packed_lowest_first():
    bank = Small()
    answer(bank, pdu("0f 0000 000a 02 05 02"))
    assert bank.coils == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert answer(bank, pdu("01 0000 000a")) == pdu("01 02 05 02")


def test_a_bank_without_a_table_says_illegal_function():
    for function in (1, 2, 3, 4):
        said = answer(RegisterBank(), struct.pack(">BHH", function, 0, 1))
        assert said == bytes((function | 0x80, ILLEGAL_FUNCTION))
    assert answer(RegisterBank(), pdu("06 0000 0001")) == pdu("86 01")
    assert answer(RegisterBank(), pdu("05 0000 ff00")) == pdu("85 01")


def test_a_foreign_unit_gets_silence_and_changes_nothing():
    bank = Small()
    foreign = pdu("09 06 0001 002a")
    assert RtuServer(bank, unit=1).feed(foreign + crc16(foreign)) == b""
    assert TcpServer(bank, unit=1).feed(pdu("0001 0000 0006") + foreign) == b""
    assert bank.words[1] == 1


def test_a_broadcast_on_the_line_is_obeyed_in_silence():
    bank = Small()
    everybody = pdu("00 06 0001 002a")
    assert RtuServer(bank, unit=1).feed(everybody + crc16(everybody)) == b""
    assert bank.words[1] == 42


async def test_without_a_wire_the_same_bank_answers_and_refuses_alike():
    link = InProcessModbus(Small, unit=4)
    assert link.unit == 4
    await link.write_registers(1, [8, 9])
    await link.write_coil(2, 1)
    assert list(await link.read_holding(0, 4)) == [0, 8, 9, 3]
    assert list(await link.read_input(1, 1)) == [1008]
    assert list(await link.read_coils(2, 1)) == [1]
    assert list(await link.read_discrete(2, 1)) == [0]
    with pytest.raises(DeviceError) as refused:
        await link.read_holding(9, 2)
    assert refused.value.arguments["exception"] == ILLEGAL_ADDRESS
    link.unit = 5
    with pytest.raises(NoAnswer):
        await link.read_holding(0, 1)
