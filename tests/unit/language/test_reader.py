"""The strict reader: what it accepts, what it refuses, and that it never breaks."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.language import MapNode, Node, TextNode, plain, read, read_with_findings

FLOW = """\
version: 1
id: capacity-check            # a comment
parameters: {cycles: {default: 3, min: 1, max: 100}}
limits:
  - {id: hot, trip: temp > 45 °C, samples: 2}
sequence:
  - repeat: $cycles
    do:
      - id: charge
        charge: {current: 0.5 C, voltage: 4.2 V}
        until:
          - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
          - when: >
              avg(voltage, 10 s) > 4.1 V
              and temp < 40 °C
rules:
  - id: full
    then: [{marker: Charge end}, {notify: {to: lab, message: "Full: {{ step.ah }} Ah"}}]
"""


def test_every_scalar_stays_the_text_that_was_written() -> None:
    text = "a: yes\nb: 22:30\nc: 010\nd: 1e3\ne: ~\nf: null\ng: 2026-11-21\nh: 0x1F\ni: .inf"
    assert plain(read(text)) == {
        "a": "yes",
        "b": "22:30",
        "c": "010",
        "d": "1e3",
        "e": "~",
        "f": "null",
        "g": "2026-11-21",
        "h": "0x1F",
        "i": ".inf",
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"[:0], "\n\n"])
def test_text_without_content_is_an_empty_map(text: str) -> None:
    assert plain(read(text)) == {}


REFUSED = {
    "duplicate": ("max: 10\nmax: 60\n", "duplicate-key", 2, 1),
    "alias": ("a: *b\n", "alias", 1, 4),
    "anchor": ("a: &b 1\n", "anchor", 1, 4),
    "anchor on a list": ("a: &b [1]\n", "anchor", 1, 4),
    "tag": ("a: !!python/object:os.system x\n", "tag", 1, 4),
    "harmless tag": ("a: !!str 1\n", "tag", 1, 4),
    "merge key": ("<<: {a: 1}\n", "merge-key", 1, 1),
    "two documents": ("a: 1\n---\nb: 2\n", "several-documents", 2, 1),
    "tag directive": ("%TAG ! tag:x,2000:\n---\na: 1\n", "tag", 1, 1),
    "list as key": ("? [a]\n: 1\n", "key-not-text", 1, 3),
    "unquoted template": ("m: {{ step.ah }}\n", "key-not-text", 1, 5),
    "tab": ("a:\n\t- b\n", "syntax", 2, 1),
    "colon in text": ("a: b: c\n", "syntax", 1, 5),
    "open quote": ('a: "b\n', "syntax", 2, 1),
    "control character": ("a: é\x01\n", "bad-character", 1, 5),
    "lone surrogate": ("a: \ud800\n", "bad-character", 1, 4),
    "too deep": ("[" * 40, "too-deep", 1, 33),
    "comma in a call": ("{when: clamp(i, 1, 2) > 3, for: 10 s}\n", "broken-by-comma", 1, 8),
    "comma in a list": ("[avg(u, 10 s) > 3, i > 1]\n", "broken-by-comma", 1, 2),
}


@pytest.mark.parametrize(("text", "code", "line", "column"), REFUSED.values(), ids=REFUSED)
def test_refused_texts_say_where(text: str, code: str, line: int, column: int) -> None:
    _, findings = read_with_findings(text, "flow.yaml")
    assert [(f.code, f.line, f.column) for f in findings] == [(code, line, column)]
    assert findings[0].file == "flow.yaml"
    assert findings[0].hint


def test_expression_cut_by_a_comma_is_shown_whole_and_quoted() -> None:
    _, findings = read_with_findings("{when: clamp(i, 1, 1) > 3 A, for: 10 s}")
    assert findings[0].hint == "quote it: 'clamp(i, 1, 1) > 3 A'"


def test_parentheses_of_prose_are_no_cut_expression() -> None:
    assert plain(read("[smile :(, then (go) on]")) == ["smile :(", "then (go) on"]


def test_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a, *a]\n" for i in range(20))
    with pytest.raises(ConfigInvalid) as caught:
        read(bomb)
    assert caught.value.findings[0].code == "anchor"


def test_text_over_a_megabyte_is_refused() -> None:
    _, findings = read_with_findings("a: " + "x" * 1_000_001)
    assert findings[0].code == "too-large"


def test_more_than_the_bounded_number_of_values_is_refused() -> None:
    _, findings = read_with_findings("[" + "1," * 100_001 + "]")
    assert findings[0].code == "too-many-nodes"


PLACES = {
    "plain": ("k: a + bb", "k", "bb", (1, 8)),
    "single quotes": ("k: 'it''s x'", "k", "x", (1, 11)),
    "just behind a doubled quote": ("k: 'it''s x'", "k", "s", (1, 9)),
    "double quotes": ('k: "a\\u00e9\\" x"', "k", "x", (1, 15)),
    "literal block": ("k: |\n  one\n  and two\n", "k", "two", (3, 7)),
    "folded block": ("k: >-\n   one\n   two\n", "k", "two", (3, 4)),
    "plain over lines": ("k: one\n  and two", "k", "two", (2, 7)),
    "after a byte order mark": ("\ufeffk: one two", "k", "two", (1, 9)),
    "after carriage returns": ("a: é\r\nk: one two\r\n", "k", "two", (2, 8)),
}


@pytest.mark.parametrize(("text", "key", "word", "place"), PLACES.values(), ids=PLACES)
def test_places_inside_a_scalar_are_places_in_the_file(
    text: str, key: str, word: str, place: tuple[int, int]
) -> None:
    root = read(text)
    assert isinstance(root, MapNode)
    node = root.get(key)
    assert isinstance(node, TextNode)
    assert node.place(node.text.index(word)) == place


def test_offsets_cut_the_scalar_out_of_the_text() -> None:
    text = "\ufeffa: 'é'\nb: [x, \"y\"]\n"
    root = read(text)

    def leaves(node: Node) -> list[TextNode]:
        if isinstance(node, MapNode):
            return [leaf for entry in node.entries.values() for leaf in leaves(entry.node)]
        return [node] if isinstance(node, TextNode) else [x for n in node.items for x in leaves(n)]

    cut = [text[leaf.start.offset : leaf.end.offset] for leaf in leaves(root)]
    assert cut == ["'é'", "x", '"y"']


def test_paths_name_the_way_to_a_node() -> None:
    root = read(FLOW)
    assert isinstance(root, MapNode)
    limits = root.entries["limits"].node
    assert not isinstance(limits, TextNode)
    assert plain(limits) == [{"id": "hot", "trip": "temp > 45 °C", "samples": "2"}]
    first = limits.items[0] if not isinstance(limits, MapNode) else limits
    assert isinstance(first, MapNode)
    assert first.entries["trip"].node.path == "limits.0.trip"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_reading_any_text_gives_a_tree_or_findings_with_places(text: str) -> None:
    node, findings = read_with_findings(text)
    assert node is None or isinstance(node, get_args(Node))
    assert node is not None or findings
    assert all(f.line >= 1 and f.column >= 1 and f.message for f in findings)


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, len(FLOW)),
    st.integers(0, 12),
    st.text(alphabet="{}[](),:'\"|>-&*!#%@\t\n x1\u00b5\x00", max_size=6),
)
def test_reading_a_damaged_flow_gives_a_tree_or_findings(at: int, cut: int, new: str) -> None:
    node, findings = read_with_findings(FLOW[:at] + new + FLOW[at + cut :])
    assert node is not None or findings
    assert all(f.line >= 1 and f.column >= 1 for f in findings)
