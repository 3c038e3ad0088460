"""Whole numbers in 16-bit registers and the values they stand for, for drivers with a table."""

from collections.abc import Iterable, Sequence
from typing import Protocol

POWERS: tuple[int, ...] = tuple(10**decimals for decimals in range(10))


class Register(Protocol):
    """What a driver's table says of one number."""

    @property
    def name(self) -> str:
        """Its word in the driver."""

    @property
    def address(self) -> int:
        """Of its first, most significant word."""

    @property
    def words(self) -> int:
        """How many registers it takes."""


def raw_of(value: float, decimals: int) -> int:
    """The whole number on the wire for a value; 4.1 V with two decimals is 410, never 409."""
    return round(value * POWERS[decimals])


def value_of(raw: int, decimals: int) -> float:
    """The value of a whole number on the wire: the nearest float of its decimal text."""
    return raw / POWERS[decimals]


def unpack(block: Sequence[int], start: int, registers: Iterable[Register]) -> dict[str, int]:
    """Whole numbers by name out of a block that begins at ``start``; those cut off are left out."""
    found = {}
    for register in registers:
        at = register.address - start
        if at >= 0 and at + register.words <= len(block):
            number = 0
            for word in block[at : at + register.words]:
                number = number << 16 | word
            found[register.name] = number
    return found
