"""Grouping, told as a protocol of times."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ionpy_auto.alarms.routing import Alert, Grouper, Notice, Routing, read_routing

BASE = """
route:
  receiver: lab
  group_by: [device]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes:
    - matchers: [severity="critical"]
      receiver: oncall
      escalate:
        - {after: 10m, to: boss}
        - {after: 20m, to: all}
    - matchers: [source="night"]
      mute_time_intervals: [early]
receivers: [{name: lab}, {name: oncall}, {name: boss}, {name: all}]
time_intervals:
  - name: early
    time_intervals: [{times: [{start_time: "00:00", end_time: "01:00"}]}]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [device]
"""
H = 3600.0


def routing(text: str = BASE) -> Routing:
    found, findings = read_routing(text)
    assert found is not None, findings
    return found


def alert(key: str, now: float = 0.0, *, firing: bool = True, **labels: str) -> Alert:
    labels = {"severity": "warning", "device": "PSU_01", "alertname": key} | labels
    return Alert(key, 1, labels, {}, firing, now)


class Bench:
    """Moves a grouper through time and writes down what it says."""

    def __init__(self, text: str = BASE, silenced: Callable[..., str] | None = None) -> None:
        self.grouper = Grouper(routing(text), silenced or (lambda labels, now: ""))
        self.told: list[tuple[float, str, str, str]] = []
        self.notices: list[Notice] = []

    def until(self, end: float) -> "Bench":
        while (due := self.grouper.next_due()) is not None and due <= end:
            for notice in self.grouper.due(due):
                keys = [",".join(a.key for a in some) for some in (notice.firing, notice.resolved)]
                self.told.append((due, notice.receiver, *keys))
                self.notices.append(notice)
                self.grouper.settled(notice, due)
        return self

    def fire(self, now: float, key: str, **labels: str) -> None:
        self.until(now)
        self.grouper.update(alert(key, now, **labels), now)

    def clear(self, now: float, key: str) -> None:
        self.until(now)
        self.grouper.update(alert(key, now, firing=False), now)

    def ack(self, now: float, key: str) -> None:
        self.until(now)
        self.grouper.acknowledge(key, now)


def test_a_group_waits_then_tells_all_of_it_once() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.fire(10, "b")
    bench.fire(20, "c", device="PSU_02")
    assert bench.until(600).told == [(30, "lab", "a,b", ""), (50, "lab", "c", "")]


def test_what_joins_and_ends_is_told_at_the_next_group_interval() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.fire(40, "b")
    bench.clear(50, "a")
    assert bench.until(1000).told == [(30, "lab", "a", ""), (330, "lab", "b", "a")]


def test_an_alarm_that_was_over_before_anybody_was_told_is_never_told() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.clear(10, "a")
    assert bench.until(9 * H).told == []
    assert bench.grouper.next_due() is None


def test_the_same_is_said_again_only_after_the_repeat_interval() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.until(9 * H)
    assert [told[0] for told in bench.told] == [30, 30 + 4 * H, 30 + 8 * H]
    assert [notice.repeat for notice in bench.notices] == [False, True, True]


def test_an_acknowledged_alarm_is_not_repeated_but_its_end_is_told() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.ack(60, "a")
    bench.clear(9 * H, "a")
    bench.until(10 * H)
    assert [told[1:] for told in bench.told] == [("lab", "a", ""), ("lab", "", "a")]


def test_steps_are_told_while_nobody_acknowledges() -> None:
    bench = Bench()
    bench.fire(0, "a", severity="critical")
    bench.clear(2000, "a")
    assert bench.until(3000).told == [
        (30, "oncall", "a", ""),
        (630, "boss", "a", ""),
        (1230, "all", "a", ""),
        (2130, "oncall", "", "a"),
        (2130, "boss", "", "a"),
        (2130, "all", "", "a"),
    ]
    assert [notice.escalation for notice in bench.notices] == [0, 1, 2, 0, 1, 2]


def test_an_acknowledgement_stops_the_steps_and_taking_it_back_begins_them_anew() -> None:
    bench = Bench()
    bench.fire(0, "a", severity="critical")
    bench.ack(700, "a")
    bench.until(2000)
    bench.grouper.update(alert("a", severity="critical"), 2000)
    assert bench.until(3200).told == [
        (30, "oncall", "a", ""),
        (630, "boss", "a", ""),
        (2600, "boss", "a", ""),
        (3200, "all", "a", ""),
    ]


def test_the_end_is_told_in_a_muted_time_but_nothing_new_is() -> None:
    bench = Bench()
    bench.fire(23 * H, "a", source="night")
    bench.fire(24 * H + 10, "b", source="night")
    bench.clear(24 * H + 600, "a")
    bench.until(24 * H + 2 * H)
    assert [told[1:] for told in bench.told] == [
        ("lab", "a", ""),
        ("lab", "", "a"),
        ("lab", "b", ""),
    ]
    assert 25 * H <= bench.told[-1][0] <= 25 * H + 300


def test_the_end_is_told_although_a_silence_began_meanwhile() -> None:
    bench = Bench(silenced=lambda labels, now: "7" if now > 100 else "")
    bench.fire(0, "a")
    bench.clear(200, "a")
    bench.fire(201, "b")
    assert bench.until(9 * H).told == [(30, "lab", "a", ""), (330, "lab", "", "a")]


def test_a_graver_alarm_of_the_same_device_inhibits() -> None:
    bench = Bench()
    bench.fire(0, "worst", severity="critical")
    bench.fire(1, "small")
    bench.fire(2, "other", device="PSU_02")
    bench.ack(3, "worst")
    assert bench.until(H).told == [(30, "oncall", "worst", ""), (32, "lab", "other", "")]


def test_a_graver_turn_is_told_on_its_new_way_and_its_end_to_both() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.fire(100, "a", severity="critical")
    bench.ack(200, "a")
    bench.clear(1000, "a")
    bench.until(2 * H)
    said = {told[1:] for told in bench.told}
    assert said == {
        ("lab", "a", ""),
        ("oncall", "a", ""),
        ("lab", "", "a"),
        ("oncall", "", "a"),
    }
    assert len(bench.told) == 4


def test_a_graver_turn_on_the_same_way_is_told_again_and_a_milder_one_is_not() -> None:
    bench = Bench()
    bench.fire(0, "a", severity="info")
    bench.fire(100, "a", severity="warning")
    bench.fire(1000, "a", severity="info")
    assert bench.until(H).told == [(30, "lab", "a", ""), (330, "lab", "a", "")]


def test_a_put_aside_alarm_is_not_told_until_it_is_taken_back() -> None:
    bench = Bench()
    bench.grouper.update(replace(alert("a"), muted="shelved"), 0)
    bench.until(1000)
    bench.grouper.update(alert("a"), 1000)
    assert bench.until(2000).told == [(1230, "lab", "a", "")]


def test_ten_turns_a_second_for_ten_minutes_are_two_notices_in_fifteen_minutes() -> None:
    bench = Bench()
    for tenth in range(6000):
        if tenth % 2:
            bench.clear(tenth / 10, "a")
        else:
            bench.fire(tenth / 10, "a")
    assert bench.until(2 * H).told == [(30, "lab", "a", ""), (930, "lab", "", "a")]


def test_notices_stay_due_until_somebody_took_them() -> None:
    grouper = Grouper(routing())
    grouper.update(alert("a"), 0)
    first = grouper.due(31)
    assert grouper.due(31) == grouper.due(400) == first
    assert grouper.next_due() == 31
    grouper.settled(first[0], 400)
    assert grouper.due(400) == []


@pytest.mark.parametrize("at", [10.0, 31.0, 200.0, 700.0])
def test_a_restart_changes_nothing(at: float) -> None:
    plain, broken = Bench(), Bench()
    for bench in (plain, broken):
        bench.fire(0, "a", severity="critical")
        bench.fire(5, "b")
    broken.until(at)
    state, now = broken.grouper.state(), [alert("a", severity="critical"), alert("b", 5)]
    broken.grouper = Grouper.restored(routing(), state, now, at)
    assert broken.until(9 * H).told == plain.until(9 * H).told


def test_what_ended_while_the_server_was_down_is_told() -> None:
    bench = Bench()
    bench.fire(0, "a")
    bench.until(60)
    bench.grouper = Grouper.restored(routing(), bench.grouper.state(), [], 5000)
    bench.until(6000)
    assert [told[1:] for told in bench.told] == [("lab", "a", ""), ("lab", "", "a")]


def test_the_end_is_told_although_the_route_is_gone() -> None:
    bench = Bench()
    bench.fire(0, "a", severity="critical")
    bench.ack(60, "a")
    other = routing("route: {receiver: lab}\nreceivers: [{name: lab}, {name: oncall}]\n")
    now = [alert("a", severity="critical")]
    bench.grouper = Grouper.restored(other, bench.grouper.state(), now, 100)
    bench.clear(1000, "a")
    bench.until(2 * H)
    assert [told[1:] for told in bench.told] == [
        ("oncall", "a", ""),
        ("lab", "a", ""),
        ("oncall", "", "a"),
        ("lab", "", "a"),
    ]
