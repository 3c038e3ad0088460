"""The guard's own process: ``python -m ionpy_auto.devices.guarding.process VAR PID``.

Two threads while the server lives (one reads the pipe, one counts the silence), an event loop only
when it must act. It never ends by a signal that ends the terminal or the service, only by its pipe.
"""

import asyncio
import io
import os
import queue
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import structlog

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import StorageError
from ionpy_auto.core.files import single_instance
from ionpy_auto.devices.build import Builder
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.guarding.fence import Fence
from ionpy_auto.devices.guarding.protocol import TO_GUARD, Beat, Configure, Lines, Ready, ToGuard
from ionpy_auto.devices.guarding.report import LOCK, Report, write_report
from ionpy_auto.devices.guarding.rescue import Rescue, Rescued
from ionpy_auto.devices.guarding.watch import ENDED, Ended, Gone, Heard, Watch

log = structlog.get_logger(__name__)

NATURAL_S: Final = 0.1
"""A process whose pipe ended is dying already; this long it may take."""
FORCED_S: Final = 2.0
LOCK_PATIENCE_S: Final = 60.0


class HeldCatalogue(Catalogue):
    """Drivers as they were when the guard was told: a file changed later is no reason to fail."""

    def __init__(self, message: Configure) -> None:
        drivers = message.drivers
        super().__init__(
            drivers.folders,
            lambda folder, digest: drivers.trusted.get(str(folder)) == digest,
            drivers.shipped,
        )
        self._held: dict[str, type[Driver]] = {}

    def get(self, word: str) -> type[Driver]:
        """The driver class, imported at the first call."""
        if word not in self._held:
            self._held[word] = super().get(word)
        return self._held[word]


class Guard:
    """Hears, decides, fences and acts.

    Args:
        folder: ``var`` of the home.
        server: The server's process number.
        wires: Descriptors to read from and to write to.
    """

    def __init__(self, folder: Path, server: int, wires: tuple[int, int]) -> None:
        self._folder = folder
        self._server = server
        self._fence = Fence(server)  # at once, while it certainly lives
        self._in, self._out = wires
        self._clock = SystemClock()
        self._inbox: queue.SimpleQueue[ToGuard | Ended] = queue.SimpleQueue()
        self._watch = Watch(self._hear, self._say, self._prepare, self._clock)
        self._builder: Builder | None = None

    def run(self) -> None:
        """Guard until the server is gone, then do what is to be done."""
        threading.Thread(target=self._read, name="pipe", daemon=True).start()
        with ExitStack() as stack:
            self._lock(stack)
            gone = self._watch.run()
            if gone is not None:
                self._act(gone)

    def _lock(self, stack: ExitStack) -> None:
        """From here to the end of this process a starting server waits for us.

        Another guard of this home may still be at work for a server before.
        """
        deadline = self._clock.monotonic() + LOCK_PATIENCE_S
        pause = threading.Event()
        while True:
            try:
                stack.enter_context(single_instance(self._folder / LOCK))
            except StorageError:
                if self._clock.monotonic() > deadline:
                    log.warning("another guard does not end")
                    return
                pause.wait(0.1)
            else:
                return

    # -- the pipe

    def _read(self) -> None:
        lines = Lines(TO_GUARD)
        with suppress(OSError):
            while data := os.read(self._in, 65536):
                for message in lines.feed(data):
                    self._inbox.put(message)
        self._inbox.put(ENDED)

    def _hear(self, seconds: float) -> Heard:
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def _say(self, message: Ready | Beat) -> None:
        with suppress(OSError):  # nobody listens any more
            os.write(self._out, message.line())

    # -- the devices

    def _prepare(self, message: Configure) -> dict[str, str]:
        """Import and build everything once, so that nothing has to be loaded when it counts."""
        self._builder = Builder(HeldCatalogue(message), self._clock, simulate=False)
        trouble = {}
        for config in message.devices:
            try:
                transport = getattr(self._build(config).link, "transport", None)
                getattr(transport, "warm", _nothing)()
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the others count
                trouble[config.id] = str(error) or type(error).__name__
        return trouble

    def _build(self, config: DeviceConfig) -> Driver:
        if self._builder is None:
            msg = "nothing is configured"
            raise RuntimeError(msg)
        return self._builder.build(config)

    def _act(self, gone: Gone) -> None:
        log.warning("the server is gone", how=gone.value)
        at, at_risk = self._clock.now(), self._watch.at_risk()
        project = self._watch.configured.project if self._watch.configured else ""
        fenced = self._fence.close_in(NATURAL_S if gone is Gone.DIED else 0.0, FORCED_S)

        def note(devices: list[Rescued], *, finished: bool) -> None:
            report = Report(project, at, gone.value, self._server, fenced, finished, devices)
            write_report(self._folder, report)

        async def act() -> None:
            # The disk must not keep an output on: the first note is written beside the work.
            first = asyncio.create_task(asyncio.to_thread(note, [], finished=False))
            results = await Rescue(self._build, at_risk, self._clock).run()
            await first
            note(results, finished=True)

        # Not asyncio.run: it would wait at its end for threads that a driver left behind.
        asyncio.new_event_loop().run_until_complete(act())


def _nothing() -> None:
    """Most transports have nothing to load."""


def _own_wires() -> tuple[int, int]:
    """The pipes for us alone: what a driver prints goes to the log, and nobody else reads."""
    wires = os.dup(0), os.dup(1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return wires


def _outlive_signals() -> None:
    """Ctrl+C, a closed terminal and the end of a service are for the server; it then says bye."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Run as a guard."""
    _outlive_signals()
    wires = _own_wires()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ]
    )
    folder, server = Path(sys.argv[1]), int(sys.argv[2])
    Guard(folder, server, wires).run()
    os._exit(0)  # a driver's stray thread must not keep us


if __name__ == "__main__":
    main()
