"""Back-tests find exactly what plain arithmetic over the recorded rows finds."""

import math
import random

import pytest

from ionpy_auto.core.errors import BadInput, NotFound, Rejected
from ionpy_auto.simulation.backtest import BacktestJob, backtest
from tests.unit.simulation.recording import BEGIN, make, poll, record, recording

WEEK_S = 7 * 86_400

WEEK = """version: 1
id: week
title: A week of five rules
rules:
  - id: hot
    when: {expr: PSU_01.temp > 60 °C, for: 10 min}
    then:
      - set: {PSU_01.i_set: 500 mA}
      - marker: hot {{ PSU_01.temp }}
      - notify: {to: lab, message: "{{ PSU_01.u_out }} V"}
  - id: low
    when: {expr: PSU_01.u_out < 11.5 V, hysteresis: 0.5 V}
    then: [log: low]
  - id: cv
    when: {change: PSU_01.mode, to: cv}
    then: [log: "{{ trigger.previous }} to {{ trigger.value }}"]
  - id: morning
    when: {schedule: "30 6 * * *"}
    then: [log: good morning]
  - id: after-hot
    when: marker
    if: PSU_01.u_out > 12 V
    then: [alarm: {severity: warning, text: "hot and {{ PSU_01.u_out }} V"}]
"""


def rows_of_a_week():
    """(time, temp, u_out, mode), about one a minute; None: stale; some hours are missing."""
    dice = random.Random(7)
    rows = []
    t = BEGIN
    while t < BEGIN + WEEK_S:
        hours = (t - BEGIN) / 3600
        if not 50 < hours < 52:  # nothing was recorded
            temp = 45 + 20 * math.sin(hours / 3) + dice.uniform(-2, 2)
            u_out = 12 + math.sin(hours / 5) + dice.uniform(-0.2, 0.2)
            mode = "cv" if math.sin(hours / 2) > 0.3 else "cc"
            stale = 20 < hours % 31 < 20.5
            rows.append((t, *((None,) * 3 if stale else (temp, u_out, mode))))
        t += dice.uniform(55, 65)
    return rows


def polls_of(rows):
    for t, temp, u_out, mode in rows:
        values = {"temp": temp, "u_out": u_out, "i_ma": 500.0, "on": True, "mode": mode}
        yield poll(t, stale="no answer for three polls" if temp is None else "", **values)


def brute_hot(rows):
    """Above 60 on every row for 10 min, at least two of them; a stale row starts anew."""
    fired, since, count, met = [], None, 0, False
    for (t, temp, *_), following in zip(rows, [*rows[1:], (math.inf,)], strict=True):
        if temp is None:
            since, count = None, 0
        elif temp > 60:
            since = t if since is None else since
            count += 1
            due = max(since + 600, t)
            if not met and count >= 2 and due < following[0]:
                met = True
                fired.append(due)
        else:
            since, count, met = None, 0, False
    return fired


def brute_low(rows):
    """Below 11.5, once, until above 12."""
    fired, is_low, known = [], False, False
    for t, _, u_out, _ in rows:
        if u_out is None:
            continue
        if is_low and u_out > 12.0:
            is_low = False
        elif not is_low and u_out < 11.5:
            is_low = True
            if known:
                fired.append(t)
        known = True
    return fired


def brute_cv(rows):
    known = [(t, mode) for t, _, _, mode in rows if mode is not None]
    return [
        t
        for (t, mode), (_, before) in zip(known[1:], known, strict=False)
        if mode == "cv" and before != "cv"
    ]


def brute_morning(rows):
    last = rows[-1][0]
    days = (BEGIN + day * 86_400 + 6.5 * 3600 for day in range(8))
    return [t for t in days if t <= last]


def brute_after_hot(rows):
    """With every firing of ``hot``, if the voltage known then is above 12."""
    fired = []
    for at in brute_hot(rows):
        u_out = [row[2] for row in rows if row[0] <= at][-1]
        if u_out is not None and u_out > 12:
            fired.append(at)
    return fired


async def test_five_rules_over_a_week_fire_exactly_when_plain_arithmetic_says_so(tmp_path):
    rows = rows_of_a_week()
    await make(tmp_path, polls_of(rows))
    heard = []
    job = BacktestJob(folder=str(tmp_path), text=WEEK, session_id=1, timezone="UTC")
    result = await backtest(job, lambda share, message: heard.append(share))

    expected = {
        "week/hot": brute_hot(rows),
        "week/low": brute_low(rows),
        "week/cv": brute_cv(rows),
        "week/morning": brute_morning(rows),
        "week/after-hot": brute_after_hot(rows),
    }
    assert all(len(times) >= 4 for times in expected.values()), expected
    for rule, times in expected.items():
        found = [one["at"] for one in result["firings"] if one["rule"] == rule]
        assert found == pytest.approx(times, abs=1e-3), rule
    assert result["count"] == sum(map(len, expected.values()))
    assert not result["truncated"]
    assert result["samples"] == len(rows)
    fired = {rule["id"]: rule["fired"] for rule in result["rules"]}
    assert fired == {rule: len(times) for rule, times in expected.items()}
    stopped = len(expected["week/hot"]) - len(expected["week/after-hot"])
    skipped = {rule["id"]: rule["skipped"] for rule in result["rules"]}
    assert skipped["week/after-hot"] == ({"stopped at if": stopped} if stopped else {})
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)


def one(rule, flow_id="f"):
    body = "\n".join("    " + line for line in rule.strip("\n").splitlines())
    return f"version: 1\nid: {flow_id}\nrules:\n  - id: r\n{body}\n"


async def result_of(folder, text, **more):
    job = BacktestJob(folder=str(folder), text=text, **{"session_id": 1, "timezone": "UTC", **more})
    return await backtest(job, lambda share, message: None)


async def hours(folder, temps, **more):
    """A session with one poll an hour."""
    polls = [poll(BEGIN + 3600 * n, temp=float(t), mode="cc") for n, t in enumerate(temps)]
    await make(folder, polls, **more)


async def test_a_firing_tells_trigger_values_branch_and_what_would_be_done(tmp_path):
    await hours(tmp_path, [50, 65])
    text = one("""
when: {id: warm, expr: PSU_01.temp > 60 °C}
if: PSU_01.temp < 100 °C
then:
  - set: {PSU_01.i_set: 500 mA}
  - marker: "{{ PSU_01.temp }} °C"
""")
    (firing,) = (await result_of(tmp_path, text))["firings"]
    assert (firing["rule"], firing["trigger"], firing["branch"]) == ("f/r", "warm", "then")
    assert firing["at"] == BEGIN + 3600
    assert firing["values"]["PSU_01.temp"] == 65.0
    assert {"text": "PSU_01.temp", "value": 65.0} in firing["if"]
    first, second = firing["actions"]
    assert first["result"] == {"PSU_01.i_set": {"outcome": "shadowed", "sent": 0.5}}
    assert (second["verb"], second["result"]["label"]) == ("marker", "65 °C")


async def test_more_firings_than_asked_for_are_counted_but_not_listed(tmp_path):
    await hours(tmp_path, [50, 65] * 10)
    result = await result_of(tmp_path, one("when: PSU_01.temp > 60 °C\nthen: [log: x]"), limit=3)
    assert (result["count"], len(result["firings"]), result["truncated"]) == (10, 3, True)


async def test_a_disabled_rule_is_tested_when_it_is_the_one_asked_for(tmp_path):
    await hours(tmp_path, [50, 65])
    text = one("enabled: false\nwhen: PSU_01.temp > 60 °C\nthen: [log: x]")
    assert (await result_of(tmp_path, text))["count"] == 0
    assert (await result_of(tmp_path, text, rule="f/r"))["count"] == 1


async def test_recorded_markers_fire_and_session_names_are_known(tmp_path):
    await hours(tmp_path, [50, 50], name="Night 7", markers=[(BEGIN + 60, "go")])
    text = one("""
when: [{marker: go}, {session: stopped}]
then: [log: "{{ session.name }}"]
""")
    result = await result_of(tmp_path, text)
    told = [(f["at"], f["actions"][0]["result"]["message"]) for f in result["firings"]]
    assert told == [(BEGIN + 60, "Night 7"), (BEGIN + 3600, "Night 7")]


async def test_the_time_between_two_recordings_is_unknown(tmp_path):
    async with recording(tmp_path) as place:
        warm = [poll(BEGIN + t, temp=65.0) for t in (0, 60)]
        later = [poll(BEGIN + 7200 + t, temp=65.0) for t in (0, 60)]
        await record(place, 1, [poll(BEGIN - 60, temp=50.0), *warm])
        await record(place, 2, later)
    text = one("when: {expr: PSU_01.temp > 60 °C, for: 10 min}\nthen: [log: x]")
    result = await result_of(tmp_path, text, session_id=None, start=BEGIN - 60, end=BEGIN + 9000)
    assert (result["sessions"], result["count"]) == ([1, 2], 0)


async def test_a_range_of_time_takes_only_what_lies_in_it(tmp_path):
    await hours(tmp_path, [50, 65, 50, 65, 50, 65])
    text = one("when: PSU_01.temp > 60 °C\nthen: [log: x]")
    begin, end = BEGIN + 1.5 * 3600, BEGIN + 4.5 * 3600
    result = await result_of(tmp_path, text, session_id=None, start=begin, end=end)
    assert [f["at"] for f in result["firings"]] == [BEGIN + 3 * 3600]


async def test_what_was_never_recorded_is_named(tmp_path):
    await hours(tmp_path, [50, 65])
    result = await result_of(tmp_path, one("when: PSU_09.temp > 60 °C\nthen: [log: x]"))
    assert (result["count"], result["samples"]) == (0, 0)
    assert "PSU_09.temp was not recorded: it stays unknown" in result["notes"]


async def test_units_are_those_of_the_recording(tmp_path):
    polls = [poll(BEGIN + t, i_ma=ma) for t, ma in ((0, 400.0), (60, 600.0))]
    await make(tmp_path, polls)
    result = await result_of(tmp_path, one("when: PSU_01.i_ma > 0.5 A\nthen: [log: x]"))
    assert [f["at"] for f in result["firings"]] == [BEGIN + 60]


async def test_a_rule_that_fires_too_fast_is_suspended_as_at_work(tmp_path):
    polls = [poll(BEGIN + n / 50, temp=50.0 + 20 * (n % 2)) for n in range(100)]
    await make(tmp_path, polls)
    result = await result_of(tmp_path, one("when: PSU_01.temp > 60 °C\nthen: [log: x]"))
    (rule,) = result["rules"]
    assert rule["suspended"].startswith("more than 10 actions")


ZONES = {"UTC": [6, 6], "Europe/Berlin": [5, 5], "America/New_York": [11, 11]}


@pytest.mark.parametrize("zone", ZONES)
async def test_times_of_day_of_schedules_and_conditions_are_of_one_zone(tmp_path, zone):
    await hours(tmp_path, [50, 65] * 12)
    text = """version: 1
id: f
rules:
  - {id: at, when: {schedule: {at: "06:00"}}, then: [{log: x}]}
  - id: in
    when: PSU_01.temp > 60 °C
    if: {time: {after: "05:59", before: "07:01"}}
    then: [{log: x}]
"""
    result = await result_of(tmp_path, text, timezone=zone)
    found = {one["rule"]: (one["at"] - BEGIN) / 3600 for one in result["firings"]}
    first = ZONES[zone][0]
    assert found["f/at"] == first
    assert found["f/in"] == (first if first % 2 else first + 1)
    assert result["timezone"] == zone


@pytest.mark.parametrize("zone", ["Middle/Earth", "../etc/passwd", "a\0b", "/etc/localtime"])
async def test_a_time_zone_that_is_none_is_refused(tmp_path, zone):
    await hours(tmp_path, [50, 65])
    with pytest.raises(BadInput, match="no time zone"):
        await result_of(tmp_path, one("when: manual\nthen: [{log: x}]"), timezone=zone)


async def test_actions_that_wait_are_followed_to_their_end(tmp_path):
    await hours(tmp_path, [50, 65])
    text = one("when: PSU_01.temp > 60 °C\nthen: [wait: 2 h, {log: done}]")
    (firing,) = (await result_of(tmp_path, text))["firings"]
    assert (firing["outcome"], len(firing["actions"])) == ("done", 2)


async def test_variables_count_and_nothing_is_asked_or_started(tmp_path):
    await hours(tmp_path, [50, 65, 50, 65, 50, 65])
    text = """version: 1
id: f
rules:
  - id: count
    when: PSU_01.temp > 60 °C
    then:
      - variables: {add: {warm: 1}}
      - http: {url: "http://lab.example/", body: "{{ var.warm }}"}
  - id: often
    when: var.warm >= 2
    then: [log: "{{ var.warm }}"]
"""
    result = await result_of(tmp_path, text)
    often = [one for one in result["firings"] if one["rule"] == "f/often"]
    assert [one["at"] for one in often] == [BEGIN + 3 * 3600]
    assert all(action["ok"] for one in result["firings"] for action in one["actions"])
    assert result["notes"] == []


async def test_triggers_by_what_is_not_recorded_are_named(tmp_path):
    await hours(tmp_path, [50, 65])
    text = one("when: [{device: offline}, PSU_01.temp > 60 °C]\nthen: [log: x]")
    result = await result_of(tmp_path, text)
    assert (result["count"], result["notes"]) == (
        1,
        ["f/r: device does not happen in a recording"],
    )


@pytest.mark.parametrize(
    ("more", "text", "error"),
    [
        ({"session_id": 9}, None, NotFound),
        ({"session_id": None}, None, BadInput),
        ({"rule": "f/none"}, None, NotFound),
        ({}, "version: 1\nid: f\nrules: [{id: r, when: 1 +, then: [log: x]}]\n", Rejected),
    ],
    ids=["no such session", "no recording named", "no such rule", "a text with errors"],
)
async def test_what_cannot_be_tested_is_refused(tmp_path, more, text, error):
    await hours(tmp_path, [50, 65])
    with pytest.raises(error):
        await result_of(tmp_path, text or one("when: PSU_01.temp > 60 °C\nthen: [log: x]"), **more)


async def test_a_project_without_a_recording_says_so(tmp_path):
    with pytest.raises(NotFound, match="nothing was recorded"):
        await result_of(tmp_path, WEEK)
