"""Templates of messages: Jinja's words for values, choices and loops, and nothing that runs away.

The syntax tree is held against a list of what may stand in it: no calls, no assignments, no macros
and no imports, so nothing can be built up; loops over what is there, two deep. What a text may cost
is counted, not timed: it ends after so many turns and characters, on every machine alike.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.language import format_duration, format_number

MAX_SOURCE: Final = 8_192
MAX_OUTPUT: Final = 16_384
MAX_TURNS: Final = 5_000
MAX_LOOPS: Final = 2
MAX_NODES: Final = 2_000

ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If),
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Concat),
    *(nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Test, nodes.Add, nodes.Sub, nodes.Div, nodes.Neg, nodes.Tuple),
)
FILTERS: Final = (
    *("upper", "lower", "title", "capitalize", "trim", "length", "count", "first", "last"),
    *("default", "d", "round", "truncate", "abs", "int", "float", "string"),
)
TESTS: Final = ("defined", "undefined", "none", "number", "string", "in", "eq", "ne")

_turns: ContextVar[int] = ContextVar("turns", default=0)


class _Spent(TemplateError):
    """The template has used what it may."""


def _counted(things: Iterable[Any]) -> Iterator[Any]:
    for thing in things:
        turns = _turns.get() + 1
        _turns.set(turns)
        if turns > MAX_TURNS:
            msg = f"more than {MAX_TURNS} turns"
            raise _Spent(msg)
        yield thing


def _joined(things: Iterable[Any], by: str = "") -> str:
    pieces: list[str] = []
    length = 0
    for thing in _counted(things):
        pieces.append(str(thing))
        length += len(pieces[-1]) + len(by)
        if length > MAX_OUTPUT:
            break
    return str(by).join(pieces)[:MAX_OUTPUT]


def local_time(seconds: float, form: str = "%H:%M:%S") -> str:
    """A time of day where the server stands."""
    return datetime.fromtimestamp(seconds).astimezone().strftime(form)


class _Words(ImmutableSandboxedEnvironment):
    """The environment all templates share."""

    def __init__(self) -> None:
        super().__init__(autoescape=False, undefined=StrictUndefined, cache_size=0)
        self.globals.clear()
        own = {
            "counted": _counted,
            "join": _joined,
            "duration": lambda value: format_duration(float(value)),
            "number": lambda value: format_number(float(value)),
            "time": lambda value: local_time(float(value)),
            "date": lambda value: local_time(float(value), "%Y-%m-%d %H:%M:%S"),
        }
        self.filters = {name: self.filters[name] for name in FILTERS} | own
        self.tests = {name: self.tests[name] for name in TESTS}


_words = _Words()


def _refuse(node: nodes.Node, message: str) -> ConfigInvalid:
    hint = "values, filters, if and for; see the reference of message templates"
    args = {"line": node.lineno or 1}
    return ConfigInvalid(message, code="BAD_TEMPLATE", hint=hint, args=args)


def _check(node: nodes.Node, loops: int, count: list[int]) -> None:
    count[0] += 1
    if not isinstance(node, ALLOWED) or count[0] > MAX_NODES:
        what = type(node).__name__.lower()
        raise _refuse(node, f"{what} may not stand in a template")
    if isinstance(node, nodes.For):
        loops += 1
        if loops > MAX_LOOPS or node.recursive:
            raise _refuse(node, f"loops stand at most {MAX_LOOPS} deep")
    if isinstance(node, nodes.Filter) and node.name not in _words.filters:
        raise _refuse(node, f"there is no filter {node.name!r}")
    for child in node.iter_child_nodes():
        _check(child, loops, count)
    if isinstance(node, nodes.For):
        node.iter = nodes.Filter(node.iter, "counted", [], [], None, None)


@lru_cache(maxsize=200)
def compiled(source: str) -> Template:
    """A checked template.

    Raises:
        ConfigInvalid: It cannot be read, or holds what may not stand in it.
    """
    if len(source) > MAX_SOURCE:
        msg = f"a template has at most {MAX_SOURCE} characters"
        raise ConfigInvalid(msg, code="BAD_TEMPLATE")
    try:
        tree = _words.parse(source)
        _check(tree, 0, [0])
        tree.set_environment(_words)
        code = _words.compile(tree)
        template = Template.from_code(_words, code, {})
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        msg = f"line {line}: {error.message}"
        raise ConfigInvalid(msg, code="BAD_TEMPLATE", args={"line": line}) from None
    except RecursionError:
        raise ConfigInvalid("nested too deep", code="BAD_TEMPLATE") from None
    return template


def fill(source: str, values: Mapping[str, Any]) -> str:
    """What a template says of values; cut at `MAX_OUTPUT`.

    Raises:
        ConfigInvalid: It cannot be filled.

    Example:
        >>> fill("{{ n }} alarm{% if n != 1 %}s{% endif %}", {"n": 2})
        '2 alarms'
    """
    template = compiled(source)
    token = _turns.set(0)
    pieces: list[str] = []
    length = 0
    try:
        for piece in template.generate(values):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_OUTPUT:
                break
    except Exception as error:  # noqa: BLE001 - whatever a value does in a filter
        msg = f"the template cannot be filled: {type(error).__name__}: {str(error)[:200]}"
        raise ConfigInvalid(msg, code="BAD_TEMPLATE") from None
    finally:
        _turns.reset(token)
    return "".join(pieces)[:MAX_OUTPUT]
