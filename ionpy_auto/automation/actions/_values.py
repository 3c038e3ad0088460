"""Maps of names and expressions inside an action: ``fields``, variables."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from ionpy_auto.automation.fields import AnyValue, Logic, PlacedDict, Plain, Reading, fail
from ionpy_auto.automation.names import VARIABLE
from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language import UNKNOWN, Environment, Expression

Named = tuple[tuple[str, Expression], ...]
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MAX_NAMES = 50


class _Named(Plain):
    """Names with an expression each.

    Args:
        pattern: Of the names.
        want: ``number`` where only numbers make sense.
        taken: Names that mean something else.
    """

    def __init__(
        self, pattern: re.Pattern[str], want: str = "", taken: frozenset[str] = frozenset()
    ) -> None:
        self._pattern = pattern
        self._taken = taken
        self._value = Logic(want)
        self.schema: Mapping[str, Any] = {
            "type": "object",
            "propertyNames": {"pattern": f"^{pattern.pattern}$"},
            "additionalProperties": {"type": "string", "x-expression": want or "any"},
        }

    def read(self, value: object, reading: Reading) -> Named:
        if not isinstance(value, PlacedDict):
            raise fail("wrong_type", "a map of names and values is needed here", "name: value")
        if len(value) > MAX_NAMES:
            msg = f"more than {MAX_NAMES} names"
            raise fail("too_long", msg)
        for name in value:
            if not self._pattern.fullmatch(name) or name in self._taken:
                msg = f"{name[:80]!r} cannot be a name here"
                raise fail("bad_name", msg, "letters, digits and _; name and by are taken")
        return tuple((name, self._value.read(text, reading)) for name, text in value.items())


Fields = Annotated[Named, _Named(FIELD, taken=frozenset({"name", "by"}))]
FreeFields = Annotated[Named, _Named(FIELD)]
VariableValues = Annotated[Named, _Named(VARIABLE)]
VariableAmounts = Annotated[Named, _Named(VARIABLE, "number")]

__all__ = [
    "AnyValue",
    "Fields",
    "FreeFields",
    "Named",
    "VariableAmounts",
    "VariableValues",
    "known_now",
    "values_now",
]


def values_now(named: Iterable[tuple[str, Expression]], env: Environment) -> dict[str, Any]:
    """The present values in coherent units; None for what is not known."""
    found = {name: expression.evaluate(env) for name, expression in named}
    return {name: None if value is UNKNOWN else value for name, value in found.items()}


def known_now(named: Iterable[tuple[str, Expression]], env: Environment) -> dict[str, Scalar]:
    """The same where all must be known.

    Raises:
        Rejected: Something is not known.
    """
    values = values_now(named, env)
    unknown = [name for name, value in values.items() if value is None]
    if unknown:
        msg = f"{', '.join(unknown)}: the value is not known"
        raise Rejected(msg, code="VALUE_UNKNOWN", hint="a stale or missing value sets nothing")
    return values
