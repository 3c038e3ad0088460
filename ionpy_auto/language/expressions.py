"""Expressions: parsed and checked once, then evaluated many times, and able to explain themselves.

    voltage <= 2.5 V and avg("DMM-1.volt", 10 s) < 2.6 V

Reading, units and rules of the language stand in ``docs/reference/expressions.md``. The way:
`tokens.lex` -> Python's parser for precedence -> `checker.Checker` (allow-list, units) ->
`compiler.compile_tree`. Results are float, bool, str or ``UNKNOWN``; evaluating never raises.
"""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ionpy_auto.core.errors import ConfigInvalid, Finding, Severity
from ionpy_auto.core.samples import Scalar
from ionpy_auto.core.syntax import parse_expression
from ionpy_auto.language import units
from ionpy_auto.language.cells import Cell, scaler
from ionpy_auto.language.checker import Checked, check
from ionpy_auto.language.compiler import Program
from ionpy_auto.language.kleene import UNKNOWN, KleeneEval, Value, normal
from ionpy_auto.language.nodes import TextNode, text_node
from ionpy_auto.language.pieces import Slot, Typed
from ionpy_auto.language.scope import Environment, Places, Scope
from ionpy_auto.language.tokens import Lexed, LexError, lex
from ionpy_auto.language.units import PLAIN, Unit

Reader = Callable[[Environment], Value]
_DIRECTIONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Window(NamedTuple):
    """A stretch of history an expression needs."""

    address: str
    function: str
    seconds: float


class Part(NamedTuple):
    """A leaf or a comparison with the value it has: the answer to "why did it (not) fire".

    Attributes:
        text: As written.
        value: In the coherent unit; UNKNOWN where nothing is known.
        unit: The coherent unit's name, empty for conditions.
    """

    text: str
    value: Value
    unit: str


class Bound(NamedTuple):
    """A comparison of one point with one fixed limit.

    Attributes:
        point: Resolved address; ``abs(address)`` for a magnitude.
        op: ``<``, ``<=``, ``>``, ``>=``, ``==`` or ``!=``, with the point on the left.
        limit: In the coherent unit.
        unit: The coherent unit's name.
    """

    point: str
    op: str
    limit: float
    unit: str


@dataclass(frozen=True, eq=False)
class Expression:
    """One checked expression.

    Attributes:
        source: As written.
        kind: ``bool``, ``number``, ``text`` or ``any`` (only the running value tells).
        points: Addresses it depends on, for indexing.
        windows: Stretches of history it needs.
        slots: What is read at each evaluation, in order.
        findings: Warnings of the check.
    """

    source: str
    kind: str
    points: frozenset[str]
    windows: tuple[Window, ...]
    slots: tuple[Slot, ...]
    findings: tuple[Finding, ...]
    tree: ast.expr
    typed_unit: Unit | None
    program: Program
    readers: tuple[Reader, ...]
    parts: tuple[tuple[str, Typed], ...]

    @classmethod
    def parse(
        cls,
        source: str | TextNode,
        scope: Scope | None = None,
        findings: list[Finding] | None = None,
        want: str = "",
    ) -> "Expression | None":
        """Check an expression.

        Args:
            source: Text, or the node of a file so that findings point into the file.
            scope: Names and units; without one everything is allowed and unchecked.
            findings: Takes errors and warnings.
            want: ``bool`` where a condition is needed, ``number`` where a value is.

        Returns:
            The expression, or None when it has errors.
        """
        node = text_node(source) if isinstance(source, str) else source
        scope = scope or Scope()
        found: list[Finding] = []
        expression = _parse(node, scope, found, want)
        if findings is not None:
            findings.extend(found)
        return expression

    @classmethod
    def compile(
        cls, source: str | TextNode, scope: Scope | None = None, want: str = ""
    ) -> "Expression":
        """Like `parse`, for callers that cannot go on without.

        Raises:
            ConfigInvalid: With the findings.
        """
        found: list[Finding] = []
        expression = cls.parse(source, scope, found, want)
        if expression is None:
            errors = [finding for finding in found if finding.severity is Severity.ERROR]
            raise ConfigInvalid(errors[0].message, hint=errors[0].hint, findings=found)
        return expression

    @property
    def unit(self) -> str:
        """Name of the coherent unit of the result; empty for conditions, texts, plain numbers."""
        if self.typed_unit is None or not self.typed_unit.dimension:
            return ""
        unit = self.typed_unit
        return units.coherent_name(unit.dimension, absolute=unit.absolute)

    @property
    def declared_unit(self) -> Unit:
        """The unit in which the writer thinks of the result (mV for a point declared in mV)."""
        return self.typed_unit or PLAIN

    def read(self, env: Environment) -> list[Value]:
        """The values of all slots, scaled to coherent units."""
        values = []
        for slot, reader in zip(self.slots, self.readers, strict=True):
            cell = _source(slot, env)
            values.append(reader(env) if cell is None else cell.value)
        return values

    def evaluate(self, env: Environment) -> Value:
        """The result now; numbers in the coherent unit. Never raises for what a point holds."""
        return self.program.run(self.read(env))

    def bind(self, env: Environment) -> Callable[[], Value]:
        """A function that gives what ``evaluate(env)`` gives, for those who look with each sample.

        Points an environment keeps in cells are read there; everything else (windows, ages, names
        of a run) is asked at each call.
        """
        sources = [_source(slot, env) for slot in self.slots]
        return self.program.bind(sources, self.readers, env)

    def evaluate_reference(self, env: Environment) -> Value:
        """The same by the reference evaluator: slower, for tests and doubts."""
        return self.reference(self.read(env))

    def reference(self, values: list[Value]) -> Value:
        """The reference result over slot values."""
        return _reference(self.tree, values)

    def explain(self, env: Environment) -> list[Part]:
        """Each leaf and each comparison with its value, in the order of the text."""
        values = self.read(env)
        return [
            Part(text, _reference(piece.node, values), _unit_name(piece))
            for text, piece in self.parts
        ]

    def crossings(self, env: Environment) -> "tuple[str, Cell, frozenset[float]] | None":
        """Where its result may change, if it does nothing but compare one point with fixed limits.

        Returns:
            The point, its cell and the limits in the cell's unit: while the cell holds numbers and
            none of the limits lies between the last one and this, the result is the same. None
            when it is not that simple.
        """
        limits: set[float] = set()
        if not self.slots or len(self.points) != 1 or not _compares(self.tree, limits):
            return None
        cells = {id(cell): cell for cell in (_source(slot, env) for slot in self.slots)}
        (cell, *others) = cells.values()
        if cell is None or others:
            return None
        return self.slots[0].address, cell, frozenset(limits)

    def bounds(self) -> tuple[Bound, ...]:
        """The limits that make it true each by itself; empty when it is not that simple.

        ``temp > 45 °C or temp < 0 °C`` has two; an ``and`` has none.
        """
        tree = self.tree
        alternatives = tree.values if _is_or(tree) else [tree]  # type: ignore[attr-defined]  # an or has values
        bounds = [_bound(alternative, self.slots) for alternative in alternatives]
        return tuple(bound for bound in bounds if bound) if all(bounds) else ()


def _parse(node: TextNode, scope: Scope, findings: list[Finding], want: str) -> Expression | None:
    places = Places(node, scope.file)
    try:
        lexed = lex(node.text)
    except LexError as error:
        findings.append(places.finding(error.code, error.message, error.hint, error.at))
        return None
    tree = _syntax(lexed, places, findings)
    if tree is None:
        return None
    checked, noted = check(lexed, tree, scope, places, want)
    findings.extend(noted)
    return None if checked is None else _finish(node.text, checked, tuple(noted))


def _syntax(lexed: Lexed, places: Places, findings: list[Finding]) -> ast.expr | None:
    """Let Python sort out precedence; the text holds only placeholders, words and operators."""
    try:
        return parse_expression(lexed.clean)
    except SyntaxError as error:
        at = lexed.start(max((error.offset or 1) - 1, 0))
    except (RecursionError, MemoryError, ValueError):
        at = 0
    findings.append(
        places.finding(
            "syntax",
            "the expression does not read",
            "an operator or a value is missing here",
            at,
            what="expression",
        )
    )
    return None


def _finish(source: str, checked: Checked, findings: tuple[Finding, ...]) -> Expression:
    slots = checked.slots
    tree = ast.fix_missing_locations(checked.result.node)
    return Expression(
        source=source,
        kind=checked.result.kind,
        points=frozenset(slot.address for slot in slots),
        windows=tuple(
            Window(slot.address, slot.function, slot.seconds)
            for slot in slots
            if slot.seconds or slot.function == "previous"
        ),
        slots=slots,
        findings=findings,
        tree=tree,
        typed_unit=checked.result.unit,
        program=Program(tree, len(slots)),
        readers=tuple(_reader(slot) for slot in slots),
        parts=checked.parts,
    )


def _source(slot: Slot, env: Environment) -> Cell | None:
    """The cell a slot may be read from."""
    if slot.function != "value" or not slot.known:
        return None
    find = getattr(env, "cell", None)  # as `CellSource`, without the price of isinstance
    return None if find is None else find(slot.address, slot.unit)


def _reader(slot: Slot) -> Reader:
    """The function that asks for one slot and scales what comes."""
    address, function, seconds = slot.address, slot.function, slot.seconds
    if not slot.known:
        return lambda env: True if function == "is_stale" else UNKNOWN
    if function == "is_stale":
        return lambda env: env.value(address) is None
    if function == "age":
        return lambda env: normal(env.age(address))
    scale = _scale(slot)
    if function != "value":
        return lambda env: (scale or normal)(env.window(function, address, seconds))
    take = scale or normal
    return lambda env: take(env.value(address))


def _scale(slot: Slot) -> Callable[[Scalar | None], Value] | None:
    """From the declared unit to the coherent one, or None where they are the same."""
    unit = slot.unit
    hours = slot.function == "integral" and unit.dimension in {units.AMPERE_HOUR, units.WATT_HOUR}
    return scaler(unit, 3600.0 if hours else 1.0)


def _reference(tree: ast.expr, values: list[Value]) -> Value:
    names = {f"_s{index}": value for index, value in enumerate(values)}
    result: Value = KleeneEval(names).eval("", previously_parsed=ast.Expr(tree))
    return result


def _unit_name(piece: Typed) -> str:
    if piece.unit is None or not piece.unit.dimension:
        return ""
    return units.coherent_name(piece.unit.dimension, absolute=piece.unit.absolute)


def _is_or(tree: ast.expr) -> bool:
    return isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or)


_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def _compares(tree: ast.expr, limits: set[float]) -> bool:
    """Whether a tree only puts slots and fixed numbers in an order; collects the numbers."""
    if isinstance(tree, ast.BoolOp):
        return all(_compares(part, limits) for part in tree.values)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return _compares(tree.operand, limits)
    if not isinstance(tree, ast.Compare) or not all(isinstance(o, _ORDERS) for o in tree.ops):
        return False
    sides = [tree.left, *tree.comparators]
    found = [side.value for side in sides if isinstance(side, ast.Constant)]
    numbers = [value for value in found if isinstance(value, float) and math.isfinite(value)]
    limits.update(numbers)
    names = sum(isinstance(side, ast.Name) for side in sides)
    return len(numbers) == len(found) and len(found) + names == len(sides)


def _bound(tree: ast.expr, slots: tuple[Slot, ...]) -> Bound | None:
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        return None
    op = _DIRECTIONS[type(tree.ops[0])]
    left, right = tree.left, tree.comparators[0]
    if isinstance(left, ast.Constant):
        left, right, op = right, left, _MIRRORED[op]
    point = _bounded_point(left, slots)
    if point is None or not isinstance(right, ast.Constant) or not isinstance(right.value, float):
        return None
    unit = point[1].unit
    name = units.coherent_name(unit.dimension, absolute=unit.absolute) if unit.dimension else ""
    return Bound(point[0], op, right.value, name)


def _bounded_point(tree: ast.expr, slots: tuple[Slot, ...]) -> tuple[str, Slot] | None:
    form = "{}"
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "abs":
        tree, form = tree.args[0], "abs({})"
    if not isinstance(tree, ast.Name):
        return None
    slot = slots[int(tree.id.removeprefix("_s"))]
    return (form.format(slot.address), slot) if slot.function == "value" else None
