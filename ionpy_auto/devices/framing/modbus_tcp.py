"""Modbus TCP: frames with a transaction number over a TCP connection."""

from typing import Any, ClassVar

from pymodbus import FramerType

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import Link, StackParams, Transport
from ionpy_auto.devices.modbus import ModbusParams, PymodbusLink

NAME = "modbus_tcp"


class ModbusTcp:
    """Frames with a transaction number and a length."""

    NAME: ClassVar[str] = NAME

    Params: ClassVar[type[StackParams]] = ModbusParams

    @classmethod
    def link(cls, transport: Transport, params: Any, clock: Clock) -> Link:  # noqa: ANN401
        """Registers over this transport."""
        return PymodbusLink(transport, FramerType.SOCKET, clock, params.timeout_s, params.retries)


FRAMING = ModbusTcp
