"""The answer to a Modbus question among noise, other units, other counts and late answers."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus import FramerType
from pymodbus.pdu.bit_message import ReadCoilsRequest, WriteSingleCoilRequest
from pymodbus.pdu.file_message import ReadFifoQueueRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from ionpy_auto.devices.modbus_answers import ModbusAnswers
from ionpy_auto.devices.simulated.modbus import RegisterBank, RtuServer, TcpServer

both = pytest.mark.parametrize("kind", [FramerType.RTU, FramerType.SOCKET])
KEPT = 512


class Bank(RegisterBank):
    """Register n holds n + 1000, until it is written."""

    def __init__(self):
        self.words = {}

    def read(self, address, count):
        return [self.words.get(n, n + 1000 & 0xFFFF) for n in range(address, address + count)]

    def read_coils(self, address, count):
        return [n & 1 for n in range(address, address + count)]

    def write(self, address, value):
        self.words[address] = value

    def write_coil(self, address, value):
        del address, value


def server(kind, unit=1):
    return (RtuServer if kind is FramerType.RTU else TcpServer)(Bank(), unit)


def read(address=0, count=2, unit=1):
    return ReadHoldingRegistersRequest(address=address, count=count, dev_id=unit)


@both
@given(st.integers(1, 125), st.lists(st.integers(1, 30), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_the_answer_is_found_however_its_bytes_arrive(kind, count, cuts):
    answers = ModbusAnswers(kind)
    wire = server(kind).feed(answers.ask(read(7, count)))
    got, at, turn = None, 0, 0
    while at < len(wire):
        assert got is None
        step = cuts[turn % len(cuts)]
        got = answers.feed(wire[at : at + step])
        at, turn = at + step, turn + 1
    assert got.registers == list(range(1007, 1007 + count))
    assert answers.dropped == 0


@both
@given(noise=st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_noise_before_the_answer_costs_nothing(kind, noise):
    answers = ModbusAnswers(kind)
    wire = server(kind).feed(answers.ask(read(3)))
    got = answers.feed(noise) or answers.feed(wire)
    assert got.registers == [1003, 1004]
    assert len(answers._buffer) <= KEPT


@given(at=st.integers(0, 8), flip=st.integers(1, 255))
def test_one_wrong_byte_in_an_rtu_answer_is_never_a_value(at, flip):
    answers = ModbusAnswers(FramerType.RTU)
    wire = bytearray(server(FramerType.RTU).feed(answers.ask(read())))
    assert len(wire) == 9
    wire[at] ^= flip
    assert answers.feed(bytes(wire)) is None
    # The next proper answer is found behind it.
    assert answers.feed(server(FramerType.RTU).feed(answers.ask(read()))).registers == [1000, 1001]


@both
@pytest.mark.parametrize(
    "other",
    [
        read(unit=2),
        read(count=1),
        read(count=3),
        ReadCoilsRequest(address=0, count=20, dev_id=1),
        WriteSingleRegisterRequest(address=0, registers=[4711], dev_id=1),
        WriteMultipleRegistersRequest(address=0, registers=[1, 2], dev_id=1),
    ],
    ids=["unit", "fewer", "more", "function", "echo", "echo of many"],
)
def test_the_answer_to_another_question_is_passed_over(kind, other):
    other.transaction_id = 0
    foreign = server(kind, other.dev_id).feed(ModbusAnswers(kind).ask(other))
    assert foreign
    answers = ModbusAnswers(kind)
    if kind is FramerType.SOCKET:
        answers.ask(read())  # so that the numbers differ
    own = server(kind).feed(answers.ask(read(5)))
    assert answers.feed(foreign) is None
    assert answers.feed(own).registers == [1005, 1006]
    assert answers.dropped == len(foreign)


@both
def test_the_echo_of_another_value_is_no_receipt(kind):
    answers = ModbusAnswers(kind)
    off = WriteSingleRegisterRequest(address=18, registers=[0], dev_id=1)
    on = WriteSingleRegisterRequest(address=18, registers=[1], dev_id=1)
    late = server(kind).feed(answers.ask(on))
    receipt = server(kind).feed(answers.ask(off))
    assert answers.feed(late) is None
    assert answers.feed(receipt).registers == [0]


@both
def test_an_exception_answer_is_an_answer(kind):
    answers = ModbusAnswers(kind)
    question = answers.ask(ReadHoldingRegistersRequest(address=65535, count=9, dev_id=1))
    answer = answers.feed(server(kind).feed(question))
    assert answer.isError()
    assert answer.exception_code == 2


@both
def test_coils_are_read_and_written(kind):
    answers = ModbusAnswers(kind)
    request = ReadCoilsRequest(address=0, count=11, dev_id=1)
    assert answers.feed(server(kind).feed(answers.ask(request))).bits[:11] == [False, True] * 5 + [
        False
    ]
    request = WriteSingleCoilRequest(address=4, bits=[True], dev_id=1)
    assert not answers.feed(server(kind).feed(answers.ask(request))).isError()


def test_a_function_nobody_asks_for_is_refused():
    with pytest.raises(ValueError, match="function 24"):
        ModbusAnswers(FramerType.RTU).ask(ReadFifoQueueRequest(address=1, dev_id=1))


@both
def test_a_modbus_tcp_answer_with_number_zero_is_not_ours(kind):
    answers = ModbusAnswers(kind)
    wire = bytearray(server(kind).feed(answers.ask(read())))
    wire[:2] = b"\0\0"
    assert answers.feed(bytes(wire)) is None


def one_byte(rng, wire):
    wire[rng.randrange(len(wire))] ^= rng.randint(1, 255)


def cut(rng, wire):
    del wire[rng.randrange(len(wire)) :]


def noise(rng, wire):
    wire[:] = rng.randbytes(rng.randint(1, 40))


def burst(rng, wire):
    """Two neighbouring bytes: what a checksum of 16 bits always notices."""
    at = rng.randrange(len(wire) - 1)
    wire[at] ^= rng.randint(1, 255)
    wire[at + 1] ^= rng.randint(0, 255)


def more_bytes(rng, wire):
    at = rng.randrange(len(wire))
    wire[at:at] = rng.randbytes(rng.randint(1, 4))


def many_bytes(rng, wire):
    for at in range(3, len(wire)):
        wire[at] ^= rng.randint(0, 255)


CERTAIN = (one_byte, cut, noise, burst)
ALL = (*CERTAIN, more_bytes, many_bytes)


def hostile_answers(turns, seed, ways):
    """RTU answers mutated; returns how many values were taken that nobody sent."""
    rng = random.Random(seed)
    answers, unit = ModbusAnswers(FramerType.RTU), server(FramerType.RTU)
    wrong = 0
    for _ in range(turns):
        count = rng.randint(1, 4)
        wire = bytearray(unit.feed(answers.ask(read(0, count))))
        rng.choice(ways)(rng, wire)
        got = answers.feed(bytes(wire))
        true = list(range(1000, 1000 + count))
        wrong += got is not None and not got.isError() and got.registers != true
        assert len(answers._buffer) <= KEPT
        if got is None:
            assert answers.feed(unit.feed(answers.ask(read(0, count)))).registers == true
    return wrong


def test_mutated_rtu_answers_are_never_values():
    assert hostile_answers(3000, 1, ALL) == 0


@pytest.mark.proof
def test_half_a_million_mutated_rtu_answers_are_never_values():
    """5e5 answers harmed in ways that the checksum always notices, a proper one behind each."""
    assert hostile_answers(500_000, 2, CERTAIN) == 0


@pytest.mark.proof
def test_of_answers_harmed_in_any_way_the_checksum_lets_no_more_through_than_its_size_says():
    """No parser can do better than the 16 bits of the protocol: one in 65,536."""
    turns = 100_000
    assert hostile_answers(turns, 3, ALL) <= 2 * turns / 65536
