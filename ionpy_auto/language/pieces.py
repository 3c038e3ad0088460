"""A checked piece of an expression, and how units combine when pieces meet."""

import ast
from dataclasses import dataclass

from ionpy_auto.language import units
from ionpy_auto.language.kleene import FUNCTIONS, OPERATORS, UNKNOWN, Value
from ionpy_auto.language.units import PLAIN, Unit


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing read from the environment at each evaluation.

    Attributes:
        function: ``value``, ``age``, ``is_stale``, ``previous`` or one of `WINDOWS`.
        address: Resolved point address.
        seconds: Length of the window, 0 without one.
        unit: Unit of what is read, before scaling.
        name: As written.
        known: False for a point that did not exist at the check: always unknown.
    """

    function: str
    address: str
    seconds: float = 0.0
    unit: Unit = PLAIN
    name: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked piece: its tree, its kind and its unit.

    Attributes:
        node: Values in it are coherent.
        kind: ``number``, ``bool``, ``text`` or ``any``.
        unit: As declared or written; None when nobody knows.
        bare: A number literal without unit, ready to take one.
        start: Offset in the source.
        end: Offset behind it.
    """

    node: ast.expr
    kind: str
    unit: Unit | None
    start: int
    end: int
    bare: bool = False

    @property
    def constant(self) -> float | None:
        """The number, if this is one."""
        if isinstance(self.node, ast.Constant) and isinstance(self.node.value, float):
            return self.node.value
        return None


def fold(node: ast.expr) -> ast.expr:
    """A constant where all operands are constants; what comes out unknown stays as it is."""
    value: Value = UNKNOWN
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        value = OPERATORS[type(node.op)](node.operand.value)
    elif (
        isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.right, ast.Constant)
    ):
        value = OPERATORS[type(node.op)](node.left.value, node.right.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        arguments = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        if len(arguments) == len(node.args):
            value = FUNCTIONS[node.func.id](*arguments)
    return ast.Constant(value) if isinstance(value, (float, bool, str)) else node


def call_of(name: str, pieces: list[Typed]) -> ast.Call:
    """A call of one of our functions."""
    return ast.Call(ast.Name(name, ast.Load()), [piece.node for piece in pieces], [])


def is_rate(piece: Typed) -> bool:
    """Whether a piece is a C-rate."""
    return piece.unit is not None and piece.unit.dimension == units.C_RATE


def reference_of(pieces: list[Typed]) -> Typed | None:
    """The piece whose unit the others take: the first that brings one of its own."""
    candidates = [p for p in pieces if p.unit is not None and not p.bare and p.kind != "text"]
    if not candidates:
        return None
    # Points before literals, and C-rates last: they become whatever current they meet.
    return min(candidates, key=lambda p: (is_rate(p), isinstance(p.node, ast.Constant)))


def common_unit(pieces: list[Typed]) -> Unit | None:
    """The unit of a result made of these: the shared one, else the coherent one."""
    found = [piece.unit for piece in pieces if piece.unit is not None and not piece.bare]
    if not found or len(found) < sum(not piece.bare for piece in pieces):
        return PLAIN if not found and all(piece.bare for piece in pieces) else None
    first = found[0]
    if all(unit == first for unit in found):
        return first
    name = units.coherent_name(first.dimension, absolute=first.absolute)
    return Unit(name, first.dimension, 1.0, first.absolute)


def computed_unit(dimension: units.Dimension, factor: float) -> Unit:
    """The unit of a computed value.

    The factor lives on: a bare number beside ``mV x A`` is read in what the person sees, and
    draws the warning.
    """
    if not dimension:
        return PLAIN
    name = units.coherent_name(dimension)
    return Unit(name if factor == 1 else f"{units.format_number(factor)} {name}", dimension, factor)


def product_unit(left: Unit, right: Unit, *, divided: bool) -> Unit:
    """Unit of a product or quotient; a plain factor leaves the other unit as written."""
    if not right.dimension:
        return left
    if not left.dimension and not divided:
        return right
    dimension = units.product(left.dimension, right.dimension, -1 if divided else 1)
    factor = left.factor / right.factor if divided else left.factor * right.factor
    return computed_unit(dimension, factor)


def temperature_kind(piece: Typed) -> str:
    """``absolute``, ``difference``, ``any`` (nobody knows) or ``unknown`` (no temperature)."""
    if piece.unit is None:
        return "any"
    if piece.unit.absolute:
        return "absolute" if piece.unit.name == "°C" else "unknown"
    return "difference" if piece.bare or piece.unit.dimension == units.KELVIN else "unknown"


def window_unit(name: str, unit: Unit | None) -> Unit | None:
    """Unit of a window's value, scaled from the point's declared unit."""
    if name == "spread" and unit is not None and unit.absolute:
        return units.UNITS["K"]
    if unit is None or name not in {"rate", "integral"}:
        return unit
    base = "K" if unit.absolute else unit.name
    if name == "rate":
        dimension = units.product(unit.dimension, units.SECOND, -1)
        return Unit(f"{base}/s" if base else "Hz", dimension, unit.factor)
    if unit.dimension in {units.AMPERE, units.WATT}:
        return Unit(f"{unit.name}h", units.product(unit.dimension, (("h", 1),)), unit.factor)
    return Unit(f"{base}·s", units.product(unit.dimension, units.SECOND), unit.factor)
