"""Finds the answer to one Modbus question among the bytes of a line, and nothing else.

What an answer must look like follows from the question: unit, function, number of bytes, and for a
write the echo of address and value. Anything else (noise, a broken checksum, another unit, a late
answer to another question) is passed over, and the answer behind it is still found. The library's
own client takes the first well-formed message for the answer, also that of another function.
"""

from pymodbus import FramerType
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU

from ionpy_auto.devices.framing._checksums import CHECKSUMS

EXCEPTION = 0x80
BITS, WORDS, ECHO = (1, 2), (3, 4), (5, 6, 15, 16)


class ModbusAnswers:
    """A pure parser: questions become bytes, bytes become the answer.

    Attributes:
        numbered: Questions carry a number (Modbus TCP), so a late answer is known as such.
        dropped: Bytes thrown away because they belonged to no answer.
    """

    def __init__(self, kind: FramerType) -> None:
        decoder = DecodePDU(is_server=False)
        self.numbered = kind is FramerType.SOCKET
        self.dropped = 0
        self._framer = FramerSocket(decoder) if self.numbered else FramerRTU(decoder)
        self._decoder = decoder
        self._number = 0
        self._shapes: list[tuple[bytes, int]] = []
        self._buffer = bytearray()

    def ask(self, request: ModbusPDU) -> bytes:
        """The bytes of a question; from now on only its answer is found."""
        self._number = self._number % 0xFFFF + 1
        request.transaction_id = self._number if self.numbered else 0
        frame: bytes = self._framer.buildFrame(request)
        body = frame[7:] if self.numbered else frame[1:-2]
        self.reset()
        self._shapes = [
            self._around(head, size, request.dev_id)
            for head, size in (_expected(request, body), (bytes((body[0] | EXCEPTION,)), 2))
        ]
        return frame

    def _around(self, head: bytes, size: int, unit: int) -> tuple[bytes, int]:
        """Beginning and size of a frame, from those of its message."""
        if not self.numbered:
            return bytes((unit,)) + head, 1 + size + 2
        number, length = self._number.to_bytes(2, "big"), (1 + size).to_bytes(2, "big")
        return number + b"\0\0" + length + bytes((unit,)) + head, 7 + size

    def feed(self, data: bytes) -> ModbusPDU | None:
        """Take bytes in; the answer as soon as it is complete."""
        self._buffer += data
        for head, size in self._shapes:
            at = self._buffer.find(head)
            while at >= 0:
                answer = self._whole(bytes(self._buffer[at : at + size]), size)
                if answer is not None:
                    self.dropped += at
                    del self._buffer[: at + size]
                    return answer
                at = self._buffer.find(head, at + 1)
        keep = max((size for _, size in self._shapes), default=1) - 1
        self._drop(len(self._buffer) - keep)
        return None

    def _whole(self, frame: bytes, size: int) -> ModbusPDU | None:
        if len(frame) < size:
            return None
        if self.numbered:
            return self._decoder.decode(frame[7:])
        if CHECKSUMS["crc16_modbus"].of(frame[:-2]).to_bytes(2, "little") != frame[-2:]:
            return None
        return self._decoder.decode(frame[1:-2])

    def _drop(self, count: int) -> None:
        if count > 0:
            self.dropped += count
            del self._buffer[:count]

    def reset(self) -> None:
        """Forget half an answer."""
        self._drop(len(self._buffer))


def _expected(request: ModbusPDU, body: bytes) -> tuple[bytes, int]:
    """How the message of the answer begins, and how many bytes it has."""
    function = body[0]
    if function in ECHO:
        return body[:5], 5
    if function in BITS:
        data = (request.count + 7) // 8
    elif function in WORDS:
        data = 2 * request.count
    else:
        msg = f"function {function} is not spoken here"
        raise ValueError(msg)
    return bytes((function, data)), 2 + data
