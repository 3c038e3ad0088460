"""Which parts of a flow changed: what a graph colours."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.language import Change, changes, plain, read

OLD = "id: a\nsequence:\n  - {id: x, rest: 1 s}\n  - {id: y, rest: 2 s}\n  - wait: 3 s\n"

CASES = {
    "nothing": (OLD, []),
    "a comment": (OLD + "# c", []),
    "a value": (OLD.replace("2 s", "9 s"), [Change("changed", ("sequence", 1, "rest"))]),
    "a new step": (
        OLD.replace("  - {id: y", "  - {id: z}\n  - {id: y"),
        [Change("added", ("sequence", 1))],
    ),
    "a step that went": (
        OLD.replace("  - {id: x, rest: 1 s}\n", ""),
        [Change("removed", ("sequence", 0))],
    ),
    "a step that moved and changed": (
        "id: a\nsequence:\n  - {id: y, rest: 2 s}\n  - {id: x, rest: 5 s}\n  - wait: 3 s\n",
        [Change("changed", ("sequence", 1, "rest"))],
    ),
    "a step without id": (
        OLD.replace("3 s", "4 s"),
        [Change("changed", ("sequence", 2, "wait"))],
    ),
    "another verb": (
        OLD.replace("{id: x, rest: 1 s}", "{id: x, wait: 1 s}"),
        [Change("added", ("sequence", 0, "wait")), Change("removed", ("sequence", 0, "rest"))],
    ),
    "another kind of value": (
        OLD.replace("id: a", "id: [a]"),
        [Change("changed", ("id",))],
    ),
}


@pytest.mark.parametrize(("new", "wanted"), CASES.values(), ids=CASES)
def test_changed_parts_are_named_by_their_path(new: str, wanted: list[Change]) -> None:
    assert list(changes(plain(read(OLD)), plain(read(new)))) == wanted


trees = st.recursive(
    st.none() | st.sampled_from(["a", "b", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "k", "l"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(trees, trees)
def test_every_named_part_exists(old: Any, new: Any) -> None:
    assert list(changes(old, old)) == []
    for change in changes(old, new):
        tree = old if change.kind == "removed" else new
        for step in change.path:
            tree = tree[step]
