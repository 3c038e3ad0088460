"""What is said about control steps before a run: places, hints, and the schema for editors."""

import pytest

from ionpy_auto.automation.blocks import ACTIONS, STEPS
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.names import NoSite
from ionpy_auto.automation.schema import flow_schema
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.core.errors import NotFound
from tests.unit.automation.test_rules_blocks import fits, tree

OTHER = """version: 1
id: other
sequence:
  - {id: a, rest: 1 s}
  - {goto: a, max: 2}
"""


def texts(flow_id):
    if flow_id != "other":
        raise NotFound(f"there is no flow {flow_id!r}")
    return OTHER, "other.yaml"


def flow_text(steps, more=""):
    lines = "".join(f"  {line}\n" for line in steps.strip().splitlines())
    return f"version: 1\nid: f\nchannel: CH1\nsequence:\n{lines}{more}"


def findings_of(steps, more=""):
    flow, findings = read_flow(flow_text(steps, more), "f.yaml", NoSite(), texts=texts)
    return findings if flow is None else [*findings, *check_flow(flow, NoSite())]


DRIVE = "{id: %s, discharge: 1 A, until: step.time > 1 h}"
WRONG = {
    "goto without max": ("- {id: a, rest: 1 s}\n- goto: a", "missing-key", 6),
    "goto nowhere": ("- {goto: b, max: 1}\n- {id: a, rest: 1 s}", "unknown-step", 5),
    "goto into a loop": (
        "- {goto: a, max: 1}\n- repeat: 2\n  do: [{id: a, rest: 1 s}]",
        "goto-into-loop",
        5,
    ),
    "goto into the other way": (
        "- if: voltage > 1 V\n  then: [{id: a, rest: 1 s}]\n  else:\n    - {goto: a, max: 1}",
        "goto-into-loop",
        8,
    ),
    "goto out of a branch": (
        "- {id: a, rest: 1 s}\n- parallel:\n    - {wait: 1 s}\n    - [{goto: a, max: 1}]",
        "goto-out-of-branch",
        8,
    ),
    "goto into a called flow": ("- call: other\n- {goto: a, max: 1}", "unknown-step", 6),
    "behind a goto": (
        "- {goto: c, max: 1}\n- {id: b, rest: 1 s}\n- {id: c, rest: 1 s}",
        "unreachable",
        6,
    ),
    "behind an endless loop": (
        "- repeat: {while: 1 < 2}\n  do: [{rest: 1 s}]\n- {id: b, rest: 1 s}",
        "unreachable",
        7,
    ),
    "a loop without progress": (
        "- {id: a, rest: 1 s}\n- repeat: {until: voltage > 4 V}\n  do: [{marker: x}]",
        "no-progress",
        6,
    ),
    "a loop of waits of no time": (
        "- repeat: {until: voltage > 4 V}\n  do: [{wait: 0 s}]",
        "no-progress",
        5,
    ),
    "a counter twice": (
        (
            "- repeat: {count: 2, counter: k}\n  do:\n    - repeat: {count: 2, counter: k}\n"
            "      do: [{rest: 1 s}]"
        ),
        "duplicate-counter",
        7,
    ),
    "a counter outside": (
        "- {repeat: {count: 2, counter: k}, do: [{rest: 1 s}]}\n- if: loop.k > 1\n  then: [panic]",
        "unknown-point",
        6,
    ),
    "a counter of no loop": ("- if: loop.k > 1\n  then: [{rest: 1 s}]", "unknown-point", 5),
    "a counter named as the channel": (
        "- {repeat: {count: 2, counter: voltage}, do: [{rest: 1 s}]}",
        "bad-name",
        5,
    ),
    "two branches drive": (
        f"- parallel:\n    - {DRIVE % 'a'}\n    - {DRIVE % 'b'}",
        "two-drive",
        7,
    ),
    "a rest beside a drive": (
        f"- parallel:\n    - {DRIVE % 'a'}\n    - [{{wait: 1 s}}, {{id: b, rest: 1 s}}]",
        "two-drive",
        7,
    ),
    "a setting beside a drive": (
        f"- parallel:\n    - {DRIVE % 'a'}\n    - set: {{channel.source.i_set: 1 A}}",
        "two-drive",
        7,
    ),
    "a call beside a drive": (
        f"- parallel:\n    - {DRIVE % 'a'}\n    - call: other",
        "two-drive",
        7,
    ),
    "a limit beside a drive": (
        f"- parallel:\n    - {DRIVE % 'a'}\n    - {{wait: 1 s, limits: [step.time > 9 s]}}",
        "side-limit",
        7,
    ),
    "a question beside a drive": (
        f"- parallel:\n    - {DRIVE % 'a'}\n    - prompt: Well",
        "asks-while-driving",
        7,
    ),
    "a loop without anything": ("- repeat:\n  do: [{rest: 1 s}]", "wrong-value", 5),
    "an empty loop": ("- repeat: 2\n  do: []", "missing-key", 5),
    "an end of a way": (
        "- if: voltage > 1 V\n  then: [{rest: 1 s}]\n  until: step.time > 1 s",
        "no-row",
        7,
    ),
    "an id with a slash": ("- {id: a/b, rest: 1 s}", "bad-id", 5),
    "a label twice": ("- label: a\n- {id: a, rest: 1 s}", "duplicate-id", 6),
    "sync without time": ("- {sync: here, count: 2}", "missing-key", 5),
    "sync with nobody": ("- {sync: here, timeout: 1 h}", "wrong-value", 5),
    "a choice and a value": ("- {prompt: Well, choices: [a], unit: V}", "wrong-value", 5),
    "a call of nothing": ("- call: nowhere", "unknown-flow", 5),
    "a call of itself": ("- call: f", "call-recursion", 5),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_check_says_what_is_wrong_and_where(name):
    steps, code, line = WRONG[name]
    found = findings_of(steps)
    assert code in {finding.code for finding in found}, found
    finding = next(finding for finding in found if finding.code == code)
    assert finding.line == line
    assert finding.column > 0
    assert finding.hint or code in {"unknown-point", "missing-key"}


def test_a_charge_hidden_in_finally_is_found():
    more = "finally:\n  - repeat: 2\n    do:\n      - " + DRIVE % "a"
    found = findings_of("- {rest: 1 s}", more)
    assert "drives-in-finally" in {finding.code for finding in found}


def test_a_goto_between_entries_of_finally_is_refused():
    more = "finally:\n  - {id: a, wait: 1 s}\n  - {goto: a, max: 1}"
    assert {f.code for f in findings_of("- {rest: 1 s}", more)} == {"goto-in-finally"}


SOUND = {
    "retry": "- label: a\n- {rest: 1 s}\n- {goto: a, max: 3}\n- {rest: 1 s}",
    "forward, then back": (
        "- label: a\n- {goto: c, max: 1}\n- {id: b, rest: 1 s}\n- {id: c, rest: 1 s}\n"
        "- {goto: a, max: 1}"
    ),
    "out of an endless loop": (
        "- repeat: {while: 1 < 2}\n  do:\n    - {rest: 1 s}\n    - if: loop.n > 3\n"
        "      then: [{goto: out, max: 1}]\n- label: out"
    ),
    "counters side by side": (
        "- {repeat: {count: 2, counter: k}, do: [{rest: 1 s}]}\n"
        "- {repeat: {count: 2, counter: k}, do: [{rest: 1 s}]}"
    ),
    "limits around": (
        "- id: x\n  repeat: 2\n  limits: [step.time > 2 h]\n  do: [{id: d, discharge: 1 A,"
        " until: voltage < 3 V}]"
    ),
    "long forms": (
        "- repeat: {count: 2, do: [{rest: 1 s}]}\n- goto: {target: g, max: 1}\n- label: {name: g}"
    ),
    "calls": "- call: other\n- call: {sequence: other}\n- {id: third, call: other}",
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_sequences_have_no_findings(name):
    assert findings_of(SOUND[name]) == []


@pytest.mark.parametrize("name", SOUND)
def test_the_schema_takes_what_the_reader_takes(name):
    assert fits(tree(flow_text(SOUND[name])), flow_schema(), flow_schema())


NESTED = """
- repeat: 2
  do:
    - if: voltage > 1 V
      then:
        - parallel:
            - [{prompt: Well, choices: {a: pass}}, {sync: here, count: 2, timeout: 1 s}]
            - {wait_for: voltage > 1 V, timeout: 1 s, on_timeout: continue}
      else: [{label: x}, {call: other, parameters: {a: 1}}]
"""
BROKEN = {
    "in a way": ("sync: here", "sinc: here"),
    "in a branch": ("wait_for:", "wait_four:"),
    "in the other way": ("{label: x}", "{label: x, nothing: 1}"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_schema_looks_into_nested_lists(name):
    good = flow_text(NESTED)
    assert fits(tree(good), flow_schema(), flow_schema())
    bad = good.replace(*BROKEN[name])
    assert bad != good
    assert not fits(tree(bad), flow_schema(), flow_schema())


BOTH = {
    "if": "if: voltage > 1 V\n{i}then: [{{wait: 1 s}}]",
    "repeat": "repeat: 2\n{i}do: [{{wait: 1 s}}]",
    "parallel": "parallel: [[{{wait: 1 s}}], [{{wait: 2 s}}]]",
    "wait_for": "wait_for: voltage > 1 V\n{i}timeout: 1 s",
    "loop": "loop: 2\n{i}do: [{{wait: 1 s}}]",
}


@pytest.mark.parametrize("verb", BOTH)
def test_a_word_is_a_step_in_a_sequence_and_an_action_in_a_rule(verb):
    rule = (
        f"rules:\n  - id: r\n    when: manual\n    then:\n      - {BOTH[verb].format(i=' ' * 8)}\n"
    )
    text = flow_text(f"- {BOTH[verb].format(i='  ')}", rule)
    flow, findings = read_flow(text, "f.yaml", NoSite())
    assert flow is not None, findings
    name = "repeat" if verb == "loop" else verb
    step = STEPS.get(name) if name in STEPS else ACTIONS.get(name)
    assert type(flow.sequence[0].block) is step
    assert type(flow.rules[0].then[0].block) is ACTIONS.get(name)
