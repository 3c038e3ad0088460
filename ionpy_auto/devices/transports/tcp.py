"""TCP client: serial device servers, instruments with a raw socket, Modbus over TCP."""

import asyncio
from typing import Any, ClassVar

from pydantic import Field

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import StackParams
from ionpy_auto.devices.streams import LIMIT, StreamTransport

NAME = "tcp"


class TcpTransport(StreamTransport):
    """A TCP connection we open."""

    NAME: ClassVar[str] = NAME
    WIZARD: ClassVar[bool] = True

    class Params(StackParams):
        """Where to connect to."""

        host: str = Field(min_length=1, description="Name or address.")
        port: int = Field(ge=1, le=65535)
        connect_timeout_s: float = Field(3.0, gt=0, le=60)

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        self.params: TcpTransport.Params = params
        super().__init__(NAME, f"{self.params.host}:{self.params.port}")
        self._clock = clock

    async def open(self) -> None:
        """Connect.

        Raises:
            LinkLost: Nobody listens, or no answer in time.
        """
        params = self.params
        try:
            with self._clock.hold():
                # Real time: the other side does not follow a virtual clock.
                async with asyncio.timeout(params.connect_timeout_s):
                    streams = await asyncio.open_connection(params.host, params.port, limit=LIMIT)
        except TimeoutError as error:
            raise self.lost("no answer", "check address, cable and firewall") from error
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that can be none
            hint = "check address and port, and that the device's server is on"
            raise self.lost(getattr(error, "strerror", "") or str(error), hint) from error
        self._reader, self._writer = streams


TRANSPORT = TcpTransport
