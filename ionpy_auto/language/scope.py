"""What an expression may see while it is checked (`Scope`) and while it runs (`Environment`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.core.samples import Scalar
from ionpy_auto.language.nodes import TextNode
from ionpy_auto.language.units import Quantity

ANY_UNIT = "?"
"""Answer of ``units_of`` for a value whose unit nobody declared: taken as coherent, unchecked."""


def _any_unit(address: str) -> str | None:
    del address
    return ANY_UNIT


def _same(name: str) -> str:
    return name


def _no_kind(address: str) -> str:
    del address
    return ""


@dataclass(frozen=True)
class Scope:
    """The names, units and parameters an expression is checked against.

    Attributes:
        units_of: Unit of a resolved address: ``""`` unitless, `ANY_UNIT` undeclared, None when
            there is no such point. A point that did not exist at the check stays unknown until
            the expression is parsed again: its scale cannot be trusted.
        kind_of: ``number``, ``bool``, ``text`` or ``""`` when nobody knows.
        resolve: From a written name to the address it stands for (``voltage`` to
            ``CH1.voltage``).
        parameters: Values of ``$name``: quantities, numbers, booleans or texts; a text that
            reads as a quantity (``0.5 C``) is one.
        capacity: Of the cell in Ah, for C-rates.
        capacity_point: Where the capacity is read at run time when ``capacity`` is None; it must
            be a point of this scope. Empty: no cell in scope.
        unknown_points: How much a name nobody has weighs.
        file: For the findings.
    """

    units_of: Callable[[str], str | None] = _any_unit
    kind_of: Callable[[str], str] = _no_kind
    resolve: Callable[[str], str] = _same
    parameters: Mapping[str, Quantity | float | bool | str] = field(default_factory=dict)
    capacity: float | None = None
    capacity_point: str = ""
    unknown_points: Severity = Severity.ERROR
    file: str = ""


class Environment(Protocol):
    """Where a running expression gets its values. All answers are plain scalars or None.

    None means unknown: stale, offline, implausible, missing, or too little history.
    """

    def value(self, address: str) -> Scalar | None:
        """The point's present value in its declared unit, if it may take part in a decision."""
        ...

    def window(self, function: str, address: str, seconds: float) -> Scalar | None:
        """A value over the last seconds.

        ``avg``, ``min``, ``max`` in the point's unit, ``rate`` in its unit per second,
        ``integral`` in its unit times seconds (the expression makes Ah of A), ``changed`` a
        bool, ``spread`` the largest minus the smallest value, ``previous`` (seconds = 0) the
        known value before the present one.
        """
        ...

    def age(self, address: str) -> float | None:
        """Seconds since the point's last sample, however good; None if there never was one."""
        ...


class Places:
    """Turns offsets of a source text into findings that point into the file."""

    def __init__(self, node: TextNode, file: str) -> None:
        """Point into the file the node came from."""
        self.node = node
        self.file = file

    def finding(
        self,
        code: str,
        message: str,
        /,
        hint: str = "",
        at: int = 0,
        severity: Severity = Severity.ERROR,
        **args: Any,  # noqa: ANN401 - JSON
    ) -> Finding:
        """A remark about the source at an offset; ``args`` are the values it names."""
        line, column = self.node.place(at)
        return Finding(
            code=code,
            message=message,
            hint=hint,
            file=self.file,
            line=line,
            column=column,
            path=self.node.path,
            severity=severity,
            args=args,
        )
