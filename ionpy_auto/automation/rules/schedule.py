"""APScheduler on the project's clock.

APScheduler asks ``datetime.now`` where it looks for due jobs and for missed ones, and sleeps with
the loop's timer. Both come from our `Clock` here; cron, misfire and coalesce stay its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import FunctionType, MethodType
from typing import Any, Final

from apscheduler.events import EVENT_JOB_MISSED
from apscheduler.executors import base as executors
from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers import base as schedulers
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ionpy_auto.core.clock import Clock, Timer

LONGEST_NAP_S: Final = 60.0
"""The wall clock may be stepped while we sleep: it is looked at again at least this often."""
GRACE_S: Final = 120
MOST_OWED: Final = 1000
"""Missed times of a cron expression are counted up to here."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When to call: one of the three is given.

    Attributes:
        cron: ``minute hour day month weekday``.
        every_s: Seconds between two calls.
        at: A time of day, or a moment.
    """

    cron: str | None = None
    every_s: float | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """Times that went by without a call, in UTC."""

    count: int
    first: float
    last: float


def _with_clock(function: FunctionType, clock: Clock) -> FunctionType:
    """The same function with a ``datetime`` whose ``now`` is the clock's."""

    class ClockDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # plain datetimes go on
            return datetime.fromtimestamp(clock.now(), tz)

    own = {**function.__globals__, "datetime": ClockDatetime}
    return FunctionType(function.__code__, own, function.__name__, function.__defaults__)


class _Executor(BaseExecutor):  # type: ignore[misc]  # apscheduler has no types
    """Runs jobs, which are plain functions that only tell, in the loop's turn."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._run_job = _with_clock(executors.run_job, clock)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:  # noqa: ANN401 - untyped library
        events = self._run_job(job, job._jobstore_alias, run_times, self._logger.name)  # noqa: SLF001 - as APScheduler's own executors do
        self._run_job_success(job.id, events)
        tell = getattr(job.func, "missed", None)
        if tell is not None and any(event.code == EVENT_JOB_MISSED for event in events):
            tell()


class ClockScheduler(AsyncIOScheduler):  # type: ignore[misc]  # apscheduler has no types
    """APScheduler whose time is a `Clock`.

    Args:
        clock: The project's time.
        timezone: In which cron expressions and times of day are meant; the machine's by default.
    """

    def __init__(self, clock: Clock, timezone: tzinfo | None = None) -> None:
        self._clock = clock
        self._nap: Timer | None = None
        options: dict[str, Any] = {} if timezone is None else {"timezone": timezone}
        super().__init__(
            executors={"default": _Executor(clock)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_S},
            **options,
        )
        for name in ("_process_jobs", "_real_add_job"):
            function = getattr(schedulers.BaseScheduler, name)
            setattr(self, name, MethodType(_with_clock(function, clock), self))

    def _start_timer(self, wait_seconds: float | None) -> None:
        self._stop_timer()
        if wait_seconds is not None:
            nap = min(wait_seconds, LONGEST_NAP_S)
            self._nap = self._clock.call_at(self._clock.monotonic() + nap, self.wakeup)

    def _stop_timer(self) -> None:
        if self._nap is not None:
            self._nap.cancel()
            self._nap = None

    def plan(
        self,
        plan: Plan,
        call: Callable[[], None],
        since: float | None = None,
        missed: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Call at times; returns the way to leave.

        A time of day is meant in the scheduler's time zone; the one that an autumn night has twice
        counts once, the one that a spring night does not have is made up for. An ``at`` that is
        over is not called.

        Args:
            plan: When.
            call: What.
            since: UTC from which ``every`` counts; now by default.
            missed: Told when a call comes so late that it is left out.
        """
        now = self._clock.now()
        trigger = self._trigger(plan, now if since is None else since)
        if trigger is None or (isinstance(trigger, DateTrigger) and _utc(trigger.run_date) <= now):
            return lambda: None

        left = False

        def due() -> None:
            if not left and self._counts(plan, self._clock.now()):
                call()

        due.missed = missed  # type: ignore[attr-defined]  # read by the executor
        job = self.add_job(due, trigger)

        def leave() -> None:
            # Later: a rule may leave in the very call, and the scheduler still needs its job then.
            nonlocal left
            left = True
            asyncio.get_running_loop().call_soon(self._forget, job.id)

        return leave

    def _forget(self, job_id: str) -> None:
        if self.get_job(job_id) is not None:
            self.remove_job(job_id)

    def owed(self, plan: Plan, since: float) -> Owed | None:
        """Times of a plan after ``since`` and not after now, none when it is up to date."""
        now = self._clock.now()
        if plan.every_s is not None:
            count = int((now - since) // plan.every_s)
            first = since + plan.every_s
            return Owed(count, first, since + count * plan.every_s) if count > 0 else None
        times: list[float] = []
        trigger = self._trigger(plan, since)
        begin = datetime.fromtimestamp(since, self.timezone)
        found = trigger.get_next_fire_time(None, begin)
        while found is not None and _utc(found) <= now and len(times) < MOST_OWED:
            if _utc(found) > since and self._counts(plan, _utc(found)):
                times.append(_utc(found))
            begin = found + timedelta(seconds=1)
            found = trigger.get_next_fire_time(found, begin)
        return Owed(len(times), times[0], times[-1]) if times else None

    def _counts(self, plan: Plan, utc: float) -> bool:
        """Whether a time counts: the second one of an hour that comes twice does not."""
        cron = plan.cron
        by_hour = plan.at is not None or (cron is not None and "*" not in cron.split()[1])
        return not (by_hour and datetime.fromtimestamp(utc, self.timezone).fold)

    def _trigger(self, plan: Plan, since: float) -> Any:  # noqa: ANN401 - untyped library
        if plan.every_s is not None:
            now = self._clock.now()
            count = max(int((now - since) // plan.every_s), 0) + 1
            start = datetime.fromtimestamp(since + count * plan.every_s, UTC)
            return IntervalTrigger(seconds=plan.every_s, start_date=start, timezone=UTC)
        if plan.cron is not None:
            return CronTrigger.from_crontab(plan.cron, timezone=self.timezone)
        parts = str(plan.at).split(":")
        if len(parts) in {2, 3} and all(part.isdigit() for part in parts):
            hour, minute, second = (*map(int, parts), 0)[:3]
            return CronTrigger(hour=hour, minute=minute, second=second, timezone=self.timezone)
        moment = datetime.fromisoformat(str(plan.at))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.timezone)
        return DateTrigger(moment, timezone=self.timezone)


def _utc(moment: datetime) -> float:
    return moment.timestamp()
