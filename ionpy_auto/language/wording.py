"""How new nodes are written: in the manner of the file they come into, quoted where YAML needs it.

Only what is new is worded here; nothing that stands in a file is ever written anew. A text is
plain where the strict reader reads it back as it is. A text with a comma is always quoted: inside
``{}`` or ``[]`` the comma would cut an expression into pieces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mode

from ionpy_auto.language.nodes import ListNode, MapNode, Node, Plain, TextNode, plain
from ionpy_auto.language.reader import read_with_findings

FLOW_WIDTH = 100
SHORT_WIDTH = 88
"""A new flat map or list up to this wide stands on one line, in brackets."""
_NAMED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class Unwritable(ValueError):
    """A value that has no form in this place."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file indents.

    Attributes:
        step: Columns from a key to the keys below it.
        dash: Columns from a key to the dashes below it.
        is_terse: Whether it writes flat maps in brackets rather than line by line.
    """

    step: int = 2
    dash: int = 2
    is_terse: bool = True


def manner_of(root: Node) -> Manner:
    """The most frequent indents of a file, and how it writes what is flat."""
    steps: list[int] = []
    dashes: list[int] = []
    _collect(root, steps, dashes)
    flat = [node.flow for node in _flat_maps(root) if node is not root]
    return Manner(
        mode(steps) if steps else 2,
        mode(dashes) if dashes else 2,
        sum(flat) * 2 >= len(flat),
    )


def _flat_maps(node: Node) -> Iterator[MapNode]:
    """Maps of several single values: those one would write either way."""
    if isinstance(node, ListNode):
        for item in node.items:
            yield from _flat_maps(item)
    elif isinstance(node, MapNode):
        inner = [entry.node for entry in node.entries.values()]
        if len(inner) > 1 and all(isinstance(value, TextNode) for value in inner):
            yield node
        for value in inner:
            yield from _flat_maps(value)


def _collect(node: Node, steps: list[int], dashes: list[int]) -> None:
    if isinstance(node, TextNode) or node.flow:
        return
    if isinstance(node, ListNode):
        for item in node.items:
            _collect(item, steps, dashes)
        return
    for entry in node.entries.values():
        inner = entry.node
        if not isinstance(inner, TextNode) and not inner.flow and inner.line > entry.key.line:
            indent = inner.column - entry.key.column
            (steps if isinstance(inner, MapNode) else dashes).append(indent)
        _collect(inner, steps, dashes)


def scalar(text: str, *, flow: bool) -> str:
    """One text on one line, with as few quotes as it needs."""
    return next(way for way in scalar_ways(text) if _is_read_back(way, text, flow=flow))


def quoted(text: str) -> str:
    """One text on one line, in quotes even where it could do without."""
    return next(way for way in scalar_ways(text, "'") if _is_read_back(way, text, flow=True))


def scalar_ways(text: str, style: str = "") -> list[str]:
    """Ways to write a text on one line, the writer's own style first, the surest last.

    Args:
        text: What it shall say.
        style: Quote of the text it replaces, or nothing.
    """
    single, double = "'" + text.replace("'", "''") + "'", _double(text)
    if style == '"':
        ways = [double, single]
    elif style == "'" or "," in text:
        ways = [single, double]
    else:
        ways = [text, single, double]
    return [way for way in ways if way.isprintable()]


def _is_read_back(way: str, text: str, *, flow: bool) -> bool:
    key = "j" if text == "k" else "k"
    probe = f"{{{key}: {way}, {way}: [{way}]}}" if flow else f"{key}: {way}\n? {way}\n: v\n"
    root, findings = read_with_findings(probe)
    if root is None or findings:
        return way.startswith('"')  # the surest form
    wanted: Plain = {key: text, text: [text] if flow else "v"}
    return plain(root) == wanted


def _double(text: str) -> str:
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if named := _NAMED.get(character):
        return named
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\U{number:08x}" if number > 0xFFFF else f"\\u{number:04x}"


def flow_text(value: Plain) -> str:
    """A value inside ``{}`` or ``[]``, on one line.

    Raises:
        Unwritable: An empty value in a list has no form there.
    """
    if isinstance(value, dict):
        pairs = (
            f"{scalar(k, flow=True)}: {'' if v is None else flow_text(v)}" for k, v in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(item) for item in value) + "]"
    if value is None:
        msg = "an empty value cannot stand in a list with brackets"
        raise Unwritable(msg)
    return scalar(value, flow=True)


def unit_lines(head: str, value: Plain, manner: Manner) -> list[str]:
    """A key or a dash with its value, in block style, as lines without the outer indent.

    Args:
        head: ``key:``, ``-``, or nothing when the key stands there already.
        value: What comes behind it.
        manner: Of the file.
    """
    if value is None:
        return [head]
    if isinstance(value, str):
        return _text_lines(head, value)
    if not value:
        return [f"{head} {'{}' if isinstance(value, dict) else '[]'}"]
    if manner.is_terse and head and (short := _short(head, value)):
        return [short]
    inner = block_lines(value, manner)
    if head == "-":
        return [f"- {inner[0]}", *_shifted(inner[1:], 2)]
    indent = manner.step if isinstance(value, dict) else manner.dash
    return [head, *_shifted(inner, indent)]


def is_flat(value: Plain) -> bool:
    """Whether a map or list holds single lines only."""
    parts = value.values() if isinstance(value, dict) else value or ()
    return all(isinstance(part, str) and part and "\n" not in part for part in parts)


def _short(head: str, value: Plain) -> str:
    """A flat value behind its head on one line; empty when it is long or has an inside.

    A list item of one key reads better without brackets.
    """
    if not is_flat(value) or (head == "-" and isinstance(value, dict) and len(value) == 1):
        return ""
    line = f"{head} {flow_text(value)}"
    return line if len(line) <= SHORT_WIDTH else ""


def block_lines(value: Plain, manner: Manner) -> list[str]:
    """The lines of a map or list in block style."""
    if isinstance(value, dict):
        units = [
            unit_lines(f"{scalar(key, flow=False)}:", inner, manner) for key, inner in value.items()
        ]
    elif isinstance(value, list):
        units = [unit_lines("-", item, manner) for item in value]
    else:
        msg = "a single value has no block of its own"
        raise Unwritable(msg)
    return [line for lines in units for line in lines]


def _text_lines(head: str, text: str) -> list[str]:
    if "\n" in text:
        lines = _literal(text)
        root, findings = read_with_findings("\n".join([f"k:{lines[0]}", *lines[1:], ""]))
        if root is not None and not findings and plain(root) == {"k": text}:
            return [head + lines[0], *lines[1:]]
    return [f"{head} {scalar(text, flow=False)}"]


def _literal(text: str) -> list[str]:
    body = text.removesuffix("\n")
    mark = " |" if text.endswith("\n") else " |-"
    return [mark, *_shifted(body.split("\n"), 2)]


def _shifted(lines: list[str], columns: int) -> list[str]:
    return [" " * columns + line if line else line for line in lines]
