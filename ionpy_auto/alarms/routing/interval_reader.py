"""Reads the lines of a time interval, and any small text that may be wrong at its place."""

from collections.abc import Callable
from typing import TypeVar

from ionpy_auto.alarms.routing import words
from ionpy_auto.alarms.routing.intervals import Range, TimePart
from ionpy_auto.alarms.routing.matchers import BadMatcher
from ionpy_auto.language import Fields, TextNode, UnitError

T = TypeVar("T")


def attempt(fields: Fields, node: TextNode, read: Callable[[str], T]) -> T | None:
    """What a text says, or a finding at its place."""
    try:
        return read(node.text)
    except BadMatcher as error:
        fields.add("bad-matcher", str(error), node, error.hint)
    except UnitError as error:
        fields.add("wrong-value", error.message, node, error.hint)
    return None


def _ranges(fields: Fields, key: str, read: Callable[[str], Range]) -> tuple[Range, ...]:
    found = []
    for node in fields.one_or_more(key):
        if not isinstance(node, TextNode):
            fields.add("wrong-type", f"{key} is a list of texts", node)
            continue
        one = attempt(fields, node, read)
        if one is not None:
            found.append(one)
    return tuple(found)


def read_part(fields: Fields) -> TimePart:
    """One line of a time interval."""
    place = fields.text_node("location")
    zone = words.location("UTC")
    if place is not None:
        zone = attempt(fields, place, words.location)
    found = TimePart(
        times=tuple(
            filter(
                None,
                (_times(Fields(one, fields.file, fields.findings)) for one in fields.list("times")),
            )
        ),
        weekdays=_ranges(fields, "weekdays", words.weekdays),
        days_of_month=_ranges(fields, "days_of_month", words.days_of_month),
        months=_ranges(fields, "months", words.months),
        years=_ranges(fields, "years", words.years),
        zone=zone,
        location=place.text if place is not None else "UTC",
    )
    fields.unknown()
    return found


def _times(fields: Fields) -> Range | None:
    ends: list[int] = []
    for key in ("start_time", "end_time"):
        node = fields.text_node(key, required=True)
        if node is not None:
            found = attempt(fields, node, words.time_of_day)
            ends += [] if found is None else [found]
    fields.unknown()
    if len(ends) < 2:
        return None
    if ends[0] >= ends[1]:
        hint = "write two lines: one up to 24:00, one from 00:00"
        fields.add("wrong-order", "the end is not behind the start", fields.node, hint)
    return ends[0], ends[1]
