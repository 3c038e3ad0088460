"""Base of drivers whose devices are described by a file: `MapDriver.from_map` makes the class.

A base declares what its protocol needs to know, and reads it from ``POINTS`` while it runs:

    class GenericText(MapDriver):
        class Protocol(ProtocolPart):      # stands under ``protocol:`` of a device.yaml
            greeting: str = ""

        class Point(PointPart):            # stands inside each entity
            ask: str = ""

        async def poll(self):
            ask = self.link.query
            return {key: await ask(point.ask.encode()) for key, point in self.POINTS.items()}

Entities the base declares itself belong to every device described with it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.maps.models import KINDS, PointPart, ProtocolPart
from ionpy_auto.devices.maps.reading import MapReading, unknown_key
from ionpy_auto.devices.maps.text import DeviceMap
from ionpy_auto.devices.transports import TRANSPORTS
from ionpy_auto.language import ListNode, MapNode


class MapDriver(Driver):
    """Speaks a protocol; what device it speaks to stands in a ``device.yaml``.

    Attributes:
        PROTOCOL: The device's `Protocol`; its defaults when the driver is used without a map.
        POINTS: Entity id → its `Point`, for the entities of the map.
    """

    Protocol: ClassVar[type[ProtocolPart]] = ProtocolPart
    Point: ClassVar[type[PointPart]] = PointPart
    PROTOCOL: ClassVar[Any] = None
    POINTS: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def from_map(cls, described: DeviceMap) -> type[Self]:
        """The driver class of a described device.

        Raises:
            ConfigInvalid: Carries findings with file, line and column.
        """
        reading = MapReading(described.file)
        protocol = reading.typed(cls.Protocol, described.protocol)
        points = {key: cls._point(reading, described, key) for key in described.entities}
        for key in set(cls.ENTITIES) & set(described.entities):
            reading.error(described.node(key), "taken", f"{key} is an entity of {cls.NAME} itself")
        _check_parameters(reading, described)
        if protocol is not None and None not in points.values():
            cls.check_map(described, protocol, points, reading)
        reading.refuse()
        return cls._made(described, protocol, points)

    @classmethod
    def _point(cls, reading: MapReading, described: DeviceMap, key: str) -> PointPart | None:
        common = KINDS[described.entities[key].kind].model_fields
        return reading.typed(cls.Point, described.node(key), skip=common, also=common)

    @classmethod
    def _made(
        cls, described: DeviceMap, protocol: ProtocolPart | None, points: Mapping[str, Any]
    ) -> type[Self]:
        head = described.head
        words = head.name.replace("-", "_").split("_")
        attributes = {
            "__doc__": head.description,
            "__module__": cls.__module__,
            "NAME": head.name,
            "ALIASES": head.aliases,
            "CATEGORY": head.category,
            "ICON": head.icon,
            "VERSION": head.version,
            "STACK_BLUEPRINTS": described.blueprints or cls.STACK_BLUEPRINTS,
            "PROTECTION": described.protection(),
            "CAPABILITIES": head.capabilities,
            "OFF_LEAKAGE_A": head.off_leakage_a,
            "SHARED_MINUS": head.shared_minus,
            "SIMULATOR": head.simulator,
            "PROTOCOL": protocol,
            "POINTS": points,
        }
        made = cast("type[Self]", type("".join(w.capitalize() for w in words), (cls,), attributes))
        # Not as class attributes: an entity called ``poll`` must not hide the method.
        made.ENTITIES = {**made.ENTITIES, **described.entities}
        return made

    @classmethod
    def check_map(
        cls,
        described: DeviceMap,
        protocol: Any,  # noqa: ANN401 - the base's own model
        points: Mapping[str, Any],
        reading: MapReading,
    ) -> None:
        """Judge what models alone cannot: note errors in ``reading``, at ``described.node``."""


def _check_parameters(reading: MapReading, described: DeviceMap) -> None:
    """Defaults of transports and framings must be parameters they have."""
    node = described.root.get("blueprints")
    for item, blueprint in zip(
        node.items if isinstance(node, ListNode) else (), described.blueprints, strict=True
    ):
        for word, model in (
            ("transport_params", TRANSPORTS.get(blueprint.transport).Params),
            ("framing_params", FRAMINGS.get(blueprint.framing).Params),
        ):
            given = item.get(word) if isinstance(item, MapNode) else None
            for key, entry in given.entries.items() if isinstance(given, MapNode) else ():
                if key not in model.model_fields:
                    reading.error(entry.key, "unknown-key", *unknown_key(key, model.model_fields))
