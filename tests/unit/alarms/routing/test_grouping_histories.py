"""Whatever happens in whatever order, what people are told stays honest."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.alarms.routing import Alert, Grouper, Notice, Routing, read_routing

WAIT, INTERVAL, REPEAT = 30.0, 300.0, 3600.0
TEXTS = [
    """
    route:
      receiver: lab
      group_by: [device]
      repeat_interval: 1h
      routes:
        - matchers: [severity="critical"]
          receiver: oncall
          continue: true
          escalate: [{after: 4m, to: boss}, {after: 20m, to: lab}]
        - matchers: [device="D1"]
          receiver: boss
          mute_time_intervals: [early]
    """,
    """
    route:
      receiver: oncall
      group_by: [alertname]
      repeat_interval: 1h
      escalate: [{after: 10m, to: boss}]
      routes:
        - matchers: [severity="warning"]
          receiver: lab
          group_by: ['...']
          escalate: []
    """,
]
REST = """
    receivers: [{name: lab}, {name: oncall}, {name: boss}]
    time_intervals:
      - name: early
        time_intervals: [{times: [{start_time: "00:20", end_time: "01:10"}]}]
    inhibit_rules:
      - source_matchers: [severity="critical"]
        target_matchers: [severity="warning"]
        equal: [device]
"""


def routing(number: int) -> Routing:
    found, findings = read_routing(TEXTS[number] + REST)
    assert found is not None, findings
    return found


ROUTINGS = [routing(0), routing(1)]
KEYS = [f"{device}/{name}" for device in ("D1", "D2") for name in "ab"]

STEP = st.tuples(
    st.sampled_from(
        ["fire", "fire", "worse", "clear", "clear", "ack", "unack", "mute", "silence", "nothing"]
    ),
    st.sampled_from(KEYS),
    st.sampled_from([0.0, 1.0, 29.0, 31.0, 200.0, 301.0, 1000.0, 4000.0]),
)
TURNS = st.tuples(st.sampled_from(["routes", "restart"]), st.just(KEYS[0]), st.just(1.0))
HISTORY = st.lists(STEP, max_size=40)
TURNING = st.lists(st.one_of(STEP, STEP, STEP, TURNS), max_size=40)


class World:
    """Alarms as they are, and all that was told of them."""

    def __init__(self, *, settles: bool = True) -> None:
        self.now = 0.0
        self.number = 0
        self.alerts: dict[str, Alert] = {}
        self.silenced: set[str] = set()
        self.grouper = Grouper(ROUTINGS[0], self.is_silenced)
        self.told: list[tuple[float, Notice]] = []
        self.restarts_always = False

    def is_silenced(self, labels: Any, now: float) -> str:
        return "1" if labels["device"] in self.silenced else ""

    def play(self, history: list[tuple[str, str, float]]) -> "World":
        for what, key, pause in history:
            getattr(self, f"do_{what}")(key)
            self.run(pause)
        return self

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            if self.restarts_always:
                self.do_restart("")
            due = self.grouper.next_due()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.take()
        self.now = end

    def take(self) -> None:
        notices = self.grouper.due(self.now)
        assert self.grouper.due(self.now) == notices
        for notice in notices:
            self.judge(notice)
            self.told.append((self.now, notice))
            self.grouper.settled(notice, self.now)

    def judge(self, notice: Notice) -> None:
        """Nobody is told what is put aside, and steps only what nobody has seen."""
        for alert in notice.firing:
            there = self.alerts[alert.key]
            assert not there.muted
            assert there.labels["device"] not in self.silenced
            assert there.labels["severity"] == "critical" or not any(
                other.firing
                and other.labels["severity"] == "critical"
                and other.labels["device"] == there.labels["device"]
                for other in self.alerts.values()
            )
            assert not (notice.escalation and there.acked)
        assert not (notice.repeat and all(self.alerts[a.key].acked for a in notice.firing))

    # -- what may happen

    def send(self, alert: Alert) -> None:
        self.alerts[alert.key] = alert
        self.grouper.update(alert, self.now)

    def do_fire(self, key: str, severity: str = "warning") -> None:
        old = self.alerts.get(key)
        if old is not None and old.firing:
            return
        device, name = key.split("/")
        labels = {"alertname": name, "device": device, "severity": severity}
        self.send(Alert(key, 1, labels, {}, firing=True, starts=self.now))

    def do_worse(self, key: str) -> None:
        old = self.alerts.get(key)
        if old is None or not old.firing:
            self.do_fire(key, "critical")
        elif old.labels["severity"] == "warning":
            self.send(replace(old, labels={**old.labels, "severity": "critical"}, acked=False))

    def do_clear(self, key: str) -> None:
        old = self.alerts.get(key)
        if old is not None and old.firing:
            self.send(replace(old, firing=False, ends=self.now))

    def do_ack(self, key: str) -> None:
        old = self.alerts.get(key)
        if old is not None and old.firing:
            self.alerts[key] = replace(old, acked=True)
            self.grouper.acknowledge(key, self.now)

    def do_unack(self, key: str) -> None:
        old = self.alerts.get(key)
        if old is not None and old.firing and old.acked:
            self.send(replace(old, acked=False))

    def do_mute(self, key: str) -> None:
        old = self.alerts.get(key)
        if old is not None and old.firing:
            self.send(replace(old, muted="" if old.muted else "shelved"))

    def do_silence(self, key: str) -> None:
        self.silenced ^= {key.partition("/")[0]}

    def do_nothing(self, key: str) -> None:
        pass

    def do_routes(self, key: str) -> None:
        self.number = 1 - self.number
        self.do_restart(key)

    def do_restart(self, key: str) -> None:
        state = json.loads(json.dumps(self.grouper.state()))
        there = [alert for alert in self.alerts.values() if alert.firing]
        self.grouper = Grouper.restored(
            ROUTINGS[self.number], state, there, self.now, self.is_silenced
        )

    # -- what was told

    def clear_all(self) -> None:
        for key in list(self.alerts):
            self.do_clear(key)
        self.run(2 * INTERVAL)

    def lines(self) -> dict[str, list[tuple[float, Notice]]]:
        """All that was told, by group and receiver."""
        found: dict[str, list[tuple[float, Notice]]] = {}
        for at, notice in self.told:
            found.setdefault(".".join(notice.key.split(".")[:2]), []).append((at, notice))
        return found


def ends_are_told(history: list[Any]) -> None:
    world = World().play(history)
    world.clear_all()
    for line in world.lines().values():
        waits: set[str] = set()
        for _, notice in line:
            waits |= {alert.key for alert in notice.firing}
            waits -= {alert.key for alert in notice.resolved}
        assert not waits
    assert world.grouper.next_due() is None
    assert not world.grouper.state()["alerts"]


def nothing_is_said_too_early(history: list[Any]) -> None:
    world = World().play(history)
    for line in world.lines().values():
        told_at: float | None = None
        is_empty = True
        for at, notice in line:
            if notice.repeat:
                assert told_at is not None
                assert at - told_at >= REPEAT
            elif not is_empty and told_at is not None and not notice.escalation:
                assert at - told_at >= INTERVAL
            told_at = at if notice.firing else told_at
            is_empty = not notice.firing  # it may be a new group when it speaks next


def what_stays_is_told(history: list[Any]) -> None:
    world = World().play(history)
    world.silenced.clear()
    for alert in list(world.alerts.values()):
        if alert.muted and alert.firing:
            world.do_mute(alert.key)
    world.run(2 * 3600 + 2 * INTERVAL + WAIT)  # past the muted time
    waits: dict[str, set[str]] = {}
    for _, notice in world.told:
        told = waits.setdefault(notice.receiver, set())
        told |= {alert.key for alert in notice.firing}
        told -= {alert.key for alert in notice.resolved} if not notice.firing else set()
    critical = {
        alert.labels["device"]
        for alert in world.alerts.values()
        if alert.firing and alert.labels["severity"] == "critical"
    }
    for alert in world.alerts.values():
        is_inhibited = alert.labels["severity"] == "warning" and alert.labels["device"] in critical
        if alert.firing and not is_inhibited:
            for taken in ROUTINGS[0].match(alert.labels):
                assert alert.key in waits[taken.receiver]


def said(world: World) -> list[Any]:
    return [
        (
            *(at, notice.receiver, notice.escalation, notice.repeat),
            [alert.key for alert in notice.firing],
            [alert.key for alert in notice.resolved],
        )
        for at, notice in world.told
    ]


def restarts_change_nothing(history: list[Any]) -> None:
    plain, broken = World(), World()
    broken.restarts_always = True
    for world in (plain, broken):
        world.play(history)
        world.clear_all()
    assert said(broken) == said(plain)


def keys_come_once(history: list[Any]) -> None:
    world = World().play(history)
    keys = [notice.key for _, notice in world.told]
    assert len(keys) == len(set(keys))


def crashes_lose_nothing(history: list[Any]) -> None:
    """A crash between asking and storing goes back to the state before."""
    world = World()
    for step in history:
        before = json.loads(json.dumps(world.grouper.state()))
        lost = world.grouper.due(world.now)
        there = [alert for alert in world.alerts.values() if alert.firing]
        world.grouper = Grouper.restored(ROUTINGS[0], before, there, world.now, world.is_silenced)
        assert world.grouper.due(world.now) == lost
        world.play([step])


FEW = settings(max_examples=40)


@FEW
@given(history=TURNING)
def test_whoever_heard_of_an_alarm_hears_of_its_end(history: list[Any]) -> None:
    ends_are_told(history)


@FEW
@given(history=TURNING)
def test_nothing_is_said_again_before_its_time(history: list[Any]) -> None:
    nothing_is_said_too_early(history)
    keys_come_once(history)


@FEW
@given(history=HISTORY)
def test_what_stays_there_is_told_to_all_its_receivers(history: list[Any]) -> None:
    what_stays_is_told(history)


@FEW
@given(history=HISTORY)
def test_restarts_at_every_step_change_nothing(history: list[Any]) -> None:
    restarts_change_nothing(history)


@FEW
@given(history=HISTORY)
def test_what_nobody_took_over_is_said_again_and_not_lost(history: list[Any]) -> None:
    crashes_lose_nothing(history)


@pytest.mark.proof
@pytest.mark.parametrize(
    "check", [ends_are_told, nothing_is_said_too_early, keys_come_once], ids=lambda f: f.__name__
)
@settings(max_examples=3000)
@given(history=st.lists(st.one_of(STEP, STEP, STEP, TURNS), max_size=100))
def test_long_histories_with_other_routes(check: Any, history: list[Any]) -> None:
    check(history)


@pytest.mark.proof
@pytest.mark.parametrize(
    "check",
    [what_stays_is_told, restarts_change_nothing, crashes_lose_nothing],
    ids=lambda f: f.__name__,
)
@settings(max_examples=3000)
@given(history=st.lists(STEP, max_size=100))
def test_long_histories(check: Any, history: list[Any]) -> None:
    check(history)


def test_a_thousand_alarms_at_once_are_one_notice_and_cost_little() -> None:
    found, _ = read_routing("route: {receiver: log, group_by: [project]}")
    assert found is not None
    grouper = Grouper(found)
    for number in range(1000):
        labels = {"alertname": f"a{number}", "severity": "warning", "project": "p"}
        grouper.update(Alert(f"a{number}", number, labels, starts=number / 1000), number / 1000)
    notices = grouper.due(31)
    assert [len(notice.firing) for notice in notices] == [1000]
    assert notices[0].firing[0].key == "a0"
