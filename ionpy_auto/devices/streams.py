"""A transport over asyncio streams: what serial and tcp have in common."""

import asyncio
from contextlib import suppress

from ionpy_auto.devices.links import LinkLost

CHUNK = 4096
LIMIT = 2**15
"""Half of what waits to be read at most: then the other side is made to wait."""
HEARD = 64
"""So many of the last bytes are kept, to tell garbage from silence."""


class Pipe:
    """What every byte pipe knows about itself.

    Args:
        kind: Registered name of the transport, for error codes.
        place: What people call the other end: a port, ``host:port``.

    Attributes:
        heard: The first bytes of what came last; empty when the other side was silent.
        note: What people should know about the place; empty when all is as configured.
    """

    def __init__(self, kind: str, place: str) -> None:
        self.kind = kind
        self.place = place
        self.heard = b""
        self.note = ""

    def lost(self, reason: str, hint: str = "") -> LinkLost:
        """The error for a link that is gone."""
        return LinkLost(
            f"{self.place}: {reason}",
            code=f"TRANSPORT_{self.kind.upper()}",
            hint=hint or "check cable and power; the server keeps trying",
            args={"stage": "transport", "place": self.place},
        )


class StreamTransport(Pipe):
    """Reads and writes a pair of streams that a subclass opens."""

    def __init__(self, kind: str, place: str) -> None:
        super().__init__(kind, place)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def read(self) -> bytes:
        """At least one byte.

        Raises:
            LinkLost: Not open, or the other side hung up.
        """
        if self._reader is None:
            raise self.lost("is not open")
        try:
            data = await self._reader.read(CHUNK)
        except OSError as error:  # includes SerialException
            raise self.lost(str(error)) from error
        if not data:
            raise self.lost("the other side hung up")
        self.heard = data[:HEARD]
        return data

    async def write(self, data: bytes) -> None:
        """Hand all bytes over.

        Raises:
            LinkLost: Not open, or the pipe broke.
        """
        if self._writer is None or self._writer.is_closing():
            raise self.lost("is not open")
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise self.lost(str(error)) from error

    async def close(self) -> None:
        """Let go; closing twice does nothing."""
        writer, self._writer, self._reader = self._writer, None, None
        if writer is not None:
            writer.close()
            with suppress(OSError, TimeoutError):
                await writer.wait_closed()
