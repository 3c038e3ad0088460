"""Three-way merge: both changes together or a clash, never a guess."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.language import Clash, merge
from ionpy_auto.language.merge import MAX_LINES

lines = st.lists(st.sampled_from(["a\n", "b\n", "c: 1\n", "  - ä\r\n", "\n"]), max_size=12)
texts = lines.map("".join)


def test_changes_in_different_places_come_together() -> None:
    base = "a: 1\nb: 2\nc: 3\nd: 4\n"
    merged = merge(base, base.replace("1", "10"), base.replace("d: 4", "d: 40\ne: 5"))
    assert merged.text == "a: 10\nb: 2\nc: 3\nd: 40\ne: 5\n"
    assert merged.clashes == ()


def test_the_same_line_changed_twice_is_a_clash_with_its_place() -> None:
    base = "a: 1\nb: 2\nc: 3\n"
    merged = merge(base, base.replace("2", "20"), base.replace("2", "21"))
    assert merged.text is None
    assert merged.clashes == (Clash(2, "b: 2\n", "b: 20\n", "b: 21\n"),)


def test_two_insertions_in_one_place_are_a_clash() -> None:
    merged = merge("a\nz\n", "a\nb\nz\n", "a\nc\nz\n")
    assert merged.clashes == (Clash(2, "", "b\n", "c\n"),)


def test_a_missing_last_line_break_glues_no_lines() -> None:
    assert merge("a", "a\nb", "a\nc").text is None
    assert merge("x\na", "x\na\nb", "y\na").clashes


@settings(max_examples=150, deadline=None)
@given(texts, texts)
def test_a_side_that_did_nothing_follows_the_other(base: str, other: str) -> None:
    assert merge(base, base, other).text == other
    assert merge(base, other, base).text == other
    assert merge(base, other, other).text == other


@settings(max_examples=150, deadline=None)
@given(texts, texts, texts)
def test_the_sides_may_change_places(base: str, mine: str, theirs: str) -> None:
    merged, turned = merge(base, mine, theirs), merge(base, theirs, mine)
    assert merged.text == turned.text
    assert [(c.line, c.mine, c.theirs) for c in merged.clashes] == [
        (c.line, c.theirs, c.mine) for c in turned.clashes
    ]
    known = {*mine.splitlines(keepends=True), *theirs.splitlines(keepends=True)}
    assert merged.text is None or {*merged.text.splitlines(keepends=True)} <= known


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_changes_apart_never_clash_and_none_is_lost(data: st.DataObject) -> None:
    count = data.draw(st.integers(6, 20))
    base = [f"key{number}: {number}\n" for number in range(count)]
    split = data.draw(st.integers(2, count - 3))
    first, second = (
        data.draw(st.integers(0, split - 1)),
        data.draw(st.integers(split + 1, count - 1)),
    )
    mine, theirs = [*base], [*base]
    mine[first] = data.draw(st.sampled_from(["", "mine: 1\n", f"{base[first]}mine: 2\n"]))
    theirs[second] = data.draw(st.sampled_from(["", "theirs: 1\n", f"{base[second]}theirs: 2\n"]))
    wanted = [*base]
    wanted[first], wanted[second] = mine[first], theirs[second]
    assert merge("".join(base), "".join(mine), "".join(theirs)).text == "".join(wanted)


def test_a_huge_change_is_one_clash_and_no_long_work() -> None:
    base = "".join(f"{n}\n" for n in range(MAX_LINES + 2))
    mine = "".join(f"m{n}\n" for n in range(MAX_LINES + 2))
    merged = merge(base, mine, base.replace("7", "8"))
    assert len(merged.clashes) == 1


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_merges_here_merges_the_same_way_in_git(tmp_path) -> None:
    base = "".join(f"step{n}: {n} s\n" for n in range(12))
    mine = base.replace("step2: 2 s", "step2: 20 s").replace("step9: 9 s\n", "")
    theirs = base.replace("step5: 5 s", "step5: 50 s\nnew: 1").replace("step11", "last")
    for name, text in (("mine", mine), ("base", base), ("theirs", theirs)):
        (tmp_path / name).write_text(text)
    command = ["git", "merge-file", "-p", "mine", "base", "theirs"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert merge(base, mine, theirs).text == answer.stdout


@settings(max_examples=150, deadline=None)
@given(texts, texts, texts)
def test_the_pieces_are_the_three_texts(base: str, mine: str, theirs: str) -> None:
    pieces = merge(base, mine, theirs).stretches
    assert "".join(one.base for one in pieces) == base
    assert "".join(one.mine for one in pieces) == mine
    assert "".join(one.theirs for one in pieces) == theirs
    assert all(one.base or one.mine or one.theirs for one in pieces)


@settings(max_examples=150, deadline=None)
@given(texts, texts)
def test_without_a_base_every_difference_is_a_clash(mine: str, theirs: str) -> None:
    pieces = merge(None, mine, theirs).stretches
    assert {one.origin for one in pieces} <= {"same", "clash"}
    assert "".join(one.mine for one in pieces) == mine
    assert "".join(one.theirs for one in pieces) == theirs
    assert all(one.mine != one.theirs for one in pieces if one.origin == "clash")


def test_each_piece_says_whose_change_it_is() -> None:
    base = "a\nb\nc\nd\ne\nf\ng\n"
    mine = base.replace("b", "B").replace("d", "D").replace("f", "X")
    theirs = base.replace("d", "D").replace("f", "Y").replace("g", "g\nh")
    origins = [one.origin for one in merge(base, mine, theirs).stretches]
    assert origins == ["same", "mine", "same", "both", "same", "clash", "same", "theirs"]
