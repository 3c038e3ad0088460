"""A link of messages: a byte transport with a framing on top, one question at a time.

Text protocols do not number their questions: a late answer looks like that to the next question,
volts are read as amperes, and from then on every answer is one behind. So after a question that
failed or was broken off, the next one waits until its answer came, or as long again as answers may
take. Messages that want no answer never wait: switching off must not.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import Framing, NoAnswer, Transport
from ionpy_auto.devices.streams import StreamTransport


class Pauses(NamedTuple):
    """What silence means on a line whose messages have no end mark; real time.

    Attributes:
        idle_s: An answer is complete after so long without a byte; 0: the framing knows.
        gap_s: Least silence before a message of ours; 0: none.
        gathered: The messages that silence completes.
    """

    idle_s: float = 0.0
    gap_s: float = 0.0
    gathered: Callable[[], list[bytes]] = list


class FramedLink:
    """Questions and answers over any transport and framing.

    Args:
        transport: The byte pipe.
        framing: Cuts it.
        clock: Held while an answer is on its way.
        timeout_s: How long an answer may take, in real time.
        pauses: For lines that are delimited by silence.
    """

    def __init__(
        self,
        transport: Transport,
        framing: Framing,
        clock: Clock,
        timeout_s: float,
        pauses: Pauses = Pauses(),  # noqa: B008 - immutable
    ) -> None:
        self.transport = transport
        self.framing = framing
        self._clock = clock
        self._timeout_s = timeout_s
        self._ready: deque[bytes] = deque()
        self._owed = 0
        self._owed_until = 0.0
        self._pauses = pauses
        self._last_byte = float("-inf")

    async def open(self) -> None:
        """Open the transport."""
        self.framing.reset()
        self._ready.clear()
        self._owed = 0
        await self.transport.open()

    async def close(self) -> None:
        """Close the transport."""
        await self.transport.close()

    async def send(self, payload: bytes) -> None:
        """Send one message, after the pause the device needs."""
        with self._clock.hold():
            await self._keep_distance()
            await self.transport.write(self.framing.encode(payload))
            self._last_byte = asyncio.get_running_loop().time()

    async def _keep_distance(self) -> None:
        if not self._pauses.gap_s:
            return
        left = self._last_byte + self._pauses.gap_s - asyncio.get_running_loop().time()
        if left > 0:
            # Real time: an instrument does not follow a virtual clock.
            await asyncio.sleep(left)  # noqa: TID251

    async def query(self, payload: bytes, timeout_s: float | None = None) -> bytes:
        """Send one message and return the next that comes.

        What an earlier question left behind is thrown away first.

        Raises:
            NoAnswer: Nothing in time.
            LinkLost: The pipe broke.
        """
        limit = self._timeout_s if timeout_s is None else timeout_s
        with self._clock.hold():
            await self._forget()
            try:
                await self.send(payload)
                return await self._next(limit)
            except BaseException:
                self._owed += 1
                self._owed_until = asyncio.get_running_loop().time() + limit
                raise

    async def receive(self, timeout_s: float) -> bytes:
        """The next message without asking, for instruments that talk by themselves.

        Raises:
            NoAnswer: Nothing in time.
            LinkLost: The pipe broke.
        """
        with self._clock.hold():
            return await self._next(timeout_s)

    async def _next(self, timeout_s: float) -> bytes:
        try:
            # Real time: an instrument does not follow a virtual clock.
            async with asyncio.timeout(timeout_s):  # noqa: TID251
                while not self._ready:
                    await self._gather()
        except TimeoutError:
            raise NoAnswer(
                f"no answer within {timeout_s:g} s",
                hint="check address, baud rate and cable",
                args={"stage": "framing"},
            ) from None
        return self._ready.popleft()

    async def _gather(self) -> None:
        """What came, and where silence is the end mark, all until then."""
        await self._take()
        if self._pauses.idle_s:
            await self._until_silent()

    async def _take(self) -> None:
        data = await self.transport.read()
        self._last_byte = asyncio.get_running_loop().time()
        self._ready.extend(self.framing.feed(data))

    async def _until_silent(self) -> None:
        """A device that never falls silent ends by the time limit of the answer."""
        try:
            while True:
                async with asyncio.timeout(self._pauses.idle_s):  # noqa: TID251 - real bytes
                    await self._take()
        except TimeoutError:
            self._ready.extend(self._pauses.gathered())

    async def _forget(self) -> None:
        """Nothing that came before a question, or is still owed to an earlier one, answers it."""
        self._ready.clear()
        self.framing.reset()
        if self._owed:
            await self._owed_answers()
        if isinstance(self.transport, StreamTransport):
            await self._waiting_bytes()
        self._ready.clear()
        self.framing.reset()

    async def _owed_answers(self) -> None:
        left = self._owed_until - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(left, 0.0)):  # noqa: TID251 - real bytes
                while len(self._ready) < self._owed:
                    await self._gather()
        except TimeoutError:
            pass  # they will not come any more
        self._owed = 0

    async def _waiting_bytes(self) -> None:
        """Bytes that wait in the buffer; reading a stream that has none breaks off at once."""
        try:
            async with asyncio.timeout(0):  # noqa: TID251
                while True:
                    await self.transport.read()
        except TimeoutError:
            return
