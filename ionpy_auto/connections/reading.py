"""Reads what a broker sends, many packets with one call of the system.

The library reads each packet with three calls and makes four objects of it; most of what comes are
plain messages of QoS 0. Those are taken out of the bytes here; every other packet, and everything
that looks odd, is left to the library.
"""

from collections.abc import Callable
from typing import Any, Final

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTv5

CHUNK: Final = 16 * 1024
"""Bytes read at once; small enough that the loop is not kept from other work for long."""
PLAIN: Final = frozenset({0x30, 0x31})
"""First bytes of a message of QoS 0, the second one retained."""
MAX_LENGTH_BYTES: Final = 4

Hand = Callable[[str, bytes, int, bool], None]
"""Takes topic, payload, QoS and whether it was retained."""


class Reader:
    """Stands between a client of the library and its socket.

    Args:
        client: Not connected yet; it is used for one connection only.
        hand: Gets the plain messages, in order with those the library hands on.
    """

    def __init__(self, client: Client, hand: Hand) -> None:
        library: Any = client  # its own reading is not public
        self._client = library
        self._hand = hand
        self._is_five = client.protocol == MQTTv5
        self._bytes = b""
        self._at = 0
        self._read_one, self._receive = library.loop_read, library._sock_recv  # noqa: SLF001
        library.loop_read, library._sock_recv = self.read, self._some  # noqa: SLF001

    def read(self, _max_packets: int = 1) -> Any:  # noqa: ANN401 - the library's error code
        """The socket has something: take what is there."""
        if self._at >= len(self._bytes):
            try:
                self._bytes, self._at = self._receive(CHUNK), 0
            except BlockingIOError:
                return MQTT_ERR_SUCCESS
            except OSError:
                return self._read_one()  # meets the same trouble, and says so
            if not self._bytes:
                return self._read_one()
        code: Any = MQTT_ERR_SUCCESS
        while code == MQTT_ERR_SUCCESS and self._at < len(self._bytes):
            if not self._take_plain():
                code = self._read_one()
        return code

    def _some(self, size: int) -> bytes:
        """What the library reads, at most this many bytes."""
        if self._at >= len(self._bytes):
            self._bytes, self._at = self._receive(max(size, CHUNK)), 0
        found = self._bytes[self._at : self._at + size]
        self._at += len(found)
        return found

    def _take_plain(self) -> bool:
        """Hand on the next packet, if it is a plain message that is there as a whole."""
        data, at = self._bytes, self._at
        if data[at] not in PLAIN or self._client._in_packet["command"]:  # noqa: SLF001
            return False
        size, begin = _length(data, at + 1)
        end = begin + size
        if size < 2 or end > len(data):
            return False
        payload = begin + 2 + (data[begin] << 8 | data[begin + 1])
        if not begin + 2 < payload <= end:
            return False
        try:
            topic = data[begin + 2 : payload].decode()
        except UnicodeDecodeError:
            return False
        if self._is_five:
            if payload >= end or data[payload]:  # it has properties
                return False
            payload += 1
        self._at = end
        self._hand(topic, data[payload:end], 0, data[at] == 0x31)
        return True


def _length(data: bytes, at: int) -> tuple[int, int]:
    """The length that stands there and where it ends; 0 when it does not end here."""
    size, shift = 0, 0
    for place in range(at, min(at + MAX_LENGTH_BYTES, len(data))):
        size |= (data[place] & 127) << shift
        if data[place] < 128:
            return size, place + 1
        shift += 7
    return 0, at
