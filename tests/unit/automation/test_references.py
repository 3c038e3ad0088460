"""What a flow names and is not there, and circles over brokers, events, hooks, marks and flows."""

import pytest

from ionpy_auto.automation.rules.check import check_rules
from ionpy_auto.automation.rules.references import Known, check_references
from tests.unit.automation.rules_bench import flow_of, one_rule

OTHER = flow_of("version: 1\nid: other\nsequence: [{rest: 1 s}]\nrules:\n"
                "  - {id: warm, scope: always, when: manual, then: [{log: x}]}\n")  # fmt: skip
PLAIN = flow_of(one_rule("when: manual\nthen: [{log: x}]", "plain"))
THERE = Known(["cool-down"], ["lab"], ["log", "crew"], [OTHER, PLAIN])

NAMED = {
    "a script": ("{script: cooldown}", "unknown-script", "did you mean 'cool-down'?"),
    "a broker": ("{publish: {topic: a, broker: labs}}", "unknown-broker", "'lab'"),
    "a receiver": ("{notify: {to: crow, message: x}}", "unknown-receiver", "'crew'"),
    "a flow": ("{run: othr}", "unknown-flow", "'other'"),
    "a flow without steps": ("{run: plain}", "no-sequence", "known: other"),
    "a rule": ("{rule: other/worm}", "unknown-rule", "'other/warm'"),
    "inside another": ("{if: 1 < 2, then: [{script: xyz}]}", "unknown-script", "known: cool-down"),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_not_there_is_named_with_what_is_near(name):
    action, code, hint = NAMED[name]
    flow = flow_of(one_rule(f"when: manual\nthen:\n  - {action}"))
    (found,) = check_references(flow, THERE)
    assert (found.code, found.severity, found.line) == (code, "warning", 7)
    assert hint in found.hint


def test_what_is_there_or_unknown_is_no_finding():
    actions = ["script: cool-down", "publish: {topic: a, broker: lab}", "publish: b", "run: other",
               "notify: x", "notify: {to: 'https://x.example/', message: x}",
               "rule: other/warm"]  # fmt: skip
    body = "\n".join(f"  - {action}" for action in actions)
    flow = flow_of(one_rule(f"when: {{mqtt: a, broker: lab}}\nthen:\n{body}"))
    assert check_references(flow, THERE) == []
    nothing = one_rule("when: {mqtt: a, broker: x}\nthen: [{script: x}, {run: x}, {rule: x/y}]")
    assert check_references(flow_of(nothing), Known()) == []


def test_a_step_and_a_trigger_are_looked_at_too():
    flow = flow_of(
        "version: 1\nid: f\nsequence: [{script: no}]\n"
        "finally: [{notify: {to: no, message: x}}]\n"
        "rules: [{id: r, when: {mqtt: a}, then: [{publish: b}]}]\n"
    )
    codes = [found.code for found in check_references(flow, THERE)]
    assert codes == ["unknown-script", "unknown-receiver"]
    empty = Known(brokers=[])
    assert [found.code for found in check_references(flow, empty)] == ["no-broker"] * 2


HEAD = "version: 1\nid: f\nrules:\n"
CIRCLES = {
    "over a broker": ("{mqtt: lab/+}", "{publish: lab/x}", True),
    "over a broker, with a value in the topic": (
        "{mqtt: lab/oven/set}",
        '{publish: "lab/{{ var.n }}/set"}',
        True,
    ),
    "another topic": ("{mqtt: lab/+/set}", "{publish: lab/oven}", False),
    "another broker": (
        "{mqtt: lab/x, broker: a}",
        "{publish: {topic: lab/x, broker: b}}",
        False,
    ),
    "over all topics": ("{mqtt: '#'}", "{publish: x/y/z}", True),
    "by an event": ("{event: go}", "{event: go}", True),
    "by another event": ("{event: go}", "{event: stop}", False),
    "over a hook": ("{webhook: go}", '{http: {url: "http://h/api/hooks/go", body: x}}', True),
    "over another hook": ("{webhook: go}", '{http: {url: "http://h/go", body: x}}', False),
    "by a marker": ("{marker: go}", "{marker: go}", True),
    "by any marker": ("{marker: }", '{marker: "go {{ 1 }}"}', True),
    "by triggering itself": ("manual", "{rule: {id: f/r, do: trigger}}", True),
    "by enabling itself": ("manual", "{rule: {id: f/r, do: enable}}", False),
    "by a variable": ("var.n > 3", "{variables: {add: {n: 1}}}", True),
    "inside a parallel": ("{event: go}", "{parallel: [[{event: go}], [{wait: 1 s}]]}", True),
}


@pytest.mark.parametrize("name", CIRCLES)
def test_a_circle_is_seen_before_it_turns(name):
    when, then, is_one = CIRCLES[name]
    flow = flow_of(one_rule(f"when: {when}\nthen: [{then}]"))
    codes = [found.code for found in check_rules(flow)]
    assert codes == (["feeds-itself"] if is_one else [])


def test_a_circle_through_another_flow_is_seen_with_all_flows():
    one = flow_of(one_rule("when: {event: go}\nthen: [{publish: x}]", "one"))
    two = flow_of(one_rule("when: {mqtt: x}\nthen: [{webhook: no}]".replace("webhook", "event"),
                           "two"))  # fmt: skip
    back = flow_of(one_rule("when: {event: 'no'}\nthen: [{event: go}]", "back"))
    assert check_rules(one) == []
    assert check_references(one, Known(flows=[one, two])) == []
    (found,) = check_references(one, Known(flows=[one, two, back]))
    assert (found.code, "other flows" in found.message) == ("feeds-itself", True)
