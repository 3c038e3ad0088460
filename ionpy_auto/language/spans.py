"""Where the parts of a text begin and end: units of a map or list, lines, comments above them.

A *unit* is one ``key: value`` of a map or one ``- item`` of a list (in brackets: the item alone).
The reader's marks say where nodes begin; where a block ends it says too late (behind blank lines
and comments), so ends are cut back to the last word that belongs to it.
"""

from dataclasses import dataclass

from ionpy_auto.core.errors import NotFound
from ionpy_auto.language.nodes import Entry, ListNode, MapNode, Mark, Node, TextNode
from ionpy_auto.language.wording import Manner, manner_of

Step = str | int
Collection = MapNode | ListNode

BREAKS = "\n\r\x85\u2028\u2029"
_SPACES = " \t"


@dataclass(frozen=True, slots=True)
class Unit:
    """One part of a map or list.

    Attributes:
        start: Offset of its key, its dash or, in brackets, of the item.
        value_at: Offset just behind the colon or the dash; in brackets of a list, of the item.
        end: Offset just behind its last word.
        node: Its value.
    """

    start: int
    value_at: int
    end: int
    node: Node


@dataclass(frozen=True, slots=True)
class Page:
    """A text that was read, and the way around in it."""

    text: str
    root: Node

    @property
    def newline(self) -> str:
        """How lines end in this text."""
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    @property
    def manner(self) -> Manner:
        """How the file indents."""
        return manner_of(self.root)

    # -- lines ------------------------------------------------------------------------------

    def line_start(self, offset: int) -> int:
        """Offset of the first character of the line."""
        while offset > 0 and self.text[offset - 1] not in BREAKS:
            offset -= 1
        return 1 if offset == 0 and self.text.startswith("\ufeff") else offset

    def line_end(self, offset: int) -> int:
        """Offset of the line's break, or the end of the text."""
        while offset < len(self.text) and self.text[offset] not in BREAKS:
            offset += 1
        return offset

    def next_line(self, offset: int) -> int:
        """Offset behind the line's break."""
        end = self.line_end(offset)
        return end + (2 if self.text[end : end + 2] == "\r\n" else 1 if end < len(self.text) else 0)

    def column(self, offset: int) -> int:
        """Columns before an offset."""
        return offset - self.line_start(offset)

    def begins_line(self, offset: int) -> bool:
        """Whether only spaces stand before it."""
        return not self.text[self.line_start(offset) : offset].strip(_SPACES)

    def same_line(self, first: int, second: int) -> bool:
        """Whether no line ends between two offsets."""
        return self.line_end(first) >= second

    # -- nodes ------------------------------------------------------------------------------

    def find(self, path: tuple[Step, ...]) -> Node:
        """The node under a path.

        Raises:
            NotFound: Nothing stands there.
        """
        node: Node | None = self.root
        for step in path:
            node = _child(node, step)
            if node is None:
                raise NotFound(f"nothing stands at {dotted(path)}")
        assert node is not None  # noqa: S101  # the loop refuses None
        return node

    def in_brackets(self, path: tuple[Step, ...]) -> bool:
        """Whether a map or list in ``{}`` or ``[]`` holds what stands there."""
        nodes = (self.find(path[:depth]) for depth in range(len(path)))
        return any(not isinstance(node, TextNode) and node.flow for node in nodes)

    def units(self, node: Collection) -> list[Unit]:
        """The parts of a map or list, in the order of the text."""
        if isinstance(node, MapNode):
            return [self._entry(entry) for entry in node.entries.values()]
        if node.flow:
            return [Unit(i.start.offset, i.start.offset, self.end(i), i) for i in node.items]
        units: list[Unit] = []
        for item in node.items:
            dash = self._dash(node, units[-1].end, item) if units else node.start.offset
            end = dash + 1 if is_empty(item) else self.end(item)
            units.append(Unit(dash, dash + 1, end, item))
        return units

    def _entry(self, entry: Entry) -> Unit:
        behind = entry.key.end.offset
        at = behind
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        if self.text[at : at + 1] == ":":
            behind = at + 1
        end = behind if is_empty(entry.node) else self.end(entry.node)
        return Unit(entry.key.start.offset, behind, end, entry.node)

    def _dash(self, node: ListNode, after: int, item: Node) -> int:
        """The dash of an item: the one at the list's own column."""
        column = self.column(node.start.offset)
        at = self.next_line(after)
        while at <= item.start.offset:
            line = self.text[at : at + column + 1]
            if line == " " * column + "-":
                return at + column
            at = max(self.next_line(at), at + 1)
        return item.start.offset

    def end(self, node: Node) -> int:
        """Offset behind the last word of a node."""
        if isinstance(node, TextNode):
            if node.style not in {"|", ">"}:
                return node.end.offset
            return self.line_end(node.start.offset + len(node.raw.rstrip(" \t" + BREAKS)))
        if node.flow:
            return node.end.offset
        units = self.units(node)
        return units[-1].end if units else node.start.offset

    def comments_above(self, unit: Unit, floor: int) -> int:
        """Offset of the first comment line that stands directly above a unit, at its column.

        Args:
            unit: It begins its line.
            floor: Where what stands before it ends.
        """
        indent = " " * self.column(unit.start) + "#"
        top = self.line_start(unit.start)
        while top > floor:
            above = self.line_start(top - (2 if self.text[top - 2 : top] == "\r\n" else 1))
            if above < floor or above >= top or not self.text.startswith(indent, above):
                break
            top = above
        return top


def _child(node: Node | None, step: Step) -> Node | None:
    if isinstance(node, MapNode):
        return node.get(str(step))
    if isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def is_empty(node: Node) -> bool:
    """Whether nothing was written there."""
    return isinstance(node, TextNode) and node.is_empty


def dotted(path: tuple[Step, ...] | list[Step]) -> str:
    """A path as people read it."""
    return ".".join(str(step) for step in path) or "the document"


def offset_of(text: str, line: int, column: int) -> int:
    """Offset of a place in a text, both counted from 1."""
    page = Page(text, TextNode("", Mark(1, 1, 0), Mark(1, 1, 0)))
    offset = 0
    for _ in range(line - 1):
        offset = page.next_line(offset)
    return offset + column - 1
