"""Modbus of a simulated device, written by hand: RTU, RTU over TCP, Modbus TCP, and no wire at all.

A simulator gives a `RegisterBank`; everything around it is here. Nothing is shared with the Modbus
library the drivers use.
"""

import argparse
import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from ionpy_auto.core.errors import DeviceError
from ionpy_auto.devices.bench import Benches
from ionpy_auto.devices.links import LinkLost, NoAnswer
from ionpy_auto.devices.simulated.wires import Way, run_simulator

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
MAX_READ, MAX_WRITE = 125, 123
MAX_READ_BITS, MAX_WRITE_BITS = 2000, 1968
BROADCAST = 0
ANY_UNIT = 255
"""Modbus TCP: whoever listens on this address is meant."""

T = TypeVar("T")


class Named(Protocol):
    """A model of a family of devices."""

    @property
    def name(self) -> str:
        """As printed on it."""


M = TypeVar("M", bound=Named)


def named(models: Sequence[M], name: str) -> M:
    """A model by its name, in any case of letters.

    Raises:
        LinkLost: There is none.
    """
    for model in models:
        if model.name.lower() == name.lower():
            return model
    raise LinkLost(f"no model {name!r}", hint=", ".join(m.name for m in models))


class ModbusFault(Exception):
    """An exception answer."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class RegisterBank:
    """What a simulated unit holds; a simulator overrides the tables it has.

    Every method raises `ModbusFault` for what the unit does not have or refuses. Counts within the
    protocol's bounds are the caller's business.
    """

    def read(self, address: int, count: int) -> Sequence[int]:
        """Holding registers (function 3)."""
        raise ModbusFault(ILLEGAL_FUNCTION)

    def read_input(self, address: int, count: int) -> Sequence[int]:
        """Input registers (function 4)."""
        raise ModbusFault(ILLEGAL_FUNCTION)

    def read_coils(self, address: int, count: int) -> Sequence[int]:
        """Coils (function 1), each 0 or 1."""
        raise ModbusFault(ILLEGAL_FUNCTION)

    def read_discrete(self, address: int, count: int) -> Sequence[int]:
        """Discrete inputs (function 2), each 0 or 1."""
        raise ModbusFault(ILLEGAL_FUNCTION)

    def write(self, address: int, value: int) -> None:
        """Write one holding register (functions 6 and 16)."""
        raise ModbusFault(ILLEGAL_FUNCTION)

    def write_coil(self, address: int, value: int) -> None:
        """Write one coil (functions 5 and 15) with 0 or 1."""
        raise ModbusFault(ILLEGAL_FUNCTION)


def answer(bank: RegisterBank, pdu: bytes) -> bytes:
    """The answer to one request, both without address and checksum."""
    function = pdu[0] if pdu else 0
    try:
        return _FUNCTIONS.get(function, _unknown)(bank, pdu)
    except ModbusFault as fault:
        return bytes((function | 0x80, fault.code))
    except struct.error:
        return bytes((function | 0x80, ILLEGAL_VALUE))


def _unknown(bank: RegisterBank, pdu: bytes) -> bytes:
    raise ModbusFault(ILLEGAL_FUNCTION)


def _read_words(bank: RegisterBank, pdu: bytes) -> bytes:
    address, count = _span(pdu, MAX_READ)
    words = (bank.read if pdu[0] == 3 else bank.read_input)(address, count)
    return struct.pack(f">BB{count}H", pdu[0], 2 * count, *words)


def _read_bits(bank: RegisterBank, pdu: bytes) -> bytes:
    address, count = _span(pdu, MAX_READ_BITS)
    bits = (bank.read_coils if pdu[0] == 1 else bank.read_discrete)(address, count)
    packed = sum(bit << place for place, bit in enumerate(bits))
    size = (count + 7) // 8
    return bytes((pdu[0], size)) + packed.to_bytes(size, "little")


def _span(pdu: bytes, most: int) -> tuple[int, int]:
    address, count = struct.unpack(">HH", pdu[1:5])
    if not 1 <= count <= most:
        raise ModbusFault(ILLEGAL_VALUE)
    if address + count > 0x10000:
        raise ModbusFault(ILLEGAL_ADDRESS)
    return address, count


def _write_one(bank: RegisterBank, pdu: bytes) -> bytes:
    address, value = struct.unpack(">HH", pdu[1:5])
    if pdu[0] == 6:
        bank.write(address, value)
    elif value in {0x0000, 0xFF00}:
        bank.write_coil(address, int(value != 0))
    else:
        raise ModbusFault(ILLEGAL_VALUE)
    return pdu[:5]


def _write_words(bank: RegisterBank, pdu: bytes) -> bytes:
    address, count = _span(pdu, MAX_WRITE)
    if pdu[5:6] != bytes((2 * count,)) or len(pdu) != 6 + 2 * count:
        raise ModbusFault(ILLEGAL_VALUE)
    for offset, value in enumerate(struct.unpack(f">{count}H", pdu[6:])):
        bank.write(address + offset, value)
    return pdu[:5]


def _write_bits(bank: RegisterBank, pdu: bytes) -> bytes:
    address, count = _span(pdu, MAX_WRITE_BITS)
    size = (count + 7) // 8
    if pdu[5:6] != bytes((size,)) or len(pdu) != 6 + size:
        raise ModbusFault(ILLEGAL_VALUE)
    packed = int.from_bytes(pdu[6:], "little")
    for offset in range(count):
        bank.write_coil(address + offset, packed >> offset & 1)
    return pdu[:5]


_FUNCTIONS: dict[int, Callable[[RegisterBank, bytes], bytes]] = {
    1: _read_bits,
    2: _read_bits,
    3: _read_words,
    4: _read_words,
    5: _write_one,
    6: _write_one,
    15: _write_bits,
    16: _write_words,
}


def crc16(data: bytes) -> bytes:
    """Modbus CRC, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


class RtuServer:
    """Modbus RTU: silent on bad checksums and on frames for others."""

    def __init__(self, bank: RegisterBank, unit: int = 1) -> None:
        self._bank = bank
        self._unit = unit
        self._buffer = bytearray()

    def idle(self) -> bytes:
        """Forget half a frame."""
        self._buffer.clear()
        return b""

    def feed(self, data: bytes) -> bytes:
        """Answer every complete frame for our unit."""
        buffer = self._buffer
        buffer += data
        out = b""
        while len(buffer) >= 8:
            size = 9 + buffer[6] if buffer[1] in {15, 16} else 8
            if len(buffer) < size:
                break
            frame = bytes(buffer[:size])
            if crc16(frame[:-2]) != frame[-2:]:
                del buffer[0]  # look for the next beginning
                continue
            del buffer[:size]
            if frame[0] in {self._unit, BROADCAST}:
                reply = bytes((self._unit,)) + answer(self._bank, frame[1:-2])
                out += reply + crc16(reply) if frame[0] != BROADCAST else b""
        return out


class TcpServer:
    """Modbus TCP: transaction number, length, unit; silent to other units."""

    def __init__(self, bank: RegisterBank, unit: int = 1) -> None:
        self._bank = bank
        self._unit = unit
        self._buffer = bytearray()

    def idle(self) -> bytes:
        """A length header needs no silence."""
        return b""

    def feed(self, data: bytes) -> bytes:
        """Answer every complete frame for our unit."""
        buffer = self._buffer
        buffer += data
        out = b""
        while len(buffer) >= 8:
            number, protocol, length = struct.unpack(">HHH", buffer[:6])
            if protocol != 0 or not 2 <= length <= 254:
                buffer.clear()  # no Modbus: nothing after it can be trusted
                break
            if len(buffer) < 6 + length:
                break
            unit, pdu = buffer[6], bytes(buffer[7 : 6 + length])
            del buffer[: 6 + length]
            if unit in {self._unit, BROADCAST, ANY_UNIT}:
                reply = bytes((unit,)) + answer(self._bank, pdu)
                out += struct.pack(">HHH", number, 0, len(reply)) + reply
        return out


class InProcessModbus:
    """A register bank without a wire, for mode simulate (`ionpy_auto.devices.ModbusLink`).

    Args:
        make: Makes the bank at the first question, when the bench is planned.
        unit: The address it answers to.
    """

    def __init__(self, make: Callable[[], RegisterBank], unit: int) -> None:
        self.unit = unit
        self._own_unit = unit
        self._make = make
        self._bank: RegisterBank | None = None

    @property
    def simulator(self) -> Any:  # noqa: ANN401 - whatever bank the simulator is
        """The simulated device."""
        if self._bank is None:
            self._bank = self._make()
        return self._bank

    async def open(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to close."""

    async def read_holding(self, address: int, count: int) -> Sequence[int]:
        """Holding registers."""
        return self._do(lambda bank: bank.read(address, count), address)

    async def read_input(self, address: int, count: int) -> Sequence[int]:
        """Input registers."""
        return self._do(lambda bank: bank.read_input(address, count), address)

    async def read_coils(self, address: int, count: int) -> Sequence[int]:
        """Coils."""
        return self._do(lambda bank: bank.read_coils(address, count), address)

    async def read_discrete(self, address: int, count: int) -> Sequence[int]:
        """Discrete inputs."""
        return self._do(lambda bank: bank.read_discrete(address, count), address)

    async def write_register(self, address: int, value: int) -> None:
        """Write one register."""
        self._do(lambda bank: bank.write(address, value), address)

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Write neighbouring registers."""
        for offset, value in enumerate(values):
            await self.write_register(address + offset, value)

    async def write_coil(self, address: int, value: int) -> None:
        """Write one coil."""
        self._do(lambda bank: bank.write_coil(address, value), address)

    def _do(self, work: Callable[[RegisterBank], T], address: int) -> T:
        if self.unit != self._own_unit:
            raise NoAnswer(f"no answer from unit {self.unit}")
        try:
            return work(self.simulator)
        except ModbusFault as fault:
            raise DeviceError(
                f"register {address}: {fault}",
                code="MODBUS_EXCEPTION",
                args={"stage": "driver", "register": address, "exception": fault.code},
            ) from fault


MODBUS_WAYS = (
    Way("pty", "Modbus RTU", lambda bank, options: RtuServer(bank, options.unit)),
    Way("tcp", "RTU over TCP", lambda bank, options: RtuServer(bank, options.unit)),
    Way("modbus_tcp", "Modbus TCP", lambda bank, options: TcpServer(bank, options.unit)),
)


def run_modbus_simulator(
    about: str | None,
    make: Callable[[str, Benches], RegisterBank],
    models: Sequence[str],
) -> None:
    """A Modbus simulator's command line: ``--model --unit --pty --tcp PORT --modbus-tcp PORT``.

    Args:
        about: The simulator's docstring.
        make: The bank of a model, by its name.
        models: Names of the models; the first is the default.
    """

    def options(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--model", default=models[0], choices=models)
        parser.add_argument("--unit", type=int, default=1, help="Modbus address")

    run_simulator(about, lambda given, benches: make(given.model, benches), MODBUS_WAYS, options)
