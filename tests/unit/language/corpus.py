"""Generated trees as the checker hands them on, and values to run them over; by seed, no clock."""

import ast
import math
from collections.abc import Iterator
from operator import itemgetter
from random import Random
from typing import Any

from ionpy_auto.language import Cell, Value, normal
from ionpy_auto.language.compiler import Program
from ionpy_auto.language.kleene import KleeneEval
from ionpy_auto.language.units import PLAIN

NUMBERS, FLAG, WORD, SLOTS = (0, 1, 2), 3, 4, 5
CONSTANTS = (0.0, 1.0, 2.0, 2.5, 3.7, -1.0, 0.05, 100.0, 1e-300, 1e200, 1e308)
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
ODD = (None, True, False, "x", "", math.nan, math.inf, -math.inf, 1e15, -1e15, 1e308, 5e-324)
ODD_INTS = (0, 3, -(10**400), 10**400)


def slot(number: int) -> ast.expr:
    return ast.Name(f"_s{number}", ast.Load())


def call(name: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def number(rng: Random, depth: int) -> ast.expr:
    """A tree that gives a number when all goes well."""
    pick = rng.random()
    if depth <= 0 or pick < 0.4:
        return slot(rng.choice(NUMBERS)) if pick < 0.3 else ast.Constant(rng.choice(CONSTANTS))

    def inner() -> ast.expr:
        return number(rng, depth - 1)

    if pick < 0.75:
        return ast.BinOp(inner(), rng.choice(ARITHMETIC)(), inner())
    if pick < 0.8:
        power = ast.Constant(rng.choice((2.0, 3.0, 0.5, -1.0, 16.0, 17.0, 0.0)))
        return ast.BinOp(inner(), ast.Pow(), power)
    if pick < 0.84:
        return ast.UnaryOp(rng.choice((ast.USub, ast.UAdd))(), inner())
    if pick < 0.88:
        return ast.IfExp(truth(rng, depth - 1), inner(), inner())
    if pick < 0.94:
        name = rng.choice(("abs", "sqrt", "exp", "log", "floor", "ceil", "round"))
        return call(name, inner())
    name = rng.choice(("min", "max", "clamp"))
    return call(name, inner(), inner(), *([inner()] if name == "clamp" else []))


def truth(rng: Random, depth: int) -> ast.expr:
    """A tree that gives a bool when all goes well."""
    pick = rng.random()
    if depth <= 0 or pick < 0.5:
        return leaf(rng, depth)
    if pick < 0.85:
        values = [truth(rng, depth - 1) for _ in range(rng.choice((2, 2, 3)))]
        return ast.BoolOp(rng.choice((ast.And, ast.Or))(), values)
    if pick < 0.95:
        return ast.UnaryOp(ast.Not(), truth(rng, depth - 1))
    return ast.IfExp(*(truth(rng, depth - 1) for _ in range(3)))


def leaf(rng: Random, depth: int) -> ast.expr:
    pick = rng.random()
    if pick < 0.7:
        count = 2 if pick < 0.1 else 1
        sides = [number(rng, depth) for _ in range(count + 1)]
        return ast.Compare(sides[0], [rng.choice(ORDER)() for _ in range(count)], sides[1:])
    if pick < 0.8:
        return slot(FLAG)
    if pick < 0.9:
        equality = rng.choice((ast.Eq, ast.NotEq))()
        return ast.Compare(slot(WORD), [equality], [ast.Constant(rng.choice(("x", "y")))])
    if pick < 0.96:
        return call("is_in", slot(WORD), ast.Constant("x"), ast.Constant("z"))
    # Whatever meets whatever: kinds a checker could not tell.
    anything = [slot(rng.randrange(SLOTS)) for _ in range(2)]
    return ast.Compare(anything[0], [rng.choice((ast.Eq, ast.NotEq))()], [anything[1]])


def row(rng: Random) -> list[Any]:
    """What the slots hold: mostly what belongs there, sometimes anything at all."""
    values: list[Any] = [round(rng.uniform(-5, 5), 1) for _ in NUMBERS]
    values += [rng.random() < 0.5, rng.choice("xyz")]
    while rng.random() < 0.4:
        odd = rng.choice(ODD if rng.random() < 0.9 else ODD_INTS)
        values[rng.randrange(SLOTS)] = odd
    return values


def trees(seed: int, count: int) -> Iterator[tuple[Random, ast.expr]]:
    """So many trees, each with the generator of its rows."""
    rng = Random(seed)
    for _ in range(count):
        make = truth if rng.random() < 0.85 else number
        yield rng, make(rng, rng.choice((0, 1, 1, 2, 2, 3)))


READERS = [itemgetter(n) for n in range(SLOTS)]


def disagreements(seed: int, count: int) -> list[str]:
    """Where a compiled form gives anything else than simpleeval with Kleene operators."""
    found = []
    for rng, tree in trees(seed, count):
        program = Program(tree, SLOTS)
        cells = [Cell(PLAIN) for _ in range(SLOTS)]
        asked = [rng.random() < 0.2 for _ in range(SLOTS)]
        kept: list[Value] = [False] * SLOTS
        sources = [None if ask else cell for ask, cell in zip(asked, cells, strict=True)]
        look = program.bind(sources, READERS, kept)
        reference = ast.Expr(tree)
        for raw in (row(rng), row(rng)):
            kept[:] = map(normal, raw)
            for cell, value in zip(cells, raw, strict=True):
                cell.put(value)
            names = {f"_s{n}": value for n, value in enumerate(kept)}
            expected = KleeneEval(names).eval("", previously_parsed=reference)
            for result in (program.run(kept), look()):
                if not same(result, expected):
                    found.append(f"{ast.unparse(tree)} over {raw}: {result!r}, not {expected!r}")
    return found


def same(left: Value, right: Value) -> bool:
    """Equal in class and value; a zero also in its sign."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return math.isfinite(left) and (left, math.copysign(1, left)) == (
            right,
            math.copysign(1, right),  # type: ignore[arg-type]  # a float as well
        )
    return left is right or left == right
