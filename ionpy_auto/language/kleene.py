"""Three-valued logic over plain scalars: every operation is total, UNKNOWN when in doubt.

Values are float, bool, str or ``UNKNOWN``. Unknown comes from a stale, missing or implausible
point, a division by zero, an overflow, a wrong type; it spreads through arithmetic and
comparisons, but ``false and unknown`` is false and ``true or unknown`` is true. NaN and infinity
never appear. `KleeneEval` is the reference the compiled form is compared with.
"""

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, final

from simpleeval import SimpleEval


@final
class Unknown:
    """The one value that is neither true nor false; it has no truth of its own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "unknown"

    def __bool__(self) -> bool:
        """Refuse: whoever asks must say what unknown means there.

        Raises:
            TypeError: Always.
        """
        raise TypeError("unknown is neither true nor false")

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: object) -> "Unknown":
        return self


UNKNOWN: Final = Unknown()

Value = float | bool | str | Unknown
MAX_TEXT = 1024
MAX_EXPONENT = 16.0
_HUGE = float("inf")


def normal(value: object) -> Value:
    """Whatever a source delivers as one of our values: numbers float, doubt UNKNOWN."""
    kind = value.__class__
    if kind is float:
        return value if -_HUGE < value < _HUGE else UNKNOWN  # type: ignore[operator,return-value]  # kind says float
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _finite(value)
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        return str(value)
    return UNKNOWN


def _finite(value: float) -> Value:
    try:
        number = float(value)
    except OverflowError:
        return UNKNOWN
    return number if -_HUGE < number < _HUGE else UNKNOWN


def _arithmetic(operation: Callable[[float, float], Any]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if left.__class__ is not float or right.__class__ is not float:
            return UNKNOWN
        try:
            result = operation(left, right)
        except ArithmeticError:
            return UNKNOWN
        if result.__class__ is float and -_HUGE < result < _HUGE:
            return result
        return UNKNOWN

    return apply


def _ordering(operation: Callable[[float, float], bool]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if left.__class__ is float and right.__class__ is float:
            return operation(left, right)
        return UNKNOWN

    return apply


def _bounded_power(base: float, exponent: float) -> object:
    return base**exponent if abs(exponent) <= MAX_EXPONENT else UNKNOWN


add = _arithmetic(lambda a, b: a + b)
subtract = _arithmetic(lambda a, b: a - b)
multiply = _arithmetic(lambda a, b: a * b)
divide = _arithmetic(lambda a, b: a / b)
floor_divide = _arithmetic(lambda a, b: a // b)
remainder = _arithmetic(lambda a, b: a % b)
power = _arithmetic(_bounded_power)
less = _ordering(lambda a, b: a < b)
less_equal = _ordering(lambda a, b: a <= b)
greater = _ordering(lambda a, b: a > b)
greater_equal = _ordering(lambda a, b: a >= b)


def equal(left: Value, right: Value) -> Value:
    """Equality of two values of one kind; of different kinds unknown."""
    if left is UNKNOWN or right is UNKNOWN or left.__class__ is not right.__class__:
        return UNKNOWN
    return left == right


def unequal(left: Value, right: Value) -> Value:
    """The opposite of `equal`."""
    return negate(equal(left, right))


def is_in(value: Value, *options: Value) -> Value:
    """Whether a value equals one of the options."""
    return either(*[equal(value, option) for option in options])


def both(*values: Value) -> Value:
    """Kleene ``and``: false as soon as one is false."""
    result: Value = True
    for value in values:
        if value is False:
            return False
        if value is not True:
            result = UNKNOWN
    return result


def either(*values: Value) -> Value:
    """Kleene ``or``: true as soon as one is true."""
    result: Value = False
    for value in values:
        if value is True:
            return True
        if value is not False:
            result = UNKNOWN
    return result


def negate(value: Value) -> Value:
    """Kleene ``not``."""
    if value is True:
        return False
    return True if value is False else UNKNOWN


def choose(test: Value, yes: Value, no: Value) -> Value:
    """``yes if test else no``; an unknown test leaves the choice unknown."""
    if test is True:
        return yes
    return no if test is False else UNKNOWN


def minus(value: Value) -> Value:
    """``-value``."""
    return -value if isinstance(value, float) else UNKNOWN


def plus(value: Value) -> Value:
    """``+value``."""
    return value if isinstance(value, float) else UNKNOWN


def _numeric(function: Callable[..., float]) -> Callable[..., Value]:
    def apply(*values: Value) -> Value:
        if any(value.__class__ is not float for value in values):
            return UNKNOWN
        try:
            return _finite(function(*values))
        except (ArithmeticError, ValueError):
            return UNKNOWN

    return apply


def _round(value: float, digits: float = 0.0) -> float:
    return round(value, int(digits))


def _clamp(value: float, low: float, high: float) -> float:
    if low > high:
        raise ValueError(low, high)
    return min(max(value, low), high)


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": _numeric(abs),
    "round": _numeric(_round),
    "sqrt": _numeric(math.sqrt),
    "exp": _numeric(math.exp),
    "log": _numeric(math.log),
    "floor": _numeric(math.floor),
    "ceil": _numeric(math.ceil),
    "clamp": _numeric(_clamp),
    "min": _numeric(min),
    "max": _numeric(max),
    "is_in": is_in,
}
"""The whole list of callables; there are no others."""

OPERATORS: Mapping[type[ast.AST], Callable[..., Value]] = {
    ast.Add: add,
    ast.Sub: subtract,
    ast.Mult: multiply,
    ast.Div: divide,
    ast.FloorDiv: floor_divide,
    ast.Mod: remainder,
    ast.Pow: power,
    ast.Lt: less,
    ast.LtE: less_equal,
    ast.Gt: greater,
    ast.GtE: greater_equal,
    ast.Eq: equal,
    ast.NotEq: unequal,
    ast.USub: minus,
    ast.UAdd: plus,
    ast.Not: negate,
}


class KleeneEval(SimpleEval):  # type: ignore[misc]  # simpleeval ships no types
    """The reference evaluator: simpleeval with every operator replaced by its Kleene form.

    Only the node kinds of our checked tree are left; attributes, subscripts, f-strings,
    assignments and names of functions as values have no handler at all.
    """

    def __init__(self, names: Mapping[str, Value]) -> None:
        """Evaluate over these slot values."""
        super().__init__(operators=dict(OPERATORS), functions=dict(FUNCTIONS), names=dict(names))
        keep = (
            ast.Expr,
            ast.Name,
            ast.Constant,
            ast.UnaryOp,
            ast.BinOp,
            ast.BoolOp,
            ast.Compare,
            ast.IfExp,
            ast.Call,
        )
        handlers: dict[type[ast.AST], Callable[[Any], Value]] = vars(self)["nodes"]
        self.nodes = {kind: handlers[kind] for kind in keep}

    def _eval_boolop(self, node: ast.BoolOp) -> Value:
        values = [self._eval(value) for value in node.values]
        return both(*values) if isinstance(node.op, ast.And) else either(*values)

    def _eval_compare(self, node: ast.Compare) -> Value:
        values = [self._eval(value) for value in (node.left, *node.comparators)]
        pairs = zip(node.ops, values, values[1:], strict=False)
        return both(*[OPERATORS[type(op)](left, right) for op, left, right in pairs])

    def _eval_ifexp(self, node: ast.IfExp) -> Value:
        return choose(self._eval(node.test), self._eval(node.body), self._eval(node.orelse))
