"""Figures of alarms: floods, chattering, standing ones, and how soon people react."""

import pytest

from ionpy_auto.alarms.alarm import Alarm
from ionpy_auto.alarms.quality import DAY_S, Line, figures, floods
from ionpy_auto.alarms.states import State

NOW = 10 * DAY_S


def line(at, key, transition="raised", number=1, times=1, priority=2, overlay=""):
    return Line(at, key, f"text {key}", transition, number, times, priority, overlay)


def test_nothing_gives_no_figures():
    found = figures([], [], NOW, 7)
    assert (found["rate_per_10min"], found["floods"], found["chattering"]) == (0.0, [], [])
    assert (found["mean_time_to_ack"], found["standing"]) == (None, [])


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([60.0 * n for n in range(10)], []),
        ([50.0 * n for n in range(11)], [(0.0, 500.0, 11)]),
        ([1.0 * n for n in range(30)], [(0.0, 29.0, 30)]),
        (
            [*(1.0 * n for n in range(12)), *(5000 + 1.0 * n for n in range(12))],
            [(0.0, 11.0, 12), (5000.0, 5011.0, 12)],
        ),
    ],
    ids=["ten in ten minutes", "eleven", "many are one flood", "two floods"],
)
def test_more_than_ten_in_ten_minutes_are_a_flood(times, expected):
    assert [(f["from"], f["to"], f["count"]) for f in floods(times)] == expected


def test_means_count_the_first_look_at_each_alarm():
    lines = [
        line(100, "a", number=1),
        line(130, "a", "acknowledged", number=1),
        line(200, "b", number=2),
        line(210, "b", "acknowledged", number=2),
        line(220, "b", "unacknowledged", number=2),
        line(290, "b", "acknowledged", number=2),
        line(300, "a", "cleared", number=1),
    ]
    found = figures(lines, [], NOW, 7)
    assert found["mean_time_to_ack"] == pytest.approx((30 + 10) / 2)
    assert found["mean_time_to_clear"] == pytest.approx(200)


def test_a_chattering_alarm_counts_each_time_it_came():
    lines = [
        line(1, "a", number=1, times=1),
        line(60, "a", "chattering", number=1, times=400),
        line(90, "a", "cleared", number=1, times=600),
        line(100, "a", number=9),
        line(100, "b", number=10),
    ]
    assert figures(lines, [], NOW, 7)["chattering"] == [
        {"key": "a", "text": "text a", "count": 601}
    ]


def test_covered_alarms_disturbed_nobody():
    lines = [line(1, "a", overlay="shelved"), line(2, "b", priority=1)]
    found = figures(lines, [], NOW, 1)
    assert (found["alarms"], found["per_priority"]) == (1, {"1": 1})
    assert found["rate_per_10min"] == pytest.approx(1 / 144)


def test_what_stands_for_more_than_a_day_is_named_oldest_first():
    def alarm(key, age, state=State.ACTIVE_ACKED):
        return Alarm(1, key, state=state, timestamp=NOW - age, text=key)

    alarms = [alarm("b", DAY_S), alarm("a", 2 * DAY_S), alarm("c", DAY_S - 1)]
    alarms.append(alarm("d", 9 * DAY_S, State.CLEARED_UNACKED))
    found = figures([], alarms, NOW, 7)["standing"]
    assert [one["key"] for one in found] == ["a", "b"]
