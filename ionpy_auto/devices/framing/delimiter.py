"""Messages that end with a delimiter: SCPI lines and everything that speaks in lines."""

from typing import Any, ClassVar

from pydantic import Field

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.links import Link, StackParams, Transport
from ionpy_auto.devices.messages import FramedLink

NAME = "delimiter"


class DelimiterFraming:
    """Cuts at a delimiter; a message longer than the maximum is dropped whole."""

    NAME: ClassVar[str] = NAME

    class Params(StackParams):
        r"""Delimiters as text; ``\\n`` and ``\\r`` may be written out."""

        delimiter: str = Field("\n", min_length=1, max_length=8, description="Ends an answer.")
        send: str | None = Field(None, max_length=8, description="Ends a question; else the same.")
        maximum: int = Field(65536, ge=1, le=2**24, description="Longest message in bytes.")
        timeout_s: float = Field(1.0, gt=0, le=60)

    def __init__(self, params: Any) -> None:  # noqa: ANN401 - registry protocol
        self.params: DelimiterFraming.Params = params
        self._end = unescape(self.params.delimiter)
        self._send_end = unescape(self.params.send) if self.params.send else self._end
        self._buffer = bytearray()
        self._skipping = False
        self.dropped = 0

    @classmethod
    def link(cls, transport: Transport, params: Any, clock: Clock) -> Link:  # noqa: ANN401
        """A link of messages over a byte transport."""
        return FramedLink(transport, cls(params), clock, params.timeout_s)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in; returns the messages that became complete, without delimiter."""
        self._buffer += data
        messages = []
        while (at := self._buffer.find(self._end)) >= 0:
            message = bytes(self._buffer[:at])
            del self._buffer[: at + len(self._end)]
            if self._skipping or at > self.params.maximum:
                self.dropped += at + len(self._end)
                self._skipping = False
            else:
                messages.append(message)
        # Keep what may be the first bytes of a delimiter.
        if len(self._buffer) > self.params.maximum + len(self._end):
            keep = len(self._end) - 1
            cut = len(self._buffer) - keep
            self.dropped += cut
            del self._buffer[:cut]
            self._skipping = True
        return messages

    def encode(self, payload: bytes) -> bytes:
        """The message with its delimiter.

        Raises:
            BadInput: The message holds the delimiter or is too long.
        """
        if self._send_end in payload or len(payload) > self.params.maximum:
            raise BadInput("a message must not hold its delimiter nor be too long")
        return payload + self._send_end

    def reset(self) -> None:
        """Forget half a message."""
        self.dropped += len(self._buffer)
        self._buffer.clear()
        self._skipping = False


def unescape(text: str) -> bytes:
    r"""A delimiter as people write it: ``\n``, ``\r``, ``\0`` and ``\t`` written out count."""
    for written, meant in (("\\r", "\r"), ("\\n", "\n"), ("\\0", "\0"), ("\\t", "\t")):
        text = text.replace(written, meant)
    return text.encode()


FRAMING = DelimiterFraming
