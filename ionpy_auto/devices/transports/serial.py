"""Serial ports (also ``socket://host:port``), opened in a thread because opening may block."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar, Literal

import serial
import serial_asyncio
from pydantic import BaseModel, ConfigDict, Field
from serial.tools import list_ports

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import StackParams
from ionpy_auto.devices.streams import StreamTransport

NAME = "serial"


class PortHint(BaseModel):
    """How to recognise the adapter on another machine (PRJ-3)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vid: int | str | None = None
    pid: int | str | None = None
    serial_number: str | None = None
    description: str | None = None


class SerialTransport(StreamTransport):
    """A serial port."""

    NAME: ClassVar[str] = NAME
    WIZARD: ClassVar[bool] = True

    class Params(StackParams):
        """Port and line settings."""

        port: str = Field(min_length=1, description="/dev/ttyUSB0, COM3 or socket://host:port.")
        baudrate: int = Field(115200, ge=50, le=4_000_000)
        bytesize: Literal[5, 6, 7, 8] = 8
        parity: Literal["N", "E", "O"] = "N"
        stopbits: Literal[1, 2] = 1
        port_hint: PortHint = PortHint()

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        self.params: SerialTransport.Params = params
        super().__init__(NAME, self.params.port)
        self._clock = clock

    async def open(self) -> None:
        """Open the port.

        Raises:
            LinkLost: It does not exist, is busy or not ours; the hint says which ports there are.
        """
        with self._clock.hold():
            try:
                port = await asyncio.to_thread(self._open_port)
            except (OSError, ValueError) as error:  # SerialException is an OSError
                hint = await asyncio.to_thread(hint_for, self.params.port, error)
                raise self.lost(str(error), hint) from error
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=2**20)
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe, _ = await serial_asyncio.connection_for_serial(loop, lambda: protocol, port)
        self._reader = reader
        self._writer = asyncio.StreamWriter(pipe, protocol, reader, loop)

    def _open_port(self) -> Any:  # noqa: ANN401 - pyserial has no types
        params = self.params
        # A socket:// port knows no exclusive access.
        extra = {} if "://" in params.port else {"exclusive": True}
        return serial.serial_for_url(
            params.port,
            baudrate=params.baudrate,
            bytesize=params.bytesize,
            parity=params.parity,
            stopbits=params.stopbits,
            timeout=0,
            **extra,
        )


def existing_ports() -> list[str]:
    """Names of the serial ports of this machine."""
    return sorted(port.device for port in list_ports.comports())


def hint_for(port: str, error: BaseException) -> str:
    """What a person can do about a port that did not open."""
    text = str(error).lower()
    if "permission" in text:
        return "join the group that owns the port (Linux: dialout), then log in again"
    if "busy" in text or "exclusively lock" in text or "access is denied" in text:
        return f"{port} is held by another program or device; close it there"
    if "://" in port:
        return "check the address and that the serial server is on"
    ports = ", ".join(existing_ports()) or "none"
    seen = "" if not Path(port).exists() else f"{port} exists but is no serial port; "
    return f"{seen}ports on this machine: {ports}"


TRANSPORT = SerialTransport
