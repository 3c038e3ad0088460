"""No framing: every read is a message, or everything until the line is silent is one.

Instruments without a terminator (Korad) tell by a pause where a message ends. ``idle_s`` makes
such a pause the end of an answer, ``gap_s`` leaves one between our own messages.
"""

from typing import Any, ClassVar

from pydantic import Field

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import Link, StackParams, Transport
from ionpy_auto.devices.messages import FramedLink, Pauses

NAME = "none"
MAXIMUM = 65536
"""A device that never falls silent fills no more memory than this."""


class NoFraming:
    """Hands bytes through, or gathers them until the line is idle."""

    NAME: ClassVar[str] = NAME

    class Params(StackParams):
        """How long an answer may take, and what pauses mean."""

        timeout_s: float = Field(1.0, gt=0, le=60)
        idle_s: float = Field(
            default=0.0, ge=0, le=5, description="Silence that ends an answer; 0: every read does."
        )
        gap_s: float = Field(
            default=0.0, ge=0, le=5, description="Least silence before a message of ours."
        )

    def __init__(self, params: Any = None) -> None:  # noqa: ANN401 - registry protocol
        self._gathers = params is not None and params.idle_s > 0
        self._buffer = bytearray()
        self.dropped = 0

    @classmethod
    def link(cls, transport: Transport, params: Any, clock: Clock) -> Link:  # noqa: ANN401
        """A link whose messages are reads, or what stands between two silences."""
        framing = cls(params)
        pauses = Pauses(params.idle_s, params.gap_s, framing.idle)
        return FramedLink(transport, framing, clock, params.timeout_s, pauses)

    def feed(self, data: bytes) -> list[bytes]:
        """The bytes themselves; nothing while they are gathered."""
        if not self._gathers:
            return [data] if data else []
        self._buffer += data
        if len(self._buffer) > MAXIMUM:
            self.reset()
        return []

    def idle(self) -> list[bytes]:
        """The line is silent: what was gathered is a message."""
        message = bytes(self._buffer)
        self._buffer.clear()
        return [message] if message else []

    def encode(self, payload: bytes) -> bytes:
        """The bytes themselves."""
        return payload

    def reset(self) -> None:
        """Forget what was gathered."""
        self.dropped += len(self._buffer)
        self._buffer.clear()


FRAMING = NoFraming
