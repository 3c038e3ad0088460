"""``schedule``: at times of day, days of the week, or every so often."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import Seconds, fail
from ionpy_auto.language import format_duration

SHORTEST_S = 1.0


@trigger
class Schedule(Trigger):
    """The clock says so."""

    shorthand = "cron"
    cron: Annotated[str | None, Field(description="minute hour day month weekday")] = None
    every: Annotated[Seconds | None, Field(description="again and again")] = None
    at: Annotated[str | None, Field(description="22:30 (daily) or 2026-11-21 22:30")] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("cron", "every", "at") if getattr(self, name) is not None]
        if len(given) != 1:
            raise fail("wrong_value", "schedule takes one of cron, every and at")
        if self.every is not None and self.every < SHORTEST_S:
            raise fail("range", "every is at least 1 s", "use change or expr for what is faster")
        if self.at is not None:
            _check_at(self.at)
        if self.cron is not None:
            _check_cron(self.cron)
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        if self.every is not None:
            return f"every {format_duration(self.every)}"
        return f"at {self.at}" if self.at is not None else f"the schedule {self.cron} says so"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Plan it on the project's clock."""
        return context.schedule(
            cron=self.cron,
            every_s=self.every,
            at=self.at,
            call=lambda: fire(Firing("schedule", {"at": context.lab.clock.now()})),
        )


def _check_at(text: str) -> None:
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            datetime.strptime(text, form)  # noqa: DTZ007 - only the form is checked
        except ValueError:
            continue
        return
    try:
        datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no time"
        raise fail("wrong_value", msg, "write 22:30 or 2026-11-21 22:30") from None


def _check_cron(text: str) -> None:
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - only where one is written

    try:
        CronTrigger.from_crontab(text, timezone="UTC")
    except ValueError as error:
        msg = f"{text!r} is no cron expression: {error}"
        raise fail("wrong_value", msg, "minute hour day month weekday: 0 3 * * 1-5") from None
