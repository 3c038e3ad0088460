"""Judges of a Modbus map what single keys cannot say: whether entity, type and register fit."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ionpy_auto.devices import Action, Bitmask, Entity, Enum, Numeric, Text, Toggle

from .codec import FLOAT_BITS, bounds_of
from .points import ModbusPoint, ModbusProtocol


class Problem(NamedTuple):
    """What is wrong, the key where it stands, and what to do."""

    key: str
    message: str
    hint: str = ""


def problems_of(
    entity: Entity, point: ModbusPoint, protocol: ModbusProtocol, given: set[str]
) -> Iterator[Problem]:
    """Everything that does not fit together.

    Args:
        entity: Declared by the common part.
        point: Its place.
        protocol: Of the device.
        given: Keys written down.
    """
    if point.address + point.count > 0x10000:
        yield Problem("address", "it reaches beyond register 65535")
    if entity.is_writable and point.table in {"input", "discrete"}:
        yield Problem("table", f"table {point.table} cannot be written", "access: RO")
    if not isinstance(entity, Numeric):
        for key in sorted(given & {"scale", "offset"}):
            yield Problem(key, "only a numeric has a scale", f"remove {key}")
    yield from _bit_table(entity, given) if point.is_bit else _registers(entity, point, given)
    function = point.write_function or protocol.write_function
    if entity.is_writable and not point.is_bit and function == 6 and point.count > 1:
        yield Problem("write_function", "function 6 writes one register", "write_function: 16")


def _bit_table(entity: Entity, given: set[str]) -> Iterator[Problem]:
    if not isinstance(entity, Toggle | Action):
        yield Problem("table", "a coil or discrete input is a switch", "kind: toggle")
    for key in sorted(given & {"type", "words", "bit", "width", "on", "off", "press"}):
        yield Problem(key, f"a coil or discrete input has no {key}", f"remove {key}")


def _registers(entity: Entity, point: ModbusPoint, given: set[str]) -> Iterator[Problem]:
    if (point.type == "string") != (point.words is not None):
        yield Problem("words", "a string needs words, and nothing else has them", "words: 8")
        return
    if point.type == "string":
        yield from _string(entity, point)
    elif isinstance(entity, Text) and entity.is_writable:
        yield Problem("type", "a text is written as string", "type: string")
    elif not point.is_whole and (not isinstance(entity, Numeric) or point.bit is not None):
        yield Problem("type", f"{point.type} holds a number and no bits", "type: u16")
    else:
        yield from _codes(entity, point, given)


def _string(entity: Entity, point: ModbusPoint) -> Iterator[Problem]:
    if not isinstance(entity, Text):
        yield Problem("type", "a string is a text", "kind: text")
    elif entity.is_writable and entity.max_length > 2 * point.count:
        most = 2 * point.count
        yield Problem("words", f"only {most} characters fit", f"max_length: {most}")
    if point.bit is not None:
        yield Problem("bit", "a string has no bits", "remove bit")


def _codes(entity: Entity, point: ModbusPoint, given: set[str]) -> Iterator[Problem]:
    """Whether all numbers the entity means fit into its registers."""
    low, high = bounds_of(point.type) if point.is_whole else (0, 0)
    if point.bit is not None:
        if point.bit + point.width > 16 * point.count:
            yield Problem("bit", f"{point.type} has no such bit")
        low, high = 0, (1 << point.width) - 1
    elif "width" in given:
        yield Problem("width", "a width needs its lowest bit", "add bit: 0")
    if isinstance(entity, Toggle):
        yield from _switch(point, low, high)
    elif isinstance(entity, Action):
        yield from _fits("press", (point.press,), low, high)
    elif isinstance(entity, Enum):
        yield from _enum(entity, low, high)
    elif isinstance(entity, Bitmask):
        if point.type[0] != "u":
            yield Problem("type", "flags are unsigned", f"type: u{point.type[1:]}")
        yield from _fits("bits", (entity.mask,), low, high)
    elif isinstance(entity, Numeric):
        yield from _numeric(entity, point, low, high)


def _switch(point: ModbusPoint, low: int, high: int) -> Iterator[Problem]:
    if point.on == point.off:
        yield Problem("on", "on and off are the same", "give two different numbers")
    yield from _fits("on", (point.on, point.off), low, high)


def _enum(entity: Enum, low: int, high: int) -> Iterator[Problem]:
    if not entity.codes:
        yield Problem("codes", "an enum in a register needs codes", "codes: {0: off, 1: on}")
    yield from _fits("codes", tuple(entity.codes), low, high)
    lost = [word for word in entity.options if word not in set(entity.codes.values())]
    if entity.is_writable and lost:
        yield Problem("codes", f"no code for {', '.join(lost)}", "add a code for every option")


def _fits(key: str, numbers: tuple[int, ...], low: int, high: int) -> Iterator[Problem]:
    if any(not low <= number <= high for number in numbers):
        yield Problem(key, f"outside what the registers can hold ({low} to {high})")


def _numeric(entity: Numeric, point: ModbusPoint, low: int, high: int) -> Iterator[Problem]:
    if point.scale == 0:
        yield Problem("scale", "a scale of 0 says nothing")
        return
    if not entity.is_writable or entity.min is None or entity.max is None:
        return
    if not point.is_whole:
        yield from _float(entity, point)
        return
    scale, offset = Decimal(repr(point.scale)), Decimal(repr(point.offset))
    grain = Decimal(f"{entity.grain:.12g}")
    if grain % scale or offset % scale:
        message = f"steps of {grain} do not fall on registers of {abs(scale)}"
        yield Problem("scale", message, f"resolution: {abs(scale)}")
    steps = [(Decimal(repr(end)) - offset) / scale for end in (entity.min, entity.max)]
    if not low <= min(steps) <= max(steps) <= high:
        yield Problem("type", f"min and max do not fit into {point.type}")


def _float(entity: Numeric, point: ModbusPoint) -> Iterator[Problem]:
    largest = max(abs(entity.min or 0.0), abs(entity.max or 0.0), abs(point.offset))
    if largest * 2.0 ** -FLOAT_BITS[point.type] >= entity.grain / 2:
        message = f"{point.type} cannot hold steps of {entity.grain:g} at {largest:g}"
        yield Problem("type", message, "type: f64, or a coarser resolution")


def unshowable(entity: Entity, point: ModbusPoint, protocol: ModbusProtocol) -> Iterator[Problem]:
    """Whether the simulator can show the entity."""
    try:
        point.first_words(entity, protocol)
    except ValueError as error:
        hint = "simulate: a value the entity can have"
        yield Problem("simulate", f"cannot be simulated: {error}", hint)
