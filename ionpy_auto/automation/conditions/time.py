"""``time``: the time of day lies in a window, on some days of the week."""

from datetime import datetime, time
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from ionpy_auto.automation.blocks import ConditionBlock, condition
from ionpy_auto.automation.context import RuleContext
from ionpy_auto.automation.fields import fail
from ionpy_auto.language import Value

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@condition
class TimeWindow(ConditionBlock):
    """The time of day lies in a window, in the local time of the server."""

    after: Annotated[str, Field(description="22:00; with an earlier 'before' over midnight")] = (
        "00:00"
    )
    before: Annotated[str, Field(description="06:00; not included")] = "24:00"
    days: Annotated[tuple[str, ...], Field(description="mon … sun; the day it begins")] = DAYS

    @model_validator(mode="after")
    def _read(self) -> Self:
        for text in (self.after, self.before):
            _minutes(text)
        for day in self.days:
            if day not in DAYS:
                msg = f"{day!r} is no day"
                raise fail("wrong_value", msg, f"days are {', '.join(DAYS)}")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        days = "" if self.days == DAYS else f" on {', '.join(self.days)}"
        return f"it is between {self.after} and {self.before}{days}"

    def holds(self, context: RuleContext) -> Value:
        """By the wall clock; a window over midnight belongs to the day it begins."""
        now = datetime.fromtimestamp(context.lab.clock.now(), context.timezone)
        return self.is_inside(now.weekday(), now.time())

    def is_inside(self, weekday: int, moment: time) -> bool:
        """Whether a time of a day (Monday is 0) lies in the window."""
        first, last = _minutes(self.after), _minutes(self.before)
        minute = moment.hour * 60 + moment.minute
        if first <= last:
            return first <= minute < last and DAYS[weekday] in self.days
        if minute >= first:
            return DAYS[weekday] in self.days
        return minute < last and DAYS[(weekday - 1) % 7] in self.days


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    is_read = hours.isdigit() and minutes.isdigit() and len(minutes) == 2
    if not is_read or int(hours) * 60 + int(minutes) > 24 * 60 or int(minutes) > 59:
        msg = f"{text!r} is no time of day"
        raise fail("wrong_value", msg, "write 22:30")
    return int(hours) * 60 + int(minutes)
