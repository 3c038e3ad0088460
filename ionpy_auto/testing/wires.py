"""Wires for tests: TCP proxies that can be cut or do worse, and tools that must be there."""

import asyncio
import os
import shutil
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class CutWire:
    """A TCP proxy in front of a server: cut it mid-frame, mend it, watch what passes.

    Attributes:
        port: Where clients connect.
        sent: Bytes that went from clients to the server.
        silent: While true, answers are swallowed: the device is deaf or its return line broken.
        cut_after: Cut after so many more bytes of answers; None never.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.sent = bytearray()
        self.silent = False
        self.cut_after: int | None = None

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Listen (again, on the same port)."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Pull the plug: no connection lives, none can be made."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, inner_writer}
        up = asyncio.ensure_future(self._up(reader, inner_writer))
        try:
            await self._down(inner_reader, writer)
        except OSError:
            pass  # cut: that is what this wire is for
        finally:
            up.cancel()
            for end in (writer, inner_writer):
                self._writers.discard(end)
                end.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            self.sent += data
            writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            if self.silent:
                continue
            if self.cut_after is not None and len(data) >= self.cut_after:
                writer.write(data[: self.cut_after])
                await writer.drain()
                self.cut_after = None
                await self.cut()
                return
            writer.write(data)


def tool_path(name: str) -> str:
    """Path of a program, or empty; under ``CI=true`` a missing one is an error.

    Raises:
        RuntimeError: In CI, where a silent skip would hide that nothing was tested.
    """
    path = shutil.which(name)
    if path is None and os.environ.get("CI") == "true":
        msg = f"{name} is not installed, and in CI nothing is skipped"
        raise RuntimeError(msg)
    return path or ""


class Way(StrEnum):
    """Which way bytes go on a wire."""

    QUESTIONS = "questions"  # from us to the device
    ANSWERS = "answers"


class Break(StrEnum):
    """How a wire ends."""

    CLOSE = "close"  # an orderly end (FIN)
    RESET = "reset"  # an end without a word (RST)
    SILENT = "silent"  # nothing at all: the other side is gone and nobody says so


@dataclass(frozen=True, slots=True)
class Frame:
    """One Modbus request as it stood on the wire.

    Attributes:
        at: Loop time at which its last byte came by.
        connection: Number of the connection, counted from 1.
        unit: Address of the device.
        function: 3 reads; 6 and 16 write.
        address: First register.
        values: What is written; empty for a read.
        arrived: False when the wire swallowed it.
    """

    at: float
    connection: int
    unit: int
    function: int
    address: int
    values: tuple[int, ...]
    arrived: bool

    @property
    def is_write(self) -> bool:
        """Whether it changes anything in the device."""
        return self.function != 3


class RtuRequests:
    """Cuts the requests of one Modbus RTU connection into frames.

    Written apart from every Modbus code of ours: what it says about the wire is a second opinion.

    Args:
        connection: Number of the connection.
    """

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def feed(self, data: bytes, at: float, *, arrived: bool) -> list[Frame]:
        """Take bytes in; returns the requests that became complete.

        Raises:
            AssertionError: Something that is no request of ours was on the wire.
        """
        buffer, frames = self._buffer, []
        buffer += data
        while len(buffer) >= 8:
            size = 9 + buffer[6] if buffer[1] == 16 else 8
            if len(buffer) < size:
                break
            raw = bytes(buffer[:size])
            del buffer[:size]
            if raw[1] not in {3, 6, 16} or _crc_of(raw[:-2]) != raw[-2:]:
                raise AssertionError(f"no request: {raw.hex(' ')}")
            address, word = struct.unpack(">HH", raw[2:6])
            values: tuple[int, ...] = ()
            if raw[1] == 6:
                values = (word,)
            elif raw[1] == 16:
                values = struct.unpack(f">{word}H", raw[7:-2])
            frames.append(Frame(at, self._connection, raw[0], raw[1], address, values, arrived))
        return frames


def _crc_of(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


@dataclass(slots=True, eq=False)
class _Line:
    """One connection through a `ChaosWire`: both of its ends."""

    number: int
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    requests: RtuRequests
    lost: bool = False  # open for whoever looks at it, but nothing passes any more

    def end_of(self, way: Way) -> asyncio.StreamWriter:
        """Where bytes of a way go."""
        return self.far if way is Way.QUESTIONS else self.near


class ChaosWire:
    """A TCP proxy in front of a Modbus RTU server that fails in every way a wire can.

    Attributes:
        port: Where clients connect.
        dead: Ways whose bytes vanish while everything looks well.
        slow_s: So late every answer arrives.
        frames: Every request that came by, in order, with the time.
        passed: Bytes that arrived, by way, since the last `break_after`.
        went: Set when bytes of a way arrive; whoever waits clears it first.
        broken: Set when a planned break happened.
        broken_at: Loop time of the last break.
        plugged_at: Loop time since which connections can be made.

    Args:
        target_port: Where the device's server listens.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._server: asyncio.Server | None = None
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._plan: tuple[Way, int, Break, bool] | None = None
        self._gone = False
        self.port = 0
        self.dead: set[Way] = set()
        self.slow_s = 0.0
        self.frames: list[Frame] = []
        self.passed = dict.fromkeys(Way, 0)
        self.went = {way: asyncio.Event() for way in Way}
        self.broken = asyncio.Event()
        self.broken_at = self.plugged_at = 0.0

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.near.transport.abort()
            line.far.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def writes(self) -> list[Frame]:
        """Write requests that arrived, in order."""
        return [frame for frame in self.frames if frame.is_write and frame.arrived]

    async def plug(self) -> None:
        """Let connections be made (again, on the same port); those that were lost stay lost."""
        self._gone = False
        if self._server is None:
            self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]
        self.plugged_at = asyncio.get_running_loop().time()

    def unplug(self, how: Break = Break.CLOSE, *, stays_reachable: bool = False) -> None:
        """End every connection.

        Args:
            how: What the two sides see of it. After ``SILENT`` new connections are taken and
                lead nowhere, until `plug`.
            stays_reachable: New connections work at once.
        """
        for line in self._lines:
            line.lost = True
            if how is not Break.SILENT:
                _end(line.near, how)
                _end(line.far, how)
        if how is Break.SILENT:
            self._gone = not stays_reachable
        elif not stays_reachable and self._server is not None:
            self._server.close()
            self._server = None
        self.broken_at = asyncio.get_running_loop().time()
        if stays_reachable:
            self.plugged_at = self.broken_at
        self.broken.set()

    def break_after(
        self, way: Way, count: int, how: Break = Break.CLOSE, *, stays_reachable: bool = False
    ) -> None:
        """Unplug as soon as ``count`` more bytes of one way have arrived, in mid-frame if so."""
        self.passed = dict.fromkeys(Way, 0)
        self.broken.clear()
        self._plan = (way, count, how, stays_reachable)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._count += 1
        line = _Line(self._count, writer, far_writer, RtuRequests(self._count), self._gone)
        self._lines.add(line)
        try:
            await asyncio.gather(
                self._pump(line, reader, Way.QUESTIONS), self._pump(line, far_reader, Way.ANSWERS)
            )
        finally:
            self._lines.discard(line)

    async def _pump(self, line: _Line, reader: asyncio.StreamReader, way: Way) -> None:
        try:
            while data := await reader.read(4096):
                if self.slow_s and way is Way.ANSWERS:
                    await asyncio.sleep(self.slow_s)  # noqa: TID251 - a wire follows no clock
                self._pass(line, way, data)
        except OSError:
            pass  # broken: that is what this wire is for
        if not line.lost:
            line.near.close()
            line.far.close()

    def _pass(self, line: _Line, way: Way, data: bytes) -> None:
        breaks = None
        if self._plan is not None and self._plan[0] is way:
            left = self._plan[1] - self.passed[way]
            if len(data) >= left:
                data, breaks, self._plan = data[:left], self._plan, None
        arrives = way not in self.dead and not line.lost
        if way is Way.QUESTIONS:
            now = asyncio.get_running_loop().time()
            self.frames += line.requests.feed(data, now, arrived=arrives)
        if arrives:
            self.passed[way] += len(data)
            self.went[way].set()
            line.end_of(way).write(data)
        if breaks is not None:
            self.unplug(breaks[2], stays_reachable=breaks[3])


def _end(writer: asyncio.StreamWriter, how: Break) -> None:
    if how is Break.RESET:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
