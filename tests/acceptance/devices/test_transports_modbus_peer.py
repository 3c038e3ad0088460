"""A Modbus link against a raw peer that answers garbage, wrongly, cut off, or late."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.links import LinkLost, NoAnswer, SpawnError
from ionpy_auto.devices.simulated.modbus import RegisterBank, RtuServer, TcpServer
from ionpy_auto.devices.transports import TRANSPORTS

TIMEOUT_S = 0.12


class Bank(RegisterBank):
    """Register n holds n + 1000."""

    def __init__(self):
        self.written = {}

    def read(self, address, count):
        return [self.written.get(n, n + 1000) for n in range(address, address + count)]

    def read_input(self, address, count):
        return [n + 3000 for n in range(address, address + count)]

    def read_coils(self, address, count):
        return [n & 1 for n in range(address, address + count)]

    read_discrete = read_coils

    def write(self, address, value):
        self.written[address] = value

    def write_coil(self, address, value):
        self.written[address] = value


class Peer:
    """A TCP peer whose next answers a test bends; after them it answers properly.

    Attributes:
        bend: One function each for the next answers: proper bytes in, list of (delay, bytes) out.
        asked: Questions so far.
    """

    def __init__(self, framing):
        self.bank = Bank()
        self.make = {"modbus_rtu": RtuServer, "modbus_tcp": TcpServer}[framing]
        self.bend = []
        self.asked = []
        self.writers = []
        self.tasks = set()
        self.more = asyncio.Event()

    async def serve(self, reader, writer):
        self.writers.append(writer)
        unit = self.make(self.bank, 1)
        while data := await reader.read(400):
            self.asked.append(data)
            self.more.set()
            answer = unit.feed(data)
            parts = self.bend.pop(0)(answer) if self.bend else [(0, answer)]
            for delay, part in parts:
                task = asyncio.ensure_future(self.send(writer, delay, part))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)

    async def send(self, writer, delay, part):
        await asyncio.sleep(delay)
        writer.write(part)

    async def questions(self, count):
        while len(self.asked) < count:
            self.more.clear()
            await self.more.wait()


@asynccontextmanager
async def bench_of(name, retries=0):
    """The link, and the peer at its other end."""
    peer = Peer(name)
    listener = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    tcp, framing = TRANSPORTS.get("tcp"), FRAMINGS.get(name)
    port = listener.sockets[0].getsockname()[1]
    transport = tcp(tcp.Params(host="127.0.0.1", port=port), SystemClock())
    params = framing.Params(timeout_s=TIMEOUT_S, retries=retries)
    link = framing.link(transport, params, SystemClock())
    await link.open()
    yield link, peer
    await link.close()
    listener.close()
    for task in tuple(peer.tasks):
        task.cancel()
    for writer in peer.writers:
        writer.close()
    await asyncio.sleep(0.02)


@pytest.fixture(params=["modbus_rtu", "modbus_tcp"])
async def bench(request):
    async with bench_of(request.param) as made:
        yield made


BENT = {
    "silence": lambda answer: [],
    "garbage": lambda answer: [(0, b"\x00\xff\x01\x03" * 20)],
    "much garbage": lambda answer: [(0, bytes(range(256)) * 40)],
    "wrong last byte": lambda answer: [(0, answer[:-1])],
    "wrong unit": lambda answer: [(0, answer.replace(b"\x01\x03", b"\x02\x03"))],
    "wrong count": lambda answer: [(0, answer.replace(b"\x01\x03\x04", b"\x01\x03\x02"))],
    "cut off": lambda answer: [(0, answer[:4])],
    "first byte missing": lambda answer: [(0, answer[1:])],
    "another function": lambda answer: [(0, answer.replace(b"\x01\x03", b"\x01\x04"))],
}


@pytest.mark.parametrize("bent", BENT)
async def test_a_bent_answer_is_no_value_and_the_next_proper_one_works(bench, bent):
    link, peer = bench
    peer.bend = [BENT[bent]]
    with pytest.raises(NoAnswer):
        await link.read_holding(0, 2)
    assert await link.read_holding(0, 2) == [1000, 1001]


async def test_an_answer_behind_garbage_in_pieces_is_found(bench):
    link, peer = bench
    peer.bend = [lambda answer: [(0, b"\x01\x03noise"), (0.01, answer[:3]), (0.02, answer[3:])]]
    assert await link.read_holding(5, 2) == [1005, 1006]
    assert link.dropped == 7


async def test_a_wrong_checksum_is_no_value():
    async with bench_of("modbus_rtu") as (link, peer):
        peer.bend = [lambda answer: [(0, answer[:-1] + bytes((answer[-1] ^ 1,)))]]
        with pytest.raises(NoAnswer):
            await link.read_holding(0, 2)
        assert await link.read_holding(0, 2) == [1000, 1001]


async def test_the_late_answer_to_a_cancelled_question_is_not_the_answer_to_the_next(bench):
    link, peer = bench
    peer.bend = [lambda answer: [(0.05, answer)]]
    hung = asyncio.ensure_future(link.read_holding(10, 2))
    await peer.questions(1)
    hung.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hung
    assert await link.read_holding(40, 2) == [1040, 1041]
    assert await link.read_holding(50, 2) == [1050, 1051]


async def test_the_late_answer_to_a_timed_out_question_is_not_the_answer_to_the_next(bench):
    link, peer = bench
    for late in (TIMEOUT_S * 1.3, TIMEOUT_S * 1.6):
        peer.bend = [lambda answer, late=late: [(late, answer)]]
        with pytest.raises(NoAnswer):
            await link.read_holding(10, 2)
        assert await link.read_holding(40, 2) == [1040, 1041]
        assert await link.read_holding(50, 2) == [1050, 1051]


async def test_an_answer_that_lay_in_the_buffer_for_long_is_forgotten(bench):
    link, peer = bench
    peer.bend = [lambda answer: [(TIMEOUT_S * 2.5, answer)]]
    with pytest.raises(NoAnswer):
        await link.read_holding(10, 2)
    await asyncio.sleep(TIMEOUT_S * 2)
    assert await link.read_holding(40, 2) == [1040, 1041]


async def test_switching_off_does_not_wait_for_a_late_answer(bench):
    link, peer = bench
    peer.bend = [lambda answer: []]
    hung = asyncio.ensure_future(link.read_holding(10, 2))
    await peer.questions(1)
    hung.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hung
    off = asyncio.ensure_future(link.write_register(18, 0))
    async with asyncio.timeout(TIMEOUT_S * 0.9):
        await peer.questions(2)
        await off
    assert peer.bank.written == {18: 0}


@pytest.mark.parametrize("name", ["modbus_rtu", "modbus_tcp"])
async def test_retries_ask_again_and_the_answers_stay_in_step(name):
    async with bench_of(name, retries=1) as (link, peer):
        # Both answers of the retried question come: one of them is nobody's.
        peer.bend = [lambda answer: [(TIMEOUT_S * 1.5, answer)]]
        for address in range(0, 60, 10):
            assert await link.read_holding(address, 2) == [1000 + address, 1001 + address]
        assert len(peer.asked) == 7


async def test_the_other_functions_go_over_the_wire(bench):
    link, peer = bench
    assert await link.read_input(2, 2) == [3002, 3003]
    assert await link.read_coils(0, 10) == [0, 1] * 5
    assert await link.read_discrete(1, 3) == [1, 0, 1]
    await link.write_registers(4, [7, 8])
    await link.write_coil(9, 1)
    await link.write_register(1, 65535)
    assert peer.bank.written == {4: 7, 5: 8, 9: 1, 1: 65535}
    link.unit = 9
    with pytest.raises(NoAnswer) as caught:
        await link.read_holding(0, 1)
    assert "unit 9" in str(caught.value)


async def test_an_exception_answer_names_the_register(bench):
    link, peer = bench
    del peer
    with pytest.raises(DeviceError) as caught:
        await link.read_holding(65535, 9)
    assert caught.value.error_code == "MODBUS_EXCEPTION"
    assert await link.read_holding(1, 1) == [1001]


async def test_a_peer_that_hangs_up_loses_the_link(bench):
    link, peer = bench
    for writer in peer.writers:
        writer.close()
    with pytest.raises(LinkLost):
        await link.read_holding(0, 1)
    await link.close()
    with pytest.raises(LinkLost):
        await link.read_holding(0, 1)


def test_modbus_needs_a_byte_stream():
    framing, virtual = FRAMINGS.get("modbus_rtu"), TRANSPORTS.get("virtual")
    transport = virtual(virtual.Params(), SystemClock())
    with pytest.raises(SpawnError, match="serial or tcp"):
        framing.link(transport, framing.Params(), SystemClock())
