"""Recorded conversations: read strictly, played back as they were."""

import pytest

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.devices import NoAnswer
from ionpy_auto.testing.frames import RecordedLink, read_frames

HEAD = '{"device": "KA3005P", "firmware": "V2.0", "date": "2025-01-31"}\n'
BODY = """\
{"ask": "VOUT1?", "answer": "12.34"}
{"ask": "VOUT1?", "answer": "12.35"}
{"ask_hex": "01ff", "answer_hex": "55aa"}
{"say": "OUT1"}
{"read": 10, "registers": [1234, 5]}
{"read": 12, "registers": [6]}
"""


@pytest.fixture
def link(tmp_path):
    path = tmp_path / "frames.jsonl"
    path.write_text(HEAD + BODY)
    return RecordedLink(read_frames(path))


async def test_answers_come_in_the_order_they_were_given_and_the_last_one_stays(link):
    assert [await link.query(b"VOUT1?") for _ in range(3)] == [b"12.34", b"12.35", b"12.35"]
    assert await link.query(b"\x01\xff") == b"\x55\xaa"
    with pytest.raises(NoAnswer, match="never asked"):
        await link.query(b"IOUT1?")


async def test_only_what_was_said_can_be_said(link):
    await link.send(b"OUT1")
    assert link.said == [b"OUT1"]
    with pytest.raises(AssertionError, match="never said"):
        await link.send(b"OUT0")


async def test_registers_of_several_frames_lie_side_by_side(link):
    assert await link.read_holding(11, 2) == [5, 6]
    with pytest.raises(NoAnswer, match="register 13"):
        await link.read_holding(12, 2)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (BODY, "frames.jsonl:1: the first line names"),
        (HEAD + "{", "frames.jsonl:2:"),
        (HEAD + '{"ask": "A"}\n', "frames.jsonl:2:"),
        (HEAD + '{"ask_hex": "x", "answer": "1"}\n', "frames.jsonl:2:"),
        (HEAD + '{"read": 1, "registers": ["a"]}\n', "frames.jsonl:2:"),
        (HEAD + "5\n", "frames.jsonl:2:"),
    ],
)
def test_a_broken_recording_names_its_line(tmp_path, text, place):
    path = tmp_path / "frames.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as error:
        read_frames(path)
    assert error.value.message.startswith(place)
