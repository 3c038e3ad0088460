"""APScheduler on the project's clock.

APScheduler asks ``datetime.now`` where it looks for due jobs and for missed ones, and sleeps with
the loop's timer. Both come from our `Clock` here; cron, misfire and coalesce stay its own.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from types import FunctionType, MethodType
from typing import Any, Final

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
        self, *, cron: str | None, every_s: float | None, at: str | None, call: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times; returns the way to leave.

        A time of day is meant in the scheduler's time zone; the one that an autumn night has twice
        counts once, the one that a spring night does not have is made up for. An ``at`` that is
        over is not called.
        """
        trigger = self._trigger(cron, every_s, at)
        if trigger is None:
            return lambda: None
        by_hour = at is not None or (cron is not None and "*" not in cron.split()[1])

        def due() -> None:
            if not (by_hour and datetime.fromtimestamp(self._clock.now(), self.timezone).fold):
                call()

        job = self.add_job(due, trigger)

        def leave() -> None:
            if self.get_job(job.id) is not None:
                self.remove_job(job.id)

        return leave

    def _trigger(self, cron: str | None, every_s: float | None, at: str | None) -> Any:  # noqa: ANN401 - untyped library
        now = datetime.fromtimestamp(self._clock.now(), self.timezone)
        if every_s is not None:
            start = now.astimezone(UTC) + timedelta(seconds=every_s)
            return IntervalTrigger(seconds=every_s, start_date=start, timezone=UTC)
        if cron is not None:
            return CronTrigger.from_crontab(cron, timezone=self.timezone)
        parts = str(at).split(":")
        if len(parts) in {2, 3} and all(part.isdigit() for part in parts):
            hour, minute, second = (*map(int, parts), 0)[:3]
            return CronTrigger(hour=hour, minute=minute, second=second, timezone=self.timezone)
        moment = datetime.fromisoformat(str(at))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.timezone)
        return DateTrigger(moment, timezone=self.timezone) if moment > now else None
