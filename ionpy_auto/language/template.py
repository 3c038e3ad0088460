"""Message templates: text with ``{{ expression | filter }}``, rendered by our own expressions.

There is no template language behind it, so there is nothing to escape from: no loops, no
attributes, no functions but those of expressions, bounded in and out. An unknown value is ``?``.
Filters: ``round(n)``, ``duration``, ``percent``, ``upper``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ionpy_auto.core.errors import ConfigInvalid, Finding, Severity
from ionpy_auto.language.expressions import Expression
from ionpy_auto.language.kleene import UNKNOWN, Value
from ionpy_auto.language.nodes import Mark, TextNode, text_node
from ionpy_auto.language.scope import Environment, Places, Scope
from ionpy_auto.language.units import Unit, format_duration, format_number

MAX_SOURCE = 8_192
MAX_OUTPUT = 16_384
MAX_FIELDS = 64

_FIELD = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%")
_PIPES = re.compile(r"""((?:'[^']*'|"[^"]*"|[^|'"])+)|\|""")
_ROUND = re.compile(r"round\(\s*(\d{1,2})\s*\)")

Filter = Callable[[Value], Value]


@dataclass(frozen=True)
class _Field:
    expression: Expression
    filters: tuple[Filter, ...]

    def render(self, env: Environment) -> str:
        value = self.expression.evaluate(env)
        if isinstance(value, float):  # shown in the unit its point is declared in
            value = _from_coherent(value, self.expression.declared_unit)
        for step in self.filters:
            if value is UNKNOWN:
                break
            value = step(value)
        return show(value)


@dataclass(frozen=True, eq=False)
class Template:
    """A checked template.

    Attributes:
        source: As written.
        points: Addresses it depends on.
    """

    source: str
    pieces: tuple[str | _Field, ...]
    points: frozenset[str]

    @classmethod
    def parse(
        cls,
        source: str | TextNode,
        scope: Scope | None = None,
        findings: list[Finding] | None = None,
    ) -> "Template | None":
        """Check a template; None when it has errors."""
        node = text_node(source) if isinstance(source, str) else source
        scope = scope or Scope()
        found: list[Finding] = []
        pieces = _pieces(node, scope, found)
        if findings is not None:
            findings.extend(found)
        if any(finding.severity is Severity.ERROR for finding in found):
            return None
        fields = [piece for piece in pieces if isinstance(piece, _Field)]
        points = frozenset(point for field in fields for point in field.expression.points)
        return cls(node.text, tuple(pieces), points)

    @classmethod
    def compile(cls, source: str | TextNode, scope: Scope | None = None) -> "Template":
        """Like `parse`, for callers that cannot go on without.

        Raises:
            ConfigInvalid: With the findings.
        """
        found: list[Finding] = []
        template = cls.parse(source, scope, found)
        if template is None:
            raise ConfigInvalid(found[0].message, hint=found[0].hint, findings=found)
        return template

    def render(self, env: Environment) -> str:
        """The message now, cut at `MAX_OUTPUT` characters."""
        length, out = 0, []
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else piece.render(env)
            out.append(text)
            length += len(text)
            if length > MAX_OUTPUT:
                break
        text = "".join(out)
        return text if len(text) <= MAX_OUTPUT else text[: MAX_OUTPUT - 1] + "…"


def show(value: Value) -> str:
    """A value as it stands in a message.

    Example:
        >>> show(2.5000001), show(True), show(UNKNOWN)
        ('2.5', 'true', '?')
    """
    if value is UNKNOWN:
        return "?"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_number(value) if isinstance(value, float) else str(value)


def _pieces(node: TextNode, scope: Scope, findings: list[Finding]) -> list[str | _Field]:
    places = Places(node, scope.file)
    source = node.text
    if len(source) > MAX_SOURCE:
        findings.append(places.finding("too-long", f"more than {MAX_SOURCE} characters"))
        return []
    findings.extend(
        places.finding(
            "not-allowed",
            "templates hold values only, no {% %}",
            "write {{ expression }}",
            statement.start(),
        )
        for statement in _STATEMENT.finditer(source)
    )
    pieces: list[str | _Field] = []
    at = 0
    for count, found in enumerate(_FIELD.finditer(source)):
        if count >= MAX_FIELDS:
            findings.append(places.finding("too-long", f"more than {MAX_FIELDS} values"))
            break
        pieces.append(source[at : found.start()])
        field = _field(node, found.start(1), found.group(1), scope, findings)
        if field is not None:
            pieces.append(field)
        at = found.end()
    unclosed = source.find("{{", at)
    if unclosed >= 0:
        findings.append(places.finding("syntax", "{{ is not closed", "write }}", unclosed))
    pieces.append(source[at:])
    return pieces


def _field(
    node: TextNode, at: int, inner: str, scope: Scope, findings: list[Finding]
) -> _Field | None:
    parts = [found.group(1) for found in _PIPES.finditer(inner)]
    expression_text = parts[0] if parts and parts[0] else ""
    expression = Expression.parse(_inside(node, at, expression_text), scope, findings)
    filters: list[Filter] = []
    places = Places(node, scope.file)
    for name in [part.strip() for part in parts[1:] if part]:
        step = _filter(name)
        if step is None:
            findings.append(
                places.finding(
                    "unknown-filter",
                    f"'{name}' is no filter",
                    "there are: round(n), duration, percent, upper",
                    at,
                    wanted=name,
                    known=["round(n)", "duration", "percent", "upper"],
                )
            )
        else:
            filters.append(step)
    return None if expression is None else _Field(expression, tuple(filters))


def _inside(node: TextNode, at: int, text: str) -> TextNode:
    """A part of a scalar as a node of its own, so findings point at the right column."""
    line, column = node.place(at)
    mark = Mark(line, column, node.start.offset + at)
    return TextNode(text, mark, mark, "", text, node.path)


def _filter(name: str) -> Filter | None:
    rounding = _ROUND.fullmatch(name)
    if rounding:
        digits = int(rounding.group(1))
        return lambda value: f"{value:.{min(digits, 12)}f}" if isinstance(value, float) else value
    return {"duration": _duration, "percent": _percent, "upper": _upper}.get(name)


def _duration(value: Value) -> Value:
    return format_duration(value) if isinstance(value, float) else value


def _percent(value: Value) -> Value:
    return f"{format_number(value * 100, 4)} %" if isinstance(value, float) else value


def _upper(value: Value) -> Value:
    return value.upper() if isinstance(value, str) else value


def _from_coherent(value: float, unit: Unit) -> float:
    return value if unit.is_coherent else value / unit.factor
