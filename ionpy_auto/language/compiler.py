"""Turns a checked tree into one Python function over a list of slots.

The exact form calls the total operations of `kleene` and is right for all values. In front of
it, where every intermediate result is provably finite, stands a plain form for the common case
that all slots are known: it tests the classes of the slots once and then runs bare Python
operators. Both give what `KleeneEval` gives; the tests compare them on a generated corpus.

The generated source consists of slot numbers, constant numbers and fixed names only. Nothing a
person wrote is part of it.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from ionpy_auto.language import kleene
from ionpy_auto.language.kleene import FUNCTIONS, UNKNOWN, Value

SAFE = 1e15
"""The plain form runs only if all numbers read are smaller than this."""

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

Compiled = Callable[[list[Value]], Value]


def compile_tree(tree: ast.expr, slot_count: int) -> Compiled:
    """The function for a checked tree.

    Args:
        tree: From the checker: slots, constants, operators and calls of `kleene.FUNCTIONS`.
        slot_count: How many slots there are.

    Returns:
        A function from the list of slot values (already `kleene.normal`) to the result; it
        never raises.
    """
    emitter = _Exact()
    exact = emitter.emit(tree)
    lines = ["def run(s):"]
    plain = _Plain(emitter.constants)
    quick = plain.emit(tree)
    if quick is not None and slot_count and plain.kinds:
        names = [f"v{index}" for index in sorted(plain.kinds)]
        values = [f"s[{index}]" for index in sorted(plain.kinds)]
        lines.append(f"    {', '.join(names)} = {', '.join(values)}")
        lines.append(f"    if {plain.guard()}:")
        lines.append(f"        return {quick.code}")
    lines.append(f"    return {exact}")
    functions = {f"f_{name}": function for name, function in FUNCTIONS.items()}
    space: dict[str, object] = {
        "__builtins__": {},
        "UNKNOWN": UNKNOWN,
        "Float": float,
        "Bool": bool,
        "Text": str,
        "absolute": abs,
        **_KERNEL,
        **functions,
        **{f"k{index}": value for index, value in enumerate(emitter.constants)},
    }
    code = compile("\n".join(lines), "<expression>", "exec")
    exec(code, space)  # noqa: S102  # generated from a checked tree; holds no text of a person
    return space["run"]  # type: ignore[return-value]  # defined by the line above


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

    def guard(self) -> str:
        """What must hold for the slots."""
        tests = []
        for index, kind in sorted(self.kinds.items()):
            tests.append(f"v{index}.__class__ is {kind}")
            if kind == "Float":
                tests.append(f"-{SAFE!r} < v{index} < {SAFE!r}")
        return " and ".join(tests)

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
            case ast.Call(func=ast.Name(id="abs")):
                piece = self.magnitude(node)
        return piece if piece is not None and want in {"", piece.kind} else None

    def magnitude(self, node: ast.Call) -> _Piece | None:
        inner = self.emit(node.args[0], "Float")
        return inner and _Piece(f"absolute({inner.code})", "Float", inner.bound)

    def slot(self, index: int, want: str) -> _Piece | None:
        if not want or self.kinds.setdefault(index, want) != want:
            return None
        return _Piece(f"v{index}", want, SAFE)

    def constant(self, value: object) -> _Piece | None:
        kind = {float: "Float", bool: "Bool", str: "Text"}[type(value)]
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
        left, right = self.emit(node.left, "Float"), self.emit(node.right, "Float")
        if left is None or right is None:
            return None
        bound, sign = float("inf"), ""
        if isinstance(node.op, (ast.Add, ast.Sub)):
            bound, sign = left.bound + right.bound, "+" if isinstance(node.op, ast.Add) else "-"
        elif isinstance(node.op, ast.Mult):
            bound, sign = left.bound * right.bound, "*"
        elif isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and right.bound:
            bound, sign = left.bound / right.bound, "/"
        if not bound < _FINITE:
            return None
        return _Piece(f"({left.code} {sign} {right.code})", "Float", bound)

    def boolean(self, node: ast.BoolOp) -> _Piece | None:
        pieces = [self.emit(value, "Bool") for value in node.values]
        codes = [piece.code for piece in pieces if piece is not None]
        if len(codes) < len(pieces):
            return None
        word = " and " if isinstance(node.op, ast.And) else " or "
        return _Piece(f"({word.join(codes)})", "Bool")

    def compare(self, node: ast.Compare) -> _Piece | None:
        kind = self.compared_kind(node)
        pieces = [self.emit(side, kind) for side in (node.left, *node.comparators)]
        codes = [piece.code for piece in pieces if piece is not None]
        if not kind or len(codes) < len(pieces):
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
                kinds = {float: "Float", bool: "Bool", str: "Text"}
                return kinds[type(side.value)]
            if isinstance(side, (ast.BinOp, ast.Call)):
                return "Float"
        return ""


def constant(constants: list[object], value: object) -> str:
    """The name under which the generated source knows a constant."""
    constants.append(value)
    return f"k{len(constants) - 1}"
