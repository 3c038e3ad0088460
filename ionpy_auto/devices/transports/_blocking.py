"""A transport over a library that blocks: one thread per instrument, read in short slices."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import partial
from typing import Any

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import LinkLost
from ionpy_auto.devices.streams import HEARD, Pipe
from ionpy_auto.devices.transports._worker import Worker, leave_behind, opened

SLICE_S = 0.05
"""So long one read keeps the thread; after a cancelled one the next write waits no longer."""
CLOSE_S = 1.0


class BlockingTransport(Pipe, ABC):
    """Opens, reads, writes and closes in a thread of its own.

    A subclass says how, in calls that may block; whatever they raise is a lost link.

    Args:
        kind: Registered name of the transport, for error codes.
        place: What people call the other end.
        clock: Held while something is opened or written.
        patience_s: So long opening, or writing, may take.
    """

    def __init__(self, kind: str, place: str, clock: Clock, patience_s: float) -> None:
        super().__init__(kind, place)
        self._clock = clock
        self._patience_s = patience_s
        self._worker: Worker | None = None
        self._handle: Any = None
        self._slice: asyncio.Future[bytes] | None = None
        self._key = f"{kind} {place}"

    @abstractmethod
    def open_handle(self) -> Any:  # noqa: ANN401 - whatever the library hands out
        """Open; returns what the other calls get."""

    @abstractmethod
    def read_handle(self, handle: Any) -> bytes:  # noqa: ANN401
        """What comes within a slice; empty when nothing came."""

    @abstractmethod
    def write_handle(self, handle: Any, data: bytes) -> None:  # noqa: ANN401
        """Hand all bytes over."""

    @abstractmethod
    def close_handle(self, handle: Any) -> None:  # noqa: ANN401
        """Let go."""

    def hint_for(self, error: BaseException) -> str:
        """What a person can do about an error of the library."""
        del error
        return ""

    async def open(self) -> None:
        """Open in a thread.

        Raises:
            LinkLost: It is not there, refuses, or does not open in time.
        """
        await self.close()
        with self._clock.hold():
            try:
                self._worker, self._handle = await opened(
                    self._key, self._patience_s, self.open_handle, self._close_quietly
                )
            except LinkLost:
                raise
            except Exception as error:
                raise self._lost_by(error) from error

    async def read(self) -> bytes:
        """At least one byte.

        Cancelling it loses no bytes: the next read takes up the slice that was under way, unless
        something was written meanwhile.

        Raises:
            LinkLost: Not open, or the library gave up.
        """
        while True:
            worker, handle = self._worker, self._handle
            if worker is None:
                raise self.lost("is not open")
            if self._slice is None:
                self._slice = worker.run(partial(self.read_handle, handle))
            current = self._slice
            try:
                data = await asyncio.shield(current)
            except Exception as error:
                self._slice = None
                raise self._lost_by(error) from error
            if self._slice is current:
                self._slice = None
                if data:
                    self.heard = data[:HEARD]
                    return data

    async def write(self, data: bytes) -> None:
        """Hand all bytes over; what a cancelled read was about to get is thrown away.

        Raises:
            LinkLost: Not open, or the library gave up.
        """
        worker, handle = self._worker, self._handle
        if worker is None:
            raise self.lost("is not open")
        self._slice = None  # what came before a question is no answer to it
        try:
            with self._clock.hold():
                async with asyncio.timeout(self._patience_s):
                    await worker.run(partial(self.write_handle, handle, data))
        except Exception as error:
            raise self._lost_by(error) from error

    async def close(self) -> None:
        """Let go; a thread that hangs is left behind."""
        worker, handle = self._worker, self._handle
        self._worker = self._handle = self._slice = None
        if worker is None:
            return
        closing = worker.run(partial(self.close_handle, handle))
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.shield(closing)
        if not closing.done():
            leave_behind(self._key, worker)
        worker.stop()

    def _close_quietly(self, handle: Any) -> None:  # noqa: ANN401
        with suppress(Exception):
            self.close_handle(handle)

    def _lost_by(self, error: BaseException) -> LinkLost:
        reason = str(error).strip() or type(error).__name__
        return self.lost(reason, self.hint_for(error))
