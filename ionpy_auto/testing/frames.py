"""Recorded conversations with an instrument, played back: ``frames.jsonl`` beside a driver.

One JSON object per line. The first says where it was recorded, each other is one exchange::

    {"device": "KA3005P", "firmware": "V2.0", "date": "2025-01-31"}
    {"ask": "VOUT1?", "answer": "12.34"}
    {"ask_hex": "01", "answer_hex": "55aa"}
    {"say": "OUT1"}
    {"read": 10, "registers": [1234, 5]}

`ask` with `answer` is a question, `say` a message without an answer, `read` holding registers. The
same question may stand several times; its answers come in order, and the last one stays.
"""

import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.devices.links import NoAnswer


class Frame(NamedTuple):
    """One exchange; what is not part of it is None.

    Attributes:
        ask: What was sent.
        answer: What came back; None when nothing did.
        read: Address of the first register.
        registers: What they held.
    """

    ask: bytes = b""
    answer: bytes | None = None
    read: int | None = None
    registers: tuple[int, ...] = ()


def read_frames(path: Path) -> list[Frame]:
    """The exchanges of a recording.

    Raises:
        ConfigInvalid: With file and line.
    """
    frames = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            frames += _frames(json.loads(line), first=number == 1)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            msg = f"{path.name}:{number}: {error}"
            raise ConfigInvalid(msg, hint="see ionpy_auto.testing.frames") from error
    return frames


def _frames(content: dict[str, Any], *, first: bool) -> list[Frame]:
    if first:
        if not content.keys() >= {"device", "firmware", "date"}:
            msg = "the first line names device, firmware and date"
            raise ValueError(msg)
        return []
    if "read" in content:
        registers = tuple(int(word) for word in content["registers"])
        return [Frame(read=int(content["read"]), registers=registers)]
    if "say" in content or "say_hex" in content:
        return [Frame(ask=_bytes(content, "say"))]
    return [Frame(_bytes(content, "ask"), _bytes(content, "answer"))]


def _bytes(content: dict[str, Any], key: str) -> bytes:
    """A text, or bytes written in hexadecimal."""
    if key in content:
        return str(content[key]).encode("utf-8")
    return bytes.fromhex(content[f"{key}_hex"])


class RecordedLink:
    """A link that answers as the instrument did: messages, and reading of registers.

    Attributes:
        unit: Address of the unit; every one is answered.
        said: Messages that were sent, in order.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.unit = 1
        self.said: list[bytes] = []
        self._answers: dict[bytes, deque[bytes]] = {}
        self._silent = {frame.ask for frame in frames if frame.ask and frame.answer is None}
        self._registers: dict[int, int] = {}
        for frame in frames:
            if frame.answer is not None:
                self._answers.setdefault(frame.ask, deque()).append(frame.answer)
            elif frame.read is not None:
                self._registers |= dict(enumerate(frame.registers, start=frame.read))

    async def open(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to close."""

    async def send(self, payload: bytes) -> None:
        """A message without an answer.

        Raises:
            AssertionError: It was never recorded.
        """
        if payload not in self._silent:
            raise AssertionError(f"{payload!r} was never said when this was recorded")
        self.said.append(payload)

    async def query(self, payload: bytes, timeout_s: float | None = None) -> bytes:
        """The answer that was recorded.

        Raises:
            NoAnswer: The question was never asked.
        """
        del timeout_s
        answers = self._answers.get(payload)
        if not answers:
            raise NoAnswer(f"{payload!r} was never asked when this was recorded")
        self.said.append(payload)
        return answers.popleft() if len(answers) > 1 else answers[0]

    async def read_holding(self, address: int, count: int) -> Sequence[int]:
        """The registers that were recorded.

        Raises:
            NoAnswer: One of them never was.
        """
        wanted = range(address, address + count)
        missing = [number for number in wanted if number not in self._registers]
        if missing:
            raise NoAnswer(f"register {missing[0]} was never read when this was recorded")
        return [self._registers[number] for number in wanted]
