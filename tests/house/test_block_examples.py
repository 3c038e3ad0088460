"""Every block stands in an example of the documentation, and any mix of them reads and fits."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.automation.blocks import ACTIONS, CONDITIONS, STEPS, TRIGGERS
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.schema import flow_schema
from ionpy_auto.core.errors import Severity
from ionpy_auto.language import ListNode, MapNode, Node, TextNode, read
from ionpy_auto.language.nodes import plain
from tests.house.test_docs_examples import FENCE, PAGES, demo
from tests.unit.automation.test_rules_blocks import fits


@cache
def examples() -> tuple[str, ...]:
    """All flow files of the documentation."""
    texts = [FENCE.findall(page.read_text(encoding="utf-8")) for page in PAGES]
    return tuple(text for found in texts for info, text in found if info.strip() == "yaml flow")


def entries(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else (node,) if node is not None else ()


def nodes_below(node: Node) -> Iterator[tuple[str, Node]]:
    """Key and entry of everything in a text, down to the leaves."""
    if isinstance(node, MapNode):
        for key, entry in node.entries.items():
            for item in entries(entry.node):
                yield key, item
                yield from nodes_below(item)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield "", item
            yield from nodes_below(item)


def verbs() -> set[str]:
    """Words that stand as a key or alone in any example."""
    found: set[str] = set()
    for text in examples():
        for _, node in nodes_below(read(text)):
            if isinstance(node, TextNode):
                found.add(node.text)
            elif isinstance(node, MapNode):
                found |= node.entries.keys()
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, registry in (("trigger", TRIGGERS), ("action", ACTIONS), ("step", STEPS))
        for name in registry
    ],
)
def test_every_block_has_an_example(kind: str, name: str) -> None:
    implied = {"expr"}  # a bare text is one
    assert name in verbs() | implied, f"write an example of the {kind} {name} into rules.md"


@cache
def parts(key: str) -> tuple[str, ...]:
    """Triggers (``when``) or actions (``then``) as they are written in the examples' rules."""
    found = []
    for text in examples():
        whole = read(text)
        rules = whole.get("rules") if isinstance(whole, MapNode) else None
        for name, node in nodes_below(rules) if rules is not None else ():
            if name == key and "\n" not in (one := text[node.start.offset : node.end.offset]):
                found.append(one.strip())
    return tuple(dict.fromkeys(found))


def flow(rules: list[tuple[list[str], list[str]]]) -> str:
    lines = ["version: 1", "id: mixed", "rules:"]
    for number, (when, then) in enumerate(rules):
        lines += [f"  - id: rule-{number}", "    when:", *(f"      - {one}" for one in when)]
        lines += ["    then:", *(f"      - {one}" for one in then)]
    return "\n".join(lines) + "\n"


@st.composite
def mixed(draw: Any) -> str:
    some = [
        st.lists(st.sampled_from([p for p in parts(key) if usable(key, p)]), min_size=1, max_size=4)
        for key in ("when", "then")
    ]
    return flow(draw(st.lists(st.tuples(*some), min_size=1, max_size=3)))


@cache
def usable(key: str, part: str) -> bool:
    """Whether an example makes sense outside its flow (names of a channel need one)."""
    text = flow([([part], ["log: x"])] if key == "when" else [(["manual"], [part])])
    return read_flow(text, "part.yaml", demo())[0] is not None


def test_nearly_all_parts_stand_alone() -> None:
    for key in ("when", "then"):
        alone = [part for part in parts(key) if usable(key, part)]
        assert len(alone) >= 0.8 * len(parts(key)), set(parts(key)) - set(alone)


@given(mixed())
@settings(max_examples=40)
def test_any_mix_of_examples_reads_and_fits_the_schema(text: str) -> None:
    found, findings = read_flow(text, "mixed.yaml", demo())
    assert found is not None, (text, [str(f) for f in findings if f.severity is Severity.ERROR])
    assert fits(plain(read(text)), flow_schema(), flow_schema()), text
    assert all(rule.sentence for rule in found.rules)


@pytest.mark.parametrize("number", range(len(examples())))
def test_every_example_fits_the_schema(number: int) -> None:
    assert fits(plain(read(examples()[number])), flow_schema(), flow_schema())


def test_conditions_stand_in_examples_or_in_the_reference() -> None:
    described = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert not [name for name in CONDITIONS if f"`{name}" not in described]
