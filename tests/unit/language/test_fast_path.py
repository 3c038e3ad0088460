"""The compiled forms: the same results as simpleeval, nothing reachable, nothing that runs long."""

import ast
import dis
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import CodeType, FunctionType
from typing import Any

import pytest

from ionpy_auto.core.errors import Finding
from ionpy_auto.language import UNKNOWN, Cell, ConditionState, EdgeState, Expression, Scope
from ionpy_auto.language.cells import SAFE
from ionpy_auto.language.checker import MAX_NODES
from ionpy_auto.language.compiler import Program
from ionpy_auto.language.condition import Condition, Edge, UnknownPolicy
from ionpy_auto.language.kleene import FUNCTIONS, MAX_TEXT
from ionpy_auto.language.units import PLAIN, find_unit
from tests.unit.language.bench import BENCH, Values
from tests.unit.language.corpus import ARITHMETIC, ORDER, SLOTS, disagreements, same, trees

SHOWN = 5


# --- the same results -----------------------------------------------------------------------


def test_compiled_forms_give_what_simpleeval_gives_for_20000_expressions() -> None:
    assert disagreements(20_261, 20_000)[:SHOWN] == []


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(10))
def test_compiled_forms_give_what_simpleeval_gives_for_a_million_expressions(seed: int) -> None:
    assert disagreements(seed, 100_000)[:SHOWN] == []


def test_corpus_takes_the_plain_form_often_and_the_exact_form_often() -> None:
    plain = sum(Program(tree, SLOTS)._plain[1] is not None for _, tree in trees(7, 2_000))
    assert 300 < plain < 1_700


PLAIN_FORMS = [
    "a > 4.2 and b < 0.05",
    "a * b + 2 > b / 3",
    "a / b > 3",
    "abs(a - b) > 0.01 or flag",
    "min(a, b) < max(b, 3)",
    "word == 'x'",
    "word in ['x', 'y']",
    "a ** 2 < 4",
    "(a if flag else b) > 1",
    "1 < a <= 3",
]


@pytest.mark.parametrize("text", PLAIN_FORMS)
def test_usual_conditions_have_a_plain_form(text: str) -> None:
    assert Expression.compile(text, Scope()).program._plain[1] is not None


# --- cells ----------------------------------------------------------------------------------

CELLS = {
    "a float": (PLAIN, 4.2, 4.2),
    "an int": (PLAIN, 3, 3.0),
    "a bitmask beyond floats": (PLAIN, 10**400, UNKNOWN),
    "a bool": (PLAIN, True, True),
    "a text": (PLAIN, "CV", "CV"),
    "a text beyond bounds": (PLAIN, "x" * (MAX_TEXT + 1), UNKNOWN),
    "nothing known": (PLAIN, None, UNKNOWN),
    "not a number": (PLAIN, float("nan"), UNKNOWN),
    "infinity": (PLAIN, float("inf"), UNKNOWN),
    "too large for the plain form": (PLAIN, SAFE, SAFE),
    "millivolts": (find_unit("mV"), 1005.0, 1.005),
    "millivolts as an int": (find_unit("mV"), 1005, 1.005),
    "overflow of the scale": (find_unit("kV"), 1e308, UNKNOWN),
    "minutes": (find_unit("min"), 2.0, 120.0),
    "a text in a unit": (find_unit("mV"), "off", "off"),
    "nothing in a unit": (find_unit("mV"), None, UNKNOWN),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("before", [None, 1.0, True, "y", SAFE])
def test_cell_holds(name: str, before: Any) -> None:
    unit, given, held = CELLS[name]
    cell = Cell(unit)
    cell.put(before)
    cell.put(given)
    assert same(cell.value, held)
    is_number = isinstance(held, float) and abs(held) < SAFE
    assert cell.number == (held if is_number else None)
    assert cell.flag is (held if isinstance(held, bool) else None)
    assert cell.text == (held if isinstance(held, str) else None)


RANGES = {
    "volts declared, millivolts come": ("V", "mV", 1005.0, 1.005),
    "millivolts declared, volts come": ("mV", "V", 4.2, 4.2),
    "the other spelling": ("µA", "uA", 5.0, 5e-6),
    "no unit told": ("mV", "", 1005.0, 1.005),
    "nothing declared": ("", "V", 4.2, 4.2),
    "something else": ("V", "A", 4.2, UNKNOWN),
    "a difference for a temperature": ("°C", "K", 20.0, UNKNOWN),
    "a unit nobody knows": ("V", "furlong", 4.2, UNKNOWN),
    "the same unit of its own": ("rpm", "rpm", 900.0, 900.0),
}


@pytest.mark.parametrize("name", RANGES)
def test_source_that_switches_its_range_is_followed_or_unknown(name: str) -> None:
    declared, written, given, held = RANGES[name]
    cell = Cell(find_unit(declared))
    cell.put(1.0, declared)
    first = cell.value
    cell.put(given, written)
    assert same(cell.value, held)
    cell.put(1.0, declared)
    assert same(cell.value, first)


# --- what a state may skip ------------------------------------------------------------------

WAYS = [
    {"edge": edge, **options}
    for edge in Edge
    for options in (
        {},
        {"hold": 2.0},
        {"samples": 3},
        {"hysteresis": 1.0},
        {"reset": Expression.compile("y > 4")},
        {"unknown": UnknownPolicy.TRIP},
        {"unknown": UnknownPolicy.TRIP, "hold": 2.0},
    )
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join([way["edge"], *list(way)[1:]]))
def test_skipping_what_rests_fires_at_the_same_samples(way: dict[str, Any]) -> None:
    edge = way["edge"]
    options = {key: value for key, value in way.items() if key != "edge"}
    condition = Condition(Expression.compile("x > 4"), **options)
    for seed in range(60):
        rng = Random(seed)
        full, short = ConditionState(condition), ConditionState(condition)
        edges = EdgeState(edge), EdgeState(edge)
        held: dict[str, float | None] = {"x": None, "y": 2.0}
        env, mono = Values(held), 0.0
        for _ in range(40):
            held["x"] = rng.choice((2.0, 3.5, 5.0, 5.0, held["x"], None))
            held["y"] = rng.choice((2.0, 2.0, 5.0))
            mono += rng.choice((0.5, 1.0))
            full.update(env, mono)
            expected = edges[0].update(full)
            due = short.next_deadline(0.0)
            rests = short.rests is not None and short.look() is short.rests
            if rests and edge is not Edge.LEVEL and (due is None or mono < due):
                assert not expected
            else:
                short.update(env, mono)
                assert edges[1].update(short) == expected
            assert (short.met, short.result) == (full.met, full.result)
            assert short.since == full.since


# --- nothing to reach, nothing that runs long -----------------------------------------------

ESCAPES = (Path(__file__).parent / "escapes.txt").read_text(encoding="utf-8").splitlines()
TYPED = """( ) ) ( [ ] , . : ; + - * / % // ** < > == != and or not if else in is lambda for True
None true false 5 1e9 9**9 C/20 10 s 80 % voltage temp n PSU_01.u_out step.ah $vmax 'x' "y" '' abs(
avg( value( min( round( sqrt( between( changed( __class__ _x globals() import eval( getattr( f'{n}'
:= @ ` \\ # ~ ^ & | { } 0x10 1_000 1j ... b'' 'x'*9"""
WORDS = (*TYPED.split(), " ", "\n", "\t", "\0", "µA", "\u2126", "\u200b", "\uff4e", "²")
ALLOWED = (
    *(ast.Name, ast.Constant, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp),
    *(ast.Call, ast.Load, ast.Not, ast.USub, ast.UAdd, ast.And, ast.Or, ast.Pow),
    *(*ARITHMETIC, *ORDER),
)
NAME = re.compile(r"_s\d+")
CALLED = re.compile(r"k\d+|f_[a-z_]+|UNKNOWN|Float|Bool|Text|absolute|smallest|largest")
PARTS = {"value", "number", "flag", "text", "__class__"}  # of cells; of slots in the guard
OPERATIONS = """add subtract multiply divide floor_divide remainder power less less_equal greater
greater_equal equal unequal negate minus plus both either choose"""
KERNEL = set(OPERATIONS.split())
KNOWN = {"voltage": 3.7, "temp": 25.0, "n": 6.0, "PSU_01.u_out": 12.0, "step.ah": 2.0}


def hostile(seed: int, count: int) -> Iterator[str]:
    """Rows of words, and escapes with parts swapped, doubled, cut out or put in front."""
    rng = Random(seed)
    for _ in range(count):
        if rng.random() < 0.5:
            yield rng.choice(("", " ")).join(rng.choices(WORDS, k=rng.randint(1, 12)))
            continue
        text = rng.choice(ESCAPES)
        for _ in range(rng.randint(1, 3)):
            first, second = sorted(rng.choices(range(len(text) + 1), k=2))
            text = rng.choice(
                (
                    text[:first] + text[second:],
                    text[:second] + text[first:],
                    text[:first] + rng.choice(WORDS) + text[second:],
                    "n + " + text,
                    text + f" {rng.choice(('and', '<', '+', 'in'))} " + rng.choice(WORDS),
                )
            )
        yield text


def escaped(text: str) -> str:
    """What an accepted expression reaches that it should not; empty if nothing."""
    findings: list[Finding] = []
    expression = Expression.parse(text, BENCH, findings)
    if expression is None:
        return "" if findings else "refused without a word"
    program = expression.program
    nodes = list(ast.walk(expression.tree))
    called = {id(n.func) for n in nodes if isinstance(n, ast.Call)}
    for node in nodes:
        if not isinstance(node, ALLOWED):
            return f"holds {type(node).__name__}"
        if isinstance(node, ast.Name):
            good = node.id in FUNCTIONS if id(node) in called else NAME.fullmatch(node.id)
            if not good:
                return f"names {node.id}"
    if len(nodes) > 4 * MAX_NODES:
        return f"has {len(nodes)} nodes"
    look = expression.bind(Values(KNOWN))
    for run in (program.run, look):
        if problem := _reach(run):
            return problem
    result = look()
    if not same(result, expression.evaluate_reference(Values(KNOWN))):
        return f"gives {result!r}"
    return "" if not isinstance(result, str) or len(result) <= MAX_TEXT else "grows"


def _reach(run: Callable[..., Any]) -> str:
    """The generated code itself: its names, and that it only runs forward."""
    assert isinstance(run, FunctionType)
    code: CodeType = run.__code__
    for name in code.co_names:
        if not (CALLED.fullmatch(name) or name in KERNEL or name in PARTS):
            return f"code names {name}"
    if run.__globals__["__builtins__"] != {}:
        return "code has builtins"
    for step in dis.get_instructions(code):
        if "BACKWARD" in step.opname or step.opname in {"FOR_ITER", "SEND", "IMPORT_NAME"}:
            return f"code holds {step.opname}"
    return ""


def test_none_of_10000_hostile_texts_escapes_or_runs_long() -> None:
    found = {text: problem for text in hostile(5, 10_000) if (problem := escaped(text))}
    assert dict(list(found.items())[:SHOWN]) == {}


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 110))
def test_none_of_a_million_hostile_texts_escapes_or_runs_long(seed: int) -> None:
    found = {text: problem for text in hostile(seed, 100_000) if (problem := escaped(text))}
    assert dict(list(found.items())[:SHOWN]) == {}


def test_hostile_texts_are_refused_and_accepted_often_enough_to_mean_something() -> None:
    taken = sum(Expression.parse(text, BENCH) is not None for text in hostile(5, 1_000))
    assert 20 < taken < 800


def test_a_generated_tree_is_looked_at_once_per_node() -> None:
    """No node may be written out twice: an expression costs as many steps as it has nodes."""
    for _, tree in trees(11, 500):
        program = Program(tree, SLOTS)
        steps = sum(1 for _ in dis.get_instructions(program.run))
        assert steps <= 40 * (len(list(ast.walk(tree))) + SLOTS)
