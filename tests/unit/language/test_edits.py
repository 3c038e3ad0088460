"""Structured edits of a text: what was asked for changes, all else stays as it was written."""

from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import (
    Edit,
    ListNode,
    MapNode,
    Node,
    TextNode,
    apply_edits,
    logic_hash,
    plain,
    read,
)
from ionpy_auto.language.document import MAX_EDITS
from ionpy_auto.language.document import as_plain as as_text
from ionpy_auto.language.spans import Page

ODD = """\
# Kopf: Größe, Prüfung µΩ

version: 1      # eins
id: 'odd'       # 'in quotes'
title:   "Prüfung, \\"groß\\" µΩ"   # aligned
empty:
parameters: { rate: 0.5 C, cycles: [1, 2, 3,], deep: {a: {b: 'c, d'}}, }  # in brackets
multi: {
  a: 1,    # erstes
  # dazwischen
  b: "zwei",
  c: [x,
      y, 'z']   # drittes
}
limits: []

# Abschnitt: Sequenz
sequence:

- id: charge    # no indent
  charge: {current: 0.5 C, voltage: 4.2 V}   # CC

  # über until
  until:
    - voltage > 4.2 V   # Ende eins

    # Kommentar zum zweiten
    - {name: taper, when: current < 0.05 C}
    - name: time
      # im Innern
      when: >
        step.time > 4 h
        and temp < 40 °C

  # ganz hinten
# am Rand
- - nested
  - - deeper   # tief
    - more
-
- plain text
  over lines   # nach Zeilen
- "double
  over lines"
text: |
  erste Zeile  # kein Kommentar

  dritte

notes: >-
    folded

    text
other:
    four:
        deep: 1
        list:
        -   wide
        -   a: 1
            b: 2

x-layout:
  full: [420, 80]   # box
# Ende"""

FLOW = """\
version: 1
id: full            # the flow
sequence:
  - {id: charge, charge: {current: 0.5 C}, until: ["max(a, b) > 4.2 V", current < 50 mA]}  # eins
  # pausieren
  - id: pause
    rest: 30 min   # Ruhe
rules:
  - id: hot
    when: {expr: temp > 45 °C, for: 10 s}
    then:
      - set: {PSU_01.i_set: 0.5 A, PSU_01.u_set: 4 V}
      - marker: "Heiß: {{ temp }}"
"""
DOCUMENTS = [
    ODD,
    ODD.replace("\n", "\r\n"),
    ODD + "\n",
    FLOW,
    FLOW.replace("\n", "\r\n"),
    "\ufeff" + FLOW,
]


def edited(text: str, *edits: Edit) -> str:
    return apply_edits(text, edits)


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, between the common head and tail."""
    old, new = before.split("\n"), after.split("\n")
    head = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))))
    turned = zip(old[head:][::-1], new[head:][::-1], strict=False)
    tail = len(list(takewhile(lambda pair: pair[0] == pair[1], turned)))
    return old[head : len(old) - tail], new[head : len(new) - tail]


CASES = {
    "a number": (
        Edit("set", ("sequence", 0, "charge", "current"), "0.7 C"),
        ["  charge: {current: 0.5 C, voltage: 4.2 V}   # CC"],
        ["  charge: {current: 0.7 C, voltage: 4.2 V}   # CC"],
    ),
    "quotes stay": (
        Edit("set", ("title",), "kurz"),
        ['title:   "Prüfung, \\"groß\\" µΩ"   # aligned'],
        ['title:   "kurz"   # aligned'],
    ),
    "a comma is quoted": (
        Edit("set", ("sequence", 0, "until", 0), "avg(voltage, 10 s) > 4 V"),
        ["    - voltage > 4.2 V   # Ende eins"],
        ["    - 'avg(voltage, 10 s) > 4 V'   # Ende eins"],
    ),
    "of a map only what differs": (
        Edit("set", ("sequence", 0, "charge"), {"current": "1 C", "voltage": "4.2 V", "for": 3}),
        ["  charge: {current: 0.5 C, voltage: 4.2 V}   # CC"],
        ["  charge: {current: 1 C, voltage: 4.2 V, for: 3}   # CC"],
    ),
    "a new key goes before the layout": (
        Edit("set", ("key",), True),
        [],
        ["key: true"],
    ),
    "a map where nothing stood": (
        Edit("set", ("empty",), {"a": 1, "b": ["x", {"c": 2, "d": 3}]}),
        [],
        ["    a: 1", "    b:", "    - x", "    - {c: 2, d: 3}"],
    ),
    "a key where nothing stood": (
        Edit("set", ("empty", "a"), 1),
        [],
        ["    a: 1"],
    ),
    "an item into an empty list": (
        Edit("insert", ("limits", -1), {"id": "hot", "trip": "temp > 45 °C"}),
        ["limits: []"],
        ["limits:", "- {id: hot, trip: temp > 45 °C}"],
    ),
    "an item among others": (
        Edit("insert", ("sequence", 0, "until", 1), {"when": "a > 1", "for": "3 s"}),
        [],
        ["    - {when: a > 1, for: 3 s}"],
    ),
    "an item at the end": (
        Edit("insert", ("sequence", -1), {"rest": "3 min"}),
        [],
        ["- rest: 3 min"],
    ),
    "an item in brackets": (
        Edit("insert", ("parameters", "cycles", 1), "max(a, b)"),
        ["parameters: { rate: 0.5 C, cycles: [1, 2, 3,], deep: {a: {b: 'c, d'}}, }  # in brackets"],
        [
            (
                "parameters: { rate: 0.5 C, cycles: [1, 'max(a, b)', 2, 3,], "
                "deep: {a: {b: 'c, d'}}, }  # in brackets"
            )
        ],
    ),
    "the first key behind a dash": (
        Edit("remove", ("sequence", 0, "id")),
        ["- id: charge    # no indent", "  charge: {current: 0.5 C, voltage: 4.2 V}   # CC"],
        ["- charge: {current: 0.5 C, voltage: 4.2 V}   # CC"],
    ),
    "a block up to its last word": (
        Edit("remove", ("text",)),
        ["text: |", "  erste Zeile  # kein Kommentar", "", "  dritte"],
        [],
    ),
    "a block text stays a block": (
        Edit("set", ("text",), "neu\n\nzwei\n"),
        ["  erste Zeile  # kein Kommentar", "", "  dritte"],
        ["  neu", "", "  zwei"],
    ),
    "an item in its lines": (
        Edit("remove", ("sequence", 3)),
        ["- plain text", "  over lines   # nach Zeilen"],
        [],
    ),
    "the last key of a map leaves brackets": (
        Edit("remove", ("other", "four")),
        [
            *("other:", "    four:", "        deep: 1", "        list:", "        -   wide"),
            *("        -   a: 1", "            b: 2"),
        ],
        ["other: {}"],
    ),
    "a line of brackets over lines": (
        Edit("remove", ("multi", "c")),
        ['  b: "zwei",', "  c: [x,", "      y, 'z']   # drittes"],
        ['  b: "zwei"   # drittes'],
    ),
    "a key's name": (
        Edit("rename", ("notes",), name="remarks"),
        ["notes: >-"],
        ["remarks: >-"],
    ),
    "a scalar becomes a map, its comment stays": (
        Edit("set", ("id",), {"a": "b"}),
        ["id: 'odd'       # 'in quotes'"],
        ["id:       # 'in quotes'", "    a: b"],
    ),
    "an item that is moved takes its comment along": (
        Edit("move", ("sequence", 0, "until", 1), to=("sequence", 0, "until", 0)),
        [
            *("    - voltage > 4.2 V   # Ende eins", "", "    # Kommentar zum zweiten"),
            "    - {name: taper, when: current < 0.05 C}",
        ],
        [
            *("    # Kommentar zum zweiten", "    - {name: taper, when: current < 0.05 C}"),
            *("    - voltage > 4.2 V   # Ende eins", ""),
        ],
    ),
    "an item is written a second time, comments inside included": (
        Edit("duplicate", ("sequence", 0, "until", 2)),
        [],
        [
            *("    - name: time", "      # im Innern", "      when: >"),
            *("        step.time > 4 h", "        and temp < 40 °C"),
        ],
    ),
    "a place in the layout": (
        Edit("layout", ("charge",), [10, 20.5]),
        [],
        ["  charge: [10, 20.5]"],
    ),
    "a place is forgotten, and the empty block with it": (
        Edit("layout", ("full",)),
        ["x-layout:", "  full: [420, 80]   # box"],
        [],
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("edit", "gone", "came"), CASES.values(), ids=CASES)
def test_edit_changes_these_lines_alone(
    edit: Edit, gone: list[str], came: list[str], newline: str
) -> None:
    before = ODD.replace("\n", newline)
    after = apply_edits(before, [edit])
    assert after.count("\n") == after.count(newline)
    old, new = ODD.split("\n"), after.replace("\r\n", "\n").split("\n")
    for line in came:
        new.remove(line)
    for line in gone:
        old.remove(line)
    assert sorted(new) == sorted(old)
    assert changed_lines(ODD, after.replace("\r\n", "\n")) == (gone, came)
    read(after)


def test_an_item_moves_into_another_list_with_its_own_words() -> None:
    loop = "a:\n  - repeat: 3\n    do:\n      - x   # eins\n"
    text = loop + "  # zwei\n  - id: y   # zwei\n    rest: 1 s\n"
    assert edited(text, Edit("move", ("a", 1), to=("a", 0, "do", 1))) == (
        loop + "      # zwei\n      - id: y   # zwei\n        rest: 1 s\n"
    )


def test_a_step_never_moves_into_itself() -> None:
    text = "a:\n  - do:\n      - x\n"
    with pytest.raises(Rejected) as caught:
        edited(text, Edit("move", ("a", 0), to=("a", 0, "do", 0)))
    assert caught.value.error_code == "EDIT_REFUSED"


def test_the_layout_is_added_at_the_very_end_and_is_no_logic() -> None:
    for text in ("a: 1", "a: 1\r\n# end\r\n", FLOW, "\ufeff" + FLOW):
        after = edited(text, Edit("layout", ("charge",), [1, 2]))
        assert after.startswith(text)
        assert after.endswith("\n") is text.endswith("\n")
        assert logic_hash(after) == logic_hash(text)
        assert edited(after, Edit("layout", ("charge",))).rstrip("\r\n") == text.rstrip("\r\n")


def test_logic_is_what_a_text_means_not_how_it_is_written() -> None:
    assert logic_hash("a: 'x'  # c\n") == logic_hash("a: x")
    assert logic_hash("a: x\nb: y\n") != logic_hash("b: y\na: x\n")
    assert logic_hash("a: x\nx-layout: {n: [1, 2]}\n") == logic_hash("a: x\n")
    assert logic_hash("a: x\n") != logic_hash("a: z\n")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "a: 1\n"),
        ("# only a comment", "# only a comment\na: 1\n"),
        ("# Kopf\r\n", "# Kopf\r\na: 1\r\n"),
        ("{}  # nothing yet\n", "{a: 1}  # nothing yet\n"),
        ("---\n{ }\n", "---\n{a: 1}\n"),
    ],
)
def test_the_first_key_of_a_text_without_content(text: str, after: str) -> None:
    assert edited(text, Edit("set", ("a",), 1)) == after
    assert edited(text, Edit("insert", ("a",), 1)) == after


def test_expressions_cut_by_a_comma_are_quoted_where_they_stand() -> None:
    text = "a: {when: avg(temp, 10 s) > 4, x: [max(a, b), c]}   # Größe\nb: 1"
    assert edited(text, Edit("quote")) == (
        "a: {when: 'avg(temp, 10 s) > 4', x: ['max(a, b)', c]}   # Größe\nb: 1"
    )


REFUSED = {
    "a text that cannot be read": ("a: [", Edit("set", ("a",), 1)),
    "a duplicate key": ("a: 1\na: 2\n", Edit("set", ("a",), 1)),
    "nothing there": (FLOW, Edit("remove", ("limits", 0))),
    "below nothing": (FLOW, Edit("set", ("limits", "a", "b"), 1)),
    "an item that is not there": (FLOW, Edit("set", ("sequence", 7), 1)),
    "behind the end": (FLOW, Edit("insert", ("sequence", 3), 1)),
    "a key into a list": (FLOW, Edit("insert", ("sequence", "a"), 1)),
    "a key that is there": (FLOW, Edit("insert", ("id",), 1)),
    "a name that is there": (FLOW, Edit("rename", ("id",), name="version")),
    "the name of an item": (FLOW, Edit("rename", ("sequence", 0), name="a")),
    "a key that is moved": (FLOW, Edit("move", ("id",), to=("sequence", 0))),
    "a move to nowhere": (FLOW, Edit("move", ("sequence", 0))),
    "a place of three numbers": (FLOW, Edit("layout", ("a",), [1, 2, 3])),
    "no place": (FLOW, Edit("layout", ("a",), [True, False])),
    "the whole text": (FLOW, Edit("set", (), {"a": 1})),
    "too deep": (FLOW, Edit("set", ("a",), [[[[[[[[[[]]]]]]]]]] * 2)),
    "not a number": (FLOW, Edit("set", ("a",), float("nan"))),
    "half a character": (FLOW, Edit("set", ("a",), "\ud800")),
    "an empty item in brackets": ("a: [1]", Edit("insert", ("a", 0), None)),
}


@pytest.mark.parametrize(("text", "edit"), REFUSED.values(), ids=REFUSED)
def test_an_edit_that_cannot_be_made_is_refused_by_name(text: str, edit: Edit) -> None:
    if edit.path == ("a",) and isinstance(edit.value, list) and len(edit.value) == 2:
        deep: Any = "x"
        for _ in range(40):
            deep = [deep]
        edit = Edit("set", ("a",), deep)
    with pytest.raises(Rejected) as caught:
        apply_edits(text, [edit])
    assert caught.value.error_code == "EDIT_REFUSED"
    assert caught.value.arguments["reason"]
    assert caught.value.arguments["op"] == edit.op


def test_edits_follow_each_other_and_one_refusal_refuses_all() -> None:
    edits = [
        Edit("duplicate", ("sequence", 1)),
        Edit("set", ("sequence", 2, "id"), "pause-2"),
        Edit("set", ("sequence", 2, "rest"), "1 h"),
    ]
    after = apply_edits(FLOW, edits)
    assert after == FLOW.replace("# Ruhe\n", "# Ruhe\n  - id: pause-2\n    rest: 1 h   # Ruhe\n")
    with pytest.raises(Rejected) as caught:
        apply_edits(FLOW, [*edits, Edit("remove", ("nobody",))])
    assert caught.value.arguments["index"] == 3
    with pytest.raises(Rejected):
        apply_edits(FLOW, [Edit("set", ("id",), "a")] * (MAX_EDITS + 1))


# --- generated edits -----------------------------------------------------------------------


WORDS = [
    *("1", "4.2 V", "yes", "", "avg(x, 10 s) > 4 V", "x # y", "k: v", "- z", "{{ t }}", '"q"'),
    *("it's", "Größe µ", "\tx", "a\nb", "a\n\nb\n", " lead", "trail ", "%x", "@x", "*a", "&b"),
    *("[x", "#", "?", "!t", "null", "~", "\x07", "é\u2028z", "k", ":", "\U0001f600", "x" * 200),
]
words = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    words | st.none() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "a", "ä ö", "b, c", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)


def walk(node: Node, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(node, MapNode):
        for key, entry in node.entries.items():
            found += walk(entry.node, (*path, key))
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            found += walk(item, (*path, index))
    return found


def model(text: str, path: tuple[str | int, ...], change: str, value: object) -> object:
    tree: Any = plain(read(text))
    inner = tree
    for step in path[:-1]:
        inner = inner[step]
    if change == "set":
        inner[path[-1]] = as_text(value)
    elif change == "insert":
        inner.insert(path[-1], as_text(value))
    else:
        del inner[path[-1]]
    return tree


def attempt(text: str, edit: Edit) -> str | None:
    """The edited text, or None where the edit was refused in the one form."""
    try:
        return apply_edits(text, [edit])
    except Rejected as refused:
        assert refused.error_code == "EDIT_REFUSED"  # noqa: PT017  # a refusal is an answer here
        return None


def is_outside_untouched(text: str, after: str, edit: Edit) -> bool:
    """Whether only the edited key or item differs, with its separators and, removed, its line."""
    page = Page(text, read(text))
    holder = page.find(edit.path[:-1])
    assert isinstance(holder, (MapNode, ListNode))
    step = edit.path[-1]
    index = list(holder.entries).index(str(step)) if isinstance(holder, MapNode) else int(step)
    unit = page.units(holder)[index]
    if edit.op == "insert":
        ahead = len(
            list(takewhile(lambda pair: pair[0] == pair[1], zip(text, after, strict=False)))
        )
        return after.endswith(text[ahead:])  # all of the old text, and something in between
    if edit.op == "set":
        line = page.line_end(unit.end)
        is_single = isinstance(unit.node, TextNode)  # else it stands behind a part that may go
        comment = text[unit.end : line] if is_single else ""
        return (
            after.startswith(text[: unit.value_at])
            and after.endswith(text[line:])
            and comment in after[unit.value_at :]
        )
    end = unit.end if holder.flow else page.line_end(unit.end)
    blank = " ,\t\r\n"
    return after.startswith(text[: unit.start].rstrip(blank)) and after.endswith(
        text[end:].lstrip(blank)
    )


@settings(max_examples=220, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.sampled_from(["set", "remove", "insert"]), values, st.data())
def test_what_was_not_edited_stays_byte_for_byte(
    text: str, op: Any, value: Any, data: st.DataObject
) -> None:
    paths = walk(read(text))
    if op == "insert":
        paths = [path for path in paths if isinstance(path[-1], int)]
    edit = Edit(op, data.draw(st.sampled_from(paths)), value)
    after = attempt(text, edit)
    if after is None:  # an empty item is the one thing that brackets cannot hold
        assert "None" in repr(value)
        assert Page(text, read(text)).in_brackets(edit.path)
        return
    assert plain(read(after)) == model(text, edit.path, op, value)
    assert is_outside_untouched(text, after, edit)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DOCUMENTS), words.filter(lambda word: "\n" not in word), st.data())
def test_one_changed_value_is_one_changed_line(text: str, word: str, data: st.DataObject) -> None:
    page = Page(text, read(text))
    paths = [p for p in walk(page.root) if "\n" not in getattr(page.find(p), "raw", "\n")]
    after = apply_edits(text, [Edit("set", data.draw(st.sampled_from(paths)), word)])
    gone, came = changed_lines(text, after)
    assert len(gone) == len(came) <= 1


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.sampled_from(["move", "duplicate"]), st.data())
def test_moving_and_doubling_loses_no_comment(text: str, op: Any, data: st.DataObject) -> None:
    items = st.sampled_from([path for path in walk(read(text)) if isinstance(path[-1], int)])
    after = attempt(text, Edit(op, data.draw(items), to=data.draw(items)))
    assert after is None or after.count("#") >= text.count("#")


def test_the_work_of_one_request_is_bounded() -> None:
    text = "# long\n" * 60_000 + FLOW
    edits = [Edit("set", ("id",), f"n{number}") for number in range(50)]
    assert apply_edits(text, edits[:3]).endswith(FLOW.replace("full ", "n2 ").split("\n", 1)[1])
    with pytest.raises(Rejected, match="too much work"):
        apply_edits(text, edits)


def test_new_nodes_are_written_as_the_file_writes_its_own():
    step = {"id": "charge", "charge": {"current": "1 A", "voltage": "4.2 V"}, "until": ["a > 1"]}
    insert = Edit("insert", ("sequence", -1), step)
    terse = apply_edits("id: a\nsequence:\n  - {id: relax, rest: 1 s}\n", [insert])
    assert terse.endswith(
        "  - id: charge\n    charge: {current: 1 A, voltage: 4.2 V}\n    until: [a > 1]\n"
    )
    long = "id: a\nsequence:\n  - id: relax\n    rest: 1 s\n"
    assert apply_edits(long, [insert]).endswith(
        "    charge:\n      current: 1 A\n      voltage: 4.2 V\n    until:\n      - a > 1\n"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_part_stands_apart_where_the_parts_of_the_file_do(newline: str):
    rules = [{"id": "hot", "when": ["temp > 45 °C"], "then": [{"marker": "hot"}]}]
    airy = "id: a\n\n# what is done\nsequence:\n  - {rest: 1 s}\n".replace("\n", newline)
    dense = airy.replace(newline * 2, newline)
    added = Edit("set", ("rules",), rules)
    assert f"1 s}}{newline}{newline}rules:{newline}" in apply_edits(airy, [added])
    assert f"1 s}}{newline}rules:{newline}" in apply_edits(dense, [added])
    one_line = apply_edits(airy, [Edit("set", ("title",), "One")])
    assert one_line == f"{airy}title: One{newline}"
