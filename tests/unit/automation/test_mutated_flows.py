"""Broken flow files: every one is refused with its places or read, and none disturbs the others."""

import random
from pathlib import Path

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.flows import FlowStore, layers_of
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import ConfigInvalid, Rejected, Severity
from ionpy_auto.language import Edit, apply_edits, logic_hash, merge, plain, read_with_findings
from ionpy_auto.language.reader import MAX_NODES
from tests.unit.automation.rules_bench import PaperSite, one_rule

ROOT = Path(__file__).resolve().parents[3]
RULES = one_rule("when: PSU_01.u_out > 4 V   # Größe\nthen: [{marker: m}]", "hot")
SHIPPED = [*ROOT.glob("projects/*/flows/*.yaml"), *ROOT.glob("rules/*.yaml")]
TEXTS = [RULES, *(path.read_text(encoding="utf-8") for path in sorted(SHIPPED))]
PIECES = [
    *(
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        ",",
        ":",
        ": ",
        "- ",
        "#",
        " #",
        "|",
        ">",
        "?",
        "&a",
        "*a",
        "!",
    ),
    *("\t", "\n", "\r", "  ", "\u2028", "\x85", "\x00", "\x1b", "\ufeff", "\U0001f600", "ä", "°C"),
    *("---\n", "...\n", "%YAML 1.1\n", "<<: ", "{{", "}}", "(", ")", "\\", "null", "~", "1e999"),
    *("[" * 40, "{a: " * 40, "- " * 40, "x" * 3000, "a: 1\na: 2\n", "when: ", "id: ", "\ud800"),
]


def mutated(pick: random.Random) -> str:
    """A flow file after a few random accidents."""
    text = pick.choice(TEXTS)
    for _ in range(pick.randint(1, 6)):
        start = pick.randrange(len(text) + 1)
        end = min(len(text), start + pick.choice([0, 0, 1, 1, 2, 5, 20, 80]))
        accident = pick.randrange(5)
        if accident == 0:
            text = text[:start] + text[end:]
        elif accident == 1:
            text = text[:start] + pick.choice(PIECES) + text[end:]
        elif accident == 2:
            text = text[:end] + text[start:]
        elif accident == 3:
            lines = text.split("\n")
            first, second = pick.randrange(len(lines)), pick.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            text = "\n".join(lines)
        else:
            text = text[:start]
    return text


def look_at(text: str, site: PaperSite) -> bool:
    """Read it as a flow; whether it is one. Every refusal has its place in the text."""
    flow, findings = read_flow(text, "mutated.yaml", site)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert (flow is None) == bool(errors), findings
    count = len(text.replace("\r\n", "\n").splitlines()) + 1
    for finding in errors:
        assert 1 <= finding.line <= count, finding
        assert finding.column >= 1, finding
        assert finding.message
    root, _ = read_with_findings(text)
    assert root is None or nodes_in(plain(root)) <= MAX_NODES
    return flow is not None


def nodes_in(tree: object) -> int:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return 1 + sum(nodes_in(part) for part in inner)


def edit_it(text: str, pick: random.Random) -> None:
    """An edit of a broken text is made as wanted or refused; the text is never torn."""
    path = pick.choice([("id",), ("rules", 0, "when"), ("sequence", 0), ("limits", -1)])
    op = pick.choice(["set", "insert", "remove", "duplicate", "quote"])
    try:
        after = apply_edits(text, [Edit(op, path, pick.choice(["x", {"a": [1]}, None]))])
    except Rejected as refused:
        assert refused.error_code == "EDIT_REFUSED"  # noqa: PT017  # a refusal is an answer here
    else:
        assert read_with_findings(after)[1] == [] or op == "quote"
    try:
        logic_hash(text)
    except ConfigInvalid as invalid:
        assert invalid.findings  # noqa: PT017  # so is this


async def go_through(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """So many accidents to one file among good ones, each seen by the store."""
    site = PaperSite()
    flows = folder / "p" / "flows"
    flows.mkdir(parents=True)
    good = {f"good-{n}": RULES.replace("id: hot", f"id: good-{n}") for n in range(2)}
    for name, text in good.items():
        (flows / f"{name}.yaml").write_text(text)
    victim = flows / "hot.yaml"
    victim.write_text(RULES)
    layers = layers_of(folder / "p", folder / "home", folder / "shipped")
    store = FlowStore(layers, site, Bus(), VirtualClock())
    await store.start(watch=False)
    pick = random.Random(seed)
    read = 0
    for number in range(count):
        text = mutated(pick)
        read += look_at(text, site)
        edit_it(text, pick)
        assert merge(RULES, text, RULES).text == text
        if number % 10 == 0:
            victim.write_bytes(text.encode("utf-8", "surrogatepass"))
            await store._look_at([victim])
            live = {flow.id: flow for flow in store.live()}
            assert all(live[name].text == text for name, text in good.items())
            assert all(flow.rules or flow.sequence for flow in live.values() if flow.id in good)
            told = [finding for item in store.list() for finding in item["findings"]]
            bad = [item for item in store.list() if not item["ok"]]
            assert bool(bad) == any(finding["severity"] == "error" for finding in told)
    await store.stop()
    return read, count


async def test_no_accident_breaks_the_reader_or_the_other_flows(tmp_path):
    read, count = await go_through(tmp_path, 500, 1)
    assert 0 < read < count


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(10, 20))
async def test_ten_thousand_accidents(tmp_path, seed):
    read, count = await go_through(tmp_path, 1000, seed)
    assert 0 < read < count
