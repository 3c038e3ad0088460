"""Time intervals of the calendar: nights, week ends, the last days of a month; in a time zone.

Like Alertmanager's: an interval is a list of parts, and it contains a time when one part does; a
part contains it when each of its fields does, and a field that is not there fits always.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

WEEKDAYS: Final = (*("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),)
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)

Range = tuple[int, int]
"""First and last, both inside."""


@dataclass(frozen=True, slots=True)
class TimePart:
    """One line of an interval.

    Attributes:
        times: Minutes since midnight, the end outside.
        weekdays: 0 is Sunday.
        days_of_month: Negative ones count from the end of the month.
        months: 1 is January.
        zone: In which the calendar is read; None: that of this machine.
    """

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    days_of_month: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    zone: tzinfo | None = UTC
    location: str = "UTC"

    def contains(self, now: float) -> bool:
        """Whether a time (UTC seconds) is inside."""
        moment = datetime.fromtimestamp(now, self.zone)
        minute = moment.hour * 60 + moment.minute
        if self.times and not any(first <= minute < end for first, end in self.times):
            return False
        if self.days_of_month and not any(_has_day(one, moment) for one in self.days_of_month):
            return False
        return (
            _within(self.months, moment.month)
            and _within(self.weekdays, moment.isoweekday() % 7)
            and _within(self.years, moment.year)
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "times": [list(one) for one in self.times],
            "weekdays": [list(one) for one in self.weekdays],
            "days_of_month": [list(one) for one in self.days_of_month],
            "months": [list(one) for one in self.months],
            "years": [list(one) for one in self.years],
            "location": self.location,
        }


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A named interval."""

    name: str
    parts: tuple[TimePart, ...] = ()
    line: int = 0

    def contains(self, now: float) -> bool:
        """Whether a time (UTC seconds) is inside."""
        return any(part.contains(now) for part in self.parts)


def _within(ranges: tuple[Range, ...], value: int) -> bool:
    return not ranges or any(first <= value <= last for first, last in ranges)


def _has_day(days: Range, moment: datetime) -> bool:
    """Whether the day of a month is in a range that may count from the month's end."""
    length = monthrange(moment.year, moment.month)[1]
    first, last = (length + day + 1 if day < 0 else day for day in days)
    # What lies outside of a short month is cut off at its ends.
    first, last = max(first, 1), min(last, length)
    return first <= moment.day <= last
