"""What a broker sends is taken the same way, however it arrives in pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5, MQTTv311

from ionpy_auto.connections.reading import CHUNK, Reader


class Wire:
    """A socket that gives what it was given, and then would block."""

    def __init__(self, pieces):
        self.pieces = [piece for piece in pieces if piece]
        self.sent = b""

    def recv(self, size):
        if not self.pieces:
            raise BlockingIOError
        found, rest = self.pieces[0][:size], self.pieces[0][size:]
        self.pieces[:1] = [rest] if rest else []
        return found

    def send(self, data):
        self.sent += bytes(data)
        return len(data)

    def close(self):
        self.pieces.clear()


def packed(number, message, is_five):
    """A message as it stands on the wire; with properties where the number is odd."""
    topic, payload, qos, retained = message
    body = len(topic.encode()).to_bytes(2, "big") + topic.encode()
    if qos:
        body += (number % 65_000 + 1).to_bytes(2, "big")
    if is_five:
        body += b"\x02\x01\x01" if number % 2 else b"\x00"  # the payload is a text
    body += payload
    length, size = bytearray(), len(body)
    while size >= 128:
        length.append(size % 128 | 128)
        size //= 128
    return bytes((0x30 | qos << 1 | retained,)) + bytes(length) + bytes((size,)) + body


def heard(version, pieces):
    client = Client(CallbackAPIVersion.VERSION2, protocol=version)
    found = []

    def hear(_client, _data, message):
        found.append((message.topic, bytes(message.payload), message.qos, message.retain))

    client.on_message = hear
    reader = Reader(client, lambda *message: found.append(message))
    client._sock = wire = Wire(pieces)
    while wire.pieces:
        assert client.loop_read() == 0
    assert reader._at == len(reader._bytes)
    return found, wire.sent


messages = st.lists(
    st.tuples(
        st.text("abc/äµ", min_size=1, max_size=200),
        st.binary(max_size=300),
        st.sampled_from((0, 0, 0, 1)),
        st.booleans(),
    ),
    max_size=12,
)


@given(messages, st.lists(st.integers(0, 3000), max_size=12), st.sampled_from((MQTTv311, MQTTv5)))
def test_pieces_make_no_difference(wanted, cuts, version):
    stream = b"".join(packed(n, one, version == MQTTv5) for n, one in enumerate(wanted))
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    found, answered = heard(version, pieces)
    assert found == wanted
    assert answered.count(b"\x40\x02") >= sum(qos for _, _, qos, _ in wanted)


@pytest.mark.parametrize("size", [CHUNK - 40, CHUNK, 10 * CHUNK, 255 * 1024])
def test_large_messages_arrive_whole_with_those_around_them(size):
    wanted = [("a", b"1", 0, False), ("b", bytes(size), 0, True), ("c", b"3", 0, False)]
    stream = b"".join(packed(n, one, is_five=False) for n, one in enumerate(wanted))
    assert heard(MQTTv311, [stream])[0] == wanted


def test_what_is_no_topic_does_not_end_the_link():
    odd = b"\x30\x05\x00\x02\xff\xfe1" + packed(0, ("a", b"2", 0, False), is_five=False)
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
    found = []
    Reader(client, lambda *message: found.append(message))
    client._sock = Wire([odd])
    assert client.loop_read() == 0
    assert found == [("a", b"2", 0, False)]


def test_the_other_side_hangs_up():
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311)
    Reader(client, lambda *_: None)
    client._sock = Wire([])
    client._sock.recv = lambda _size: b""
    assert client.loop_read() != 0
