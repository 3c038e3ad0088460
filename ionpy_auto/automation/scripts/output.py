"""What a script prints: the last lines in memory, told live in bounded pieces, lossy on purpose.

The interpreter hands text over from a thread of its own. What comes faster than `BYTES_PER_S` is
dropped there and counted, so a script that prints for ever costs the server nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ionpy_auto.core.clock import Clock, Timer

KEPT_LINES: Final = 500
KEPT_CHARS: Final = 2_000  # of a line
BURST_BYTES: Final = 128 * 1024
BYTES_PER_S: Final = 16 * 1024
TELL_EVERY_S: Final = 0.25
TOLD_LINES: Final = 100  # per event

Line = dict[str, Any]


class Output:
    """Takes text in from any thread, keeps lines, tells them.

    Args:
        clock: For times and the pace.
        tell: Gets ``(lines, dropped)`` at most every `TELL_EVERY_S`.
    """

    def __init__(self, clock: Clock, tell: Callable[[list[Line], int], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._room = float(BURST_BYTES)
        self._looked = self._loop.time()
        self._part = {"stdout": "", "stderr": ""}
        self._new: list[Line] = []
        self._timer: Timer | None = None
        self._told_dropped = 0
        self.lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self.dropped = 0

    def feed(self, stream: str, text: str) -> None:
        """Take printed text in; called from the interpreter's thread."""
        now = self._loop.time()  # wall time: what is protected is this process
        self._room = min(BURST_BYTES, self._room + (now - self._looked) * BYTES_PER_S)
        self._looked = now
        if len(text) > self._room:
            self.dropped += text.count("\n") or 1
            return
        self._room -= len(text)
        self._loop.call_soon_threadsafe(self._take, stream, text)

    def _take(self, stream: str, text: str) -> None:
        *whole, rest = (self._part.get(stream, "") + text).split("\n")
        self._part[stream] = rest[:KEPT_CHARS]
        for line in whole:
            self.add(stream, line)

    def add(self, stream: str, text: str) -> None:
        """A whole line, from the loop."""
        line = {"t": self._clock.now(), "stream": stream, "text": text[:KEPT_CHARS]}
        self.lines.append(line)
        if len(self._new) < TOLD_LINES:
            self._new.append(line)
        else:
            self.dropped += 1
        if self._timer is None:
            due = self._clock.monotonic() + TELL_EVERY_S * self._clock.pace
            self._timer = self._clock.call_at(due, self._due)

    def _due(self) -> None:
        self._timer = None
        new, self._new = self._new, []
        dropped, self._told_dropped = self.dropped - self._told_dropped, self.dropped
        if new or dropped:
            self._tell(new, dropped)

    async def close(self) -> None:
        """Tell the rest."""
        turn = self._loop.create_future()
        self._loop.call_soon(turn.set_result, None)  # behind what the thread has handed over
        await turn
        for stream, rest in self._part.items():
            if rest:
                self.add(stream, rest)
        self._part = {"stdout": "", "stderr": ""}
        if self._timer is not None:
            self._timer.cancel()
        self._due()
