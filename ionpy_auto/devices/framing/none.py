"""No framing: every read is a message, as it comes."""

from typing import Any, ClassVar

from pydantic import Field

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import Link, StackParams, Transport
from ionpy_auto.devices.messages import FramedLink

NAME = "none"


class NoFraming:
    """Hands bytes through."""

    NAME: ClassVar[str] = NAME

    class Params(StackParams):
        """How long an answer may take."""

        timeout_s: float = Field(1.0, gt=0, le=60)

    def __init__(self, params: Any = None) -> None:  # noqa: ANN401 - registry protocol
        del params
        self.dropped = 0

    @classmethod
    def link(cls, transport: Transport, params: Any, clock: Clock) -> Link:  # noqa: ANN401
        """A link whose messages are reads."""
        return FramedLink(transport, cls(params), clock, params.timeout_s)

    def feed(self, data: bytes) -> list[bytes]:
        """The bytes themselves."""
        return [data] if data else []

    def encode(self, payload: bytes) -> bytes:
        """The bytes themselves."""
        return payload

    def reset(self) -> None:
        """There is nothing to forget."""


FRAMING = NoFraming
