"""Wires of a simulated device: a pseudo terminal, a TCP port, and the command line around them."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices.bench import Benches, BenchParams

IDLE_S = 0.05
"""A line that pauses longer than this is idle: what came until then belongs together."""
CHUNK = 4096


class Conversation(Protocol):
    """Bytes in, bytes out: what one client of a simulated device talks to."""

    def feed(self, data: bytes) -> bytes:
        """Take what came; returns what goes back."""

    def idle(self) -> bytes:
        """The line became idle: what is half done is broken off, or meant to be whole.

        Returns:
            What goes back now.
        """


class _Idle:
    """Tells a conversation, once after the last bytes, that its line is idle."""

    def __init__(self, conversation: Conversation, send: Callable[[bytes], object]) -> None:
        self._conversation = conversation
        self._send = send
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Bytes came: answer them and begin to wait."""
        self.stop()
        self._say(self._conversation.feed(data))
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._tell)

    def _tell(self) -> None:
        self._timer = None
        self._say(self._conversation.idle())

    def _say(self, reply: bytes) -> None:
        if reply:
            self._send(reply)

    def stop(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PtyPort:
    """A pseudo terminal that looks like the device's serial port (Linux, macOS).

    Attributes:
        name: Where a client opens it, for example ``/dev/pts/3``.
    """

    def __init__(self, conversation: Conversation) -> None:
        import pty  # noqa: PLC0415 - does not exist on Windows
        import tty  # noqa: PLC0415

        self._master, self._slave = pty.openpty()
        # The slave stays open here: a master whose slave nobody holds reads an error for ever.
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self._idle = _Idle(conversation, lambda reply: os.write(self._master, reply))
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def _read(self) -> None:
        self._idle.feed(os.read(self._master, CHUNK))

    def close(self) -> None:
        """Pull the plug."""
        self._idle.stop()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)


class _TcpClient(asyncio.Protocol):
    """One connection to a simulated device."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._idle: _Idle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._idle = _Idle(self._conversation, transport.write)  # type: ignore[attr-defined]  # of TCP

    def data_received(self, data: bytes) -> None:
        """It said something."""
        if self._idle is not None:
            self._idle.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """It went away."""
        del exc
        if self._idle is not None:
            self._idle.stop()


async def serve_tcp(make: Callable[[], Conversation], host: str, port: int) -> asyncio.Server:
    """Serve a device on a TCP port, one conversation per client; close the server to end."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _TcpClient(make()), host, port)


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


class Way(NamedTuple):
    """One way to reach a simulated device on the command line.

    Attributes:
        option: ``pty``, or an option that takes a TCP port: ``tcp`` becomes ``--tcp PORT``.
        text: What people read: ``Modbus TCP``.
        talk: Makes a conversation with the device, as the options say.
    """

    option: str
    text: str
    talk: Callable[[Any, argparse.Namespace], Conversation]


def run_simulator(
    about: str | None,
    make: Callable[[argparse.Namespace, Benches], Any],
    ways: Sequence[Way],
    options: Callable[[argparse.ArgumentParser], object] | None = None,
) -> None:
    """Be a simulator's command line until interrupted; each way says on a line where it is.

    Args:
        about: The simulator's docstring; its first line is the help.
        make: The device as the options say; bench ``A`` is planned with the given state of charge.
        ways: How it can be reached.
        options: Adds the device's own options.
    """
    parser = argparse.ArgumentParser(description=(about or "").split("\n", maxsplit=1)[0])
    if options is not None:
        options(parser)
    parser.add_argument("--soc", type=float, default=0.5, help="state of charge of the cell")
    parser.add_argument("--speed", type=float, default=1.0, help="the cell's time runs faster")
    parser.add_argument("--host", default="127.0.0.1")
    for way in ways:
        if way.option == "pty":
            parser.add_argument(
                "--pty", action="store_const", const=True, help=f"{way.text} on a pseudo terminal"
            )
        else:
            parser.add_argument(_flag(way), type=int, metavar="PORT", help=way.text)
    given = parser.parse_args()
    chosen = [way for way in ways if getattr(given, way.option) is not None]
    if not chosen:
        parser.error(f"choose at least one of {', '.join(map(_flag, ways))}")
    try:
        asyncio.run(_run(given, make, chosen))
    except KeyboardInterrupt:
        _say("ended")


def _flag(way: Way) -> str:
    return f"--{way.option.replace('_', '-')}"


async def _run(
    given: argparse.Namespace,
    make: Callable[[argparse.Namespace, Benches], Any],
    ways: Sequence[Way],
) -> None:
    benches = Benches(QuickClock(given.speed))
    benches.plan(BenchParams(soc=given.soc))
    device = make(given, benches)
    held: list[object] = []  # a server nobody holds is collected
    for way in ways:
        if way.option == "pty":
            port = PtyPort(way.talk(device, given))
            held.append(port)
            _say(f"{way.text} on {port.name}")
        else:
            number: int = getattr(given, way.option)
            server = await serve_tcp(_talker(way, device, given), given.host, number)
            held.append(server)
            _say(f"{way.text} on port {server.sockets[0].getsockname()[1]}")
    await asyncio.Event().wait()


def _talker(way: Way, device: object, given: argparse.Namespace) -> Callable[[], Conversation]:
    return lambda: way.talk(device, given)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
