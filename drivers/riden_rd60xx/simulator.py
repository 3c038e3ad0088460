"""A Riden supply in software: the real Modbus protocol in front of the bench's cell physics.

    python drivers/riden_rd60xx/simulator.py --model RD6012 --pty
    python drivers/riden_rd60xx/simulator.py --model RD6018 --tcp 5520 --modbus-tcp 5021

In-process (mode simulate) the driver talks to the same registers without any wire, on the project's
clock. The protocol here is written by hand and shares nothing with the driver's Modbus library, so
that a mistake in one cannot hide in the other.
"""

if __package__ in {None, ""}:  # started as a plain script: make the package importable
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    __package__ = "drivers.riden_rd60xx"

import argparse
import asyncio
import os
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ionpy_auto.devices import (
    Benches,
    BenchParams,
    Circuit,
    Clock,
    DeviceError,
    LinkLost,
    NoAnswer,
    SystemClock,
)

from .registers import BY_NAME, CALIBRATION, MODELS, SYSTEM_REGISTER, Model, raw_of, value_of

LAST_REGISTER = 119
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
MAX_READ = 125
IDLE_S = 0.05
"""A frame whose bytes pause longer than this is broken off."""


class ModbusFault(Exception):
    """An exception answer."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class RidenSimulator:
    """Registers of one supply, wired to a circuit.

    Args:
        model: Which model it plays.
        circuit: What it is wired to.
        serial: Serial number.

    Attributes:
        plain: Registers that only remember: lock, presets, clock, settings.
        current_range: Register 20 of an RD6012P.
        battery_connected: Whether the battery terminal sees the cell.
    """

    def __init__(self, model: Model, circuit: Circuit, serial: int = 1234) -> None:
        self.model = model
        self.circuit = circuit
        self.serial = serial
        self.plain: dict[int, int] = {19: 0, 72: 3}
        self.current_range = 1
        self.battery_connected = True
        self._ah_start = self._wh_start = 0.0

    # --- registers

    def read(self, address: int, count: int) -> list[int]:
        """Registers as the device would answer.

        Raises:
            ModbusFault: No such registers.
        """
        if not 1 <= count <= MAX_READ:
            raise ModbusFault(ILLEGAL_VALUE)
        if address < 0 or address + count - 1 > LAST_REGISTER:
            raise ModbusFault(ILLEGAL_ADDRESS)
        image = self._image()
        return [image.get(a, self.plain.get(a, 0)) for a in range(address, address + count)]

    def _image(self) -> dict[int, int]:
        readings, bench = self.circuit.readings(), self.circuit.bench
        supply, cell = bench.supply, bench.cell
        on = supply.output
        volts, amps = readings.psu_voltage, readings.psu_current
        values: dict[str, float] = {
            "model_id": self.model.ids.start,
            "serial": self.serial,
            "firmware": 1.36,
            "temp": 27,
            "v_set": supply.v_set,
            "i_set": supply.i_set,
            "v_out": volts,
            "i_out": amps,
            "p_out": volts * amps,
            "v_in": 65.12,
            "protection": {"": 0, "ovp": 1, "ocp": 2}[supply.trip],
            "regulation": int(on and readings.psu_regulation.value == "CC"),
            "output": int(on),
            "current_range": self.current_range if self.model.low_range_i is not None else 0,
            "battery_mode": int(self.battery_connected),
            "v_battery": readings.psu_battery_voltage if self.battery_connected else 0.0,
            "probe_sign": int(readings.cell_temp < 0),
            "probe": abs(readings.cell_temp),
            "ah": cell.charged_ah - self._ah_start,
            "wh": cell.charged_wh - self._wh_start,
            "ovp": supply.ovp_v,
            "ocp": supply.ocp_a,
        }
        image: dict[int, int] = {}
        for name, value in values.items():
            register = BY_NAME[name]
            raw = max(0, raw_of(value, self.model.decimals(register.scale, self.current_range)))
            raw = min(raw, (1 << 16 * register.words) - 1)
            for word in range(register.words):
                shift = 16 * (register.words - 1 - word)
                image[register.address + word] = raw >> shift & 0xFFFF
        image[4], image[6], image[7] = 0, 0, round(27 * 1.8 + 32)
        image[80], image[81] = image[8], image[9]
        return image

    def write(self, address: int, value: int) -> None:
        """Write one register as the device would.

        Raises:
            ModbusFault: No such register, or a value it refuses.
        """
        if address in {BY_NAME[n].address for n in ("v_set", "i_set", "ovp", "ocp", "output")}:
            self._write_supply(address, value)
        elif address == 15 or 19 <= address <= 19 or 48 <= address <= 53 or 66 <= address <= 119:
            self.plain[address] = value
        elif address in CALIBRATION or address == SYSTEM_REGISTER:
            # The real device would lose its calibration or reboot: here it must never come to it.
            raise ModbusFault(ILLEGAL_VALUE)
        else:
            raise ModbusFault(ILLEGAL_ADDRESS)

    def _write_supply(self, address: int, raw: int) -> None:
        bench, now = self.circuit.advanced()
        model, span = self.model, self.current_range
        volts = value_of(raw, model.v)
        amps = value_of(raw, model.decimals("i", span))
        if address == 18:
            self._switch(raw)
        elif address == 8 and volts <= model.max_v:
            bench.set_supply(now, v_set=volts)
        elif address == 9 and amps <= model.amperes(span):
            bench.set_supply(now, i_set=amps)
        elif address == 82 and volts <= 62.0:
            bench.set_supply(now, ovp_v=volts)
        elif address == 83 and amps <= model.amperes(span) + 0.2:
            bench.set_supply(now, ocp_a=amps)
        else:
            raise ModbusFault(ILLEGAL_VALUE)

    def _switch(self, raw: int) -> None:
        if raw not in {0, 1}:
            raise ModbusFault(ILLEGAL_VALUE)
        bench, now = self.circuit.advanced()
        if raw and not bench.supply.output:  # the device counts anew with every switching on
            self._ah_start, self._wh_start = bench.cell.charged_ah, bench.cell.charged_wh
        bench.set_supply(now, output=bool(raw))

    # --- protocol

    def answer(self, pdu: bytes) -> bytes:
        """The answer to one request, both without address and checksum."""
        function = pdu[0] if pdu else 0
        try:
            return self._answer(function, pdu)
        except ModbusFault as fault:
            return bytes((function | 0x80, fault.code))
        except struct.error:
            return bytes((function | 0x80, ILLEGAL_VALUE))

    def _answer(self, function: int, pdu: bytes) -> bytes:
        if function == 3:
            address, count = struct.unpack(">HH", pdu[1:5])
            words = self.read(address, count)
            return struct.pack(f">BB{count}H", 3, 2 * count, *words)
        if function == 6:
            address, value = struct.unpack(">HH", pdu[1:5])
            self.write(address, value)
            return pdu[:5]
        if function == 16:
            address, count, size = struct.unpack(">HHB", pdu[1:6])
            if size != 2 * count or len(pdu) != 6 + size:
                raise ModbusFault(ILLEGAL_VALUE)
            for offset, value in enumerate(struct.unpack(f">{count}H", pdu[6:])):
                self.write(address + offset, value)
            return pdu[:5]
        raise ModbusFault(ILLEGAL_FUNCTION)


def crc16(data: bytes) -> bytes:
    """Modbus CRC, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


class Conversation(Protocol):
    """Bytes in, bytes out."""

    def feed(self, data: bytes) -> bytes:
        """Take what came; returns what goes back."""

    def reset(self) -> None:
        """The line was idle: half a frame is no frame."""


class RtuServer:
    """Modbus RTU: silent on bad checksums and on frames for others."""

    def __init__(self, simulator: RidenSimulator, unit: int = 1) -> None:
        self._simulator = simulator
        self._unit = unit
        self._buffer = bytearray()

    def reset(self) -> None:
        """Forget half a frame."""
        self._buffer.clear()

    def feed(self, data: bytes) -> bytes:
        """Answer every complete frame for our unit."""
        buffer = self._buffer
        buffer += data
        out = b""
        while len(buffer) >= 8:
            size = 9 + buffer[6] if buffer[1] == 16 else 8
            if len(buffer) < size:
                break
            frame = bytes(buffer[:size])
            if crc16(frame[:-2]) != frame[-2:]:
                del buffer[0]  # look for the next beginning
                continue
            del buffer[:size]
            if frame[0] in {self._unit, 0}:
                reply = bytes((self._unit,)) + self._simulator.answer(frame[1:-2])
                out += reply + crc16(reply) if frame[0] else b""
        return out


class TcpServer:
    """Modbus TCP: transaction number, length, unit."""

    def __init__(self, simulator: RidenSimulator, unit: int = 1) -> None:
        self._simulator = simulator
        self._unit = unit
        self._buffer = bytearray()

    def reset(self) -> None:
        """A length header needs no silence."""

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
            if unit in {self._unit, 0, 255}:
                reply = bytes((unit,)) + self._simulator.answer(pdu)
                out += struct.pack(">HHH", number, 0, len(reply)) + reply
        return out


class InProcessLink:
    """The registers without a wire, for mode simulate (`ionpy_auto.devices.ModbusLink`)."""

    def __init__(self, make: Callable[[], RidenSimulator], unit: int) -> None:
        self.unit = unit
        self._make = make
        self._own_unit = unit
        self._simulator: RidenSimulator | None = None

    @property
    def simulator(self) -> RidenSimulator:
        """The simulated device."""
        if self._simulator is None:
            self._simulator = self._make()
        return self._simulator

    async def open(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to close."""

    async def read_holding(self, address: int, count: int) -> Sequence[int]:
        """Registers."""
        self._check_unit()
        words: list[int] = self._do(lambda: self.simulator.read(address, count), address)
        return words

    async def write_register(self, address: int, value: int) -> None:
        """Write one register."""
        self._check_unit()
        self._do(lambda: self.simulator.write(address, value), address)

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Write neighbouring registers."""
        for offset, value in enumerate(values):
            await self.write_register(address + offset, value)

    def _check_unit(self) -> None:
        if self.unit != self._own_unit:
            raise NoAnswer(f"no answer from unit {self.unit}")

    @staticmethod
    def _do(work: Callable[[], Any], address: int) -> Any:  # noqa: ANN401 - what the work returns
        try:
            return work()
        except ModbusFault as fault:
            raise DeviceError(f"register {address}: {fault}", code="MODBUS_EXCEPTION") from fault


def make_link(params: Any, clock: Clock, benches: Benches) -> InProcessLink:  # noqa: ANN401 - Params
    """The link used in mode simulate; see `Driver.SIMULATOR`.

    Raises:
        LinkLost: The parameters name no known model.
    """
    del clock
    benches.plan(params.simulation)
    model = model_named(params.simulated_model)

    def make() -> RidenSimulator:
        return RidenSimulator(model, benches.get(params.simulation.bench))

    return InProcessLink(make, params.modbus_address)


def model_named(name: str) -> Model:
    """A model by its name.

    Raises:
        LinkLost: There is none.
    """
    for model in MODELS:
        if model.name.lower() == name.lower():
            return model
    raise LinkLost(f"no model {name!r}", hint=", ".join(m.name for m in MODELS))


# --- on a wire


async def serve_tcp(make: Callable[[], Conversation], host: str, port: int) -> asyncio.Server:
    """Serve a protocol on a TCP port; close the returned server to end."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = make()
        try:
            while data := await _read_or_idle(reader, protocol):
                writer.write(protocol.feed(data))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the simulator ends
        finally:
            writer.close()

    return await asyncio.start_server(client, host, port)


async def _read_or_idle(reader: asyncio.StreamReader, protocol: Conversation) -> bytes:
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                return await reader.read(4096)
        except TimeoutError:
            protocol.reset()


class PtyPort:
    """A pseudo terminal that looks like the supply's USB port (Linux, macOS)."""

    def __init__(self, protocol: Conversation) -> None:
        import pty  # noqa: PLC0415 - does not exist on Windows
        import tty  # noqa: PLC0415

        self._master, self._slave = pty.openpty()
        # The slave stays open here: a master whose slave nobody holds reads an error for ever.
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self._protocol = protocol
        self._idle: asyncio.TimerHandle | None = None
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def _read(self) -> None:
        loop = asyncio.get_running_loop()
        if self._idle is not None:
            self._idle.cancel()
        reply = self._protocol.feed(os.read(self._master, 4096))
        if reply:
            os.write(self._master, reply)
        self._idle = loop.call_later(IDLE_S, self._protocol.reset)

    def close(self) -> None:
        """Pull the plug."""
        if self._idle is not None:
            self._idle.cancel()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)


class QuickClock(SystemClock):
    """Time of the simulated cell, so many times faster than the wall's.

    The protocol is not touched by it: a client sees an ordinary supply on a cell that fills faster.
    """

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def monotonic(self) -> float:
        """Seconds of the cell."""
        return super().monotonic() * self._speed


async def _main(options: argparse.Namespace) -> None:
    benches = Benches(QuickClock(options.speed))
    benches.plan(BenchParams(soc=options.soc))
    simulator = RidenSimulator(model_named(options.model), benches.get("A"))
    if options.pty:
        port = PtyPort(RtuServer(simulator, options.unit))
        _say(f"{options.model} on {port.name}")
    for number, server, name in (
        (options.tcp, RtuServer, "RTU over TCP"),
        (options.modbus_tcp, TcpServer, "Modbus TCP"),
    ):
        if number is not None:
            listening = await serve_tcp(
                lambda server=server: server(simulator, options.unit),  # type: ignore[misc]  # bound early
                options.host,
                number,
            )
            _say(f"{name} on port {listening.sockets[0].getsockname()[1]}")
    await asyncio.Event().wait()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--model", default="RD6006", choices=[m.name for m in MODELS])
    parser.add_argument("--unit", type=int, default=1, help="Modbus address")
    parser.add_argument("--soc", type=float, default=0.5, help="state of charge of the cell")
    parser.add_argument("--speed", type=float, default=1.0, help="the cell's time runs faster")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--pty", action="store_true", help="Modbus RTU on a new pseudo terminal")
    parser.add_argument("--tcp", type=int, metavar="PORT", help="Modbus RTU over TCP")
    parser.add_argument("--modbus-tcp", type=int, metavar="PORT", help="Modbus TCP")
    options = parser.parse_args()
    if not (options.pty or options.tcp is not None or options.modbus_tcp is not None):
        parser.error("choose at least one of --pty, --tcp, --modbus-tcp")
    try:
        asyncio.run(_main(options))
    except KeyboardInterrupt:
        _say("ended")


if __name__ == "__main__":
    main()
