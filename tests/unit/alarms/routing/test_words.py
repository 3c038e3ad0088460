"""Labels, matchers, time intervals and inhibition, as tables of cases."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ionpy_auto.alarms.routing import labels_of, read_routing
from ionpy_auto.alarms.routing.inhibition import Inhibitor
from ionpy_auto.alarms.routing.matchers import BadMatcher, matches, parse_matchers

LIMIT = {
    "key": "PSU_01/u_out",
    "severity": "critical",
    "source": "limit",
    "device_id": "PSU_01",
    "entity_id": "u_out",
    "new_state": "HIHI",
    "priority": 2,
    "session_id": 7,
    "labels": {"team": "cells", "severity": "mine", "empty": ""},
}


@pytest.mark.parametrize(
    ("alarm", "labels"),
    [
        (
            LIMIT,
            {
                "alertname": "u_out",
                "severity": "critical",
                "source": "limit",
                "device": "PSU_01",
                "entity": "u_out",
                "state": "HIHI",
                "priority": "2",
                "project": "demo",
                "session": "7",
                "team": "cells",
            },
        ),
        (
            {"key": "PSU_01/offline", "device_id": "PSU_01", "entity_id": None},
            {"alertname": "offline", "device": "PSU_01", "project": "demo"},
        ),
        ({"key": "rule:lab/too-hot"}, {"alertname": "too-hot", "project": "demo"}),
        (
            {"key": "server/notification/lab", "new_state": "NORMAL"},
            {"alertname": "notification/lab", "project": "demo"},
        ),
        ({"key": "alone"}, {"alertname": "alone", "project": "demo"}),
    ],
)
def test_labels_say_what_an_alarm_is(alarm, labels):
    assert labels_of(alarm, {"project": "demo"}) == labels


@pytest.mark.parametrize(
    ("text", "labels", "fits"),
    [
        ('severity="critical"', {"severity": "critical"}, True),
        ("severity=critical", {"severity": "critical"}, True),
        ("{severity=critical,device=~PSU_.*}", {"severity": "critical", "device": "PSU_1"}, True),
        ('device=~"PSU"', {"device": "PSU_01"}, False),
        ('device=~"PSU_.*|LOAD"', {"device": "LOAD"}, True),
        ('device!~"PSU_.*"', {}, True),
        ('device!=""', {}, False),
        ('device=""', {}, True),
        ('a=","', {"a": ","}, True),
        (r'a="q\"n\n\\x\d"', {"a": 'q"n\n\\x\\d'}, True),
        ('a=~"."', {"a": "\n"}, False),
        ('a=~"é."', {"a": "éö"}, True),
        ("", {"a": "b"}, True),
    ],
)
def test_a_matcher_fits(text, labels, fits):
    parsed = parse_matchers(text)
    assert matches(parsed, labels) is fits
    assert matches(parse_matchers(",".join(map(str, parsed))), labels) is fits


@pytest.mark.parametrize("text", ["a", "=b", 'a="b', 'a=b"', "a-b=c", "a=b,,c=d", r'a=~"\C"'])
def test_what_is_no_matcher(text):
    with pytest.raises(BadMatcher):
        parse_matchers(text)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("part", "moment", "inside"),
    [
        ("times: [{start_time: '08:00', end_time: '17:00'}]", "2026-05-01T08:00", True),
        ("times: [{start_time: '08:00', end_time: '17:00'}]", "2026-05-01T16:59", True),
        ("times: [{start_time: '08:00', end_time: '17:00'}]", "2026-05-01T17:00", False),
        ("times: [{start_time: '22:00', end_time: '24:00'}]", "2026-05-01T23:59", True),
        ("times: [{start_time: '22:00', end_time: '24:00'}]", "2026-05-02T00:00", False),
        ("weekdays: ['monday:friday']", "2026-05-01T12:00", True),
        ("weekdays: ['monday:friday']", "2026-05-02T12:00", False),
        ("weekdays: [sunday]", "2026-05-03T12:00", True),
        ("days_of_month: ['-1']", "2024-02-29T12:00", True),
        ("days_of_month: ['-1']", "2023-02-28T12:00", True),
        ("days_of_month: ['-1']", "2024-02-28T12:00", False),
        ("days_of_month: ['31']", "2026-04-30T12:00", False),
        ("days_of_month: ['28:31']", "2026-04-30T12:00", True),
        ("days_of_month: ['25:-1']", "2026-04-24T12:00", False),
        ("days_of_month: ['-31:-30']", "2026-04-01T12:00", True),
        ("months: ['december', '1:2']", "2026-02-28T12:00", True),
        ("months: ['december', '1:2']", "2026-03-01T12:00", False),
        ("years: ['2025:2026']", "2027-01-01T00:00", False),
        # The hour that does not exist in March, and the one that comes twice in October.
        ("times: [{start_time: '02:00', end_time: '03:00'}]", "2026-03-29T03:30", False),
        ("times: [{start_time: '02:00', end_time: '03:00'}]", "2026-10-25T02:30", True),
    ],
)
def test_a_time_is_inside_an_interval(part, moment, inside):
    text = (
        "{route: {receiver: log}, time_intervals: [{name: t, time_intervals: [{"
        + part
        + ", location: Europe/Berlin}]}]}"
    )
    routing, findings = read_routing(text)
    assert routing is not None, findings
    at = datetime.fromisoformat(moment).replace(tzinfo=BERLIN).timestamp()
    assert routing.intervals["t"].contains(at) is inside


def test_the_hour_that_comes_twice_is_inside_twice():
    text = (
        "{route: {receiver: log}, time_intervals: [{name: t, time_intervals: "
        "[{times: [{start_time: '02:00', end_time: '03:00'}], location: Europe/Berlin}]}]}"
    )
    routing, _ = read_routing(text)
    assert routing is not None
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN).timestamp()
    assert [routing.intervals["t"].contains(first + hour * 3600) for hour in (-1, 0, 1, 2)] == [
        *(False, True, True, False)
    ]


RULE = "{source_matchers: [s=1], target_matchers: [t=1], equal: [device]}"


@pytest.mark.parametrize(
    ("source", "target", "inhibited"),
    [
        ({"s": "1", "device": "A"}, {"t": "1", "device": "A"}, True),
        ({"s": "1", "device": "A"}, {"t": "1", "device": "B"}, False),
        ({"s": "1"}, {"t": "1"}, True),
        ({"s": "1"}, {"t": "1", "device": "A"}, False),
        ({"s": "1"}, {"t": "2"}, False),
        ({"s": "1", "t": "1"}, {"s": "1", "t": "1"}, False),
        ({"s": "1", "t": "1"}, {"t": "1"}, True),
        ({"s": "1"}, {"s": "1", "t": "1"}, True),
    ],
)
def test_an_alarm_inhibits_another(source, target, inhibited):
    routing, findings = read_routing(f"{{route: {{receiver: log}}, inhibit_rules: [{RULE}]}}")
    assert routing is not None, findings
    inhibitor = Inhibitor(routing.inhibit_rules)
    inhibitor.add("it", source)
    assert inhibitor.inhibitor_of(target) == ("it" if inhibited else "")
    inhibitor.remove("it", source)
    assert inhibitor.inhibitor_of(target) == ""
