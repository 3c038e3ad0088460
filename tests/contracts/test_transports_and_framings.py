"""Every registered transport and framing walks through its conformance suite."""

import asyncio
import re
from functools import partial
from pathlib import Path

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
    assert TRANSPORTS.names() == ["hid", "serial", "tcp", "udp", "virtual", "visa"]
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


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram with itself."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


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
    datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Datagrams, local_addr=("127.0.0.1", 0)
    )

    class Peer:
        port = server.sockets[0].getsockname()[1]
        udp_port = datagrams.get_extra_info("sockname")[1]

        def transport(self, name, **more):
            """A transport of this kind towards the echo."""
            values = {
                "tcp": {"host": "127.0.0.1", "port": self.port},
                "udp": {"host": "127.0.0.1", "port": self.udp_port},
                "serial": {"port": f"socket://127.0.0.1:{self.port}"},
                "visa": {"resource": f"TCPIP::127.0.0.1::{self.port}::SOCKET"},
            }[name]
            kind = TRANSPORTS.get(name)
            return kind(kind.Params(**values, **more), SystemClock())

        async def hang_up(self):
            datagrams.close()
            for writer in writers:
                writer.close()
            await asyncio.sleep(0)  # closing takes a turn of the loop

    yield Peer()
    datagrams.close()
    server.close()
    for writer in writers:
        writer.close()
    await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", ["serial", "tcp", "udp", "visa"])
async def test_transport_conforms(name, echo):
    make = partial(echo.transport, name)
    await check_transport(make, echo.hang_up, knocks=name == "udp")


@pytest.mark.parametrize(
    ("framing", "values"),
    [
        ("delimiter", {"delimiter": "\\r\\n"}),
        ("none", {}),
        ("header", {"size": 2, "byte_order": "little"}),
        ("start_stop", {"start": "AA", "stop": "55", "checksum": "crc16_modbus"}),
    ],
)
@pytest.mark.parametrize("name", ["serial", "tcp", "udp", "visa"])
async def test_every_framing_talks_over_every_transport(name, framing, values, echo):
    kind = FRAMINGS.get(framing)
    more = {"read_end": None} if name == "visa" and framing != "delimiter" else {}
    transport = echo.transport(name, **more)
    link = kind.link(transport, kind.Params(**values, timeout_s=5), SystemClock())
    await link.open()
    for question in (b"*IDN?", b"MEAS 4.2", bytes(range(32))):
        if framing != "delimiter" or b"\n" not in question:
            assert await link.query(question) == question
    await link.close()


async def test_a_datagram_is_a_read_and_a_flood_is_bounded_and_counted(echo):
    transport = echo.transport("udp")
    await transport.open()
    for size in (1, 1400, 9000):
        await transport.write(b"x" * size)
        assert await transport.read() == b"x" * size
    with pytest.raises(LinkLost, match="too long"):
        await transport.write(bytes(70_000))
    mail = transport._mail
    for number in range(300):
        mail.datagram_received(b"%d" % number, None)
    mail.datagram_received(b"", None)
    assert transport.dropped == 300 - 256
    assert await transport.read() == b"44"
    await transport.close()


@pytest.mark.parametrize("name", ["tcp", "udp"])
async def test_a_name_that_can_be_none_is_a_lost_link(name):
    kind = TRANSPORTS.get(name)
    transport = kind(kind.Params(host="a..b", port=9), SystemClock())
    with pytest.raises(LinkLost, match=r"a\.\.b") as caught:
        await transport.open()
    assert caught.value.error_code == f"TRANSPORT_{name.upper()}"
    assert caught.value.hint


async def test_a_waiting_read_ends_when_the_socket_is_closed(echo):
    transport = echo.transport("udp")
    await transport.open()
    reading = asyncio.ensure_future(transport.read())
    await asyncio.sleep(0)
    await transport.close()
    with pytest.raises(LinkLost):
        await reading


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


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "transports-and-framings.md"


def described(title):
    """Kinds and their parameters with defaults, as the page says."""
    text = PAGE.read_text(encoding="utf-8")
    chapter = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    sections = re.split(r"^### `(\w+)`$", chapter, flags=re.MULTILINE)[1:]
    return {
        name: dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", body, re.MULTILINE))
        for name, body in zip(sections[::2], sections[1::2], strict=True)
    }


@pytest.mark.parametrize(
    ("title", "registry"),
    [("Transports", TRANSPORTS), ("Framings", FRAMINGS)],
    ids=["transports", "framings"],
)
def test_every_kind_is_described_with_its_parameters_and_defaults(title, registry):
    found = described(title)
    assert set(found) == set(registry)
    for name in registry:
        fields = registry.get(name).Params.model_fields
        assert set(found[name]) == set(fields), name
        for key, field in fields.items():
            told = found[name][key].strip("`")
            if field.is_required():
                assert told == "required", f"{name}.{key}"
            elif isinstance(field.default, int | float | str):
                assert told == str(field.default).replace("\n", "\\n"), f"{name}.{key}"
            else:
                assert told in {"none", "as usual", "as `delimiter"}, f"{name}.{key}"


def test_every_transport_says_whether_the_wizard_may_offer_it():
    assert all(isinstance(TRANSPORTS.get(name).WIZARD, bool) for name in TRANSPORTS)
    for registry in (TRANSPORTS, FRAMINGS):
        for name in registry:
            schema = registry.get(name).Params.model_json_schema()
            assert schema["type"] == "object"
            assert schema["additionalProperties"] is False
