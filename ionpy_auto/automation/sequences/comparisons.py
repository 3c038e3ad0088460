"""The comparisons inside an expression: what is read, and the number it is held against."""

import ast
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ionpy_auto.language import Expression
from ionpy_auto.language.pieces import Slot

_WORDS: Final = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Compared(NamedTuple):
    """One comparison with a fixed number, wherever it stands in the expression.

    Attributes:
        slot: What is read; windows too.
        op: With the slot on the left.
        limit: In the coherent unit.
    """

    slot: Slot
    op: str
    limit: float


def comparisons(expression: Expression, known: Mapping[str, float] = NOTHING) -> Iterator[Compared]:
    """All of them, in any order.

    Args:
        expression: Checked.
        known: Points whose value never changes, as ``cell.capacity``.
    """
    for node in ast.walk(expression.tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            found = _compared(expression, left, op, right, known)
            if found is not None:
                yield found


def _compared(
    expression: Expression,
    left: ast.expr,
    op: ast.cmpop,
    right: ast.expr,
    known: Mapping[str, float],
) -> Compared | None:
    word = _WORDS.get(type(op))  # equality is no bound
    if word is None:
        return None
    if _number(expression, left, known) is not None:
        left, right, word = right, left, _MIRRORED[word]
    slot, limit = _slot(expression, left), _number(expression, right, known)
    return None if slot is None or limit is None else Compared(slot, word, limit)


def _slot(expression: Expression, side: ast.expr) -> Slot | None:
    """A name, or ``abs`` of one."""
    if isinstance(side, ast.Call) and isinstance(side.func, ast.Name) and side.func.id == "abs":
        side = side.args[0]
    if not isinstance(side, ast.Name) or not side.id.startswith("_s"):
        return None
    return expression.slots[int(side.id.removeprefix("_s"))]


def _number(expression: Expression, side: ast.expr, known: Mapping[str, float]) -> float | None:
    """A constant, something that never changes, or a product of them."""
    if isinstance(side, ast.Constant):
        return side.value if isinstance(side.value, float) else None
    if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult):
        one = _number(expression, side.left, known)
        other = _number(expression, side.right, known)
        return None if one is None or other is None else one * other
    slot = _slot(expression, side) if isinstance(side, ast.Name) else None
    return known.get(slot.address) if slot is not None else None
