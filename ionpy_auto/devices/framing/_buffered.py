"""What framings that keep half a message have in common: the buffer, the count of lost bytes."""

from typing import Any

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import Link, Transport
from ionpy_auto.devices.messages import FramedLink


class BufferedFraming:
    """Keeps bytes until they make a message.

    A subclass says in `take` what the first bytes of the buffer are: a message, not yet a message,
    or something to throw away.
    """

    def __init__(self, params: Any) -> None:  # noqa: ANN401 - own Params of the subclass
        del params
        self._buffer = bytearray()
        self.dropped = 0

    @classmethod
    def link(cls, transport: Transport, params: Any, clock: Clock) -> Link:  # noqa: ANN401
        """A link of messages over a byte transport."""
        return FramedLink(transport, cls(params), clock, params.timeout_s)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in; returns the messages that became complete."""
        self._buffer += data
        messages: list[bytes] = []
        while self.take(messages):
            pass
        return messages

    def take(self, messages: list[bytes]) -> bool:
        """Cut one message, or throw bytes away; False when more bytes are needed."""
        raise NotImplementedError

    def encode(self, payload: bytes) -> bytes:
        """The bytes that carry one message."""
        raise NotImplementedError

    def drop(self, count: int) -> None:
        """Throw the first bytes away and count them."""
        self.dropped += count
        del self._buffer[:count]

    def reset(self) -> None:
        """Forget half a message."""
        self.drop(len(self._buffer))
