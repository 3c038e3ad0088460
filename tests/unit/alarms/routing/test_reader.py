"""The routing file: what it says, and where it is wrong."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.alarms.routing.example import EXAMPLE, LAST_RESORT
from ionpy_auto.alarms.routing.words import duration
from ionpy_auto.core.errors import Severity
from ionpy_auto.language import UnitError

GOOD = """
global: {resolve_timeout: 5m}
time_intervals:
  - name: night
    time_intervals:
      - times: [{start_time: "22:00", end_time: "24:00"}]
        weekdays: ["monday:friday", saturday]
        days_of_month: ["1:5", "-3:-1"]
        months: ["january:march", "12"]
        years: ["2026:2027"]
        location: Europe/Berlin
route:
  receiver: lab
  group_by: [device]
  group_wait: 10s
  routes:
    - matchers: [severity="critical", device=~"PSU_.*"]
      receiver: oncall
      continue: true
      escalate: [{after: 5m, to: lab}]
      routes:
        - match: {entity: u_out}
          group_by: ['...']
          mute_time_intervals: [night]
    - match_re: {source: rule|server}
      repeat_interval: 1 h 30 min
inhibit_rules:
  - source_match: {severity: critical}
    target_match_re: {severity: warning|info}
    equal: [device]
receivers:
  - name: lab
    webhook_configs: [{url: "http://127.0.0.1/x"}]
  - name: oncall
    apprise_configs: [{url: "secret:ntfy"}]
"""


def test_a_child_has_from_its_parent_what_it_does_not_say() -> None:
    routing, findings = read_routing(GOOD)
    assert routing is not None
    assert not findings
    first, second = routing.route.routes
    inner = first.routes[0]
    assert (inner.receiver, inner.group_wait, inner.escalate[0].to) == ("oncall", 10, "lab")
    assert (inner.group_by, first.group_by, second.group_by) == (("...",), ("device",), ("device",))
    assert (first.mute, inner.mute, second.repeat_interval) == ((), ("night",), 5400)
    labels = {"severity": "critical", "device": "PSU_01", "entity": "u_out", "source": "rule"}
    assert [route.line for route in routing.match(labels)] == [inner.line, second.line]


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column"),
    [
        ("receiver: lab\n  group_by", "receiver: lap\n  group_by", "unknown-receiver", 13, 13),
        ("to: lab", "to: lap", "unknown-receiver", 20, 34),
        ("name: oncall", "name: lab", "duplicate-receiver", 34, 11),
        ('"http://127.0.0.1/x"', "nowhere", "bad-url", 33, 29),
        ("group_wait: 10s", "group_wait: soon", "wrong-value", 15, 15),
        ("group_wait: 10s", "group_interval: 0s", "wrong-value", 15, 19),
        ("group_wait: 10s", "group_weight: 10s", "unknown-key", 15, 3),
        ("group_wait: 10s", "continue: true", "root-continues", 15, 13),
        ("group_wait: 10s", "match: {a: b}", "root-matches", 15, 10),
        ("group_wait: 10s", "mute_time_intervals: [night]", "root-muted", 15, 24),
        ('"PSU_.*"', '"PSU_("', "bad-matcher", 17, 39),
        ('severity="critical", device', "severity, device", "bad-matcher", 17, 18),
        ("match: {entity: u_out}", "match: {en-tity: u_out}", "bad-label", 22, 19),
        ("match: {entity: u_out}", "match: [entity]", "wrong-type", 22, 18),
        ("['...']", "['...', device]", "wrong-value", 23, 21),
        ("['...']", "[device, device]", "duplicate-label", 23, 30),
        ("[night]", "[day]", "unknown-interval", 24, 33),
        ("[{after: 5m, to: lab}]", "[{after: 0s, to: lab}]", "wrong-value", 20, 26),
        ("[{after: 5m, to: lab}]", "[{to: lab}]", "missing-key", 20, 18),
        (
            "[{after: 5m, to: lab}]",
            "[{after: 5m, to: lab}, {after: 4m, to: lab}]",
            "wrong-order",
            20,
            40,
        ),
        ('"24:00"', '"21:00"', "wrong-order", 6, 17),
        ('"24:00"', '"25:00"', "wrong-value", 6, 49),
        ("monday:friday", "friday:monday", "wrong-value", 7, 20),
        ("-3:-1", "-1:-3", "wrong-value", 8, 32),
        ("-3:-1", "-3:2", "wrong-value", 8, 32),
        ('"12"', '"13"', "wrong-value", 9, 35),
        ("2026:2027", "2027:2026", "wrong-value", 10, 17),
        ("Europe/Berlin", "Europe/../Berlin", "wrong-value", 11, 19),
        ("equal: [device]", "equal: [de-vice]", "bad-label", 30, 12),
        ("equal: [device]", "equal: &a [*a]", "anchor", 30, 12),
        ("route:\n", "wrong: {}\nroute:\n", "unknown-key", 12, 1),
        ("receivers:", "receivers: 3\nothers:", "wrong-type", 31, 12),
    ],
)
def test_an_error_says_where_it_is(old: str, new: str, code: str, line: int, column: int) -> None:
    assert old in GOOD
    routing, findings = read_routing(GOOD.replace(old, new, 1))
    assert routing is None
    assert (code, line, column) in [(f.code, f.line, f.column) for f in findings]


def test_what_can_never_matter_is_a_warning_and_stays_in_force() -> None:
    text = """
route:
  receiver: log
  routes:
    - receiver: browser
    - matchers: [a="b"]
      repeat_interval: 1m
receivers: [{name: nobody}]
inhibit_rules: [{target_matchers: [a="b"]}]
"""
    routing, findings = read_routing(text)
    assert routing is not None
    assert {f.severity for f in findings} == {Severity.WARNING}
    assert {(f.code, f.line) for f in findings} == {
        ("unreachable-route", 6),
        ("short-repeat", 7),
        ("unused-receiver", 8),
        ("fits-all", 9),
    }


@pytest.mark.parametrize("text", [EXAMPLE, LAST_RESORT])
def test_what_we_ship_has_no_findings(text: str) -> None:
    assert read_routing(text)[1] == []


def test_what_the_example_explains_can_be_uncommented() -> None:
    lines = EXAMPLE.split("\n")
    begin = lines.index("# receivers:")
    lines[begin : begin + 8] = [line.removeprefix("# ") for line in lines[begin : begin + 8]]
    text = "\n".join(lines).replace("  # routes", "  routes").replace("  #   ", "    ")
    text = "\n".join(
        line.removeprefix("# ")
        if line.startswith(("# time_i", "#   - name: n", "#     ", "#       "))
        else line
        for line in text.split("\n")
    )
    routing, findings = read_routing(text)
    assert not findings
    assert routing is not None
    assert [step.to for step in routing.route.routes[0].escalate] == ["on-call"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("30 s", 30), ("1 h 30 min", 5400), ("0", 0), ("1d", 86400), ("100ms", 0.1)],
)
def test_durations_in_both_ways(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m 3", "m", "-5m", "5m1h", "99999999y", "1e9 d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UnitError):
        duration(text)


@given(st.text(max_size=200))
def test_any_text_is_a_routing_or_errors_with_places(text: str) -> None:
    judge(text)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(GOOD) - 1),
            st.integers(0, 12),
            st.text("abz09 :{}[],'\"=~!|#-.\\\n(*&é", max_size=6),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_damage_is_a_routing_or_errors_with_places(
    cuts: list[tuple[int, int, str]],
) -> None:
    text = GOOD
    for at, length, new in cuts:
        text = text[:at] + new + text[at + length :]
    judge(text)


def judge(text: str) -> None:
    routing, findings = read_routing(text)
    errors = [f for f in findings if f.severity is Severity.ERROR]
    assert (routing is None) == bool(errors)
    lines = re.split("[\n\r\x85\u2028\u2029]", text)  # as YAML counts them
    for finding in findings:
        assert finding.message
        assert 1 <= finding.line <= len(lines) + 1
        assert finding.column >= 1
    if routing is not None:
        assert routing.match({"severity": "critical", "device": "PSU_01"})
        assert not any(routing.muted(r, 1.7e9) is None for r in routing.route.walk())
