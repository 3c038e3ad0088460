"""Every registered transport and framing walks through its conformance suite."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.framing.delimiter import DelimiterFraming
from ionpy_auto.devices.framing.none import NoFraming
from ionpy_auto.devices.links import LinkLost, NoAnswer
from ionpy_auto.devices.messages import FramedLink
from ionpy_auto.devices.transports import TRANSPORTS
from ionpy_auto.testing.conformance import check_framing, check_transport


def test_what_ships_is_found_by_scanning():
    assert TRANSPORTS.names() == ["serial", "tcp", "virtual"]
    assert FRAMINGS.names() == [
        "delimiter",
        "header",
        "modbus_rtu",
        "modbus_tcp",
        "none",
        "start_stop",
    ]
    assert all(name == FRAMINGS.get(name).NAME for name in FRAMINGS)
    assert all(name == TRANSPORTS.get(name).NAME for name in TRANSPORTS)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("delimiter", {}),
        ("none", {}),
        ("header", {}),
        ("header", {"size": 2, "byte_order": "little", "maximum": 500}),
        ("start_stop", {"start": "AA", "stop": "55", "checksum": "crc16_modbus"}),
        ("start_stop", {"start": "FF", "length_at": 0, "checksum": "sum8"}),
        ("start_stop", {"start": "7E", "stop": "7E", "escape": "7D", "checksum": "crc8"}),
    ],
)
def test_framing_conforms(name, values):
    kind = FRAMINGS.get(name)
    check_framing(lambda: kind(kind.Params(**values)), [b"*IDN?", b"", b"MEAS 4.2"])


@pytest.fixture
async def echo():
    writers = set()

    async def client(reader, writer):
        writers.add(writer)
        while data := await reader.read(100):
            if data == b"mute\n":
                continue
            writer.write(data)

    server = await asyncio.start_server(client, "127.0.0.1", 0)

    class Peer:
        port = server.sockets[0].getsockname()[1]

        async def hang_up(self):
            for writer in writers:
                writer.close()

    yield Peer()
    server.close()
    for writer in writers:
        writer.close()
    await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", ["serial", "tcp"])
async def test_transport_conforms(name, echo):
    kind = TRANSPORTS.get(name)
    if name == "tcp":
        params = kind.Params(host="127.0.0.1", port=echo.port)
    else:
        params = kind.Params(port=f"socket://127.0.0.1:{echo.port}")
    await check_transport(lambda: kind(params, SystemClock()), echo.hang_up)


async def test_virtual_transport_carries_no_bytes():
    kind = TRANSPORTS.get("virtual")
    transport = kind(kind.Params(), SystemClock())
    await transport.open()
    with pytest.raises(LinkLost):
        await transport.read()
    await transport.close()


@given(
    messages=st.lists(st.binary(max_size=30).filter(lambda m: b"\n" not in m), max_size=8),
    cuts=st.lists(st.integers(1, 20), min_size=1, max_size=40),
)
def test_delimiter_framing_does_not_care_how_bytes_arrive(messages, cuts):
    framing = DelimiterFraming(DelimiterFraming.Params())
    stream = b"".join(framing.encode(m) for m in messages)
    got, at, turn = [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        got += framing.feed(stream[at : at + step])
        at, turn = at + step, turn + 1
    assert got == messages
    assert framing.dropped == 0


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_delimiter_framing_never_keeps_more_than_its_maximum(chunks):
    framing = DelimiterFraming(DelimiterFraming.Params(delimiter="\\r\\n", maximum=50))
    fed = 0
    for chunk in chunks:
        fed += len(chunk)
        for message in framing.feed(chunk):
            assert len(message) <= 50
            assert b"\r\n" not in message
    framing.reset()
    assert framing.feed(b"ok\r\n") == [b"ok"]


def test_a_message_that_holds_its_delimiter_is_refused():
    with pytest.raises(BadInput):
        DelimiterFraming(DelimiterFraming.Params()).encode(b"OUTP ON\nOUTP OFF")


async def test_a_late_answer_is_not_taken_for_the_next_one(echo):
    kind = TRANSPORTS.get("tcp")
    transport = kind(kind.Params(host="127.0.0.1", port=echo.port), SystemClock())
    framing = DelimiterFraming(DelimiterFraming.Params())
    link = FramedLink(transport, framing, SystemClock(), 0.05)
    await link.open()
    with pytest.raises(NoAnswer):
        await link.query(b"mute")
    await transport.write(b"late\n")
    await asyncio.sleep(0.05)
    assert await link.query(b"fresh", 1.0) == b"fresh"
    await link.close()


def test_no_framing_hands_bytes_through():
    assert NoFraming().feed(b"ab") == [b"ab"]
