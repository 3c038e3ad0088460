"""Messages behind their length: a binary header says how many bytes follow."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.framing._buffered import BufferedFraming
from ionpy_auto.devices.links import StackParams

NAME = "header"

OVERSIZE = 4
"""Up to so many times the maximum a length is believed and the message skipped whole; a larger one
is garbage, and the next byte is tried as the beginning."""


class HeaderFraming(BufferedFraming):
    """Cuts by length.

    On the wire: ``offset`` bytes of the message, the length, the rest of the message. The length
    says how many bytes of the message follow it, plus ``adjust`` for what it counts beside them:
    positive where it counts itself or the bytes before it, negative where it leaves a part of what
    follows (a checksum) out.
    """

    NAME: ClassVar[str] = NAME

    class Params(StackParams):
        """Where the length is and what it counts."""

        size: Literal[1, 2, 4, 8] = Field(4, description="Bytes of the length.")
        byte_order: Literal["big", "little"] = "big"
        offset: int = Field(0, ge=0, le=256, description="Bytes of the message before the length.")
        adjust: int = Field(
            0, ge=-256, le=512, description="What the length counts beside the bytes behind it."
        )
        maximum: int = Field(65_000, ge=1, le=2**24, description="Longest message in bytes.")
        timeout_s: float = Field(1.0, gt=0, le=60)

        @model_validator(mode="after")
        def _fits(self) -> Self:
            if self.offset > self.maximum:
                msg = "offset is behind the longest message"
                raise ValueError(msg)
            return self

    def __init__(self, params: Any) -> None:  # noqa: ANN401 - registry protocol
        super().__init__(params)
        self.params: HeaderFraming.Params = params
        self._head = self.params.offset + self.params.size
        self._skip = 0

    def take(self, messages: list[bytes]) -> bool:
        """Cut one message, skip an oversize one, or throw one byte of garbage away."""
        if self._skip:
            count = min(self._skip, len(self._buffer))
            self._skip -= count
            self.drop(count)
        if len(self._buffer) < self._head:
            return False
        offset, head = self.params.offset, self._head
        field = self._buffer[offset:head]
        behind = int.from_bytes(field, self.params.byte_order) - self.params.adjust
        if behind < 0 or offset + behind > OVERSIZE * self.params.maximum:
            self.drop(1)
            return True
        if offset + behind > self.params.maximum:
            self._skip = head + behind
            return True
        if len(self._buffer) < head + behind:
            return False
        messages.append(bytes(self._buffer[:offset] + self._buffer[head : head + behind]))
        del self._buffer[: head + behind]
        return True

    def encode(self, payload: bytes) -> bytes:
        """The message with its length.

        Raises:
            BadInput: Too long, too short for the place of the length, or the length does not fit.
        """
        params = self.params
        length = len(payload) - params.offset + params.adjust
        if len(payload) < params.offset or len(payload) > params.maximum:
            msg = f"a message has {params.offset} to {params.maximum} bytes, not {len(payload)}"
            raise BadInput(msg)
        if not 0 <= length < 256**params.size:
            raise BadInput(f"a length of {length} does not fit into {params.size} bytes")
        field = length.to_bytes(params.size, params.byte_order)
        return payload[: params.offset] + field + payload[params.offset :]

    def reset(self) -> None:
        """Forget half a message."""
        super().reset()
        self._skip = 0


FRAMING = HeaderFraming
