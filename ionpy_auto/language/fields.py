"""Takes typed values out of a map of a read text and collects every complaint, not only the first.

A model asks for what it knows (``fields.number("max")``, ``fields.duration("for")``) and finally
calls `Fields.unknown`: keys nobody asked for are findings with the word that was probably meant.
A value that cannot be read gives the default and a finding, so reading goes on.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.language.expressions import Expression
from ionpy_auto.language.nodes import (
    ListNode,
    MapNode,
    Mark,
    Node,
    TextNode,
    finding_at,
    kind_of,
)
from ionpy_auto.language.scope import Scope
from ionpy_auto.language.units import Quantity, UnitError, parse_duration, parse_quantity

Parameter = Quantity | float | bool | str
T = TypeVar("T")
N = TypeVar("N", MapNode, ListNode, TextNode)


class Fields:
    """One map being read.

    Attributes:
        node: The map; an empty one when the text held something else there.
        file: For the findings.
        findings: Shared with whoever reads the whole file.
        parameters: What ``$name`` stands for wherever a typed value is taken.
    """

    def __init__(
        self,
        node: Node | None,
        file: str,
        findings: list[Finding],
        parameters: Mapping[str, Parameter] | None = None,
    ) -> None:
        """Begin to take; a node that is no map is a finding."""
        self.parameters = parameters or {}
        self.file = file
        self.findings = findings
        self.taken: set[str] = set()
        if isinstance(node, MapNode):
            self.node = node
            return
        start = node.start if node is not None else Mark(1, 1, 0)
        self.node = MapNode({}, start, start, node.path if node is not None else "")
        if node is not None and not (isinstance(node, TextNode) and node.is_empty):
            given = kind_of(node)
            message = f"a map is needed here, not {given}"
            self.add("wrong-type", message, node, wanted="a map", given=given)

    # --- findings --------------------------------------------------------------------------

    def add(
        self,
        code: str,
        message: str,
        /,
        node: Node | None = None,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        **args: Any,  # noqa: ANN401 - JSON
    ) -> None:
        """Note a finding at a node, or at the map itself; ``args`` are the values it names."""
        where = node if node is not None else self.node
        self.findings.append(finding_at(where, self.file, code, message, hint, severity, **args))

    def unknown(self, also: Iterable[str] = ()) -> None:
        """Complain about every key nobody asked for.

        Args:
            also: Further keys that are fine.
        """
        known = self.taken | set(also)
        for key, entry in self.node.entries.items():
            if key in known:
                continue
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(known))}"
            args: dict[str, Any] = {"wanted": key, "near": near, "known": sorted(known)}
            self.add("unknown-key", f"'{key}' is not known here", entry.key, hint, **args)

    # --- presence --------------------------------------------------------------------------

    def __contains__(self, key: str) -> bool:
        return key in self.node.entries

    @property
    def keys(self) -> list[str]:
        """All keys, in the order of the text."""
        return list(self.node.entries)

    def get(self, key: str, *, required: bool = False) -> Node | None:
        """The node under a key; an empty value counts as missing."""
        self.taken.add(key)
        entry = self.node.entries.get(key)
        if entry is not None and not (isinstance(entry.node, TextNode) and entry.node.is_empty):
            return entry.node
        if entry is not None:
            self.add("missing-value", f"'{key}' has no value", entry.key, key=key)
        elif required:
            self.add("missing-key", f"'{key}' is missing", key=key)
        return None

    # --- typed values ----------------------------------------------------------------------

    def text_node(self, key: str, *, required: bool = False) -> TextNode | None:
        """The scalar under a key with its place."""
        return self._of(TextNode, "a text", key, required=required)

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A text as it stands."""
        node = self.text_node(key, required=required)
        return default if node is None else node.text

    def number(
        self, key: str, default: float | None = None, *, required: bool = False
    ) -> float | None:
        """A plain finite number without unit."""
        return self._typed(key, _number, default, required=required)

    def integer(
        self, key: str, default: int | None = None, *, required: bool = False
    ) -> int | None:
        """A whole number."""
        return self._typed(key, _integer, default, required=required)

    def boolean(self, key: str, default: bool = False) -> bool:  # noqa: FBT001, FBT002, RUF100  # reads as a default
        """``true`` or ``false``, nothing else."""
        value = self._typed(key, _boolean, default)
        return default if value is None else value

    def quantity(
        self,
        key: str,
        unit: str = "",
        default: float | None = None,
        *,
        required: bool = False,
        capacity: float | None = None,
    ) -> float | None:
        """A number in ``unit``, written in any unit of its kind; a bare number is in ``unit``.

        Args:
            key: The key.
            unit: Unit of the answer.
            default: Without the key.
            required: Whether the key must be there.
            capacity: In Ah; allows C-rates where ``unit`` is a current.
        """

        def read(text: str) -> float:
            found = parse_quantity(text)
            return found.to(unit, capacity) if found.unit.dimension else found.value

        return self._typed(key, read, default, required=required)

    def raw_quantity(self, key: str, *, required: bool = False) -> Quantity | None:
        """A quantity of any kind, as written (``0.5 C`` stays a rate)."""
        return self._typed(key, parse_quantity, None, required=required)

    def duration(
        self, key: str, default: float | None = None, *, required: bool = False
    ) -> float | None:
        """Seconds from ``10 s`` or ``1 h 30 min``."""
        return self._typed(key, parse_duration, default, required=required)

    def choice(
        self, key: str, options: Iterable[str], default: str = "", *, required: bool = False
    ) -> str:
        """One of a few words."""
        words = list(options)

        def read(text: str) -> str:
            if text in words:
                return text
            near = difflib.get_close_matches(text, words, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"one of: {', '.join(words)}"
            args: dict[str, Any] = {"wanted": text, "near": near, "known": words}
            raise UnitError(f"'{text}' is not possible here", hint=hint, args=args)

        return self._typed(key, read, default, required=required) or default

    def expression(
        self, key: str, scope: Scope, *, want: str = "", required: bool = False
    ) -> Expression | None:
        """A checked expression; ``want`` as in `Expression.parse`."""
        node = self.text_node(key, required=required)
        return None if node is None else Expression.parse(node, scope, self.findings, want)

    def list(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """The items of a list."""
        node = self._of(ListNode, "a list", key, required=required)
        return () if node is None else node.items

    def one_or_more(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """The items of a list, or the one value that stands there without a list."""
        node = self.get(key, required=required)
        if node is None:
            return ()
        return node.items if isinstance(node, ListNode) else (node,)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        nodes = self.one_or_more(key)
        for node in nodes:
            if not isinstance(node, TextNode):
                given = kind_of(node)
                message = f"a text is needed here, not {given}"
                self.add("wrong-type", message, node, wanted="a text", given=given)
        return tuple(node.text for node in nodes if isinstance(node, TextNode))

    def map(self, key: str, *, required: bool = False) -> "Fields | None":
        """The map under a key, ready to take from."""
        node = self._of(MapNode, "a map", key, required=required)
        return None if node is None else Fields(node, self.file, self.findings, self.parameters)

    # --- how -------------------------------------------------------------------------------

    def _of(self, kind: type[N], name: str, key: str, *, required: bool) -> N | None:
        node = self.get(key, required=required)
        if node is None or isinstance(node, kind):
            return node
        given = kind_of(node)
        message = f"'{key}' must be {name}, not {given}"
        self.add("wrong-type", message, node, key=key, wanted=name, given=given)
        return None

    def _value_text(self, text: str) -> str:
        """The text, or that of the parameter it names."""
        stripped = text.strip()
        if not stripped.startswith("$"):
            return text
        name = stripped.removeprefix("$")
        if name not in self.parameters:
            known = ", ".join(f"${known}" for known in self.parameters) or "none"
            args: dict[str, Any] = {
                "wanted": stripped,
                "known": [f"${known}" for known in self.parameters],
            }
            message = f"there is no parameter {stripped}"
            raise UnitError(message, hint=f"known: {known}", args=args)
        return _written(self.parameters[name])

    def _typed(
        self, key: str, read: Callable[[str], T], default: T | None, *, required: bool = False
    ) -> T | None:
        node = self.text_node(key, required=required)
        if node is None:
            return default
        try:
            return read(self._value_text(node.text))
        except UnitError as error:
            args: dict[str, Any] = {"key": key, **error.arguments}
            self.add("wrong-value", f"{key}: {error.message}", node, error.hint, **args)
            return default


def _written(value: Parameter) -> str:
    """A parameter as somebody would write it, without losing a digit."""
    if isinstance(value, Quantity):
        return f"{_written(value.value)} {value.unit.name}".rstrip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _number(text: str) -> float:
    quantity = parse_quantity(text)
    if quantity.unit.name:
        args: dict[str, Any] = {"text": text, "problem": "has-unit"}
        raise UnitError(f"'{text}' has a unit", hint="write the number alone", args=args)
    return quantity.value


def _integer(text: str) -> int:
    stripped = text.strip()
    digits = stripped.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        args: dict[str, Any] = {"text": text[:40], "problem": "no-integer"}
        message = f"'{text[:40]}' is no whole number"
        raise UnitError(message, hint="write for example 3", args=args)
    return int(stripped)


def _boolean(text: str) -> bool:
    if text in {"true", "false"}:
        return text == "true"
    args: dict[str, Any] = {"text": text[:40], "problem": "no-boolean"}
    message = f"'{text[:40]}' is neither true nor false"
    raise UnitError(message, hint="write true or false", args=args)
