"""What a driver's author imports: base class, entities, roles, safe states, links and errors."""

from ionpy_auto.core.clock import Clock, SystemClock, VirtualClock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.core.safety import Safe
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices import parts
from ionpy_auto.devices.bench import Benches, BenchParams, Circuit
from ionpy_auto.devices.driver import (
    Blueprint,
    Driver,
    DriverParams,
    MinimumInput,
    Protection,
    ProtectionKind,
)
from ionpy_auto.devices.entities import (
    RO,
    RW,
    WO,
    Access,
    Action,
    Bitmask,
    Entity,
    Enum,
    Missing,
    Numeric,
    Text,
    Toggle,
    ValidWhen,
    Waveform,
)
from ionpy_auto.devices.limits import Limits
from ionpy_auto.devices.links import Link, LinkLost, MessageLink, ModbusLink, NoAnswer
from ionpy_auto.devices.registers import raw_of, unpack, value_of
from ionpy_auto.devices.roles import Role
from ionpy_auto.devices.transports.virtual import VirtualLink

__all__ = [
    "RO",
    "RW",
    "WO",
    "Access",
    "Action",
    "BenchParams",
    "Benches",
    "Bitmask",
    "Blueprint",
    "Circuit",
    "Clock",
    "DeviceError",
    "Driver",
    "DriverParams",
    "Entity",
    "Enum",
    "Limits",
    "Link",
    "LinkLost",
    "MessageLink",
    "MinimumInput",
    "Missing",
    "ModbusLink",
    "NoAnswer",
    "Numeric",
    "Protection",
    "ProtectionKind",
    "Role",
    "Safe",
    "Scalar",
    "SystemClock",
    "Text",
    "Toggle",
    "ValidWhen",
    "VirtualClock",
    "VirtualLink",
    "Waveform",
    "parts",
    "raw_of",
    "unpack",
    "value_of",
]
