"""The tree a text is read into: maps, lists and texts, every one with its place in the file.

Nothing here is typed: ``4.2 V``, ``yes`` and ``22:30`` are all text. The model that knows what it
wants turns a `TextNode` into a number, a duration or an expression, and can still point at it.
"""

from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.core.errors import Finding, Severity


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text.

    Attributes:
        line: 1-based.
        column: 1-based, in characters.
        offset: 0-based character offset in the whole text.
    """

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True)
class TextNode:
    """One scalar, still text.

    Attributes:
        text: What it says, quotes and escapes undone.
        start: Where it begins in the file (at the quote, or at ``|`` of a block).
        end: Just behind it; for a block this is behind its last line break.
        style: ``""`` plain, ``'``, ``"``, ``|`` or ``>``.
        raw: The characters between start and end, for positions inside the scalar.
        path: Dotted way to the node.
    """

    text: str
    start: Mark
    end: Mark
    style: str = ""
    raw: str = field(default="", repr=False)
    path: str = ""

    @property
    def line(self) -> int:
        """1-based line of the beginning."""
        return self.start.line

    @property
    def column(self) -> int:
        """1-based column of the beginning."""
        return self.start.column

    @property
    def quoted(self) -> bool:
        """Whether the writer marked it as text, with quotes or as a block."""
        return self.style != ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written at all (``key:`` with no value)."""
        return not self.text and not self.quoted

    def place(self, index: int) -> tuple[int, int]:
        """Line and column in the file of ``text[index]``, also inside blocks and quotes."""
        raw_index = _raw_index(self, index)
        before = self.raw[:raw_index]
        breaks = before.count("\n")
        if not breaks:
            return self.start.line, self.start.column + raw_index
        return self.start.line + breaks, raw_index - before.rfind("\n")


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list with its place."""

    items: tuple["Node", ...]
    start: Mark
    end: Mark
    path: str = ""
    flow: bool = False

    @property
    def line(self) -> int:
        """1-based line of the beginning."""
        return self.start.line

    @property
    def column(self) -> int:
        """1-based column of the beginning."""
        return self.start.column


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key: value`` of a map."""

    key: TextNode
    node: "Node"

    @property
    def key_mark(self) -> Mark:
        """Where the key begins."""
        return self.key.start


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map with its place; the entries keep the order of the text."""

    entries: dict[str, Entry]
    start: Mark
    end: Mark
    path: str = ""
    flow: bool = False

    @property
    def line(self) -> int:
        """1-based line of the beginning."""
        return self.start.line

    @property
    def column(self) -> int:
        """1-based column of the beginning."""
        return self.start.column

    def get(self, key: str) -> "Node | None":
        """The node under a key, or None."""
        entry = self.entries.get(key)
        return entry.node if entry else None


Node = MapNode | ListNode | TextNode


Plain = dict[str, Any] | list[Any] | str | None
"""The same as plain Python: what is inside is the same again."""


def text_node(text: str) -> TextNode:
    """A text that stands in no file, at line 1 column 1."""
    return TextNode(text, Mark(1, 1, 0), Mark(1, 1 + len(text), len(text)), raw=text)


def plain(node: Node) -> Plain:
    """The same tree as dicts, lists and strings; an empty value is None."""
    if isinstance(node, MapNode):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return None if node.is_empty else node.text


def kind_of(node: Node) -> str:
    """What a person would call it: a map, a list, a text."""
    if isinstance(node, MapNode):
        return "a map"
    return "a list" if isinstance(node, ListNode) else "a text"


def finding_at(
    node: Node,
    file: str,
    code: str,
    message: str,
    /,
    hint: str = "",
    severity: Severity = Severity.ERROR,
    **args: Any,  # noqa: ANN401 - JSON
) -> Finding:
    """A remark about a node, at its place in the file; ``args`` are the values it names."""
    return Finding(
        code=code,
        message=message,
        hint=hint,
        file=file,
        line=node.line,
        column=node.column,
        path=node.path,
        severity=severity,
        args=args,
    )


def _raw_index(node: TextNode, index: int) -> int:
    """Offset in ``raw`` of the character that became ``text[index]``.

    Walks both texts side by side: white space was folded, quotes and escapes were undone, all
    other characters are the same in both.
    """
    at = _content_start(node)
    for character in node.text[:index]:
        at = _skip_to(node, at, character)
        at += _width(node, at)
    if index < len(node.text):
        at = _skip_to(node, at, node.text[index])
    return min(at, len(node.raw))


def _content_start(node: TextNode) -> int:
    if node.style in {"'", '"'}:
        return 1
    if node.style:  # a block: its first line holds only the indicators
        return node.raw.find("\n") + 1
    return 0


def _skip_to(node: TextNode, at: int, character: str) -> int:
    """Step over the folded white space before a visible character."""
    if character.isspace():
        return at
    while at < len(node.raw) and node.raw[at].isspace():
        at += 1
    return at


def _width(node: TextNode, at: int) -> int:
    """How many raw characters make the one at this place."""
    if node.style == "'" and node.raw[at : at + 2] == "''":
        return 2
    if node.style == '"' and node.raw[at : at + 1] == "\\":
        return {"x": 4, "u": 6, "U": 10}.get(node.raw[at + 1 : at + 2], 2)
    return 1
