"""Fields, templates and edits: typed values with all complaints, messages, one changed scalar."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.core.errors import ConfigInvalid, Finding, NotFound, Rejected
from ionpy_auto.language import Fields, Scope, Template, plain, read, read_with_findings, set_scalar
from ionpy_auto.language.template import MAX_OUTPUT
from tests.unit.language.bench import BENCH, Values


def fields(text: str) -> Fields:
    return Fields(read(text), "f.yaml", [])


def test_fields_type_what_the_model_asks_for() -> None:
    taken = fields(
        "{a: 4200 mV, b: 1 h 30 min, c: 3, d: true, e: [x, y], f: {g: 1.5}, "
        "h: C/5, i: 25, j: rising}"
    )
    assert taken.quantity("a", "V") == pytest.approx(4.2)
    assert taken.duration("b") == 5400
    assert taken.integer("c") == 3
    assert taken.boolean("d")
    assert taken.texts("e") == ("x", "y")
    inner = taken.map("f")
    assert inner is not None
    assert inner.number("g") == 1.5
    assert taken.quantity("h", "A", capacity=2.5) == pytest.approx(0.5)
    assert taken.quantity("i", "°C") == 25
    assert taken.choice("j", ["rising", "falling"]) == "rising"
    assert taken.number("k", 7.0) == 7.0
    taken.unknown()
    assert taken.findings == []


def test_all_complaints_are_collected_with_their_places() -> None:
    taken = fields("a: yes\nb: 3 A\nc: 1.5\nd: 5\ne: x\nf: [1]\nlimts: 1\ng:\n")
    taken.boolean("a")
    taken.quantity("b", "V")
    taken.integer("c")
    taken.duration("d")
    taken.map("e")
    taken.text("f")
    taken.text("g")
    taken.text("h", required=True)
    taken.text("limits")
    taken.unknown()
    assert [(f.code, f.line, f.column) for f in taken.findings] == [
        ("wrong-value", 1, 4),
        ("wrong-value", 2, 4),
        ("wrong-value", 3, 4),
        ("wrong-value", 4, 4),
        ("wrong-type", 5, 4),
        ("wrong-type", 6, 4),
        ("missing-value", 8, 1),
        ("missing-key", 1, 1),
        ("unknown-key", 7, 1),
    ]
    assert taken.findings[-1].hint == "did you mean 'limits'?"


def test_parameter_stands_wherever_a_value_stands() -> None:
    findings: list[Finding] = []
    text = "{a: $rate, b: $cycles, c: {d: $armed}, e: $nobody, f: $third}"
    parameters = {"rate": "C/5", "cycles": 3, "armed": True, "third": 1 / 3}
    taken = Fields(read(text), "f.yaml", findings, parameters)
    assert taken.quantity("a", "A", capacity=2.5) == pytest.approx(0.5)
    assert taken.integer("b") == 3
    inner = taken.map("c")
    assert inner is not None
    assert inner.boolean("d")
    assert taken.number("f") == 1 / 3
    assert taken.number("e") is None
    assert [(f.code, f.column) for f in findings] == [("wrong-value", text.index("$nobody") + 1)]


def test_fields_of_something_else_than_a_map_are_empty_with_a_finding() -> None:
    taken = fields("[1, 2]")
    assert taken.keys == []
    assert [f.message for f in taken.findings] == ["a map is needed here, not a list"]


def test_expression_field_points_into_the_file() -> None:
    taken = fields("a: 1\nwhen: voltage > 5 A\n")
    assert taken.expression("when", BENCH, want="bool") is None
    assert [(f.line, f.column) for f in taken.findings] == [(2, 17)]


ENV = Values(
    {
        "step.ah": 2.4567,
        "step.time": 5430.0,
        "step.cv_share": 0.123,
        "step.ended_by": "taper",
        "PSU_01.u_mv": 4200.0,
        "PSU_01.output": True,
        "voltage": None,
    }
)
RENDERED = {
    "Full: {{ step.ah }} Ah": "Full: 2.4567 Ah",
    "{{ step.ah | round(2) }}": "2.46",
    "{{step.time|duration}}": "1 h 30 min 30 s",
    "{{ step.cv_share | percent }}": "12.3 %",
    "{{ step.ended_by | upper }}": "TAPER",
    "{{ voltage }} V": "? V",
    "{{ voltage | round(2) }} V": "? V",
    "{{ PSU_01.u_mv }} mV": "4200 mV",
    "{{ PSU_01.u_mv > 4 V }}": "true",
    "{{ 'a|b' }}": "a|b",
    "no fields { } at all": "no fields { } at all",
    "{{ step.ah }}{{ step.ah }}": "2.45672.4567",
    "": "",
}


@pytest.mark.parametrize("text", RENDERED)
def test_template_renders(text: str) -> None:
    assert Template.compile(text, BENCH).render(ENV) == RENDERED[text]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ step.ah", "syntax"),
        ("{{ }}", "empty"),
        ("{% for x in y %}", "not-allowed"),
        ("{{ step.ah | shell }}", "unknown-filter"),
        ("{{ ''.__class__ }}", "bad-character"),
        ("{{ 9**9**9 }}", "bad-power"),
        ("{{ nobody }}", "unknown-point"),
        ("{{ 'a' * 100000 }}", "not-a-number"),
        ("x" * 8193, "too-long"),
        ("{{ n }}" * 65, "too-long"),
    ],
)
def test_wrong_template_is_refused(text: str, code: str) -> None:
    findings: list[Finding] = []
    assert Template.parse(text, BENCH, findings) is None
    assert code in [f.code for f in findings]
    with pytest.raises(ConfigInvalid):
        Template.compile(text, BENCH)


def test_template_error_points_into_the_text() -> None:
    findings: list[Finding] = []
    Template.parse("Full: {{ voltage > 5 A }}", BENCH, findings)
    assert [(f.line, f.column) for f in findings] == [(1, 20)]


def test_output_is_cut() -> None:
    template = Template.compile("{{ a }}" * 64, Scope())
    text = template.render(Values({"a": "x" * 1000}))
    assert (len(text), text[-1]) == (MAX_OUTPUT, "…")


@settings(deadline=None)
@given(st.text(alphabet="{}|% 'a1.()n$", max_size=40))
def test_any_text_is_a_template_or_a_finding(text: str) -> None:
    findings: list[Finding] = []
    template = Template.parse(text, BENCH, findings)
    assert template is not None or findings
    assert template is None or isinstance(template.render(ENV), str)


DOCUMENT = """\
# top
a: 1   # one
b: 'it''s'
c: "q"
d:
e: {x: 1, y: [2, 3]}  # flow
f: >
  block
  text

# tail
g: end
"""

EDITS = {
    "plain": (["a"], "2", "a: 2   # one"),
    "single quotes stay": (["b"], "isn't", "b: 'isn''t'"),
    "double quotes stay": (["c"], 'a "b"', 'c: "a \\"b\\""'),
    "empty value": (["d"], "4.2 V", "d: 4.2 V"),
    "inside flow, needs quotes": (
        ["e", "x"],
        "max(a, 1)",
        "e: {x: 'max(a, 1)', y: [2, 3]}  # flow",
    ),
    "inside a list": (["e", "y", 1], "5 °C", "e: {x: 1, y: [2, 5 °C]}  # flow"),
    "a comment sign is quoted": (["a"], "x # y", "a: 'x # y'   # one"),
    "a colon is quoted": (["a"], "x: y", "a: 'x: y'   # one"),
    "line breaks are escaped": (["a"], "x\ny", 'a: "x\\ny"   # one'),
}


@pytest.mark.parametrize(("path", "new", "line"), EDITS.values(), ids=EDITS)
def test_edit_changes_one_line_and_nothing_else(path: list[str | int], new: str, line: str) -> None:
    edited = set_scalar(DOCUMENT, path, new)
    before, after = DOCUMENT.splitlines(), edited.splitlines()
    changed = [i for i, (old, now) in enumerate(zip(before, after, strict=True)) if old != now]
    assert [after[i] for i in changed] == [line]


def test_block_is_replaced_up_to_its_last_word() -> None:
    edited = set_scalar(DOCUMENT, ["f"], "short")
    assert edited == DOCUMENT.replace(">\n  block\n  text", "short")


def test_edit_of_a_map_or_of_nothing_is_refused() -> None:
    with pytest.raises(Rejected):
        set_scalar(DOCUMENT, ["e"], "1")
    with pytest.raises(NotFound):
        set_scalar(DOCUMENT, ["zzz"], "1")
    with pytest.raises(NotFound):
        set_scalar(DOCUMENT, ["e", "y", 7], "1")
    with pytest.raises(NotFound):
        set_scalar(DOCUMENT, ["a", "b"], "1")


PATHS: list[list[str | int]] = [["a"], ["b"], ["c"], ["d"], ["e", "x"], ["e", "y", 0], ["f"], ["g"]]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), st.text(max_size=20))
def test_edited_document_reads_as_wanted_or_the_edit_is_refused(
    path: list[str | int], new: str
) -> None:
    try:
        edited = set_scalar(DOCUMENT, path, new)
    except Rejected:
        return
    root, findings = read_with_findings(edited)
    assert root is not None
    assert findings == []
    tree, old = plain(root), plain(read(DOCUMENT))
    assert isinstance(tree, dict)
    assert isinstance(old, dict)
    key = str(path[0])
    assert {k: v for k, v in tree.items() if k != key} == {k: v for k, v in old.items() if k != key}
    value = tree[key]
    for step in path[1:]:
        value = value[step]
    assert (value or "") == new
