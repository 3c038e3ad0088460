"""Messages between start and stop bytes, with a checksum: most battery management systems."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.framing._buffered import BufferedFraming
from ionpy_auto.devices.framing._checksums import CHECKSUMS
from ionpy_auto.devices.links import StackParams

NAME = "start_stop"

WORK = 2**18
"""So many bytes may be summed in vain per read; then what was read is thrown away whole, because a
line that repeats the start byte for ever must not keep the server busy."""

HEX = r"^[0-9A-Fa-f]{2}( ?[0-9A-Fa-f]{2}){0,7}$"


class StartStopFraming(BufferedFraming):
    """Cuts between start and stop bytes, or by a length behind the start bytes.

    On the wire: start, message, checksum, stop. With a length: start, ``length_at`` bytes of the
    message, the length, the rest of the message, checksum, stop. With an escape byte, bytes that
    could be taken for start, stop or escape are sent as the escape byte and the byte XOR
    ``escape_xor``. Whatever does not check out is given up one byte at a time, so that a good frame
    inside or behind a broken one is found.
    """

    NAME: ClassVar[str] = NAME

    class Params(StackParams):
        """The marks of a frame, in hexadecimal, and what its checksum covers."""

        start: str = Field("AA", pattern=HEX, description="Start bytes in hexadecimal: ``DD A5``.")
        stop: str | None = Field(None, pattern=HEX, description="Stop bytes in hexadecimal.")
        length_at: int | None = Field(
            None, ge=0, le=64, description="Bytes between start and length; none: up to the stop."
        )
        length_size: Literal[1, 2] = 1
        length_order: Literal["big", "little"] = "big"
        length_adjust: int = Field(
            0, ge=-64, le=64, description="What the length counts beside the message behind it."
        )
        checksum: Literal[
            "none", "sum8", "xor8", "crc8", "neg_sum16", "crc16_modbus", "crc16_ccitt"
        ] = "none"
        checksum_order: Literal["big", "little"] | None = Field(
            None, description="Byte order; by default as is customary."
        )
        checksum_skip: int = Field(
            0, ge=0, le=16, description="Bytes at the beginning of the frame it does not cover."
        )
        escape: str | None = Field(None, pattern=r"^[0-9A-Fa-f]{2}$")
        escape_xor: int = Field(0x20, ge=1, le=255)
        maximum: int = Field(4096, ge=1, le=30_000, description="Longest message in bytes.")
        timeout_s: float = Field(1.0, gt=0, le=60)

        @model_validator(mode="after")
        def _ends_somewhere(self) -> Self:
            if self.stop is None and self.length_at is None:
                msg = "a frame needs stop bytes or the place of its length"
                raise ValueError(msg)
            if self.escape is not None and self.length_at is not None:
                msg = "escape goes with stop bytes, not with a length"
                raise ValueError(msg)
            marks = {bytes.fromhex(self.start)[0], bytes.fromhex(self.stop or self.start)[0]}
            if self.escape is not None:
                special = marks | {int(self.escape, 16)}
                if int(self.escape, 16) in marks or {b ^ self.escape_xor for b in special} & marks:
                    msg = "an escaped byte must not look like start or stop"
                    raise ValueError(msg)
            return self

    def __init__(self, params: Any) -> None:  # noqa: ANN401 - registry protocol
        super().__init__(params)
        self.params: StartStopFraming.Params = params
        self._start = bytes.fromhex(self.params.start)
        self._stop = bytes.fromhex(self.params.stop or "")
        self._sum = CHECKSUMS[self.params.checksum]
        self._sum_order = self.params.checksum_order or self._sum.order
        self._escape = int(self.params.escape, 16) if self.params.escape else None
        self._special = {self._start[0], *self._stop[:1], self._escape}
        self._shared = self._start == self._stop
        self._work = 0

    # --- bytes to messages ----------------------------------------------------------------------

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in; returns the messages that became complete."""
        self._work = 0
        return super().feed(data)

    def take(self, messages: list[bytes]) -> bool:
        """Cut one frame, or throw away what cannot begin one."""
        if self._work > WORK:
            self.drop(len(self._buffer))
        if not self._at_start():
            return False
        at = self.params.length_at
        found = self._by_stop() if at is None else self._by_length(at)
        if found is None:
            return False
        message, size = found
        if message is None:
            self.drop(size)
        else:
            messages.append(message)
            del self._buffer[:size]
            self._work = 0
        return True

    def _at_start(self) -> bool:
        """Throw away what stands before the next start; False when there is none."""
        at = self._buffer.find(self._start)
        if at > 0:
            self.drop(at)
        elif at < 0:
            # What may be the first bytes of a start stays.
            keep = next(
                n
                for n in range(min(len(self._start) - 1, len(self._buffer)), -1, -1)
                if self._buffer.endswith(self._start[:n])
            )
            self.drop(len(self._buffer) - keep)
        return at >= 0

    def _by_length(self, at: int) -> tuple[bytes | None, int] | None:
        params, begin = self.params, len(self._start)
        behind_at = begin + at + params.length_size
        if len(self._buffer) < behind_at:
            return None
        field = self._buffer[begin + at : behind_at]
        behind = int.from_bytes(field, params.length_order) - params.length_adjust
        if behind < 0 or at + behind > params.maximum:
            return None, 1
        end = behind_at + behind
        size = end + self._sum.size + len(self._stop)
        if len(self._buffer) < size:
            return None
        frame = bytes(self._buffer[:size])
        if not frame.endswith(self._stop) or not self._sound(frame[: end + self._sum.size]):
            return None, 1
        return frame[begin : begin + at] + frame[behind_at:end], size

    def _by_stop(self) -> tuple[bytes | None, int] | None:
        """The frame up to a stop.

        Stop bytes may stand in the checksum by accident: then the real stop is at most the size
        of the checksum behind them, and the checksum tells which one it is.
        """
        begin = len(self._start)
        first = self._buffer.find(self._stop, begin)
        if self._shared and first == begin:  # two frames share one mark, or each has its own
            del self._buffer[:begin]
            return None, 0
        longest = (self.params.maximum + self._sum.size) * (2 if self._escape is not None else 1)
        if first < 0:
            return (None, 1) if len(self._buffer) > begin + longest + len(self._stop) else None
        if first - begin > longest:
            return None, 1
        last = first if self._escape is not None else first + self._sum.size
        for at in range(first, last + 1):
            end = at + len(self._stop)
            if self._buffer[at:end] == self._stop:
                message = self._inside(bytes(self._buffer[begin:at]))
                if message is not None:
                    # A shared mark stays: it may begin the next frame.
                    return message, at if self._shared else end
        return (None, 1) if len(self._buffer) >= last + len(self._stop) else None

    def _inside(self, coded: bytes) -> bytes | None:
        """The message between start and stop, or None when it does not check out."""
        plain = coded if self._escape is None else self._unescaped(coded)
        if plain is None or not self._sound(self._start + plain):
            return None
        message = plain[: len(plain) - self._sum.size]
        return message if len(message) <= self.params.maximum else None

    def _unescaped(self, coded: bytes) -> bytes | None:
        plain, rest = bytearray(), iter(coded)
        for byte in rest:
            if byte == self._escape:
                escaped = next(rest, None)
                if escaped is None or escaped ^ self.params.escape_xor not in self._special:
                    return None
                plain.append(escaped ^ self.params.escape_xor)
            elif byte in self._special:
                return None  # a frame was cut off and the next one began
            else:
                plain.append(byte)
        return bytes(plain)

    def _sound(self, frame: bytes) -> bool:
        """Start, message and checksum agree."""
        self._work += len(frame)
        end = len(frame) - self._sum.size
        return end >= len(self._start) and self._checksum(frame[:end]) == frame[end:]

    def _checksum(self, frame: bytes) -> bytes:
        total = self._sum.of(frame[self.params.checksum_skip :])
        return total.to_bytes(self._sum.size, self._sum_order)

    # --- messages to bytes ----------------------------------------------------------------------

    def encode(self, payload: bytes) -> bytes:
        """The message in a frame.

        Raises:
            BadInput: Too long, too short for the place of the length, or it holds the stop bytes.
        """
        if len(payload) > self.params.maximum:
            raise BadInput(f"a message has at most {self.params.maximum} bytes")
        at = self.params.length_at
        inside = payload if at is None else self._with_length(payload, at)
        inside += self._checksum(self._start + inside)
        if self._escape is not None:
            inside = self._escaped(inside)
        elif at is None:
            self._check_plain(payload, inside)
        if self._shared and not inside:
            raise BadInput("where start and stop are the same, a message must not be empty")
        return self._start + inside + self._stop

    def _with_length(self, payload: bytes, at: int) -> bytes:
        params = self.params
        length = len(payload) - at + params.length_adjust
        if len(payload) < at or not 0 <= length < 256**params.length_size:
            raise BadInput(f"a message of {len(payload)} bytes does not fit its length field")
        field = length.to_bytes(params.length_size, params.length_order)
        return payload[:at] + field + payload[at:]

    def _check_plain(self, payload: bytes, inside: bytes) -> None:
        if (inside + self._stop).find(self._stop) < len(payload):
            raise BadInput("a message must not hold the stop bytes")

    def _escaped(self, plain: bytes) -> bytes:
        coded = bytearray()
        for byte in plain:
            if byte in self._special and self._escape is not None:
                coded += bytes((self._escape, byte ^ self.params.escape_xor))
            else:
                coded.append(byte)
        return bytes(coded)


FRAMING = StartStopFraming
