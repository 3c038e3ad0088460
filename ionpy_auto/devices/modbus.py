"""Modbus links: RTU on a serial port, RTU over TCP, and Modbus TCP.

pymodbus builds the questions and reads the answers; the transport is ours, and so is the decision
which bytes are the answer (`modbus_answers`). Which protocol is spoken follows from two words of
the configuration: transport ``serial`` or ``tcp`` with framing ``modbus_rtu`` is RTU, transport
``tcp`` with framing ``modbus_tcp`` is Modbus TCP.

RTU does not number its questions: a late answer looks like that to a later question of the same
kind. So after a read that failed or was broken off, the next read waits until that answer came or
as long again as answers may take. Writes never wait (switching off must not): the echo of a write
names address and value, so it cannot be taken for another one.
"""

import asyncio
from collections.abc import Callable, Sequence

from pydantic import Field
from pymodbus import FramerType
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices.links import NoAnswer, SpawnError, StackParams, Transport
from ionpy_auto.devices.modbus_answers import ModbusAnswers
from ionpy_auto.devices.streams import StreamTransport

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "device busy",
}


class ModbusParams(StackParams):
    """How long and how often to ask."""

    timeout_s: float = Field(0.5, gt=0, le=60, description="Longer than the slowest answer.")
    retries: int = Field(1, ge=0, le=5)


class PymodbusLink:
    """Registers of one unit.

    Args:
        transport: The byte pipe.
        framer: RTU or socket.
        clock: Held while an answer is on its way.
        timeout_s: How long an answer may take, in real time.
        retries: How often a question is asked again.
    """

    def __init__(
        self, transport: Transport, framer: FramerType, clock: Clock, timeout_s: float, retries: int
    ) -> None:
        if not isinstance(transport, StreamTransport):
            msg = "Modbus needs a serial or tcp transport"
            raise SpawnError(msg, code="SPAWN_FRAMING", hint="set transport.type to serial or tcp")
        self.unit = 1
        self.transport = transport
        self._answers = ModbusAnswers(framer)
        self._clock = clock
        self._timeout_s = timeout_s
        self._retries = retries
        self._turn = asyncio.Lock()
        self._owed_until = 0.0

    @property
    def note(self) -> str:
        """What people should know about the place, for example that the port has a new name."""
        return self.transport.note

    @property
    def heard(self) -> bytes:
        """The first bytes of what came last; empty when the other side was silent."""
        return self.transport.heard

    @property
    def dropped(self) -> int:
        """Bytes that belonged to no answer."""
        return self._answers.dropped

    async def open(self) -> None:
        """Connect.

        Raises:
            LinkLost: The port or the host is not there.
        """
        await self.transport.close()
        self._answers.reset()
        self._owed_until = 0.0
        await self.transport.open()

    async def close(self) -> None:
        """Let go of the wire."""
        await self.transport.close()

    async def read_holding(self, address: int, count: int) -> Sequence[int]:
        """``count`` holding registers from ``address``."""
        return (await self._read(ReadHoldingRegistersRequest, address, count)).registers

    async def read_input(self, address: int, count: int) -> Sequence[int]:
        """``count`` input registers from ``address``."""
        return (await self._read(ReadInputRegistersRequest, address, count)).registers

    async def read_coils(self, address: int, count: int) -> Sequence[int]:
        """``count`` coils from ``address``, each 0 or 1."""
        bits = (await self._read(ReadCoilsRequest, address, count)).bits
        return [int(bit) for bit in bits[:count]]

    async def read_discrete(self, address: int, count: int) -> Sequence[int]:
        """``count`` discrete inputs from ``address``, each 0 or 1."""
        bits = (await self._read(ReadDiscreteInputsRequest, address, count)).bits
        return [int(bit) for bit in bits[:count]]

    async def write_register(self, address: int, value: int) -> None:
        """Write one register with function 6."""
        await self._write(WriteSingleRegisterRequest, address, registers=[value])

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Write neighbouring registers with function 16."""
        await self._write(WriteMultipleRegistersRequest, address, registers=list(values))

    async def write_coil(self, address: int, value: int) -> None:
        """Write one coil with function 5."""
        await self._write(WriteSingleCoilRequest, address, bits=[bool(value)])

    async def _read(self, kind: type[ModbusPDU], address: int, count: int) -> ModbusPDU:
        def make() -> ModbusPDU:
            return kind(address=address, count=count, dev_id=self.unit)

        return await self._ask(make, address, is_read=True)

    async def _write(
        self,
        kind: type[ModbusPDU],
        address: int,
        registers: Sequence[int] = (),
        bits: Sequence[bool] = (),
    ) -> None:
        def make() -> ModbusPDU:
            return kind(address=address, registers=registers, bits=bits, dev_id=self.unit)

        await self._ask(make, address, is_read=False)

    async def _ask(
        self, make: Callable[[], ModbusPDU], address: int, *, is_read: bool
    ) -> ModbusPDU:
        async with self._turn:
            with self._clock.hold():
                answer = None
                for _ in range(1 + self._retries):
                    answer = await self._exchange(make(), may_be_late=is_read)
                    if answer is not None:
                        break
        if answer is None:
            raise self._no_answer(address)
        if answer.isError():
            raise _exception_answer(answer.exception_code, address)
        return answer

    async def _exchange(self, request: ModbusPDU, *, may_be_late: bool) -> ModbusPDU | None:
        """One question and its answer, or None in silence."""
        may_be_late = may_be_late and not self._answers.numbered
        if may_be_late:
            await self._wait_for_late_answer()
        await self._forget_unasked()
        await self.transport.write(self._answers.ask(request))
        answered = False
        try:
            answer = await self._hear(self._timeout_s)
            answered = answer is not None
        finally:  # also when cancelled: the answer is on its way all the same
            if may_be_late and not answered:
                self._owed_until = _now() + self._timeout_s
        return answer

    async def _hear(self, seconds: float) -> ModbusPDU | None:
        """The answer to what was asked last."""
        try:
            # Real time: an instrument does not follow a virtual clock.
            async with asyncio.timeout(seconds):  # noqa: TID251
                while True:
                    answer = self._answers.feed(await self.transport.read())
                    if answer is not None:
                        return answer
        except TimeoutError:
            return None

    async def _wait_for_late_answer(self) -> None:
        left = self._owed_until - _now()
        if left > 0:
            await self._hear(left)
        self._owed_until = 0.0

    async def _forget_unasked(self) -> None:
        """Throw away what lies in the buffers: it came before the question."""
        while await self._hear(0) is not None:
            pass

    def _no_answer(self, address: int) -> NoAnswer:
        return NoAnswer(
            f"no answer from unit {self.unit} at register {address}",
            hint="check the Modbus address, the baud rate and the cable",
            args={"stage": "framing", "register": address},
        )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _exception_answer(code: int, address: int) -> DeviceError:
    text = EXCEPTIONS.get(code, f"exception {code}")
    return DeviceError(
        f"register {address}: {text}",
        code="MODBUS_EXCEPTION",
        hint="check the model: it does not have this register",
        args={"stage": "driver", "register": address, "exception": code},
    )
