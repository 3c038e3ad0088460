"""The server's end of the pipe: one running guard process, spoken to without blocking the loop.

Windows knows no pipes that refuse to block, so two threads do the reading and the writing.
"""

import asyncio
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ionpy_auto.devices.guarding.protocol import (
    FROM_GUARD,
    Bye,
    Configure,
    FromGuard,
    Lines,
    On,
    ToGuard,
)

MODULE = "ionpy_auto.devices.guarding.process"
ROOT = Path(__file__).resolve().parents[3]
LOG = "guard.log"
LOG_BYTES = 2**20
JOIN_S = 1.0
APART = 0
if sys.platform == "win32":
    APART = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW


class GuardLink:
    """A guard process that was started.

    Args:
        process: It.
        on_message: Called on the loop with what it says.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], on_message: Callable[[FromGuard], None]
    ) -> None:
        self._process = process
        self._on_message = on_message
        self._is_over = False
        self._loop = asyncio.get_running_loop()
        self._outbox: queue.SimpleQueue[tuple[bytes, threading.Event] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=work, name=f"guard-{name}", daemon=True)
            for name, work in (("write", self._write), ("read", self._read))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self._process.poll()

    def send(self, message: ToGuard) -> threading.Event:
        """Queue a message; the event is set once the pipe has it, where it outlives us."""
        written = threading.Event()
        self._outbox.put((message.line(), written))
        return written

    def _write(self) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        with suppress(OSError, ValueError):  # it is gone; whoever minds it notices
            while (item := self._outbox.get()) is not None:
                line, written = item
                pipe.write(line)
                pipe.flush()
                written.set()

    def _read(self) -> None:
        pipe = self._process.stdout
        if pipe is None:
            return
        lines = Lines(FROM_GUARD)
        with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: the loop is closed
            while data := os.read(pipe.fileno(), 65536):
                for message in lines.feed(data):
                    self._loop.call_soon_threadsafe(self._deliver, message)

    def _deliver(self, message: FromGuard) -> None:
        if not self._is_over:
            self._on_message(message)

    def farewell(self, patience_s: float) -> None:
        """Say good-bye and see it end; one that does not is killed. Blocks."""
        self._is_over = True
        self.send(Bye())
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        self.kill()

    def kill(self) -> None:
        """End it and let go of everything. Blocks.

        The pipe is closed only after the process is gone: to one that lives, a closed pipe means
        that the server died.
        """
        self._is_over = True
        self._process.kill()
        self._process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(JOIN_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def start_guard(
    home: Path, first: tuple[Configure, On], on_message: Callable[[FromGuard], None]
) -> GuardLink:
    """Start a guard process for this server.

    Args:
        home: Root of the home; reports go to its ``var``, the log to its ``logs``.
        first: What it is told at once.
        on_message: Called on the loop with what it says.

    Raises:
        OSError: It cannot be started.
    """
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / LOG
    mode = "wb" if log.exists() and log.stat().st_size > LOG_BYTES else "ab"
    path = os.environ.get("PYTHONPATH", "")
    with log.open(mode) as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            # -P: a file in the current folder must not stand in for a library.
            [sys.executable, "-P", "-m", MODULE, str(home / "var"), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), path)))},
            cwd=home,
            # Out of reach of what ends our terminal or our group.
            start_new_session=True,
            creationflags=APART,
        )
    link = GuardLink(process, on_message)
    for message in first:
        link.send(message)
    return link
