"""Reads the small texts of a routing file: durations, times of day, ranges of days, time zones."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ionpy_auto.alarms.routing.intervals import MONTHS, WEEKDAYS, Range
from ionpy_auto.language import UnitError, parse_duration

_DURATION: Final = re.compile(
    r"(?:(\d{1,9})y)?(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?"
    r"(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?",
    re.ASCII,
)
_FACTORS: Final = (365 * 86400.0, 7 * 86400.0, 86400.0, 3600.0, 60.0, 1.0, 0.001)
LONGEST_S: Final = 100 * 365 * 86400.0
_TIME: Final = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d|24:00)", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,4}", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


def duration(text: str) -> float:
    """Seconds from ``1h30m`` as Alertmanager writes it, or ``1 h 30 min``.

    Raises:
        UnitError: It is neither.

    Example:
        >>> duration("1h30m"), duration("30 s")
        (5400.0, 30.0)
    """
    stripped = text.strip()
    if stripped == "0":
        return 0.0
    found = _DURATION.fullmatch(stripped) if stripped else None
    if found is not None:
        total = sum(int(n) * f for n, f in zip(found.groups("0"), _FACTORS, strict=True))
    else:
        try:
            total = parse_duration(stripped)
        except UnitError:
            msg = f"'{stripped[:40]}' is no duration"
            raise UnitError(msg, hint="write for example 30s, 5m, 1h30m or 30 s") from None
    if total > LONGEST_S:
        raise UnitError(f"'{stripped[:40]}' is longer than 100 years", hint="write less")
    return total


def time_of_day(text: str) -> int:
    """Minutes since midnight from ``17:30``; ``24:00`` is the end of the day."""
    if _TIME.fullmatch(text) is None:
        raise UnitError(f"'{text[:40]}' is no time of day", hint="write for example 08:30 or 24:00")
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def weekdays(text: str) -> Range:
    """``monday:friday``; 0 is Sunday."""
    return _ordered(text, _one_of(WEEKDAYS, 0, "a day of the week"))


def months(text: str) -> Range:
    """``january:march`` or ``1:3``."""

    def read(word: str) -> int:
        if not word.isdigit():
            return _one_of(MONTHS, 1, "a month")(word)
        number = _integer(word)
        if not 1 <= number <= 12:
            raise UnitError(f"there is no month {number}", hint="1 to 12")
        return number

    return _ordered(text, read)


def years(text: str) -> Range:
    """``2026:2027``."""
    return _ordered(text, _integer)


def days_of_month(text: str) -> Range:
    """``1:5`` or, from the end of the month, ``-3:-1``."""
    first, last = _range(text, _integer)
    for day in (first, last):
        if day == 0 or not -31 <= day <= 31:
            raise UnitError(f"there is no day {day}", hint="1 to 31, or -31 to -1 from the end")
    if first < 0 < last:
        raise UnitError(f"'{text[:40]}' runs past the month's end", hint="write -3:-1")
    if _forward(first) > _forward(last):
        raise _backwards(text)
    return first, last


def _forward(day: int) -> int:
    return 32 + day if day < 0 else day


def _range(text: str, read: Callable[[str], int]) -> Range:
    first, colon, last = text.strip().lower().partition(":")
    return read(first), read(last if colon else first)


def _ordered(text: str, read: Callable[[str], int]) -> Range:
    first, last = _range(text, read)
    if first > last:
        raise _backwards(text)
    return first, last


def _backwards(text: str) -> UnitError:
    hint = "write two ranges, one up to the end and one from the beginning"
    return UnitError(f"'{text[:40]}' ends before it begins", hint=hint)


def _one_of(words: Sequence[str], base: int, name: str) -> Callable[[str], int]:
    def read(word: str) -> int:
        if word not in words:
            raise UnitError(f"'{word[:40]}' is not {name}", hint=f"one of {', '.join(words)}")
        return words.index(word) + base

    return read


def _integer(word: str) -> int:
    if _NUMBER.fullmatch(word) is None:
        raise UnitError(f"'{word[:40]}' is no whole number", hint="write for example 1:5")
    return int(word)


def location(text: str) -> tzinfo | None:
    """A time zone like ``Europe/Berlin``; ``Local`` (None) is that of this machine."""
    if text == "Local":
        return None
    if text == "UTC":
        return UTC
    if _ZONE.fullmatch(text) is not None:
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(text)
    msg = f"'{text[:40]}' is no time zone"
    raise UnitError(msg, hint="write for example Europe/Berlin, UTC or Local")
