"""What is said of rules before they run."""

import pytest

from ionpy_auto.automation.rules.check import check_rules
from tests.unit.automation.rules_bench import flow_of, one_rule

HEAD = "version: 1\nid: f\n"
SEQUENCE = "sequence:\n  - {id: relax, rest: 1 s}\n"
CASES = {
    "per device": (one_rule("when: manual\nper: device\nthen: [{log: x}]"), ["no-device"]),
    "run without sequence": (
        one_rule("when: manual\nscope: run\nthen: [{log: x}]"),
        ["run-without-sequence"],
    ),
    "safe_state of a channel outside a run": (
        one_rule("when: manual\nthen: [{safe_state: channel}]"),
        ["safe-state-scope"],
    ),
    "safe_state of all inside a run, in an if": (
        HEAD
        + SEQUENCE
        + "rules:\n  - id: r\n    when: manual\n"
        + "    then: [{if: step.time > 1 s, then: [safe_state: all]}]\n",
        ["safe-state-scope"],
    ),
    "during outside a run": (
        HEAD
        + SEQUENCE
        + "rules:\n  - {id: r, scope: always, during: relax, when: manual, then: [log: x]}\n",
        ["during-always"],
    ),
    "feeds itself": (
        one_rule("when: PSU_01.u_set > 5 V\nthen: [{set: {PSU_01.u_set: 4 V}}]"),
        ["feeds-itself"],
    ),
    "a circle of two": (
        HEAD
        + "rules:\n"
        + "  - {id: a, when: PSU_01.u_set > 5 V, then: [{set: {PSU_01.i_set: 4 A}}]}\n"
        + "  - {id: b, when: PSU_01.i_set > 5 A, then: [{set: {PSU_01.u_set: 4 V}}]}\n"
        + "  - {id: c, when: PSU_01.i_set > 5 A, then: [{log: x}]}\n",
        ["feeds-itself", "feeds-itself"],
    ),
    "nothing": (one_rule("when: PSU_01.temp > 50 °C\nthen: [{set: {FAN_01.speed: 80}}]"), []),
}


@pytest.mark.parametrize("name", CASES)
def test_rules_are_checked(name):
    text, codes = CASES[name]
    assert [finding.code for finding in check_rules(flow_of(text))] == codes
