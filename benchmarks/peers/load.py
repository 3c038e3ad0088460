"""The load: messages to a broker, answers from it or from a WebSocket, and how long they took.

A message is ``{"n": rule, "s": number}``; the rule it names answers with the same text, a rule -1
does not exist: such a message is looked at and nobody acts.
"""

import asyncio
import itertools
import json
import socket
import time
from collections.abc import Callable

from websockets.asyncio.client import connect

PATIENCE_S = 20.0


def packet(kind: int, body: bytes) -> bytes:
    """An MQTT packet."""
    length, size = bytearray(), len(body)
    while True:
        size, low = divmod(size, 128)
        length.append(low | (128 if size else 0))
        if not size:
            return bytes((kind,)) + bytes(length) + body


def text(word: str) -> bytes:
    raw = word.encode()
    return len(raw).to_bytes(2, "big") + raw


class Broker(asyncio.Protocol):
    """The least client there can be: QoS 0, no Nagle, no tasks."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._left = b""
        self.ready: asyncio.Future[None] | None = None

    @classmethod
    async def join(cls, port: int, hear: Callable[[bytes], None], topic: str = "out") -> "Broker":
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: cls(hear), "127.0.0.1", port)
        link.ready = loop.create_future()
        name = f"load-{time.monotonic_ns()}"
        head = text("MQTT") + bytes((4, 2)) + (0).to_bytes(2, "big") + text(name)
        link.transport.write(packet(0x10, head))
        link.transport.write(packet(0x82, b"\0\1" + text(topic) + b"\0"))
        await link.ready
        return link

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        self.transport.write(packet(0x30, text(topic) + payload))

    def data_received(self, data: bytes) -> None:
        buffer, at = self._left + data, 0
        while True:
            size, shift, head = 0, 0, at + 1
            while head < len(buffer):
                size |= (buffer[head] & 127) << shift
                shift += 7
                head += 1
                if buffer[head - 1] < 128:
                    break
            else:
                break
            if head + size > len(buffer):
                break
            kind = buffer[at] >> 4
            if kind == 3:
                start = head + 2 + int.from_bytes(buffer[head : head + 2], "big")
                self._hear(buffer[start : head + size])
            elif kind == 9 and self.ready is not None and not self.ready.done():
                self.ready.set_result(None)
            at = head + size
        self._left = buffer[at:]


class Load:
    """Sends to one server and keeps when each answer came.

    Args:
        case: How many rules there are and where they listen.
    """

    def __init__(self, case) -> None:
        self.case = case
        self.sent: dict[int, float] = {}
        self.took: list[float] = []
        self._numbers = itertools.count(1)
        self._turn = itertools.count()
        self._came = asyncio.Event()
        self._tasks: list[asyncio.Task] = []

    async def start(self, port: int, web: tuple[str, Callable[[str], bytes | None]] | None) -> None:
        """Join the broker; with ``web`` the answers come from that WebSocket."""
        self._broker = await Broker.join(port, self.heard, "nothing" if web else "out")
        if web is not None:
            ready = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._read(*web, ready)))
            await ready.wait()

    async def _read(self, address, answer_in, ready) -> None:
        async with connect(address, proxy=None, compression=None, max_size=None) as link:
            ready.set()
            async for frame in link:
                if (found := answer_in(frame)) is not None:
                    self.heard(found)

    def stop(self) -> None:
        self._broker.transport.close()
        for task in self._tasks:
            task.cancel()

    def heard(self, payload: bytes) -> None:
        sent = self.sent.pop(json.loads(payload)["s"], None)
        if sent is not None:
            self.took.append(time.perf_counter() - sent)
            self._came.set()

    def send(self, acts: bool) -> None:
        """One message; the rules take turns to act."""
        number = next(self._numbers)
        turn = next(self._turn) if acts else number
        rule = turn % self.case.rules
        topic = f"in/{rule}" if self.case.own else "in"
        body = b'{"n":%d,"s":%d}' % (rule if acts else -1, number)
        if acts:
            self.sent[number] = time.perf_counter()
        self._broker.publish(topic, body)

    async def answered(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until every acting message was answered."""
        end = time.perf_counter() + patience_s
        while self.sent and time.perf_counter() < end:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), 0.25)
            except TimeoutError:
                continue
        return not self.sent

    async def until_ready(self, patience_s: float = 120.0) -> bool:
        """Send until every rule has answered once."""
        end = time.perf_counter() + patience_s
        while time.perf_counter() < end:
            for _ in range(self.case.rules):
                self.send(acts=True)
                if not len(self.sent) % 20:
                    await asyncio.sleep(0.02)
            if await self.answered(1.0 + self.case.rules / 100):
                self.took.clear()
                return True
            self.sent.clear()
        return False

    async def steady(self, rate: float, seconds: float) -> tuple[int, bool]:
        """So many messages a second; how many, and whether all that should was answered."""
        self.took.clear()
        count, every = int(rate * seconds), self.case.acts_every(rate)
        began = time.perf_counter()
        for number in range(count):
            wait = began + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            self.send(acts=not number % every)
        kept = await self.answered()
        self.sent.clear()
        return count, kept

    async def full_speed(self, block: int, seconds: float) -> tuple[int, float]:
        """Blocks whose last message acts, one after the other; messages, and seconds."""
        began, count = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds:
            for number in range(block):
                self.send(acts=number == block - 1)
            count += block
            if not await self.answered(60.0):
                self.sent.clear()
                return 0, passed
        return count, passed
