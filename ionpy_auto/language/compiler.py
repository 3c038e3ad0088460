"""Turns a checked tree into Python functions: over a list of slots, or over cells.

The exact form calls the total operations of `kleene` and is right for all values. In front of
it, where every intermediate result is provably finite, stands a plain form for the common case
that all slots are known: it tests the slots once and then runs bare Python operators. Over
`Cell`s, which sorted their values when they took them in, that test is a look at an attribute.
All forms give what `KleeneEval` gives; the tests compare them on a generated corpus.

The generated source consists of slot numbers, names of constants and fixed names only. Nothing a
person wrote is part of it.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ionpy_auto.language import kleene
from ionpy_auto.language.cells import SAFE, Cell
from ionpy_auto.language.kleene import FUNCTIONS, UNKNOWN, Value

_TINY = 1e-15  # the plain form divides only by what is larger
_FINITE = 1e300
_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.Pow: "power",
}
_COMPARE = {
    ast.Lt: ("less", "<"),
    ast.LtE: ("less_equal", "<="),
    ast.Gt: ("greater", ">"),
    ast.GtE: ("greater_equal", ">="),
    ast.Eq: ("equal", "=="),
    ast.NotEq: ("unequal", "!="),
}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
KINDS: Mapping[type, str] = {float: "Float", bool: "Bool", str: "Text"}
_UNARY = {ast.Not: "negate", ast.USub: "minus", ast.UAdd: "plus"}
_KERNEL = {
    name: getattr(kleene, name)
    for name in (
        *_BINARY.values(),
        *_UNARY.values(),
        *(name for name, _ in _COMPARE.values()),
        "both",
        "either",
        "choose",
    )
}

_ATTRIBUTES = {"Float": "number", "Bool": "flag", "Text": "text"}
_SPACE: Mapping[str, object] = {
    "__builtins__": {},
    "UNKNOWN": UNKNOWN,
    "Float": float,
    "Bool": bool,
    "Text": str,
    "absolute": abs,
    "smallest": min,
    "largest": max,
    **_KERNEL,
    **{f"f_{name}": function for name, function in FUNCTIONS.items()},
}

Compiled = Callable[[list[Value]], Value]
Look = Callable[[], Value]
Reader = Callable[[Any], Value]


class Program:
    """A checked tree made to run; compiled on first use, since most texts are only checked.

    Args:
        tree: From the checker: slots, constants, operators and calls of `kleene.FUNCTIONS`.
        slot_count: How many slots there are.
    """

    def __init__(self, tree: ast.expr, slot_count: int) -> None:
        """Remember the tree."""
        self._tree = tree
        self._slot_count = slot_count
        self._makers: dict[tuple[bool, ...], Callable[..., Look]] = {}

    @cached_property
    def run(self) -> Compiled:
        """From the list of slot values (already `kleene.normal`) to the result; never raises."""
        plain, quick = self._plain
        lines = ["def run(s):"]
        if quick is not None:
            lines += [f"    v{number} = s[{number}]" for number in sorted(plain.kinds)]
            lines.append(f"    if {plain.conditions([])}:")
            lines.append(f"        return {quick.code}")
        emitter = _Exact(plain.constants)
        lines.append(f"    return {emitter.emit(self._tree)}")
        return self._define("run", lines)  # type: ignore[return-value]  # defined by these lines

    @cached_property
    def _plain(self) -> "tuple[_Plain, _Piece | None]":
        plain = _Plain([])
        quick = plain.emit(self._tree)
        return plain, quick if plain.kinds else None

    def _define(self, name: str, lines: list[str]) -> object:
        constants = {f"k{number}": value for number, value in enumerate(self._plain[0].constants)}
        space = {**_SPACE, **constants}
        code = compile("\n".join(lines), "<expression>", "exec")
        exec(code, space)  # noqa: S102  # generated from a checked tree; holds no text of a person
        return space[name]

    def bind(self, cells: Sequence[Cell | None], readers: Sequence[Reader], env: object) -> Look:
        """The same over sources instead of a list.

        Args:
            cells: Where to find each slot; None for a slot that must be asked.
            readers: How to ask, for each slot.
            env: Whom to ask.
        """
        mask = tuple(cell is not None for cell in cells)
        maker = self._makers.get(mask)
        if maker is None:
            maker = self._makers[mask] = self._maker(mask)
        pairs = zip(cells, readers, strict=True)
        sources = [reader if cell is None else cell for cell, reader in pairs]
        return maker(self.run, env, *sources)

    def _maker(self, mask: tuple[bool, ...]) -> Callable[..., Look]:
        """What makes the bound function, for one choice of cells."""
        plain, quick = self._plain
        arguments = "".join(f", c{number}" for number in range(len(mask)))
        lines = [f"def make(run, env{arguments}):", "    def look():"]
        asked = [number for number, is_cell in enumerate(mask) if not is_cell]
        lines += [f"        v{number} = c{number}(env)" for number in asked]
        if quick is not None:
            held = [number for number in sorted(plain.kinds) if mask[number]]
            lines += [
                f"        v{number} = c{number}.{_ATTRIBUTES[plain.kinds[number]]}"
                for number in held
            ]
            lines.append(f"        if {plain.conditions(held)}:")
            lines.append(f"            return {quick.code}")
        values = [f"c{n}.value" if is_cell else f"v{n}" for n, is_cell in enumerate(mask)]
        lines += [f"        return run([{', '.join(values)}])", "    return look"]
        return self._define("make", lines)  # type: ignore[return-value]  # defined by these lines


@dataclass
class _Exact:
    """The form that is right for all values."""

    constants: list[object] = field(default_factory=list)

    def emit(self, node: ast.expr) -> str:
        match node:
            case ast.Name():
                code = f"s[{int(node.id.removeprefix('_s'))}]"
            case ast.Constant():
                code = constant(self.constants, node.value)
            case ast.UnaryOp():
                code = f"{_UNARY[type(node.op)]}({self.emit(node.operand)})"
            case ast.BinOp():
                code = f"{_BINARY[type(node.op)]}({self.all([node.left, node.right])})"
            case ast.BoolOp():
                name = "both" if isinstance(node.op, ast.And) else "either"
                code = f"{name}({self.all(node.values)})"
            case ast.Compare():
                code = self.compare(node)
            case ast.IfExp():
                code = f"choose({self.all([node.test, node.body, node.orelse])})"
            case ast.Call(func=ast.Name(id=name)):
                code = f"f_{name}({self.all(node.args)})"
            case _:
                raise AssertionError(type(node))
        return code

    def all(self, nodes: list[ast.expr]) -> str:
        return ", ".join(self.emit(node) for node in nodes)

    def compare(self, node: ast.Compare) -> str:
        sides = [self.emit(side) for side in (node.left, *node.comparators)]
        pairs = [
            f"{_COMPARE[type(op)][0]}({left}, {right})"
            for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
        ]
        return pairs[0] if len(pairs) == 1 else f"both({', '.join(pairs)})"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Plain Python for a node: its class and, for numbers, the largest absolute value."""

    code: str
    kind: str
    bound: float = 0.0


@dataclass
class _Plain:
    """The form for known slots; gives up (None) where a result could leave the finite numbers."""

    constants: list[object]
    kinds: dict[int, str] = field(default_factory=dict)
    divisors: set[int] = field(default_factory=set)

    def conditions(self, held: Sequence[int]) -> str:
        """What must hold for the slots; those of cells need only be there."""
        tests = [f"v{index} is not None" for index in held]
        tests += self.guard(index for index in sorted(self.kinds) if index not in held)
        tests += [f"not -{_TINY!r} < v{index} < {_TINY!r}" for index in sorted(self.divisors)]
        return " and ".join(tests)

    def guard(self, slots: Iterable[int]) -> list[str]:
        """The tests of values nobody sorted."""
        tests = []
        for index in slots:
            kind = self.kinds[index]
            tests.append(f"v{index}.__class__ is {kind}")
            if kind == "Float":
                tests.append(f"-{SAFE!r} < v{index} < {SAFE!r}")
        return tests

    def emit(self, node: ast.expr, want: str = "") -> _Piece | None:
        piece: _Piece | None = None
        match node:
            case ast.Name():
                piece = self.slot(int(node.id.removeprefix("_s")), want)
            case ast.Constant():
                piece = self.constant(node.value)
            case ast.UnaryOp():
                piece = self.unary(node)
            case ast.BinOp():
                piece = self.binary(node)
            case ast.BoolOp():
                piece = self.boolean(node)
            case ast.Compare():
                piece = self.compare(node)
            case ast.IfExp():
                piece = self.choice(node, want)
            case ast.Call(func=ast.Name(id=name)):
                piece = self.call(name, node.args)
        return piece if piece is not None and want in {"", piece.kind} else None

    def all(self, nodes: Sequence[ast.expr], kind: str) -> list[_Piece]:
        """All of them in one kind, or none at all."""
        pieces = [self.emit(node, kind) for node in nodes]
        found = [piece for piece in pieces if piece is not None]
        return found if len(found) == len(pieces) else []

    def call(self, name: str, args: list[ast.expr]) -> _Piece | None:
        if name == "is_in":
            return self.membership(args[0], args[1:])
        word = {"abs": "absolute", "min": "smallest", "max": "largest"}.get(name)
        pieces = self.all(args, "Float") if word else []
        if not pieces:
            return None
        codes = ", ".join(piece.code for piece in pieces)
        return _Piece(f"{word}({codes})", "Float", max(piece.bound for piece in pieces))

    def membership(self, value: ast.expr, options: list[ast.expr]) -> _Piece | None:
        kinds = {KINDS[type(o.value)] if isinstance(o, ast.Constant) else "" for o in options}
        if len(kinds) != 1 or not isinstance(value, ast.Name):
            return None
        (kind,) = kinds
        pieces = self.all([value, *options], kind) if kind else []
        tests = [f"{pieces[0].code} == {option.code}" for option in pieces[1:]]
        return _Piece(f"({' or '.join(tests)})", "Bool") if tests else None

    def choice(self, node: ast.IfExp, want: str) -> _Piece | None:
        test, ways = self.emit(node.test, "Bool"), self.all([node.body, node.orelse], want)
        if test is None or not ways or ways[0].kind != ways[1].kind:
            return None
        code = f"({ways[0].code} if {test.code} else {ways[1].code})"
        return _Piece(code, ways[0].kind, max(ways[0].bound, ways[1].bound))

    def slot(self, index: int, want: str) -> _Piece | None:
        if not want or self.kinds.setdefault(index, want) != want:
            return None
        return _Piece(f"v{index}", want, SAFE)

    def constant(self, value: object) -> _Piece | None:
        kind = KINDS[type(value)]
        bound = abs(value) if isinstance(value, float) else 0.0
        return _Piece(constant(self.constants, value), kind, bound)

    def unary(self, node: ast.UnaryOp) -> _Piece | None:
        kind = "Bool" if isinstance(node.op, ast.Not) else "Float"
        inner = self.emit(node.operand, kind)
        if inner is None:
            return None
        sign = {ast.Not: "not ", ast.USub: "-", ast.UAdd: "+"}[type(node.op)]
        return _Piece(f"({sign}{inner.code})", kind, inner.bound)

    def binary(self, node: ast.BinOp) -> _Piece | None:
        pieces = self.all([node.left, node.right], "Float")
        if not pieces:
            return None
        left, right = pieces
        bound, sign = _FINITE, _SIGNS.get(type(node.op), "")
        if sign in {"+", "-"}:
            bound = left.bound + right.bound
        elif sign == "*":
            bound = left.bound * right.bound
        elif sign == "/":
            bound = self.quotient(left.bound, node.right)
        elif sign == "**":
            bound = _power(left.bound, node.right)
        if not bound < _FINITE:
            return None
        return _Piece(f"({left.code} {sign} {right.code})", "Float", bound)

    def quotient(self, bound: float, right: ast.expr) -> float:
        """The largest quotient; a divisor that is a slot must not be near zero."""
        if isinstance(right, ast.Constant) and abs(right.value) > _TINY:  # type: ignore[arg-type]  # a float
            return bound / abs(right.value)  # type: ignore[arg-type]  # a float
        if isinstance(right, ast.Name):
            self.divisors.add(int(right.id.removeprefix("_s")))
            return bound / _TINY
        return _FINITE

    def boolean(self, node: ast.BoolOp) -> _Piece | None:
        codes = [piece.code for piece in self.all(node.values, "Bool")]
        word = " and " if isinstance(node.op, ast.And) else " or "
        return _Piece(f"({word.join(codes)})", "Bool") if codes else None

    def compare(self, node: ast.Compare) -> _Piece | None:
        kind = self.compared_kind(node)
        sides = (node.left, *node.comparators)
        codes = [piece.code for piece in self.all(sides, kind)] if kind else []
        if not codes:
            return None
        signs = [_COMPARE[type(op)][1] for op in node.ops]
        text = codes[0] + "".join(f" {s} {c}" for s, c in zip(signs, codes[1:], strict=True))
        return _Piece(f"({text})", "Bool")

    def compared_kind(self, node: ast.Compare) -> str:
        """The class both sides must have, as far as it can be told; empty when it cannot."""
        if not all(isinstance(op, (ast.Eq, ast.NotEq)) for op in node.ops):
            return "Float"
        for side in (node.left, *node.comparators):
            if isinstance(side, ast.Constant):
                return KINDS[type(side.value)]
            if isinstance(side, (ast.BinOp, ast.Call)):
                return "Float"
        return ""


def _power(bound: float, exponent: ast.expr) -> float:
    """The largest power; only squares, cubes and the like are plain."""
    value = exponent.value if isinstance(exponent, ast.Constant) else None
    if not isinstance(value, float) or value not in {1.0, 2.0, 3.0, 4.0} or bound > 1e60:
        return _FINITE
    return float(max(bound, 1.0) ** value)


def constant(constants: list[object], value: object) -> str:
    """The name under which the generated source knows a constant."""
    constants.append(value)
    return f"k{len(constants) - 1}"
