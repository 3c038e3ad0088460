"""Supplies, loads and meters in software: their own languages in front of the bench's cell physics.

    python drivers/generic_scpi/simulator.py --model DP832 --tcp 5555
    python drivers/generic_scpi/simulator.py --model KA3005P --pty

In-process (mode simulate) the driver talks to the same instruments without any wire, on the
project's clock.
"""

if __package__ in {None, ""}:  # started as a plain script: make the package importable
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    __package__ = "drivers.generic_scpi"

import argparse
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from ionpy_auto.devices import Benches, Clock, NoAnswer
from ionpy_auto.devices.simulated import Conversation, Way, run_simulator

from .engine import Instrument
from .instruments import MODELS, KoradKa3005p, RigolDl3021

MAX_LINE = 65536


class LineServer:
    """Lines in, lines out."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Answer every complete line."""
        self._buffer += data
        out = b""
        while (at := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:at])
            del self._buffer[: at + 1]
            out += self._answer(line)
        if len(self._buffer) > MAX_LINE:
            self._buffer.clear()
        return out

    def _answer(self, line: bytes) -> bytes:
        answer = self._instrument.message(line.decode("ascii", "replace").strip("\r\0 "))
        if answer is None:
            return b""
        # A DL3021 was seen to put a second line behind an answer; the first is the answer.
        tail = b"0\n" if isinstance(self._instrument, RigolDl3021) else b""
        return answer.encode("ascii", "replace") + b"\n" + tail

    def idle(self) -> bytes:
        """A line has an end mark and needs no silence."""
        return b""


COMPLETE = re.compile(rb"\*IDN\?|STATUS\?|(VSET|ISET|VOUT|IOUT)1\?|OUT[01]|[VI]SET1:\d+(\.\d*)?")


class SilenceServer:
    """Commands without an end mark: what came before a pause is one.

    A client may pause a little less than we wait: a command that is whole ends where the next
    begins, too.
    """

    def __init__(self, instrument: KoradKa3005p) -> None:
        self._instrument = instrument
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Gather, until something else begins."""
        begins = data[:1].isalpha() or data[:1] == b"*"
        out = self.idle() if begins and COMPLETE.fullmatch(self._buffer) else b""
        self._buffer += data[:MAX_LINE]
        return out

    def idle(self) -> bytes:
        """Now it is a command."""
        text = bytes(self._buffer).decode("ascii", "replace").strip()
        self._buffer.clear()
        return self._instrument.message(text) if text else b""


def conversation(instrument: Instrument | KoradKa3005p) -> Conversation:
    """What one client of an instrument talks to."""
    if isinstance(instrument, KoradKa3005p):
        return SilenceServer(instrument)
    return LineServer(instrument)


class InProcessLink:
    """An instrument without a wire, for mode simulate (`ionpy_auto.devices.MessageLink`).

    Args:
        make: Makes the instrument at the first message, when the bench is planned.
    """

    def __init__(self, make: Callable[[], Instrument | KoradKa3005p]) -> None:
        self._make = make
        self._instrument: Instrument | KoradKa3005p | None = None

    @property
    def simulator(self) -> Instrument | KoradKa3005p:
        """The simulated instrument."""
        if self._instrument is None:
            self._instrument = self._make()
        return self._instrument

    async def open(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to close."""

    def _say(self, payload: bytes) -> bytes:
        talk = conversation(self.simulator)
        return talk.feed(payload.rstrip(b"\n") + b"\n") + talk.idle()

    async def send(self, payload: bytes) -> None:
        """One message; what is answered is lost."""
        self._say(payload)

    async def query(self, payload: bytes, timeout_s: float | None = None) -> bytes:
        """One message and its answer.

        Raises:
            NoAnswer: The instrument has none.
        """
        del timeout_s
        answer = self._say(payload)
        if not answer:
            raise NoAnswer("no answer", args={"stage": "framing"})
        return answer.removesuffix(b"\n")


def make_link(params: Any, clock: Clock, benches: Benches, model: str) -> InProcessLink:  # noqa: ANN401 - Params
    """The link to a simulated model; see `Driver.SIMULATOR`."""
    del clock
    benches.plan(params.simulation)
    return InProcessLink(lambda: MODELS[model](benches.get(params.simulation.bench)))


generic = partial(make_link, model="DMM")
dp832 = partial(make_link, model="DP832")
spd3303x = partial(make_link, model="SPD3303X")
sdl1030x = partial(make_link, model="SDL1030X")
dl3021 = partial(make_link, model="DL3021")
dmm = partial(make_link, model="DMM")
ka3005p = partial(make_link, model="KA3005P")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="DP832", choices=sorted(MODELS))


def _talk(instrument: Instrument | KoradKa3005p, options: argparse.Namespace) -> Conversation:
    del options
    return conversation(instrument)


def _made(options: argparse.Namespace, benches: Benches) -> Instrument | KoradKa3005p:
    return MODELS[options.model](benches.get("A"))


def main() -> None:
    """Run until interrupted."""
    ways = (Way("tcp", "SCPI", _talk), Way("pty", "serial port", _talk))
    run_simulator(__doc__, _made, ways, _options)


if __name__ == "__main__":
    main()
