"""UDP: connected datagrams, each of them one read."""

import asyncio
from collections import deque
from typing import Any, ClassVar

from pydantic import Field

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import StackParams
from ionpy_auto.devices.streams import HEARD, Pipe

NAME = "udp"
WAITING = 256
"""So many datagrams wait to be read; then the oldest is dropped and counted."""
LONGEST = 65_507


class UdpTransport(Pipe):
    """A socket that sends to one host and hears that one alone.

    UDP knows no connection: opening finds the address, and whether somebody is there shows only
    when something was sent and the host answers that nobody listens.

    Attributes:
        dropped: Datagrams that came faster than they were read.
    """

    NAME: ClassVar[str] = NAME
    WIZARD: ClassVar[bool] = True

    class Params(StackParams):
        """Where datagrams go to and come from."""

        host: str = Field(min_length=1, description="Name or address.")
        port: int = Field(ge=1, le=65535)
        local_port: int = Field(0, ge=0, le=65535, description="Where answers come to; 0: any.")

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        self.params: UdpTransport.Params = params
        super().__init__(NAME, f"{self.params.host}:{self.params.port}")
        self._clock = clock
        self._socket: asyncio.DatagramTransport | None = None
        self._mail = _Mailbox()

    @property
    def dropped(self) -> int:
        """Datagrams that came faster than they were read."""
        return self._mail.dropped

    async def open(self) -> None:
        """Find the address and take a local port.

        Raises:
            LinkLost: The name is unknown, there is no way to it, or the local port is taken.
        """
        await self.close()
        params = self.params
        loop = asyncio.get_running_loop()
        mail = self._mail = _Mailbox()
        local = ("", params.local_port) if params.local_port else None
        try:
            with self._clock.hold():
                # A name server that is silent must not hold up the device for a minute.
                async with asyncio.timeout(5):
                    self._socket, _ = await loop.create_datagram_endpoint(
                        lambda: mail, remote_addr=(params.host, params.port), local_addr=local
                    )
        except (OSError, UnicodeError) as error:  # a timeout too; a name that can be none
            reason = getattr(error, "strerror", "") or str(error) or "no answer of the name server"
            raise self.lost(reason, "check address and port, and the local port") from error

    async def read(self) -> bytes:
        """One datagram, never empty.

        Raises:
            LinkLost: Not open, or the host said that nobody listens.
        """
        if self._socket is None:
            raise self.lost("is not open")
        try:
            data = await self._mail.next()
        except OSError as error:
            reason = error.strerror or str(error) or "closed"
            raise self.lost(reason, "check that the device is on and listens there") from error
        self.heard = data[:HEARD]
        return data

    async def write(self, data: bytes) -> None:
        """Send one datagram.

        Raises:
            LinkLost: Not open, or the host said that nobody listens; too long for a datagram.
        """
        if self._socket is None or self._socket.is_closing():
            raise self.lost("is not open")
        if self._mail.error is not None:
            raise self.lost("nobody listens there", "check that the device is on")
        if len(data) > LONGEST:
            raise self.lost(f"{len(data)} bytes are too long for a datagram", "send less at once")
        self._socket.sendto(data)

    async def close(self) -> None:
        """Let go; closing twice does nothing."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()
            self._mail.fail(ConnectionError("is not open"))


class _Mailbox(asyncio.DatagramProtocol):
    """Datagrams that came, and the error that ended it."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.dropped = 0
        self._waiting: deque[bytes] = deque()
        self._came = asyncio.Event()

    async def next(self) -> bytes:
        """The oldest datagram.

        Raises:
            OSError: There is none, and there will be none.
        """
        while not self._waiting:
            if self.error is not None:
                raise self.error
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Called by the loop."""
        del addr
        if not data:
            return
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(data)
        self._came.set()

    def error_received(self, exc: Exception) -> None:
        """Called by the loop: the host says that nobody listens, or the network is down."""
        self.fail(exc if isinstance(exc, OSError) else ConnectionError(str(exc)))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when the socket is closed."""
        self.fail(ConnectionError(str(exc) if exc else "closed"))

    def fail(self, error: OSError) -> None:
        """Nothing more will come."""
        self.error = self.error or error
        self._came.set()


TRANSPORT = UdpTransport
