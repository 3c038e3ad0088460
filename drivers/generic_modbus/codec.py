"""How numbers and texts lie in 16-bit registers: types, word order, byte order.

Big and big is what Modbus itself suggests: the most significant word and byte come first.
"""

import struct
from collections.abc import Sequence
from typing import Literal, NamedTuple

Type = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "string"]
Order = Literal["big", "little"]

FORMATS = {
    "u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q",
    "f32": ">f", "f64": ">d",
}  # fmt: skip
FLOAT_BITS = {"f32": 24, "f64": 53}
"""Significant bits of a floating-point type."""


class Layout(NamedTuple):
    """Where the bytes of one value stand.

    Attributes:
        type: What it is.
        words: How many registers it takes.
        word_order: ``big``: the first register is the most significant one.
        byte_order: ``little``: both bytes of every register are swapped.
    """

    type: Type
    words: int
    word_order: Order = "big"
    byte_order: Order = "big"


def words_of(kind: Type) -> int:
    """Registers a number takes; 0 for a text, which says so itself."""
    return struct.calcsize(FORMATS[kind]) // 2 if kind in FORMATS else 0


def bounds_of(kind: Type) -> tuple[int, int]:
    """Smallest and largest number of a whole-number type."""
    width = 16 * words_of(kind)
    return (-(1 << width - 1), (1 << width - 1) - 1) if kind[0] == "i" else (0, (1 << width) - 1)


def decode(layout: Layout, words: Sequence[int]) -> int | float | str:
    """What registers say. Texts end at the first zero byte; what is no ASCII becomes ``?``."""
    data = _arranged(layout, struct.pack(f">{len(words)}H", *words))
    if layout.type == "string":
        text = data.split(b"\0", 1)[0].decode("ascii", errors="replace")
        return text.replace("\N{REPLACEMENT CHARACTER}", "?").rstrip()
    number: int | float = struct.unpack(FORMATS[layout.type], data)[0]
    return number


def encode(layout: Layout, value: float | str) -> list[int]:
    """The registers that say a value; a text is filled up with zero bytes.

    Raises:
        ValueError: It does not fit.
    """
    if layout.type == "string":
        data = str(value).encode("ascii")
        if len(data) > 2 * layout.words:
            msg = f"{len(data)} characters do not fit into {layout.words} registers"
            raise ValueError(msg)
        data = data.ljust(2 * layout.words, b"\0")
    else:
        try:
            data = struct.pack(FORMATS[layout.type], value)
        except (struct.error, OverflowError) as error:
            msg = f"{value} is no {layout.type}"
            raise ValueError(msg) from error
    return list(struct.unpack(f">{layout.words}H", _arranged(layout, data)))


def _arranged(layout: Layout, data: bytes) -> bytes:
    """Bytes brought from the device's order into ours, or back: both ways are the same."""
    words = [data[at : at + 2] for at in range(0, len(data), 2)]
    if layout.word_order == "little" and layout.type != "string":
        words.reverse()
    if layout.byte_order == "little":
        words = [word[::-1] for word in words]
    return b"".join(words)
