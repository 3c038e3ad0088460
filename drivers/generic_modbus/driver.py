"""Modbus devices described by a map: registers are data, this file asks for them."""

from collections.abc import Mapping
from typing import Any, Protocol, cast, runtime_checkable

from pydantic import Field

from ionpy_auto.devices import (
    Action,
    Blueprint,
    DeviceError,
    DriverParams,
    Entity,
    Missing,
    ModbusLink,
    Scalar,
    Text,
)
from ionpy_auto.devices.maps import DeviceMap, MapDriver, MapReading

from .blocks import Block, halves, plan
from .checks import problems_of, unshowable
from .points import ModbusPoint, ModbusProtocol

PLAN_EVERY = 500
"""So often (in polls) registers that were refused once are asked for again."""
REFUSALS = {2, 3}
"""Exceptions by which a device says that it has no such registers, or not so many."""


@runtime_checkable
class PlaysMap(Protocol):
    """A simulated link: it has to be told which device it plays."""

    def play(self, driver: type["GenericModbus"]) -> None:
        """Be a device of this kind."""


class GenericModbus(MapDriver):
    """Any Modbus unit; without a map it only shows that the unit answers.

    Base of the devices described by a `device.yaml`, which says what lies in which register.
    """

    NAME = "generic_modbus"
    ALIASES = ("modbus",)
    CATEGORY = "other"
    ICON = "table"
    VERSION = "1.0"
    STACK_BLUEPRINTS = (
        Blueprint("serial", "modbus_rtu", {"baudrate": 9600}),
        Blueprint("tcp", "modbus_rtu"),
        Blueprint("tcp", "modbus_tcp", {"port": 502}),
    )
    SIMULATOR = "simulator:make_link"

    class Params(DriverParams):
        """How the device is addressed."""

        modbus_address: int = Field(1, ge=1, le=255)  # 0 would write to all at once

    Protocol = ModbusProtocol
    Point = ModbusPoint
    PROTOCOL = ModbusProtocol()

    refused_registers = Text(group="Device", icon="table-off", max_length=1000)

    link: ModbusLink
    params: Params

    def declare(self) -> None:
        """Nothing was asked yet."""
        self._blocks: list[Block] = []
        self._refused: set[str] = set()
        self._polls = 0
        if isinstance(self.link, PlaysMap):
            self.link.play(type(self))

    @classmethod
    def check_map(
        cls,
        described: DeviceMap,
        protocol: Any,  # noqa: ANN401 - the base's own model
        points: Mapping[str, Any],
        reading: MapReading,
    ) -> None:
        """Entities, types and registers must fit together."""
        for key, point in points.items():
            node = described.node(key)
            entity = described.entities[key]
            problems = [*problems_of(entity, point, protocol, set(node.entries))]
            if not problems:
                problems = [*unshowable(entity, point, protocol)]
            for problem in problems:
                place = node.get(problem.key) or node
                reading.error(place, "wrong-point", f"{key}: {problem.message}", problem.hint)

    async def connect(self) -> None:
        """See that it answers, and that it is the device of the map.

        Raises:
            DeviceError: It is another one.
        """
        self.link.unit = self.params.modbus_address
        self._polls = 0
        wanted = self.PROTOCOL.identity
        if wanted is None:
            return
        (found,) = await self._words(wanted.table, wanted.address, 1)
        if found not in wanted.values:
            raise DeviceError(
                f"register {wanted.address} says {found}, this is another device",
                code="UNKNOWN_MODEL",
                hint="check the address, or whether the map is the right one",
                args={"stage": "connect", "model_id": found},
            )

    async def poll(self) -> Mapping[str, object]:
        """Blocks of registers: fast ones always, slow ones now and then.

        Raises:
            DeviceError: It has none of the registers of its map.
        """
        if not self.POINTS:
            await self._ask_anything()
            return {"refused_registers": ""}
        if self._polls % PLAN_EVERY == 0:
            self._plan()
        is_slow = self._polls % self.PROTOCOL.slow_every == 0
        values: dict[str, object] = {}
        for block in [b for b in self._blocks if is_slow or b.spans[0].poll == "fast"]:
            values |= await self._read(block)
        if not self._blocks and self._refused:
            raise DeviceError(
                "the device has none of the registers of its map",
                hint="check address and map; 40001 of a manual is holding register 0",
            )
        self._polls += 1
        for key in self._refused:
            values[key] = Missing(f"the device has no register {self.POINTS[key].address}")
        return {**values, "refused_registers": ", ".join(sorted(self._refused))}

    def _plan(self) -> None:
        spans = [self.POINTS[key].span(key) for key in self.POINTS if self._is_read(key)]
        self._blocks = plan(spans, self.PROTOCOL.max_gap, self.PROTOCOL.max_block)
        self._refused.clear()

    def _is_read(self, key: str) -> bool:
        return self.entities[key].is_readable

    async def _read(self, block: Block) -> dict[str, object]:
        """Values of a block; when the device refuses it, of its parts, now and from now on."""
        try:
            words = await self._words(block.table, block.start, block.count)
        except DeviceError as error:
            if error.arguments.get("exception") not in REFUSALS:
                raise
            return await self._smaller(block)
        values: dict[str, object] = {}
        for span in block.spans:
            own = words[span.start - block.start : span.end - block.start]
            values[span.key] = self._at(span.key).shown(self.entities[span.key], own, self.PROTOCOL)
        return values

    async def _smaller(self, block: Block) -> dict[str, object]:
        at = self._blocks.index(block)
        if len(block.spans) == 1:
            del self._blocks[at]
            self._refused.add(block.spans[0].key)
            return {}
        parts = halves(block)
        self._blocks[at : at + 1] = parts
        values: dict[str, object] = {}
        for part in parts:
            values |= await self._read(part)
        return values

    async def _words(self, table: str, address: int, count: int) -> list[int]:
        link = self.link
        read = {
            "holding": link.read_holding,
            "input": link.read_input,
            "coil": link.read_coils,
            "discrete": link.read_discrete,
        }[table]
        return list(await read(address, count))

    async def _ask_anything(self) -> None:
        """Whatever it answers, it is there: an exception is an answer too."""
        try:
            await self.link.read_holding(0, 1)
        except DeviceError as error:
            if "exception" not in error.arguments:
                raise

    def _at(self, entity_id: str) -> ModbusPoint:
        return cast("ModbusPoint", self.POINTS[entity_id])

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Write what the map says, and nothing else.

        Raises:
            DeviceError: Not writable, or the device refused.
        """
        entity = self.entities.get(entity_id)
        if entity is None or entity_id not in self.POINTS or not entity.is_writable:
            raise DeviceError(f"{entity_id} is never written", code="READ_ONLY")
        point = self._at(entity_id)
        if point.is_bit:
            await self.link.write_coil(point.address, int(bool(value)))
            return
        words = await self._laid_out(entity, point, value)
        function = point.write_function or self.PROTOCOL.write_function
        if len(words) == 1 and function != 16:
            await self.link.write_register(point.address, words[0])
        else:
            await self.link.write_registers(point.address, words)

    async def _laid_out(self, entity: Entity, point: ModbusPoint, value: Scalar) -> list[int]:
        raw = point.press if isinstance(entity, Action) else point.raw(entity, value)
        before = None
        if point.bit is not None:  # the other bits of the register stay as they are
            before = await self._words(point.table, point.address, point.count)
        try:
            return point.words_for(raw, self.PROTOCOL, before)
        except ValueError as error:
            raise DeviceError(f"{entity.id}: {error}", hint="see the device's map") from error

    async def read_back(self, entity_id: str) -> object:
        """What the registers hold now, or None for what cannot be read."""
        entity = self.entities[entity_id]
        if not entity.is_readable or entity_id not in self.POINTS:
            return None
        point = self._at(entity_id)
        words = await self._words(point.table, point.address, point.count)
        return point.shown(entity, words, self.PROTOCOL)
