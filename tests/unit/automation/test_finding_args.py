"""Findings carry the values their sentences name, so that editors need not read English."""

import json

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.check import check_rules
from ionpy_auto.automation.sequences.check import check_flow
from tests.acceptance.runs.bench import table

HEAD = "version: 1\nid: t\ncell: cells/inr18650-25r\nchannel: CH1\n"
TIME = "until: step.time > 1 h"


def steps(*lines: str) -> str:
    return HEAD + "sequence:\n" + "".join(f"  - {line}\n" for line in lines)


def rule(*lines: str) -> str:
    rest = "".join(f"    {line}\n" for line in lines)
    return HEAD + "sequence:\n  - {id: a, rest: 1 s}\nrules:\n  - id: r\n" + rest


CASES = {
    "a misspelt key": (
        steps(f"{{id: a, charge: {{curent: 1 A}}, {TIME}}}"),
        "unknown-key",
        {"wanted": "curent", "near": ["current"]},
    ),
    "a misspelt verb": (
        steps("{id: a, chrge: 1 A}"),
        "unknown-verb",
        {"wanted": "chrge", "near": ["charge"], "what": "step"},
    ),
    "a misspelt choice": (
        rule("mode: sngle", "when: manual", "then: [{log: x}]"),
        "wrong-value",
        {"key": "mode", "wanted": "sngle", "near": ["single"]},
    ),
    "a jump to nowhere": (
        steps("{id: a, rest: 1 s}", "{goto: b, max: 1}"),
        "unknown-step",
        {"wanted": "b"},
    ),
    "a name that is no point": (
        steps("{id: a, discharge: 1 A, until: [voltge < 3 V, step.time > 1 h]}"),
        "unknown-point",
        {"wanted": "voltge"},
    ),
    "units that do not fit": (
        rule("when: temp > 3 K", "then: [{log: x}]"),
        "bad-unit",
        {"text": "3 K", "given_unit": "K", "other": "temp", "unit": "°C"},
    ),
    "an id that stands twice": (
        steps("{id: a, rest: 1 s}", "{id: a, rest: 2 s}"),
        "duplicate-id",
        {"id": "a", "first": 6},
    ),
    "a step without an end": (steps("{id: a, discharge: 1 A}"), "missing-end", {"step": "a"}),
    "a set-point above the limit of the cell": (
        steps(f"{{id: a, discharge: 25 A, {TIME}}}"),
        "above-limit",
        {"value": 25.0, "limit": 20.0, "unit": "A"},
    ),
    "a value outside of its bounds": (
        steps("{id: a, repeat: 2000000, do: [{rest: 1 s}]}"),
        "range",
        {"text": "2000000", "low": 1, "high": 1000000},
    ),
    "a device that the channel binds": (
        rule("when: PSU_01.v_out > 4 V", "then: [{log: x}]"),
        "literal-device",
        {"device": "PSU_01", "part": "channel.source"},
    ),
    "the wrong safe state": (
        rule("when: manual", "then: [{safe_state: all}]"),
        "safe-state-scope",
        {"of": "all", "scope": "always", "to": "channel"},
    ),
    "an expression that does not read": (
        steps("{id: a, rest: 1 s, until: voltage > 4 V and}"),
        "syntax",
        {"what": "expression"},
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_finding_names_its_values(name: str) -> None:
    text, code, wanted = CASES[name]
    async with table() as lab:
        flow, findings = read_flow(text, "t.yaml", lab.site)
        if flow is not None:
            findings += check_rules(flow)
            findings += check_flow(flow, lab.site, lab.devices)
    found = [finding for finding in findings if finding.code == code]
    assert found, findings
    args = json.loads(json.dumps(found[0].as_dict()))["args"]
    assert {key: args.get(key) for key in wanted} == wanted


async def test_two_ends_on_one_line_are_told_apart_by_their_path() -> None:
    ends = "[{when: voltge < 3 V}, {when: curent < 1 A}]"
    async with table() as lab:
        _, findings = read_flow(steps(f"{{discharge: 1 A, until: {ends}}}"), "t.yaml", lab.site)
    places = [(f.line, f.path) for f in findings if f.code == "unknown-point"]
    assert places == [(6, "sequence.0.until.0.when"), (6, "sequence.0.until.1.when")]


async def test_findings_about_a_rule_have_its_path() -> None:
    text = rule("per: device", "when: manual", "then: [{log: x}]")
    async with table() as lab:
        flow, findings = read_flow(text, "t.yaml", lab.site)
    assert flow is not None, findings
    assert [finding.path for finding in check_rules(flow)] == ["rules.0"]


async def test_a_literal_device_is_placed_on_a_rule_of_one_line() -> None:
    one = "  - {id: r, when: PSU_01.v_out > 4 V, then: [{set: {PSU_01.v_set: 4 V}}]}\n"
    text = f"{HEAD}sequence:\n  - {{id: a, rest: 1 s}}\nrules:\n{one}"
    async with table() as lab:
        flow, findings = read_flow(text, "t.yaml", lab.site)
        assert flow is not None, findings
        (found,) = check_flow(flow, lab.site, lab.devices)
    assert (found.code, found.path) == ("literal-device", "rules.0.when")
