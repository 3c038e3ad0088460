"""Wires for tests: a TCP proxy that can be cut, and tools that must be there."""

import asyncio
import os
import shutil
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
