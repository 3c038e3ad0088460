"""Every registered block: documented, in the schema, and able to say what it does."""

import importlib

import pytest

from ionpy_auto.automation.blocks import ACTIONS, CONDITIONS, STEPS, TRIGGERS
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.check import check_rules
from ionpy_auto.automation.schema import flow_schema
from ionpy_auto.core.files import shipped_path
from ionpy_auto.language import read
from ionpy_auto.language.nodes import plain
from tests.unit.automation.rules_bench import PaperSite, flow_of, one_rule

REGISTRIES = {"step": STEPS, "action": ACTIONS, "condition": CONDITIONS, "trigger": TRIGGERS}
ALL = [(kind, name) for kind, registry in REGISTRIES.items() for name in registry]

EXAMPLE = """version: 1
id: capacity-check
title: Capacity check 18650
parameters: {cycles: {default: 3, min: 1, max: 100}}
record: {every: 1 s, on_change: {voltage: 5 mV, current: 10 mA, temp: 0.5 K}}
cycle: {begins: charge, ends: discharge, ce: discharge/charge}
limits:
  - {id: hot, trip: temp > 45 °C, samples: 2}
sequence:
  - {id: relax, rest: 30 min}
  - repeat: $cycles
    do:
      - {id: pause, rest: 30 min}
      - {id: charge, rest: 1 h, until: [{name: taper, when: current < 0.05 A, for: 10 s}]}
finally:
  - safe_state: channel
rules:
  - id: full
    title: Cell is full
    when: {run: step_ended, step: charge}
    if: step.ended_by == "taper"
    then:
      - marker: Charge end
      - export: {format: csv, device: channel.source}
      - notify: {to: lab, message: "Full: {{ step.ah }} Ah, CV {{ step.cv_share }}"}
  - id: hot-warning
    when: {expr: PSU_01.temp > 60 °C, for: 10 s}
    during: [charge]
    then:
      - set: {PSU_01.i_set: 0.5 A}
      - alarm: {severity: warning, text: Supply is hot}
x-layout:
  full: [420, 80]
"""


def fits(value, schema, root):
    """Whether a tree of texts, maps and lists has the structure of a schema; scalars all fit."""
    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in schema:
        return any(fits(value, form, root) for form in schema["anyOf"])
    kind = str(schema.get("type", ""))
    if isinstance(value, dict):
        return kind in {"object", ""} and "const" not in schema and fits_map(value, schema, root)
    if isinstance(value, list):
        items = schema.get("items", {})
        fitting = kind in {"array", ""} and "const" not in schema
        return fitting and all(fits(item, items, root) for item in value)
    if "const" in schema or "enum" in schema:
        return value in {str(word) for word in schema.get("enum", [schema.get("const")])}
    return kind not in {"object", "array"}


def fits_map(value, schema, root):
    properties = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    if not set(schema.get("required", ())) <= value.keys():
        return False
    for key, inner in value.items():
        form = properties.get(key, rest)
        if form is False or (isinstance(form, dict) and not fits(inner, form, root)):
            return False
    return True


def tree(text):
    return plain(read(text, "example.yaml"))


def references(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for inner in schema.values():
            yield from references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from references(inner)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_block_is_documented_and_stands_in_the_schema(kind, name):
    block = REGISTRIES[kind].get(name)
    assert (block.__doc__ or "").splitlines()[0].endswith(".")
    assert (importlib.import_module(block.__module__).__doc__ or "").startswith(f"``{name}``")
    forms = flow_schema()["$defs"][kind]["anyOf"]
    assert [form for form in forms if form.get("title") == name]


def test_every_action_may_stand_as_a_step():
    titles = {form.get("title") for form in flow_schema()["$defs"]["step"]["anyOf"]}
    assert {*ACTIONS, *STEPS} <= titles


def test_every_reference_of_the_schema_leads_somewhere():
    schema = flow_schema()
    assert {ref.rsplit("/", 1)[1] for ref in references(schema)} <= schema["$defs"].keys()


def test_the_example_reads_and_fits_the_schema():
    flow_of(EXAMPLE)
    assert fits(tree(EXAMPLE), flow_schema(), flow_schema())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rules:", "rulez:"),
        ("marker: Charge end", "marcer: Charge end"),
        ("run: step_ended, step", "run: step_ended, stop"),
        ("mode", "mode"),
        ("during: [charge]", "during: {a: b}"),
        ("set: {PSU_01.i_set: 0.5 A}", "set: 5"),
    ],
)
def test_what_the_reader_refuses_does_not_fit_either(before, after):
    text = EXAMPLE.replace(before, after)
    flow, _ = read_flow(text, "", PaperSite())
    assert (flow is not None) is fits(tree(text), flow_schema(), flow_schema())


SENTENCES = {
    "when: {expr: PSU_01.u_out > 4 V, for: 90 s}": "PSU_01.u_out > 4 V for 1 min 30 s",
    "when: {change: PSU_01.mode, to: CV}": "PSU_01.mode changes to CV",
    "when: {schedule: {every: 10 min}}": "every 10 min",
    "when: {run: step_ended, step: charge, ended_by: taper}": "step charge ends by taper",
    "when: {device: offline}": "a device is offline",
    "when: manual": "Somebody triggers it by hand",
}


@pytest.mark.parametrize("when", SENTENCES)
def test_a_rule_says_what_it_does(when):
    flow = flow_of(one_rule(f"{when}\nthen: [{{set: {{PSU_01.i_set: 0.5 A}}}}]"))
    assert flow.rules[0].sentence == f"When {SENTENCES[when]}: set PSU_01.i_set to 0.5 A"


REFUSED = {
    "unknown point": ("when: PSU_01.nope > 4 V", "unknown"),
    "wrong unit": ("when: PSU_01.u_out > 4 A", "unit"),
    "unknown edge": ("when: {expr: PSU_01.u_out > 4 V, edge: up}", "edge is one of"),
    "unknown key": ("when: {expr: PSU_01.u_out > 4 V, fir: 3 s}", "unknown key"),
    "set of a reading": ("when: manual\nthen: [{set: {PSU_01.u_out: 4 V}}]", "cannot be written"),
    "set in another unit": ("when: manual\nthen: [{set: {PSU_01.u_set: 4 A}}]", "is in A"),
    "set by an expression in another unit": (
        "when: manual\nthen: [{set: {PSU_01.u_set: PSU_01.i_out}}]",
        "is in A",
    ),
    "set of a point that is not there": ("when: manual\nthen: [{set: {X.y: 4 V}}]", "no point"),
    "cron of three fields": ("when: {schedule: 1 2 3}", "no cron expression"),
    "cron and every": ("when: {schedule: '* * * * *', every: 5 s}", "takes one of"),
    "no time": ("when: {schedule: {at: soon}}", "is no time"),
    "every too short": ("when: {schedule: {every: 10 ms}}", "at least 1 s"),
    "time window": ("when: manual\nif: {time: {after: '25:00'}}", "no time of day"),
    "day": ("when: manual\nif: {time: {days: [someday]}}", "is no day"),
    "unknown severity": ("when: manual\nthen: [{alarm: {severity: huge, text: x}}]", "warning"),
    "empty any": ("when: manual\nif: {any: []}", "at least one"),
    "template with a statement": ("when: manual\nthen: [{log: '{% for %}'}]", "values only"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_with_its_place(name):
    text, message = REFUSED[name]
    if "then:" not in text:
        text += "\nthen: [{log: x}]"
    flow, findings = read_flow(one_rule(text), "f.yaml", PaperSite())
    assert flow is None
    errors = [f for f in findings if f.severity == "error"]
    assert any(message in f"{f.code} {f.message} {f.hint}" for f in errors), findings
    assert all(finding.line >= 4 for finding in errors)


# Templates of sequences need a channel: test_templates.py runs each of them.
SHIPPED = sorted(p for p in shipped_path("rules").glob("*.yaml") if not p.stem.startswith("lib-"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_rules_work_in_a_project_without_devices(path):
    flow, findings = read_flow(path.read_text(encoding="utf-8"), path.name, PaperSite({}))
    assert flow is not None, [str(finding) for finding in findings]
    assert check_rules(flow) == []
    assert fits(tree(flow.text), flow_schema(), flow_schema())
    assert not [point for rule in flow.rules for n in rule.then for point in n.block.writes()]
