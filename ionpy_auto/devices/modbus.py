"""Modbus links on pymodbus: RTU on a serial port, RTU over TCP, and Modbus TCP.

pymodbus owns the wire here: it checks CRC and transaction numbers and ignores answers of foreign
units. Which protocol it speaks follows from two words of the configuration: transport ``serial``
or ``tcp`` with framing ``modbus_rtu`` is RTU, transport ``tcp`` with framing ``modbus_tcp`` is
Modbus TCP.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices.links import LinkLost, NoAnswer, SpawnError, Transport
from ionpy_auto.devices.streams import HEARD
from ionpy_auto.devices.transports.serial import SerialTransport, hint_for
from ionpy_auto.devices.transports.tcp import TcpTransport

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "device busy",
}


class PymodbusLink:
    """Registers of one unit.

    Args:
        transport: Says where; pymodbus opens it itself.
        framer: RTU or socket.
        clock: Held while an answer is on its way.
        timeout_s: How long an answer may take, in real time.
        retries: How often a question is asked again.

    Attributes:
        heard: The first bytes of what came last; empty when the other side was silent.
    """

    def __init__(
        self, transport: Transport, framer: FramerType, clock: Clock, timeout_s: float, retries: int
    ) -> None:
        if not isinstance(transport, SerialTransport | TcpTransport):
            msg = "Modbus needs a serial or tcp transport"
            raise SpawnError(msg, code="SPAWN_FRAMING", hint="set transport.type to serial or tcp")
        self.unit = 1
        self.heard = b""
        self.transport = transport
        self._framer = framer
        self._clock = clock
        self._timeout_s = timeout_s
        self._retries = retries
        self._client: AsyncModbusSerialClient | AsyncModbusTcpClient | None = None

    def _make(self) -> AsyncModbusSerialClient | AsyncModbusTcpClient:
        # reconnect_delay 0: reconnecting is the stack's work, nothing may reconnect behind it.
        if isinstance(self.transport, TcpTransport):
            tcp = self.transport.params
            return AsyncModbusTcpClient(
                tcp.host,
                port=tcp.port,
                framer=self._framer,
                timeout=self._timeout_s,
                retries=self._retries,
                reconnect_delay=0,
                trace_packet=self._trace,
            )
        line = self.transport.params
        return AsyncModbusSerialClient(
            line.port,
            framer=self._framer,
            baudrate=line.baudrate,
            bytesize=line.bytesize,
            parity=line.parity,
            stopbits=line.stopbits,
            timeout=self._timeout_s,
            retries=self._retries,
            reconnect_delay=0,
            trace_packet=self._trace,
        )

    def _trace(self, sending: bool, data: bytes) -> bytes:
        if not sending:
            self.heard = data[:HEARD]
        return data

    async def open(self) -> None:
        """Connect.

        Raises:
            LinkLost: The port or the host is not there.
        """
        await self.close()
        client = self._client = self._make()
        with self._clock.hold():
            if await client.connect():
                return
            await self.close()
            if isinstance(self.transport, SerialTransport):
                await self._explain_port(self.transport)
        raise self.transport.lost("no connection", "check address and port, and that it is on")

    async def _explain_port(self, transport: SerialTransport) -> None:
        """Open the port once more ourselves, because pymodbus keeps the reason to itself."""
        port = transport.params.port
        await transport.open()
        await transport.close()
        reason = ConnectionError("no Modbus connection")
        raise transport.lost("no connection", await asyncio.to_thread(hint_for, port, reason))

    async def close(self) -> None:
        """Let go of the wire."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def read_holding(self, address: int, count: int) -> Sequence[int]:
        """``count`` holding registers from ``address``."""
        answer = await self._ask("read_holding_registers", address, count=count)
        registers: list[int] = answer.registers
        if len(registers) != count:
            msg = f"asked for {count} registers, got {len(registers)}"
            raise NoAnswer(msg, hint="check the device's address and model")
        return registers

    async def write_register(self, address: int, value: int) -> None:
        """Write one register with function 6."""
        await self._ask("write_register", address, value=value)

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Write neighbouring registers with function 16."""
        await self._ask("write_registers", address, values=list(values))

    async def _ask(self, method: str, address: int, **what: Any) -> Any:  # noqa: ANN401
        client = self._client
        if client is None or not client.connected:
            raise self.transport.lost("is not open")
        try:
            with self._clock.hold():
                answer = await getattr(client, method)(address, device_id=self.unit, **what)
        except ConnectionException as error:
            raise self.transport.lost(str(error)) from error
        except ModbusException as error:
            if not client.connected:
                raise self.transport.lost("the link broke") from error
            raise NoAnswer(
                f"no answer from unit {self.unit} at register {address}",
                hint="check the Modbus address, the baud rate and the cable",
                args={"stage": "framing", "register": address},
            ) from error
        except OSError as error:
            raise LinkLost(str(error), hint="check cable and power") from error
        if answer.isError():
            raise _exception_answer(answer.exception_code, address)
        return answer


def _exception_answer(code: int, address: int) -> DeviceError:
    text = EXCEPTIONS.get(code, f"exception {code}")
    return DeviceError(
        f"register {address}: {text}",
        code="MODBUS_EXCEPTION",
        hint="check the model: it does not have this register",
        args={"stage": "driver", "register": address, "exception": code},
    )
