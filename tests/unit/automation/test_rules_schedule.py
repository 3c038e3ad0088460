"""Schedules on virtual time: a week in a moment, none twice, none lost."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ionpy_auto.automation.conditions.time import TimeWindow
from ionpy_auto.automation.rules.schedule import ClockScheduler, Plan
from ionpy_auto.core.clock import VirtualClock
from tests.unit.automation.rules_bench import Timeline, one_rule

BERLIN = ZoneInfo("Europe/Berlin")
WEEK_S = 7 * 86400


def clock_at(text, zone=UTC):
    return VirtualClock(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


async def calls(clock, seconds, zone=UTC, **plan):
    """When a plan is called within some seconds, as local texts."""
    scheduler = ClockScheduler(clock, zone)
    scheduler.start()
    found = []
    scheduler.plan(Plan(**plan), lambda: found.append(datetime.fromtimestamp(clock.now(), zone)))
    await clock.sleep(seconds)
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)
    return found


WEEK = {
    "every 10 min": ({"every_s": 600.0}, 1008),
    "every hour by cron": ({"cron": "0 * * * *"}, 168),
    "on workdays": ({"cron": "30 6 * * mon-fri"}, 5),
    "daily": ({"at": "22:30"}, 7),
    "daily with seconds": ({"at": "22:30:15"}, 7),
    "once": ({"at": "2026-11-22 08:00"}, 1),
    "once in the past": ({"at": "2026-11-20 08:00"}, 0),
}


@pytest.mark.parametrize("name", WEEK)
async def test_a_week_has_exactly_as_many_calls_as_it_should(name):
    plan, count = WEEK[name]
    found = await calls(clock_at("2026-11-21 00:00:30"), WEEK_S, **plan)
    assert len(found) == count


async def test_calls_come_at_their_second():
    found = await calls(clock_at("2026-11-21 00:00:00"), 86400, cron="15 3 * * *")
    assert [t.isoformat() for t in found] == ["2026-11-21T03:15:00+00:00"]


SUMMER_TIME = {
    "the 02:30 spring does not have is made up for": ("2026-03-28 00:00:00", "30 2 * * *", 3),
    "the 02:30 autumn has twice counts once": ("2026-10-24 00:00:00", "30 2 * * *", 3),
    "22:30 is 22:30 before and after": ("2026-03-28 00:00:00", "30 22 * * *", 3),
}


@pytest.mark.parametrize("name", SUMMER_TIME)
async def test_summer_time(name):
    start, cron, count = SUMMER_TIME[name]
    found = await calls(clock_at(start, BERLIN), 3 * 86400 - 3600, BERLIN, cron=cron)
    assert len(found) == count
    minutes = {(t.hour, t.minute) for t in found}
    assert minutes <= {(int(cron.split()[1]), int(cron.split()[0])), (3, 30)}


async def test_every_goes_on_evenly_through_the_change_of_time():
    found = await calls(clock_at("2026-10-24 12:00:00", BERLIN), 86400, BERLIN, every_s=3600.0)
    stamps = [t.timestamp() for t in found]
    assert {b - a for a, b in pairwise(stamps)} == {3600.0}
    assert len(found) == 24


async def test_a_stepped_wall_clock_is_noticed_within_a_minute():
    clock = clock_at("2026-11-21 00:00:00")
    scheduler = ClockScheduler(clock, UTC)
    scheduler.start()
    found = []
    scheduler.plan(Plan(cron="0 12 * * *"), lambda: found.append(1))
    await clock.sleep(10)
    clock.step_utc(12 * 3600 - 60)
    await clock.sleep(120)
    assert found == [1]
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)


async def test_what_was_missed_by_hours_is_not_made_up_for():
    clock = clock_at("2026-11-21 11:00:00")
    scheduler = ClockScheduler(clock, UTC)
    scheduler.start()
    found = []
    scheduler.plan(Plan(cron="0 12 * * *"), lambda: found.append(1))
    clock.step_utc(5 * 3600)
    await clock.sleep(600)
    assert found == []
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)


async def test_a_rule_with_a_schedule_fires_over_a_week_and_no_more_when_gone():
    bench = Timeline(timezone=UTC)
    await bench.engine.start()
    bench.load(one_rule("when: {schedule: '0 3 * * *'}\nthen: [{marker: night}]"))
    bench.load(one_rule("when: {schedule: {every: 6 h}}\nthen: [{marker: six}]", "g"))
    await bench.until(WEEK_S)
    assert bench.did("marker").count("night") == 7
    assert bench.did("marker").count("six") in {27, 28}
    bench.engine.put("f", None)
    bench.engine.put("g", None)
    count = len(bench.lab.done)
    await bench.until(2 * WEEK_S)
    assert len(bench.lab.done) == count
    await bench.engine.stop()


def at(text):
    moment = datetime.strptime(text, "%a %H:%M").time()  # noqa: DTZ007
    return (["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(text[:3]), moment)


WINDOWS = {
    "by day": (("08:00", "18:00", None), "Mon 08:00", True),
    "before it": (("08:00", "18:00", None), "Mon 07:59", False),
    "the end is not in it": (("08:00", "18:00", None), "Mon 18:00", False),
    "over midnight, evening": (("22:00", "06:00", None), "Mon 23:00", True),
    "over midnight, morning": (("22:00", "06:00", None), "Tue 05:59", True),
    "over midnight, noon": (("22:00", "06:00", None), "Tue 12:00", False),
    "night of Friday reaches into Saturday": (("22:00", "06:00", ("fri",)), "Sat 03:00", True),
    "night of Saturday is none of Friday": (("22:00", "06:00", ("fri",)), "Sat 23:00", False),
    "whole day": (("00:00", "24:00", ("sat", "sun")), "Sun 23:59", True),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_of_the_day(name):
    (after, before, days), moment, expected = WINDOWS[name]
    chosen = {"days": days} if days else {}
    window = TimeWindow(after=after, before=before, **chosen)
    assert window.is_inside(*at(moment)) is expected


async def test_a_plan_that_leaves_in_its_own_call_stops_no_other():
    clock = clock_at("2026-01-01T00:00:00")
    scheduler = ClockScheduler(clock, UTC)
    scheduler.start()
    called = []
    leave = scheduler.plan(Plan(every_s=1.0), lambda: (called.append("once"), leave()))
    scheduler.plan(Plan(every_s=1.0), lambda: called.append("other"))
    await clock.sleep(3.5)
    scheduler.shutdown(wait=False)
    await asyncio.sleep(0)
    assert called.count("once") == 1
    assert called.count("other") == 3
