"""What a map says of a Modbus device: the keys under ``protocol:`` and inside each entity."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ionpy_auto.devices import Entity, Enum, Missing, Numeric, Scalar, Text, Toggle
from ionpy_auto.devices.maps import MapModel, Number, PointPart, ProtocolPart, Whole, fail

from .blocks import Span
from .codec import Layout, Order, Type, decode, encode, words_of

Table = Literal["holding", "input", "coil", "discrete"]
Address = Annotated[Whole, Field(ge=0, le=0xFFFF)]


def _function(number: int) -> int:
    if number not in {6, 16}:
        raise fail("wrong_function", f"{number} writes no registers", "6 or 16")
    return number


WriteFunction = Annotated[Whole, AfterValidator(_function)]


class IdentityPart(MapModel):
    """A register that tells the device from others."""

    address: Address
    table: Literal["holding", "input"] = "holding"
    values: Annotated[tuple[Whole, ...], Field(min_length=1)] = Field(
        description="What it may say; anything else is another device."
    )


class ModbusProtocol(ProtocolPart):
    """What holds for all registers of the device."""

    word_order: Order = Field(default="big", description="Of values longer than a register.")
    byte_order: Order = Field(default="big", description="Within a register.")
    write_function: WriteFunction | None = Field(
        default=None, description="6 or 16; else 6 for one register, 16 for several."
    )
    max_gap: Annotated[Whole, Field(ge=0, le=100)] = Field(
        default=8, description="So many unknown registers are read along to save a question."
    )
    max_block: Annotated[Whole, Field(ge=1, le=125)] = Field(
        default=100, description="Most registers in one question."
    )
    slow_every: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        default=10, description="`poll: slow` is read at every so many polls."
    )
    identity: IdentityPart | None = Field(default=None, description="Refuse other devices.")


class ModbusPoint(PointPart):
    """Where one entity lies."""

    address: Address = Field(description="0-based, decimal or 0x: 40001 of a manual is 0.")
    table: Table = "holding"
    type: Type = Field(default="u16", description="Not for coils and discrete inputs.")
    words: Annotated[Whole, Field(ge=1, le=100)] | None = Field(
        default=None, description="Registers of a string, two characters each."
    )
    bit: Annotated[Whole, Field(ge=0, le=63)] | None = Field(
        default=None, description="Lowest bit of the value, 0 is the least significant of all."
    )
    width: Annotated[Whole, Field(ge=1, le=64)] = Field(
        default=1, description="How many from there."
    )
    scale: Number = Field(default=1.0, description="Value = register × scale + offset.")
    offset: Number = 0.0
    word_order: Order | None = None
    byte_order: Order | None = None
    write_function: WriteFunction | None = None
    poll: Literal["fast", "slow"] = Field(
        default="fast", description="slow: settings, serial numbers."
    )
    on: Whole = Field(default=1, description="What a switch says when on.")
    off: Whole = Field(default=0, description="What a switch says when off.")
    press: Whole = Field(default=1, description="What pressing an action writes.")
    simulate: str | None = Field(default=None, description="What the simulator shows at first.")

    @property
    def is_bit(self) -> bool:
        """Whether it is a coil or a discrete input."""
        return self.table in {"coil", "discrete"}

    @property
    def count(self) -> int:
        """How many registers or coils it takes."""
        return 1 if self.is_bit else self.words or words_of(self.type)

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number on the wire."""
        return self.type[0] in {"u", "i"}

    def span(self, key: str) -> Span:
        """Its place among the others."""
        return Span(key, self.table, self.poll, self.address, self.count)

    def layout(self, protocol: ModbusProtocol) -> Layout:
        """How its bytes stand."""
        return Layout(
            self.type,
            self.count,
            self.word_order or protocol.word_order,
            self.byte_order or protocol.byte_order,
        )

    # --- values

    def shown(self, entity: Entity, words: list[int], protocol: ModbusProtocol) -> object:
        """What registers mean for an entity; the entity judges whether it can be believed."""
        raw = words[0] if self.is_bit else decode(self.layout(protocol), words)
        if self.bit is not None and isinstance(raw, int):
            raw = raw >> self.bit & ((1 << self.width) - 1)
        if isinstance(entity, Numeric) and not isinstance(raw, str):
            return self.scaled(raw)
        if isinstance(entity, Toggle):
            known: dict[object, bool] = {self.off: False, self.on: True}
            return known.get(raw, Missing(f"{raw} means neither on nor off"))
        return str(raw) if isinstance(entity, Text) else raw

    def scaled(self, raw: float) -> float:
        """A number in the entity's unit; from whole numbers the float nearest to the decimals."""
        if self.scale == 1.0 and self.offset == 0.0:
            return float(raw)
        if not self.is_whole:
            return raw * self.scale + self.offset
        return float(Decimal(int(raw)) * _exact(self.scale) + _exact(self.offset))

    def raw(self, entity: Entity, value: Scalar) -> int | float | str:
        """What is written for a checked value, before it is laid into registers."""
        if isinstance(entity, Toggle) or isinstance(value, bool):
            return self.on if value else self.off
        if isinstance(entity, Enum):
            return entity.code_of(value)
        if isinstance(value, str) or not isinstance(entity, Numeric):
            return value
        if not self.is_whole:
            return (value - self.offset) / self.scale
        steps = (_exact(value) - _exact(self.offset)) / _exact(self.scale)
        return int(steps.to_integral_value())

    def first(self, entity: Entity) -> Scalar:
        """What a simulated device shows at first: as the map says, else inside its range.

        Raises:
            ValueError: ``simulate`` says what the entity cannot be.
        """
        told = self.simulate
        if isinstance(entity, Numeric):
            low, high = entity.plausible or (entity.min or 0.0, entity.max or 0.0)
            return float(told) if told is not None else min(max(0.0, low), max(high, low))
        if isinstance(entity, Enum):
            words = [*entity.codes.values()]
            if told is not None and told not in words:
                msg = f"{told!r:.60} is none of {', '.join(words)}"
                raise ValueError(msg)
            return told if told is not None else words[0]
        if isinstance(entity, Toggle):
            return told == "true"
        if isinstance(entity, Text) and not self.is_whole:
            return told or ""
        return int(told or "0", 0)

    def first_words(
        self, entity: Entity, protocol: ModbusProtocol, before: list[int] | None = None
    ) -> list[int]:
        """The registers that show `first`, zeros for what cannot be read.

        Raises:
            ValueError: It does not fit into them.
        """
        if not entity.is_readable:
            return before or [0] * self.count
        raw = self.raw(entity, self.first(entity))
        return [int(raw)] if self.is_bit else self.words_for(raw, protocol, before)

    def words_for(
        self, raw: float | str, protocol: ModbusProtocol, before: list[int] | None = None
    ) -> list[int]:
        """The registers to write.

        Args:
            raw: What `raw` gave.
            protocol: Orders of words and bytes.
            before: What the registers hold, when only some of their bits are the entity's.

        Raises:
            ValueError: It does not fit.
        """
        layout = self.layout(protocol)
        if self.bit is not None and isinstance(raw, int):
            held = decode(layout._replace(type=_unsigned(self.type)), before or [0] * self.count)
            mask = (1 << self.width) - 1 << self.bit
            if raw << self.bit & ~mask:
                msg = f"{raw} does not fit into {self.width} bits"
                raise ValueError(msg)
            raw = int(held) & ~mask | raw << self.bit
            layout = layout._replace(type=_unsigned(self.type))
        return encode(layout, raw)


def _unsigned(kind: Type) -> Type:
    unsigned: dict[str, Type] = {"i16": "u16", "i32": "u32", "i64": "u64"}
    return unsigned.get(kind, kind)


def _exact(number: float) -> Decimal:
    """The decimal text of a float, which is what people wrote: 0.1 is a tenth."""
    return Decimal(repr(number))
