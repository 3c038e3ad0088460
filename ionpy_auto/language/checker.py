"""The check of an expression: allow-list, types and units; the result is a small syntax tree.

The tree it hands on holds only slots (``_s0``), constants in coherent units, operators, and calls
of the functions in `kleene.FUNCTIONS`. Everything a person can get wrong is reported with its
place; the tree is built only from what was understood.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language import units
from ionpy_auto.language.kleene import MAX_EXPONENT, OPERATORS
from ionpy_auto.language.pieces import (
    Slot,
    Typed,
    call_of,
    common_unit,
    computed_unit,
    fold,
    is_rate,
    product_unit,
    reference_of,
    temperature_kind,
    window_unit,
)
from ionpy_auto.language.scope import ANY_UNIT, Places, Scope
from ionpy_auto.language.tokens import Kind, Lexed, Token
from ionpy_auto.language.units import PLAIN, Quantity, Unit, UnitError

MAX_NODES = 256
MAX_DEPTH = 32
WINDOWS = frozenset({"avg", "min", "max", "rate", "integral", "changed"})
_OPERATORS_ALLOWED = tuple(OPERATORS)
_SAME_UNIT = frozenset({"abs", "floor", "ceil"})
_ARGUMENTS = {
    "abs": (1, 1),
    "round": (1, 2),
    "floor": (1, 1),
    "ceil": (1, 1),
    "sqrt": (1, 1),
    "exp": (1, 1),
    "log": (1, 1),
    "min": (2, 16),
    "max": (2, 16),
    "clamp": (3, 3),
    "between": (3, 3),
    "value": (1, 1),
    "age": (1, 1),
    "previous": (1, 1),
    "is_stale": (1, 1),
    "avg": (2, 2),
    "rate": (2, 2),
    "integral": (2, 2),
    "changed": (2, 2),
    "stable": (3, 3),
}


class _CheckError(Exception):
    """The piece makes no sense; the finding is already noted."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check leaves: the tree with its kind and unit, what it reads, and what to explain.

    Attributes:
        result: The whole expression.
        slots: What is read, in the order of the slot numbers.
        parts: Leaves and comparisons as written, in the order of the text.
    """

    result: Typed
    slots: tuple[Slot, ...]
    parts: tuple[tuple[str, Typed], ...]


def check(
    lexed: Lexed, tree: ast.expr, scope: Scope, places: Places, want: str = ""
) -> tuple[Checked | None, list[Finding]]:
    """Check a parsed expression.

    Args:
        lexed: The cleaned source.
        tree: What Python's parser made of it.
        scope: Names and units.
        places: For the findings.
        want: ``bool`` where a condition is needed, ``number`` where a value is.

    Returns:
        The checked form, None when there are errors; and all findings.
    """
    checker = _Checker(lexed, scope, places)
    try:
        result = checker.check(tree, want)
    except _CheckError:
        return None, checker.findings
    if any(finding.severity is Severity.ERROR for finding in checker.findings):
        return None, checker.findings
    ordered = sorted(checker.parts, key=lambda piece: (piece.start, -piece.end))
    parts = {(checker.text(piece), ast.dump(piece.node)): piece for piece in ordered}
    named = tuple((text, piece) for (text, _), piece in parts.items())
    return Checked(result, tuple(checker.slot_list), named), checker.findings


@dataclass
class _Checker:
    """Checks one lexed expression."""

    lexed: Lexed
    scope: Scope
    places: Places
    findings: list[Finding] = field(default_factory=list)
    slots: dict[tuple[str, str, float], int] = field(default_factory=dict)
    slot_list: list[Slot] = field(default_factory=list)
    parts: list[Typed] = field(default_factory=list)

    def check(self, tree: ast.expr, want: str) -> Typed:
        """The whole tree.

        Raises:
            _CheckError: Something is wrong; see ``findings``.
        """
        self.bound(tree)
        result = self.visit(tree)
        if want == "bool":
            self.want_condition(result)
        elif want == "number":
            self.want_number(result)
        return result

    def bound(self, tree: ast.expr) -> None:
        level, count, depth = [tree], 0, 0
        while level:
            count += len(level)
            depth += 1
            if count > MAX_NODES * 2 or depth > MAX_DEPTH + 2:
                self.fail("too-complex", "the expression is too large", "split it up", tree)
            level = [
                child
                for node in level
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr)
            ]
        if count > MAX_NODES:
            self.fail("too-complex", "the expression is too large", "split it up", tree)

    # --- reporting -------------------------------------------------------------------------

    def span(self, node: ast.expr) -> tuple[int, int]:
        end = node.end_col_offset or node.col_offset
        return self.lexed.start(node.col_offset), self.lexed.end(end)

    def text(self, piece: Typed) -> str:
        return " ".join(self.lexed.source[piece.start : piece.end].split())

    def report(
        self,
        code: str,
        message: str,
        hint: str,
        at: int,
        severity: Severity = Severity.ERROR,
        **args: Any,  # noqa: ANN401 - JSON
    ) -> None:
        self.findings.append(self.places.finding(code, message, hint, at, severity, **args))

    def fail(
        self,
        code: str,
        message: str,
        hint: str,
        where: ast.expr | Typed,
        **args: Any,  # noqa: ANN401 - JSON
    ) -> NoReturn:
        at = where.start if isinstance(where, Typed) else self.span(where)[0]
        self.report(code, message, hint, at, **args)
        raise _CheckError

    # --- walking ---------------------------------------------------------------------------

    def visit(self, node: ast.expr) -> Typed:
        handlers: dict[type[ast.expr], Callable[..., Typed]] = {
            ast.Name: self.name,
            ast.BoolOp: self.boolean,
            ast.UnaryOp: self.unary,
            ast.BinOp: self.binary,
            ast.Compare: self.compare,
            ast.IfExp: self.choice,
            ast.Call: self.call,
        }
        handler = handlers.get(type(node))
        if handler is None:
            self.fail("not-allowed", "this is not part of the language", "", node)
        return handler(node)

    def visit_all(self, nodes: list[ast.expr]) -> list[Typed]:
        """All of them, so that every error is told, not only the first.

        Raises:
            _CheckError: At least one is wrong.
        """
        done: list[Typed] = []
        failed = False
        for node in nodes:
            try:
                done.append(self.visit(node))
            except _CheckError:
                failed = True
        if failed:
            raise _CheckError
        return done

    def name(self, node: ast.Name) -> Typed:
        token = self.lexed.tokens.get(node.id)
        if token is None:
            message = f"'{node.id}' is a function, not a value"
            self.fail("bad-name", message, "", node, text=node.id)
        if token.kind is Kind.POINT:
            return self.point(str(token.value), token.start, token.end)
        if token.kind is Kind.PARAMETER:
            return self.parameter(token, node)
        return self.literal(token.value, token.start, token.end)

    def literal(self, value: Quantity | str | bool, start: int, end: int) -> Typed:
        if isinstance(value, bool):
            return Typed(ast.Constant(value), "bool", PLAIN, start, end)
        if isinstance(value, str):
            return Typed(ast.Constant(value), "text", PLAIN, start, end)
        constant = ast.Constant(value.coherent)
        return Typed(constant, "number", value.unit, start, end, bare=value.unit is PLAIN)

    def parameter(self, token: Token, node: ast.Name) -> Typed:
        if token.value not in self.scope.parameters:
            known = ", ".join(f"${name}" for name in self.scope.parameters) or "none"
            self.fail(
                "unknown-parameter",
                f"there is no parameter ${token.value}",
                f"known: {known}",
                node,
                wanted=f"${token.value}",
                known=[f"${name}" for name in self.scope.parameters],
            )
        value = self.scope.parameters[str(token.value)]
        if isinstance(value, str):
            try:
                value = units.parse_quantity(value)
            except UnitError:
                return self.literal(str(value), token.start, token.end)
        elif not isinstance(value, (bool, Quantity)):
            value = Quantity(float(value), PLAIN)
        return self.literal(value, token.start, token.end)

    def point(self, name: str, start: int, end: int) -> Typed:
        address, unit, known = self.lookup(name, start)
        slot = Slot("value", address, 0.0, unit or PLAIN, name, known)
        kind = self.scope.kind_of(address) if known else ""
        if not kind:
            kind = "number" if unit is not None and unit.dimension else "any"
        return self.read(slot, kind, unit, (start, end))

    def lookup(self, name: str, start: int) -> tuple[str, Unit | None, bool]:
        """Address and declared unit of a written name."""
        address = self.scope.resolve(name)
        declared = self.scope.units_of(address)
        if declared is None:
            self.report(
                "unknown-point",
                f"there is no point '{name}'",
                'check the spelling; ids with a dash are written value("PSU-01.u_out")',
                start,
                self.scope.unknown_points,
                wanted=name,
            )
            return address, None, False
        return address, None if declared == ANY_UNIT else units.find_unit(declared), True

    def read(self, slot: Slot, kind: str, unit: Unit | None, span: tuple[int, int]) -> Typed:
        key = (slot.function, slot.address, slot.seconds)
        index = self.slots.setdefault(key, len(self.slot_list))
        if index == len(self.slot_list):
            self.slot_list.append(slot)
        piece = Typed(ast.Name(f"_s{index}", ast.Load()), kind, unit, *span)
        self.parts.append(piece)
        return piece

    def boolean(self, node: ast.BoolOp) -> Typed:
        pieces = self.visit_all(node.values)
        for piece in pieces:
            self.want_condition(piece)
        start, end = self.span(node)
        tree = ast.BoolOp(node.op, [piece.node for piece in pieces])
        return Typed(tree, "bool", PLAIN, start, end)

    def want_condition(self, piece: Typed) -> None:
        if piece.kind not in {"bool", "any"}:
            self.fail(
                "not-a-condition",
                f"'{self.text(piece)}' is a {piece.kind}, a condition is needed here",
                "compare it with something",
                piece,
                text=self.text(piece),
                kind=piece.kind,
            )

    def want_number(self, piece: Typed) -> None:
        if piece.kind not in {"number", "any"}:
            text = self.text(piece)
            message = f"'{text}' is a {piece.kind}, not a number"
            self.fail("not-a-number", message, "", piece, text=text, kind=piece.kind)

    def unary(self, node: ast.UnaryOp) -> Typed:
        piece = self.visit(node.operand)
        start, end = self.span(node)
        if isinstance(node.op, ast.Not):
            self.want_condition(piece)
            return Typed(ast.UnaryOp(node.op, piece.node), "bool", PLAIN, start, end)
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            self.fail("not-allowed", "this is not part of the language", "", node)
        self.want_number(piece)
        if piece.unit is not None and piece.unit.absolute and piece.constant is None:
            self.no_scaling(piece)
        tree = fold(ast.UnaryOp(node.op, piece.node))
        return replace(piece, node=tree, kind="number", start=start, end=end)

    def no_scaling(self, piece: Typed) -> NoReturn:
        self.fail(
            "bad-unit",
            f"'{self.text(piece)}' is a temperature in °C, which has no multiples",
            "subtract another temperature first",
            piece,
            multiple_of=self.text(piece),
        )

    # --- arithmetic ------------------------------------------------------------------------

    def binary(self, node: ast.BinOp) -> Typed:
        if not isinstance(node.op, _OPERATORS_ALLOWED):
            self.fail("not-allowed", "this operator is not part of the language", "", node)
        left, right = self.visit_all([node.left, node.right])
        self.want_number(left)
        self.want_number(right)
        span = self.span(node)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return self.sum(node.op, left, right, span)
        if isinstance(node.op, ast.Pow):
            return self.power(left, right, span)
        if isinstance(node.op, (ast.Mod, ast.FloorDiv)):
            return self.division_with_rest(node.op, left, right, span)
        return self.product(node.op, left, right, span)

    def sum(self, op: ast.operator, left: Typed, right: Typed, span: tuple[int, int]) -> Typed:
        if (left.unit and left.unit.absolute) or (right.unit and right.unit.absolute):
            return self.temperature_sum(op, left, right, span)
        (left, right), unit = self.unify([left, right])
        return self.operation(op, left, right, unit, span)

    def temperature_sum(
        self, op: ast.operator, left: Typed, right: Typed, span: tuple[int, int]
    ) -> Typed:
        """°C - °C = K; °C + K and °C - K = °C; nothing else."""
        kelvin = units.UNITS["K"]
        first = temperature_kind(left)
        second = temperature_kind(right)
        if isinstance(op, ast.Sub) and first == second == "absolute":
            return self.operation(op, left, right, kelvin, span)
        if first == "absolute" and second == "difference":
            return self.operation(op, left, right, left.unit, span)
        if isinstance(op, ast.Add) and (first, second) == ("difference", "absolute"):
            return self.operation(op, left, right, right.unit, span)
        if "any" not in {first, second}:
            self.fail(
                "bad-unit",
                f"'{self.text(left)}' and '{self.text(right)}' do not add up to a temperature",
                "a temperature difference is written in K",
                right,
                left=self.text(left),
                right=self.text(right),
            )
        return self.operation(op, left, right, None, span)

    def product(self, op: ast.operator, left: Typed, right: Typed, span: tuple[int, int]) -> Typed:
        left, right = self.percent(left, right), self.percent(right, left)
        if left.unit is None or right.unit is None:
            return self.operation(op, left, right, None, span)
        for piece, other in ((left, right), (right, left)):
            if piece.unit is not None and piece.unit.absolute:
                self.no_scaling(piece)
            if is_rate(piece) and not (other.unit is not None and not other.unit.dimension):
                self.fail(
                    "bad-unit",
                    f"'{self.text(piece)}' stands where no current is expected",
                    "C is a rate only where a current is expected",
                    piece,
                    rate=self.text(piece),
                )
        unit = product_unit(left.unit, right.unit, divided=isinstance(op, ast.Div))
        return self.operation(op, left, right, unit, span)

    def percent(self, piece: Typed, other: Typed) -> Typed:
        """``80 %`` as a factor is 0.8, unless the other side counts in per cent too."""
        if piece.unit is None or piece.unit.dimension != units.PERCENT:
            return piece
        both = other.unit is not None and other.unit.dimension == units.PERCENT
        if both or piece.constant is None:
            return piece
        return replace(piece, node=ast.Constant(piece.constant / 100), unit=PLAIN)

    def division_with_rest(
        self, op: ast.operator, left: Typed, right: Typed, span: tuple[int, int]
    ) -> Typed:
        (left, right), unit = self.unify([left, right])
        return self.operation(op, left, right, unit if isinstance(op, ast.Mod) else PLAIN, span)

    def power(self, left: Typed, right: Typed, span: tuple[int, int]) -> Typed:
        exponent = right.constant
        if exponent is None or not right.bare or abs(exponent) > MAX_EXPONENT:
            self.fail(
                "bad-power",
                "an exponent must be a plain constant number",
                f"at most {MAX_EXPONENT:g}",
                right,
            )
        if left.unit is None or not left.unit.dimension:
            return self.operation(ast.Pow(), left, right, left.unit, span)
        if left.unit.absolute:
            self.no_scaling(left)
        if not exponent.is_integer():
            self.fail("bad-power", "a quantity takes whole exponents only", "", right)
        dimension = tuple((base, power * int(exponent)) for base, power in left.unit.dimension)
        unit = computed_unit(
            tuple(pair for pair in dimension if pair[1]), left.unit.factor**exponent
        )
        return self.operation(ast.Pow(), left, right, unit, span)

    def operation(
        self,
        op: ast.operator,
        left: Typed,
        right: Typed,
        unit: Unit | None,
        span: tuple[int, int],
    ) -> Typed:
        tree = fold(ast.BinOp(left.node, op, right.node))
        bare = left.bare and right.bare and isinstance(tree, ast.Constant)
        return Typed(tree, "number", unit, *span, bare=bare)

    # --- units that must agree -------------------------------------------------------------

    def unify(self, pieces: list[Typed]) -> tuple[list[Typed], Unit | None]:
        """Bring values that meet into one unit: bare numbers take it, C-rates become currents."""
        undeclared = next((piece for piece in pieces if piece.unit is None), None)
        rate = next((piece for piece in pieces if is_rate(piece)), None)
        if undeclared is not None and rate is not None:
            self.fail(
                "bad-unit",
                f"'{self.text(rate)}' meets '{self.text(undeclared)}', whose unit nobody declared",
                "C is a rate only where a current is expected",
                rate,
                rate=self.text(rate),
            )
        reference = reference_of(pieces)
        if reference is None or reference.unit is None:
            return pieces, None if any(p.unit is None for p in pieces) else common_unit(pieces)
        done = [self.adapt(piece, reference, reference.unit) for piece in pieces]
        return done, common_unit(done)

    def adapt(self, piece: Typed, reference: Typed, unit: Unit) -> Typed:
        if piece.unit is None or piece is reference or piece.kind in {"text", "bool"}:
            return piece
        if piece.bare and piece.constant is not None:
            return self.take_unit(piece, reference, unit)
        if is_rate(piece) and unit.dimension == units.AMPERE:
            return self.current_of_rate(piece)
        if unit.dimension == () and piece.unit.dimension == units.PERCENT and piece.constant:
            return self.percent(piece, reference)
        same = piece.unit.dimension == unit.dimension and piece.unit.absolute == unit.absolute
        if not same:
            self.fail(
                "bad-unit",
                f"'{self.text(reference)}' is in {unit.name or 'no unit'}, "
                f"'{self.text(piece)}' is in {piece.unit.name or 'no unit'}",
                units.mismatch_hint(piece.unit, unit),
                piece,
                text=self.text(piece),
                given_unit=piece.unit.name,
                other=self.text(reference),
                unit=unit.name,
            )
        return piece

    def take_unit(self, piece: Typed, reference: Typed, unit: Unit) -> Typed:
        if not unit.is_coherent:
            number = self.text(piece)
            self.report(
                "bare-number",
                f"'{number}' is taken as {number} {unit.name}, the unit of "
                f"'{self.text(reference)}'",
                "write the unit",
                piece.start,
                Severity.WARNING,
                number=number,
                unit=unit.name,
                other=self.text(reference),
            )
        value = unit.to_coherent(piece.constant or 0.0)
        return replace(piece, node=ast.Constant(value), unit=unit, bare=False)

    def current_of_rate(self, piece: Typed) -> Typed:
        ampere = units.UNITS["A"]
        if self.scope.capacity is not None:
            capacity: ast.expr = ast.Constant(float(self.scope.capacity))
        elif self.scope.capacity_point:
            capacity = self.point(self.scope.capacity_point, piece.start, piece.end).node
            self.parts.pop()
        else:
            self.fail(
                "no-capacity",
                f"'{self.text(piece)}' needs a cell with a capacity",
                "name the cell, or write the current in A",
                piece,
                text=self.text(piece),
            )
        return replace(piece, node=fold(ast.BinOp(piece.node, ast.Mult(), capacity)), unit=ampere)

    # --- comparisons and choices -----------------------------------------------------------

    def compare(self, node: ast.Compare) -> Typed:
        span = self.span(node)
        if isinstance(node.ops[0], (ast.In, ast.NotIn)):
            return self.membership(node, span)
        for op in node.ops:
            if not isinstance(op, _OPERATORS_ALLOWED):
                self.fail("not-allowed", "this comparison is not part of the language", "", node)
        pieces = self.visit_all([node.left, *node.comparators])
        return self.comparison(node.ops, pieces, span)

    def comparison(self, ops: list[ast.cmpop], pieces: list[Typed], span: tuple[int, int]) -> Typed:
        for op, left, right in zip(ops, pieces, pieces[1:], strict=False):
            self.comparable(op, left, right)
        pieces, _ = self.unify(pieces)
        tree = ast.Compare(pieces[0].node, ops, [piece.node for piece in pieces[1:]])
        done = Typed(tree, "bool", PLAIN, *span)
        self.parts.append(done)
        return done

    def comparable(self, op: ast.cmpop, left: Typed, right: Typed) -> None:
        """Whether the kinds of both sides can be compared at all."""
        if not isinstance(op, (ast.Eq, ast.NotEq)):
            self.want_number(left)
            self.want_number(right)
        elif "any" not in {left.kind, right.kind} and left.kind != right.kind:
            self.fail(
                "wrong-type",
                f"'{self.text(left)}' is a {left.kind}, '{self.text(right)}' a {right.kind}",
                "texts stand in quotes, switches are true or false",
                right,
                left=self.text(left),
                left_kind=left.kind,
                right=self.text(right),
                right_kind=right.kind,
            )

    def membership(self, node: ast.Compare, span: tuple[int, int]) -> Typed:
        """``x in ["a", "b"]``: a fixed list only."""
        options = node.comparators[0]
        if len(node.ops) > 1 or not isinstance(options, (ast.List, ast.Tuple)) or not options.elts:
            self.fail("not-allowed", "'in' needs a list of values in [ ]", "", node)
        pieces = self.visit_all([node.left, *options.elts])
        for option in pieces[1:]:
            if not isinstance(option.node, ast.Constant):
                self.fail("not-allowed", "the list may hold only fixed values", "", option)
            self.comparable(ast.Eq(), pieces[0], option)
        pieces, _ = self.unify(pieces)
        tree: ast.expr = call_of("is_in", pieces)
        if isinstance(node.ops[0], ast.NotIn):
            tree = ast.UnaryOp(ast.Not(), tree)
        done = Typed(tree, "bool", PLAIN, *span)
        self.parts.append(done)
        return done

    def choice(self, node: ast.IfExp) -> Typed:
        test, yes, no = self.visit_all([node.test, node.body, node.orelse])
        self.want_condition(test)
        self.comparable(ast.Eq(), yes, no)
        (yes, no), unit = self.unify([yes, no])
        tree = ast.IfExp(test.node, yes.node, no.node)
        kind = yes.kind if yes.kind != "any" else no.kind
        return Typed(tree, kind, unit, *self.span(node))

    # --- functions -------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Typed:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in _ARGUMENTS or node.keywords:
            known = ", ".join(sorted(_ARGUMENTS))
            hint = f"there are: {known}"
            args: dict[str, Any] = {"wanted": name, "known": sorted(_ARGUMENTS)}
            self.fail("unknown-function", f"'{name}' is no function", hint, node, **args)
        low, high = _ARGUMENTS[name]
        if not low <= len(node.args) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            message = f"{name}() takes {wanted} values, not {len(node.args)}"
            args = {
                "function": name,
                "low": low,
                "high": high,
                "given": len(node.args),
            }
            self.fail("wrong-arguments", message, "", node, **args)
        span = self.span(node)
        if name in {"value", "age", "previous", "is_stale"}:
            return self.reading(name, node.args[0], span)
        if name == "stable":
            return self.stable(node, span)
        if name in WINDOWS:
            window = self.window(name, node, span)
            if window is not None:
                return window
        return self.function(name, self.visit_all(node.args), span)

    def address(self, node: ast.expr) -> tuple[str, int] | None:
        """The point named by an argument: a dotted name, a text, or value("...")."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "value" and len(node.args) == 1:
                return self.address(node.args[0])
            return None
        token = self.lexed.tokens.get(node.id) if isinstance(node, ast.Name) else None
        if token is None or token.kind not in {Kind.POINT, Kind.TEXT}:
            return None
        return str(token.value), token.start

    def reading(self, name: str, argument: ast.expr, span: tuple[int, int]) -> Typed:
        found = self.address(argument)
        if found is None:
            message = f"{name}() needs the name of a point"
            self.fail("not-a-point", message, "", argument, function=name)
        if name == "value":
            return self.point(found[0], *span)
        address, unit, known = self.lookup(*found)
        if name == "is_stale":
            return self.read(Slot(name, address, name=found[0], known=known), "bool", PLAIN, span)
        if name == "age":
            second = units.UNITS["s"]
            return self.read(
                Slot(name, address, 0.0, second, found[0], known), "number", second, span
            )
        kind = self.scope.kind_of(address) if known else ""
        slot = Slot(name, address, 0.0, unit or PLAIN, found[0], known)
        return self.read(slot, kind or ("number" if unit and unit.dimension else "any"), unit, span)

    def window(self, name: str, node: ast.Call, span: tuple[int, int]) -> Typed | None:
        """``avg(point, 10 s)``; None when min and max are meant as plain functions."""
        found = self.address(node.args[0])
        if name in {"min", "max"} and (
            len(node.args) != 2 or found is None or not self.is_window(node.args[1], found[0])
        ):
            return None
        if found is None:
            message = f"{name}() needs the name of a point"
            self.fail("not-a-point", message, "", node.args[0], function=name)
        length = self.visit(node.args[1])
        seconds = length.constant
        is_time = length.unit is not None and length.unit.dimension == units.SECOND
        if seconds is None or not is_time or seconds <= 0:
            message, hint = f"{name}() needs a time span", "for example 10 s"
            self.fail("not-a-duration", message, hint, length, function=name)
        address, unit, known = self.lookup(*found)
        if name == "changed":
            slot = Slot(name, address, seconds, PLAIN, found[0], known)
            return self.read(slot, "bool", PLAIN, span)
        if name == "integral" and unit is None and known:
            self.fail(
                "bad-unit",
                f"the unit of '{found[0]}' is not declared, so its integral has none",
                "declare the unit of the point",
                node.args[0],
            )
        unit = window_unit(name, unit)
        slot = Slot(name, address, seconds, unit or PLAIN, found[0], known)
        return self.read(slot, "number", unit, span)

    def stable(self, node: ast.Call, span: tuple[int, int]) -> Typed:
        """``stable(point, 2 mV, 10 min)``: over the last span it moved by no more than that."""
        point, width, length = node.args
        moved = self.window("spread", ast.Call(node.func, [point, length], []), span)
        if moved is None:
            raise AssertionError  # only min and max may be something else than a window
        self.parts.pop()  # the comparison stands for both
        return self.comparison([ast.LtE()], [moved, self.visit(width)], span)

    def is_window(self, argument: ast.expr, name: str) -> bool:
        """Whether the second value of min or max is a time span (and the point is no time)."""
        if not isinstance(argument, ast.Name):
            return False
        token = self.lexed.tokens.get(argument.id)
        if token is None or token.kind not in {Kind.NUMBER, Kind.PARAMETER}:
            return False
        length = self.name(argument)
        declared = self.scope.units_of(self.scope.resolve(name))
        is_time = declared and units.find_unit(declared).dimension == units.SECOND
        return length.unit is not None and length.unit.dimension == units.SECOND and not is_time

    def function(self, name: str, pieces: list[Typed], span: tuple[int, int]) -> Typed:
        for piece in pieces:
            self.want_number(piece)
        if name == "between":
            return self.between(pieces, span)
        unit = pieces[0].unit
        if name in {"min", "max", "clamp"}:
            pieces, unit = self.unify(pieces)
        elif name == "round":
            self.round_digits(pieces)
        elif name == "sqrt":
            unit = self.root(pieces[0])
        elif name not in _SAME_UNIT:
            self.want_plain(name, pieces[0])
        tree = fold(call_of(name, pieces))
        bare = isinstance(tree, ast.Constant) and all(piece.bare for piece in pieces)
        return Typed(tree, "number", unit, *span, bare=bare)

    def between(self, pieces: list[Typed], span: tuple[int, int]) -> Typed:
        value, low, high = pieces
        return self.comparison([ast.LtE(), ast.LtE()], [low, value, high], span)

    def round_digits(self, pieces: list[Typed]) -> None:
        digits = pieces[1].constant if len(pieces) > 1 else 0.0
        if digits is None or not digits.is_integer() or not 0 <= digits <= 12:
            self.fail("wrong-arguments", "round() takes 0 to 12 digits", "", pieces[1])

    def root(self, piece: Typed) -> Unit | None:
        if piece.unit is None or not piece.unit.dimension:
            return piece.unit
        if piece.unit.absolute or any(power % 2 for _, power in piece.unit.dimension):
            self.fail("bad-unit", f"'{self.text(piece)}' has no square root", "", piece)
        dimension = tuple((base, power // 2) for base, power in piece.unit.dimension)
        return computed_unit(dimension, piece.unit.factor**0.5)

    def want_plain(self, name: str, piece: Typed) -> None:
        if piece.unit is not None and piece.unit.dimension:
            self.fail(
                "bad-unit",
                f"{name}() takes a plain number, '{self.text(piece)}' is in {piece.unit.name}",
                f"divide by 1 {units.coherent_name(piece.unit.dimension)}",
                piece,
            )
