"""Checksums that instruments put at the end of a frame: name, size, customary byte order, sum."""

from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Checksum:
    """One kind of checksum.

    Attributes:
        size: Bytes on the wire.
        order: Byte order where nothing else is said.
        of: The sum as a number.
    """

    size: int
    order: Literal["big", "little"]
    of: Callable[[bytes], int]


def _sum8(data: bytes) -> int:
    return sum(data) & 0xFF


def _negative_sum16(data: bytes) -> int:
    return -sum(data) & 0xFFFF


def _xor8(data: bytes) -> int:
    result = 0
    for byte in data:
        result ^= byte
    return result


def _reflected_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return tuple(table)


def _forward_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = ((value << 1) ^ (polynomial if value & 0x80 else 0)) & 0xFF
        table.append(value)
    return tuple(table)


_MODBUS = _reflected_table(0xA001)
_CRC8 = _forward_table(0x07)


def _crc16_modbus(data: bytes) -> int:
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ _MODBUS[(value ^ byte) & 0xFF]
    return value


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


def _crc16_ccitt(data: bytes) -> int:
    return crc_hqx(data, 0xFFFF)


CHECKSUMS = {
    "none": Checksum(0, "big", lambda _: 0),
    "sum8": Checksum(1, "big", _sum8),
    "xor8": Checksum(1, "big", _xor8),
    "crc8": Checksum(1, "big", _crc8),
    "neg_sum16": Checksum(2, "big", _negative_sum16),
    "crc16_modbus": Checksum(2, "little", _crc16_modbus),
    "crc16_ccitt": Checksum(2, "big", _crc16_ccitt),
}
