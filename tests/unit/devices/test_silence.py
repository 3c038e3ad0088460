"""Lines without an end mark: silence ends an answer, and commands keep their distance."""

import asyncio
from itertools import pairwise

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices.framing.delimiter import DelimiterFraming
from ionpy_auto.devices.framing.none import NoFraming
from ionpy_auto.devices.links import NoAnswer
from ionpy_auto.devices.messages import FramedLink
from ionpy_auto.devices.streams import StreamTransport


class Pieces:
    """A transport whose bytes come in pieces with pauses, and that remembers when it was told."""

    def __init__(self, *pieces: tuple[float, bytes]) -> None:
        self.pieces = list(pieces)
        self.told: list[tuple[float, bytes]] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, data: bytes) -> None:
        self.told.append((asyncio.get_running_loop().time(), data))

    async def read(self) -> bytes:
        if not self.pieces:
            await asyncio.Event().wait()
        pause, data = self.pieces[0]
        await asyncio.sleep(pause)
        del self.pieces[0]
        return data


def silent_link(transport: Pieces, **params: float) -> FramedLink:
    return NoFraming.link(transport, NoFraming.Params(**params), SystemClock())


async def test_silence_ends_a_message_that_came_in_pieces():
    link = silent_link(Pieces((0, b"\n0"), (0.001, b"4.2"), (0.001, b"0")), idle_s=0.05)
    assert await link.query(b"VOUT1?") == b"\n04.20"


async def test_silence_parts_two_answers():
    link = silent_link(Pieces((0, b"1.00"), (0.2, b"2.00"), (0.1, b"3.00")), idle_s=0.02)
    assert await link.query(b"A?") == b"1.00"
    assert await link.query(b"B?") == b"2.00"


async def test_a_device_that_never_falls_silent_has_not_answered():
    link = silent_link(Pieces(*[(0.005, b"x")] * 1000), idle_s=0.05, timeout_s=0.1)
    with pytest.raises(NoAnswer):
        await link.query(b"A?")


async def test_messages_keep_their_distance():
    transport = Pieces((0, b"a"), (0, b"b"))
    link = silent_link(transport, gap_s=0.05)
    await link.query(b"A?")
    await link.query(b"B?")
    await link.send(b"C")
    times = [at for at, _ in transport.told]
    assert [b - a >= 0.049 for a, b in pairwise(times)] == [True, True]


class Slow(StreamTransport):
    """A real socket to a device that answers each line after a pause of its own."""

    def __init__(self, port: int) -> None:
        super().__init__("tcp", "slow")
        self.port = port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
async def slow_link():
    """A link to a device whose first answer is late; the others come at once, with their number."""
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while line := await reader.readline():
            asked += 1
            await asyncio.sleep(0.15 if asked == 1 else 0)
            extra = b"surplus\n" if line == b"C\n" else b""
            writer.write(b"answer to " + line + extra)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    transport = Slow(server.sockets[0].getsockname()[1])
    link = FramedLink(transport, DelimiterFraming(DelimiterFraming.Params()), SystemClock(), 0.1)
    await link.open()
    yield link
    await link.close()
    server.close()


async def test_a_late_answer_is_never_taken_for_the_next(slow_link):
    with pytest.raises(NoAnswer):
        await slow_link.query(b"A")
    assert await slow_link.query(b"B") == b"answer to B"


async def test_what_came_unasked_is_never_an_answer(slow_link):
    assert await slow_link.query(b"A", 1.0) == b"answer to A"
    assert await slow_link.query(b"C") == b"answer to C"
    await asyncio.sleep(0.02)
    assert await slow_link.query(b"D") == b"answer to D"
