"""Every framing in every set-up: split reads, garbage, mutations, bounds, and the wire by hand."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.framing._checksums import CHECKSUMS
from ionpy_auto.devices.framing.header import HeaderFraming
from ionpy_auto.devices.framing.none import NoFraming
from ionpy_auto.devices.framing.start_stop import StartStopFraming
from tests.unit.devices.framing_kinds import CASES, hostile, make, shortest

KEPT = 64 * 1024
quick = settings(max_examples=25, deadline=None)
every_case = pytest.mark.parametrize("case", CASES)
STRONG = [case for case, (_, values) in CASES.items() if "crc16" in values.get("checksum", "")]


def messages_for(framing, longest=50):
    """Lists of messages that this framing can carry."""

    def carried(message):
        try:
            framing.encode(message)
        except BadInput:
            return False
        return True

    return st.lists(
        st.binary(min_size=shortest(framing), max_size=longest).filter(carried), max_size=6
    )


def fed_in_pieces(framing, stream, cuts):
    """What comes out when the stream arrives in pieces of these sizes, over and over."""
    got, at, turn = [], 0, 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        got += framing.feed(stream[at : at + step])
        at, turn = at + step, turn + 1
    return got


@every_case
@quick
@given(data=st.data(), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_messages_come_out_however_the_bytes_arrive(case, data, cuts):
    framing = make(case)
    messages = data.draw(messages_for(framing))
    stream = b"".join(framing.encode(m) for m in messages)
    assert fed_in_pieces(framing, stream, cuts) == messages
    assert framing.dropped == 0


@every_case
@quick
@given(data=st.data())
def test_after_garbage_and_a_reset_messages_come_out_whole(case, data):
    framing = make(case)
    messages = data.draw(messages_for(framing))
    fed = 0
    for garbage in data.draw(st.lists(hostile(framing), max_size=4)):
        before = framing.dropped
        for message in framing.feed(garbage):
            assert len(message) <= framing.params.maximum
        fed += len(garbage)
        assert before <= framing.dropped <= fed
        assert len(framing._buffer) <= KEPT
    framing.reset()
    assert framing.feed(b"".join(framing.encode(m) for m in messages)) == messages


@pytest.mark.parametrize("case", STRONG)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(data=st.data())
def test_one_wrong_byte_costs_its_own_frame_alone(case, data):
    framing = make(case)
    messages = data.draw(messages_for(framing).filter(bool))
    frames = [framing.encode(m) for m in messages]
    which = data.draw(st.integers(0, len(frames) - 1))
    at = data.draw(st.integers(0, len(frames[which]) - 1))
    broken = bytearray(frames[which])
    broken[at] ^= data.draw(st.integers(1, 255))
    frames[which] = bytes(broken)
    # Where a wrong length claims what follows, so much must follow before it is found out.
    got = framing.feed(b"".join(frames)) + framing.feed(bytes(2 * framing.params.maximum + 20))
    left = messages[:which] + messages[which + 1 :]
    # The flag between two frames without one of its own may be the broken byte.
    assert got == left or (framing._shared and is_part(got, left) and len(left) - len(got) <= 1)
    assert framing.dropped > 0


def is_part(part, whole):
    """In this order, with some left out."""
    rest = iter(whole)
    return all(message in rest for message in part)


@pytest.mark.parametrize("case", STRONG)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_garbage_before_a_frame_does_not_cost_the_frame(case, data):
    framing = make(case)
    messages = data.draw(messages_for(framing))
    stream = data.draw(hostile(framing)) + b"".join(framing.encode(m) for m in messages)
    got = framing.feed(stream) + framing.feed(bytes(2 * framing.params.maximum + 20))
    assert got[len(got) - len(messages) :] == messages


@every_case
def test_a_line_that_repeats_one_byte_for_ever_is_survived_in_bounded_memory(case):
    framing = make(case)
    for byte in {0, 0xFF, framing.encode(bytes(shortest(framing) or 1))[0]}:
        for _ in range(20):
            framing.feed(bytes([byte]) * 4096)
            assert len(framing._buffer) <= KEPT
        framing.reset()
    message = bytes(range(65, 65 + 10))
    assert framing.feed(framing.encode(message)) == [message]


@every_case
def test_a_message_over_the_maximum_is_refused_and_an_oversize_one_is_dropped(case):
    framing = make(case)
    longest = framing.params.maximum
    with pytest.raises(BadInput):
        framing.encode(b"A" * (longest + 1))
    values = CASES[case][1]
    wide = type(framing)(framing.Params(**{**values, "maximum": min(longest * 2, 30_000)}))
    try:
        oversize = wide.encode(b"A" * min(longest + 5, wide.params.maximum))
    except BadInput:  # its length field cannot say so
        return
    if wide.params.maximum > longest:
        assert framing.feed(oversize) == []
        tail = framing.feed(bytes(2 * longest + 20))
        assert b"A" * 10 not in b"".join(tail)
        framing.reset()
        assert framing.dropped >= len(oversize)


def test_the_bytes_of_a_header_are_those_of_the_specification():
    assert HeaderFraming(HeaderFraming.Params()).encode(b"abc") == b"\x00\x00\x00\x03abc"
    params = HeaderFraming.Params(size=2, byte_order="little", offset=1, adjust=3)
    framing = HeaderFraming(params)
    assert framing.encode(b"!abc") == b"!\x06\x00abc"
    assert framing.feed(b"!\x06\x00abc!\x03\x00") == [b"!abc", b"!"]


def test_an_oversize_message_is_skipped_whole_and_the_next_one_comes_out():
    framing = HeaderFraming(HeaderFraming.Params(size=2, maximum=10))
    assert framing.feed(b"\x00\x14" + b"\x00\x01" * 10 + b"\x00\x02ok") == [b"ok"]
    assert framing.dropped == 22


def test_an_impossible_length_costs_no_message_behind_it():
    framing = HeaderFraming(HeaderFraming.Params())
    assert framing.feed(b"noise" + b"\x00\x00\x00\x02ok") == [b"ok"]


def test_a_daly_request_is_framed_as_in_its_manual():
    params = StartStopFraming.Params(start="A5", length_at=2, checksum="sum8")
    framing = StartStopFraming(params)
    wire = bytes.fromhex("A5 40 90 08 00 00 00 00 00 00 00 00 7D")
    assert framing.encode(b"\x40\x90" + bytes(8)) == wire
    assert framing.feed(wire) == [b"\x40\x90" + bytes(8)]


def test_a_jbd_request_is_framed_as_in_its_manual():
    params = StartStopFraming.Params(
        start="DD", stop="77", length_at=2, checksum="neg_sum16", checksum_skip=2
    )
    wire = bytes.fromhex("DD A5 03 00 FF FD 77")
    assert StartStopFraming(params).encode(b"\xa5\x03") == wire
    assert StartStopFraming(params).feed(wire) == [b"\xa5\x03"]


def test_escaped_bytes_look_like_no_mark():
    params = StartStopFraming.Params(start="7E", stop="7E", escape="7D")
    framing = StartStopFraming(params)
    assert framing.encode(b"\x7e\x7d") == b"\x7e\x7d\x5e\x7d\x5d\x7e"
    assert framing.feed(b"\x7e\x7d\x5e\x7d\x5d\x7e") == [b"\x7e\x7d"]


def test_frames_may_share_one_mark_or_have_two():
    params = StartStopFraming.Params(start="7E", stop="7E", escape="7D")
    framing = StartStopFraming(params)
    assert framing.feed(b"\x7ea\x7eb\x7e\x7e\x7ec\x7e") == [b"a", b"b", b"c"]
    assert framing.dropped == 0


def test_stop_bytes_in_a_checksum_end_no_frame():
    params = StartStopFraming.Params(start="02", stop="03", checksum="sum8")
    framing = StartStopFraming(params)
    wire = framing.encode(b"\x01")
    assert wire == b"\x02\x01\x03\x03"
    assert [m for at in range(4) for m in framing.feed(wire[at : at + 1])] == [b"\x01"]


@pytest.mark.parametrize(
    ("kind", "total"),
    [
        ("none", 0),
        ("sum8", 0xDD),
        ("xor8", 0x31),
        ("crc8", 0xF4),
        ("neg_sum16", 0x10000 - 0x1DD),
        ("crc16_modbus", 0x4B37),
        ("crc16_ccitt", 0x29B1),
    ],
)
def test_checksums_have_their_published_check_values(kind, total):
    assert CHECKSUMS[kind].of(b"123456789") == total


def test_every_checksum_can_be_named():
    kinds = StartStopFraming.Params.model_fields["checksum"].annotation.__args__
    assert set(kinds) == set(CHECKSUMS)


@pytest.mark.parametrize(
    "values",
    [
        {"start": "AA"},
        {"start": "A", "stop": "55"},
        {"start": "", "stop": "55"},
        {"start": "AA", "length_at": 1, "escape": "7D"},
        {"start": "7E", "stop": "7E", "escape": "7E"},
        {"start": "5E", "stop": "7E", "escape": "7D", "escape_xor": 0x20},
    ],
)
def test_start_and_stop_that_cannot_work_are_refused(values):
    with pytest.raises(ValidationError):
        StartStopFraming.Params(**values)


@quick
@given(st.lists(st.binary(max_size=60)))
def test_no_framing_loses_nothing(reads):
    framing = NoFraming()
    assert b"".join(m for data in reads for m in framing.feed(data)) == b"".join(reads)
    assert framing.dropped == 0


@pytest.mark.proof
@every_case
def test_a_million_hostile_reads_are_survived(case):
    """1e6 reads over all set-ups; frames between them come out as soon as the line is reset."""
    framing, rng = make(case), random.Random(case)
    message = bytes(range(65, 65 + 12))
    frame = framing.encode(message)
    for turn in range(1_000_000 // len(CASES)):
        read = bytearray(frame * rng.randint(0, 2) + rng.randbytes(rng.randint(0, 24)))
        for _ in range(rng.randint(0, 3)):
            if read:
                read[rng.randrange(len(read))] = rng.choice((0, 0xFF, *frame))
        cut = rng.randint(0, len(read))
        for part in (read[:cut], read[cut:]):
            for got in framing.feed(bytes(part)):
                assert len(got) <= framing.params.maximum
        assert len(framing._buffer) <= KEPT
        if turn % 50 == 0:
            framing.reset()
            assert framing.feed(frame) == [message]
