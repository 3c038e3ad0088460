"""The second stage of all off: links of devices that are proven off are closed (PAN-2).

The press switches outputs off and is over at once. Then five seconds run in which a person may
keep the links open, or close them at once. What is not proven off keeps its link: it is told again
until it hears. Links that were closed come back when the latch is released; nothing is switched on
by that.
"""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import structlog

from ionpy_auto.core.errors import Conflict
from ionpy_auto.core.safety import SafeResult

if TYPE_CHECKING:
    from ionpy_auto.engine.server import Engine

log = structlog.get_logger(__name__)

COUNTDOWN_S: Final = 5.0
RUNS_END_S: Final = 30.0
"""So long the runs may take to end before their links are closed."""
LOOK_EVERY_S: Final = 0.1
CLOSED: Final = "closed by All off; comes back when it is re-armed"


class LinkStage(StrEnum):
    """How far the second stage is."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class PanicLinks:
    """See the module's first lines.

    Args:
        engine: The server's engine; times are those of its own clock, never virtual ones.

    Attributes:
        results: What the last press came to, until the latch is released; None while nobody knows:
            a press is under way, or the server was started with the latch set.
    """

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._stage = LinkStage.OPEN
        self._closes_at = 0.0
        self._closed: list[str] = []
        self.results: list[SafeResult] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Lock()

    def as_dict(self) -> dict[str, Any]:
        """JSON form: stage, seconds to go while closing, devices whose link was closed."""
        left = self._closes_at - self._engine.clock.monotonic()
        return {
            "stage": self._stage,
            "closes_in_s": round(max(0.0, left), 1) if self._stage is LinkStage.CLOSING else None,
            "closed": list(self._closed),
        }

    def press(self) -> None:
        """All off begins: what an older press came to proves nothing any more."""
        self.results = None

    def take(self, results: Sequence[SafeResult]) -> None:
        """Remember what the press came to: only devices proven off are closed."""
        self.results = list(results)

    def _unproven(self) -> frozenset[str] | None:
        if self.results is None:
            return None
        return frozenset(r.device for r in self.results if not (r.ok and r.proven))

    def count_down(self) -> None:
        """Close the links in five seconds, unless somebody says otherwise."""
        self._begin(COUNTDOWN_S)

    def close_now(self, by: str) -> None:
        """Close the links as soon as it is known what all off came to.

        Raises:
            Conflict: Nothing is latched.
        """
        self._check()
        self._engine.audit.event("panic_links", by, {"action": "close"})
        self._begin(0.0)

    def keep(self, by: str) -> None:
        """Leave the links open; nothing is switched on by it.

        Raises:
            Conflict: Nothing is latched, or the links are closed already.
        """
        self._check()
        if self._stage is LinkStage.CLOSED:
            msg = "the links are closed already"
            raise Conflict(msg, code="LINKS_CLOSED", hint="re-arm to connect again")
        self._stop()
        self._stage = LinkStage.OPEN
        self._engine.audit.event("panic_links", by, {"action": "keep"})
        self._engine.tell_latch()

    async def reopen(self) -> None:
        """Connect again what was closed; the latch was released."""
        self._stop()
        over = self.results
        async with self._closing:
            # Not before: a closing that is under way has to know what is not proven off. And not
            # those of a press that came meanwhile.
            if self.results is over:
                self.results = None
            closed, self._closed, self._stage = self._closed, [], LinkStage.OPEN
            bench = self._engine.bench
            stacks = bench.devices.stacks if bench is not None else {}
            for device in closed:
                if device in stacks:
                    stacks[device].start()

    def forget(self) -> None:
        """The project is closed, and its links with it; what the press came to still holds."""
        self._stop()
        self._closed, self._stage = [], LinkStage.OPEN

    def _check(self) -> None:
        if not self._engine.latch.pressed:
            msg = "nothing is switched off by panic"
            raise Conflict(msg, code="NOT_LATCHED", hint="press All off first")

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    def _begin(self, after_s: float) -> None:
        if self._engine.bench is None:
            return
        self._stop()
        self._stage = LinkStage.CLOSING
        self._closes_at = self._engine.clock.monotonic() + after_s
        self._task = self._engine.tasks.start("panic-links", self._close_after(after_s))
        self._engine.tell_latch()

    async def _close_after(self, seconds: float) -> None:
        await self._engine.clock.sleep(seconds)
        await self._runs_end()
        self._task = None  # from here on it is seen to its end
        bench = self._engine.bench
        if bench is None:
            return
        async with self._closing:
            unproven = self._unproven()
            if unproven is None:
                self._stage = LinkStage.OPEN
                self._engine.tell_latch()
                log.error("links stay open after panic: nobody knows what all off came to")
                return
            stacks = [s for s in bench.devices.stacks.values() if s.is_running]
            proven = [s for s in stacks if s.id not in unproven]
            left_open = sorted(s.id for s in stacks if s.id in unproven)
            self._closed = sorted({*self._closed, *(s.id for s in proven)})
            self._stage = LinkStage.CLOSED
            await asyncio.gather(*(s.stop(CLOSED) for s in proven))
        log.warning("links closed after panic", closed=self._closed, left_open=left_open)
        detail = {"action": "closed", "closed": self._closed, "left_open": left_open}
        self._engine.audit.event("panic_links", "server", detail)
        self._engine.tell_latch()

    async def _runs_end(self) -> None:
        """A run that is being aborted, and all off itself, still read outputs off."""
        clock = self._engine.clock
        until = clock.monotonic() + RUNS_END_S
        while (bench := self._engine.bench) is not None and clock.monotonic() < until:
            if self.results is not None and not bench.automation.active_runs():
                return
            await clock.sleep(LOOK_EVERY_S)
