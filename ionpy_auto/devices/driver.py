"""Base of all drivers: a driver declares entities and turns bytes into values and back.

    class Bench(Driver):
        \"\"\"A power supply that listens to text.\"\"\"

        NAME = "my_supply"
        STACK_BLUEPRINTS = (Blueprint("serial", framing="delimiter"),)
        u_set = Numeric(unit="V", min=0, max=60, access=RW, role=Role.SET_VOLTAGE, safe=...)

The stack around it (`stack.py`) does connecting, retrying, polling, publishing and closing. A
driver never sees the bus and never decides when to talk.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, final

from pydantic import BaseModel, ConfigDict

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices.entities import Entity
from ionpy_auto.devices.roles import Role


class DriverParams(BaseModel):
    """Base of a driver's parameters: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One way to reach a device, with defaults.

    Attributes:
        transport: Name of the transport.
        framing: Name of the framing.
        transport_params: Defaults, overridden by the configuration.
        framing_params: Defaults, overridden by the configuration.
    """

    transport: str
    framing: str = "none"
    transport_params: Mapping[str, Any] = field(default_factory=dict)
    framing_params: Mapping[str, Any] = field(default_factory=dict)


class ProtectionKind(StrEnum):
    """What a device does when its over-voltage or over-current protection trips."""

    SHUTDOWN = "shutdown"  # switches its output off
    CROWBAR = "crowbar"  # shorts its output: with a cell attached this needs a diode
    TRIPS_ON_CC = "trips_on_cc"  # any current limiting trips it: useless for charging
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Protection:
    """The hardware protection of a device (SEQ-19).

    Attributes:
        kind: See `ProtectionKind`.
        voltage_margin: Least distance in volts between set voltage and protection.
        current_margin: Least distance in amperes between set current and protection.
        latched: True when the output stays off after a trip until a person or a command.
    """

    kind: ProtectionKind = ProtectionKind.NONE
    voltage_margin: float = 0.0
    current_margin: float = 0.0
    latched: bool = False


@dataclass(frozen=True, slots=True)
class MinimumInput:
    """The lowest voltage from which a load can draw a current: its transistors are then fully on.

    Attributes:
        volts: At ``amps``; less in proportion at a smaller current.
        amps: Usually the largest current.
    """

    volts: float
    amps: float

    def at(self, amps: float) -> float:
        """Voltage in volts needed for a current in amperes."""
        return self.volts * amps / self.amps


class Driver:
    """Base class; see the module's first lines.

    Class attributes a driver sets: ``NAME``, ``ALIASES``, ``CATEGORY``, ``ICON``, ``VERSION``,
    ``STACK_BLUEPRINTS`` (the first is the default), ``Params``, ``PROTECTION``, ``CAPABILITIES``,
    ``OFF_LEAKAGE_A``, ``SHARED_MINUS``, ``MINIMUM_INPUT``, ``SIMULATOR``, and its entities.

    Attributes:
        link: What it talks through, made from transport and framing.
        clock: The only source of time.
        params: Instance of the driver's ``Params``.
        entities: Id → entity; a driver whose count is known only at run time adds to it in
            `declare` or `connect`.
        entities_changed: Set by a driver that replaced entities while running (a range switched);
            taken back by the stack.
    """

    NAME: ClassVar[str] = ""
    ALIASES: ClassVar[tuple[str, ...]] = ()
    CATEGORY: ClassVar[str] = "other"
    ICON: ClassVar[str] = "developer-board"
    VERSION: ClassVar[str] = "1.0"
    STACK_BLUEPRINTS: ClassVar[tuple[Blueprint, ...]] = ()
    PROTECTION: ClassVar[Protection] = Protection()
    CAPABILITIES: ClassVar[tuple[str, ...]] = ()
    OFF_LEAKAGE_A: ClassVar[float | None] = None
    """Current [A] drawn from a cell while the output is off; None means unknown."""
    SHARED_MINUS: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Outputs (`Entity.channel`) whose minus terminals are joined inside the device."""
    MINIMUM_INPUT: ClassVar[MinimumInput | None] = None
    """Of a load; None means unknown."""
    SIMULATOR: ClassVar[str] = ""
    """``file:function`` beside the driver: ``function(params, clock, benches)`` returns the link
    used instead of the configured one in mode simulate. Empty: the driver opens no hardware."""

    ENTITIES: ClassVar[Mapping[str, Entity]] = {}

    class Params(DriverParams):
        """No parameters."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Parts may be mixed in, so every base is asked, farthest first.
        declared = [v for base in reversed(cls.__mro__) for v in vars(base).values()]
        cls.ENTITIES = {e.id: e for e in declared if isinstance(e, Entity)}
        problems = [text for entity in cls.ENTITIES.values() for text in entity.problems()]
        if problems:
            raise TypeError(f"{cls.__name__}: {'; '.join(problems)}")

    # link and params are as exact as the driver declares them in its own annotations.
    @final
    def __init__(self, link: Any, clock: Clock, params: Any) -> None:  # noqa: ANN401
        self.link: Any = link
        self.clock = clock
        self.params: Any = params
        self.entities: dict[str, Entity] = dict(self.ENTITIES)
        self.entities_changed = False
        self.declare()

    def declare(self) -> None:
        """Add or replace ``self.entities`` where the parameters decide how many there are."""

    async def connect(self) -> None:
        """Greet the device on an open link: identify, read ranges. Switches nothing.

        Raises:
            DeviceError: It is not the device this driver speaks to, or does not answer.
        """

    async def poll(self) -> Mapping[str, object]:
        """Raw values by entity id; leave out what was not read this time.

        ``None`` or `Missing` says that the device has no such value now.

        Raises:
            DeviceError: The device did not answer.
        """
        return {}

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Send a checked value.

        Raises:
            DeviceError: The device refused or did not answer.
        """
        raise NotImplementedError

    async def read_back(self, entity_id: str) -> object:
        """The raw value the device holds now, or None when it cannot say.

        Raises:
            DeviceError: The device did not answer.
        """
        del entity_id
        return None

    async def close(self) -> None:
        """Say good-bye on a link that is still open; switches nothing."""

    @final
    def by_role(self, role: Role, channel: str = "") -> Entity | None:
        """The entity with this function (on this channel), if there is one."""
        fitting = (e for e in self.entities.values() if e.role is role)
        return next((e for e in fitting if channel in {"", e.channel}), None)

    @classmethod
    @final
    def describe(cls) -> dict[str, Any]:
        """What the wizard and the list of drivers need to know (JSON types)."""
        return {
            "driver": cls.NAME,
            "version": cls.VERSION,
            "category": cls.CATEGORY,
            "icon": cls.ICON,
            "aliases": list(cls.ALIASES),
            "description": (cls.__doc__ or "").strip(),
            "protection": asdict(cls.PROTECTION),
            "capabilities": list(cls.CAPABILITIES),
            "off_leakage_a": cls.OFF_LEAKAGE_A,
            "minimum_input": asdict(cls.MINIMUM_INPUT) if cls.MINIMUM_INPUT else None,
            "blueprints": [
                {
                    "transport": b.transport,
                    "framing": b.framing,
                    "transport_params": dict(b.transport_params),
                    "framing_params": dict(b.framing_params),
                }
                for b in cls.STACK_BLUEPRINTS
            ],
            "parameters": cls.Params.model_json_schema(),
        }
