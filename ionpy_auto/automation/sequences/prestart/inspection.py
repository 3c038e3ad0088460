"""The inspection of a start: waits for fresh inputs and a history, then asks every condition."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlmodel import Session, col, func, select

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.models import RunRow
from ionpy_auto.automation.sequences.channel import CyclerChannel
from ionpy_auto.automation.sequences.limits import Limits, LimitWatch
from ionpy_auto.automation.sequences.prestart.cell import STABLE_S, check_cell, is_watched
from ionpy_auto.automation.sequences.prestart.condition import Check, Neighbour, Start
from ionpy_auto.automation.sequences.prestart.freshness import wait_fresh
from ionpy_auto.automation.sequences.prestart.instruments import check_instruments
from ionpy_auto.automation.sequences.prestart.meters import check_meters
from ionpy_auto.automation.sequences.prestart.surroundings import check_surroundings
from ionpy_auto.automation.sequences.prestart.together import check_together
from ionpy_auto.automation.sequences.progress import Plan
from ionpy_auto.automation.sequences.run_names import RunEnvironment
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict
from ionpy_auto.storage.database import Database

LOOK_AGAIN_S: Final = 5.0
HISTORY_POLL_S: Final = 0.5
HISTORY_SLACK_S: Final = 2.0

_TOPICS: Final = (
    *(check_cell, check_instruments, check_meters),
    *(check_together, check_surroundings),
)
"""Causes before consequences: the first that does not hold is what a person must mend."""


class Candidate(Protocol):
    """The part of a run that is inspected."""

    id: str
    flow: Flow
    channel: CyclerChannel | None
    watch: LimitWatch | None
    limits: Limits
    env: RunEnvironment
    plan: Plan
    interrupted: bool
    message: str


@dataclass
class Inspector:
    """Asks all conditions of a start.

    Args:
        clock: The project's.
        database: None where nothing is stored.
        others: Runs that are there before one, by its id.
        mains_w: What the mains gives [W]; None when nobody has said so.
    """

    clock: Clock
    database: Database | None = None
    others: Callable[[str], Sequence[Neighbour]] = lambda run_id: ()
    mains_w: Callable[[], float | None] = lambda: None

    def __post_init__(self) -> None:
        self._offset = self._utc_offset()

    async def inspect(
        self, run: Candidate, patience_s: float = 0.0, *, peek: bool = False
    ) -> list[Check]:
        """All conditions with their values; nothing is switched.

        Args:
            run: Not started yet.
            patience_s: How long a cell that still relaxes is waited for.
            peek: Somebody only asks: a clock that jumped is told again at the start.

        Raises:
            Rejected: An input did not become fresh.
            Conflict: It was stopped meanwhile.
        """
        channel, watch = run.channel, run.watch
        if channel is None or watch is None:
            return []
        await wait_fresh(channel, watch, _later(run), self.clock)
        step = self._clock_step(peek=peek)
        start = Start(
            channel=channel,
            flow=run.flow,
            limits=run.limits,
            window=run.env.window,
            clock_step=step,
            last_stamp=await self._last_stamp(),
            free_bytes=self._free_bytes(),
            duration_s=run.plan.remaining("", 0.0),
            others=self.others(run.id),
            mains_w=self.mains_w(),
        )
        await self._wait_for_history(start, run)
        deadline = self.clock.monotonic() + patience_s
        while True:
            checks = [check for topic in _TOPICS for check in topic(start)]
            moving = [c.name for c in checks if c.ok is False] == ["stable"]
            if run.interrupted:
                raise Conflict(run.message, code="STOPPED")
            if not moving or self.clock.monotonic() >= deadline:
                return checks
            await self.clock.sleep(LOOK_AGAIN_S)

    async def _wait_for_history(self, start: Start, run: Candidate) -> None:
        deadline = self.clock.monotonic() + STABLE_S + HISTORY_SLACK_S
        while not is_watched(start) and self.clock.monotonic() < deadline:
            if run.interrupted:
                return
            await self.clock.sleep(HISTORY_POLL_S)

    def _utc_offset(self) -> float:
        return self.clock.now() - self.clock.monotonic()

    def _clock_step(self, *, peek: bool) -> float:
        """How far UTC has jumped since the last look; told once, then a person has seen it."""
        before, now = self._offset, self._utc_offset()
        if not peek:
            self._offset = now
        return now - before

    async def _last_stamp(self) -> float | None:
        if self.database is None:
            return None

        def work(session: Session) -> float | None:
            newest = session.exec(
                select(func.max(col(RunRow.created)), func.max(col(RunRow.ended)))
            ).one()
            return max((stamp for stamp in newest if stamp is not None), default=None)

        return await self.database.read(work)

    def _free_bytes(self) -> int | None:
        if self.database is None:
            return None
        return shutil.disk_usage(self.database.path.parent).free


def _later(run: Candidate) -> Iterable[str]:
    """Names that mean nothing before the first step."""
    return [name for name in run.env.own if name.startswith(("step.", "cycle."))]
