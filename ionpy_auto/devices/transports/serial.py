"""Serial ports, opened in a thread because opening may block.

Also addresses: ``socket://host:port``, ``rfc2217://host:port`` and ``loop://``.
"""

import asyncio
import io
import os
import time
from collections.abc import Set
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any, ClassVar, Literal

import serial
import serial_asyncio
from pydantic import Field, field_validator

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import LinkLost, StackParams
from ionpy_auto.devices.ports import PlaceError, PortHint, existing_ports, find_port, hint_for
from ionpy_auto.devices.streams import HEARD, LIMIT, StreamTransport
from ionpy_auto.devices.transports._blocking import BlockingTransport
from ionpy_auto.devices.transports._worker import opened

NAME = "serial"
OPEN_S = 8.0
"""A port that does not open in this time is given up: its driver hangs."""

__all__ = ["TRANSPORT", "PortHint", "SerialTransport", "existing_ports", "hint_for"]

ADDRESSES = ("socket", "rfc2217", "loop")
SLICE_S = 0.01
"""So long a read of an address keeps its thread, and a question waits behind one."""
CLAIM_S = 120.0
"""So long after it was last tried a port still counts as a device's: longer than any back-off."""

_claims: "dict[SerialTransport.Params, tuple[str, float]]" = {}
"""Which port each serial device has or tries, and until when (monotonic): the search for one
device's adapter leaves the ports of others alone, also while they are switched off."""


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

        @field_validator("port")
        @classmethod
        def _no_other_address(cls, value: str) -> str:
            """Other addresses of the library write files or call any class there is."""
            scheme, mark, _ = value.partition("://")
            if mark and scheme.lower() not in ADDRESSES:
                msg = f"only {', '.join(f'{word}://' for word in ADDRESSES)} are opened"
                raise ValueError(msg)
            return value

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        self.params: SerialTransport.Params = params
        super().__init__(NAME, self.params.port)
        self._clock = clock
        self._threaded: _ThreadedPort | None = None

    async def open(self) -> None:
        """Open the port, or the one that fits its hint when it has another name now.

        Raises:
            LinkLost: It does not exist, is busy or not ours, several fit, or it hangs; the hint
                says which ports there are.
        """
        await self.close()
        self._claim(inf)
        try:
            await self._open()
        except BaseException:
            self._claim(CLAIM_S)
            raise
        self._claim(inf)

    async def _open(self) -> None:
        with self._clock.hold():
            try:
                worker, port = await opened(
                    self.params.port,
                    OPEN_S,
                    partial(self._open_port, self._ports_of_others()),
                    lambda port: port.close(),
                )
            except (OSError, ValueError, PlaceError) as error:  # SerialException is an OSError
                raise await self._refusal(error) from error
        if _needs_thread(self.place, port):
            self._threaded = _ThreadedPort(self.place, self._clock, worker, port)
            return
        worker.stop()
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LIMIT)
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe, _ = await serial_asyncio.connection_for_serial(loop, lambda: protocol, port)
        self._reader = reader
        self._writer = asyncio.StreamWriter(pipe, protocol, reader, loop)

    async def _refusal(self, error: Exception) -> LinkLost:
        if isinstance(error, PlaceError):
            return self.lost(error.message, error.hint)
        return self.lost(str(error), await asyncio.to_thread(hint_for, self.place, error))

    def _open_port(self, taken: Set[str]) -> Any:  # noqa: ANN401 - pyserial has no types
        params = self.params
        self.place = params.port
        self.place, self.note = find_port(params.port, params.port_hint, taken)
        # An address knows no exclusive access, and some are read by a thread that waits.
        extra = {} if "://" in self.place else {"exclusive": True}
        return serial.serial_for_url(
            self.place,
            baudrate=params.baudrate,
            bytesize=params.bytesize,
            parity=params.parity,
            stopbits=params.stopbits,
            timeout=SLICE_S if "://" in self.place else 0,
            **extra,
        )

    def _claim(self, seconds: float) -> None:
        _claims[self.params] = (self.place, time.monotonic() + seconds)

    def _ports_of_others(self) -> set[str]:
        now = time.monotonic()
        for params, (_, until) in tuple(_claims.items()):
            if until < now:
                del _claims[params]
        others = [claim for claim in _claims.items() if claim[0] != self.params]
        return {port for params, (place, _) in others for port in (params.port, place)}

    async def read(self) -> bytes:
        """At least one byte.

        Raises:
            LinkLost: Not open, or the port is gone.
        """
        if self._threaded is None:
            return await super().read()
        data = await self._threaded.read()
        self.heard = data[:HEARD]
        return data

    async def write(self, data: bytes) -> None:
        """Hand all bytes over.

        Raises:
            LinkLost: Not open, or the port is gone.
        """
        if self._threaded is None:
            await super().write(data)
        else:
            await self._threaded.write(data)

    async def close(self) -> None:
        """Let go; closing twice does nothing."""
        threaded, self._threaded = self._threaded, None
        if threaded is not None:
            await threaded.close()
        await super().close()
        if self.params in _claims:
            self._claim(CLAIM_S)


def _needs_thread(place: str, port: Any) -> bool:  # noqa: ANN401 - pyserial has no types
    """True for ports that an event loop cannot wait for."""
    if "://" not in place:
        return False
    with suppress(AttributeError, io.UnsupportedOperation, OSError):
        port.fileno()
        return os.name == "nt"
    return True


class _ThreadedPort(BlockingTransport):
    """An open port that an event loop cannot wait for, read in its own thread."""

    def __init__(self, place: str, clock: Clock, worker: Any, port: Any) -> None:  # noqa: ANN401
        super().__init__(NAME, place, clock, patience_s=OPEN_S)
        self._worker, self._handle = worker, port

    def open_handle(self) -> Any:  # noqa: ANN401
        """Never asked: it is open."""
        raise NotImplementedError

    def read_handle(self, handle: Any) -> bytes:  # noqa: ANN401
        """What comes within a slice."""
        data = bytes(handle.read(1))
        return data + bytes(handle.read(handle.in_waiting)) if data else b""

    def write_handle(self, handle: Any, data: bytes) -> None:  # noqa: ANN401
        """Hand all bytes over."""
        handle.write(data)

    def close_handle(self, handle: Any) -> None:  # noqa: ANN401
        """Let go."""
        handle.close()


TRANSPORT = SerialTransport
