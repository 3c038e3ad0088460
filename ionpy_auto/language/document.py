"""Edits a text without touching what was not edited: comments, order and quoting stay.

An edit replaces the characters of one value, key, item or line, computed from the reader's marks.
Afterwards the text is read again: if anything but the wanted part changed, the edit is refused.
New values are written in the manner of the file (`wording`); what stands there is never written
anew. Line ends, a missing last line break and a byte order mark stay as they are.
"""

import copy
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal, cast

from ionpy_auto.core.errors import NotFound, Rejected
from ionpy_auto.core.files import revision_of
from ionpy_auto.language import wording
from ionpy_auto.language.nodes import ListNode, MapNode, Plain, TextNode, plain
from ionpy_auto.language.reader import MAX_BYTES, MAX_DEPTH, read, read_with_findings
from ionpy_auto.language.spans import (
    Collection,
    Page,
    Step,
    dotted,
    is_empty,
    offset_of,
)
from ionpy_auto.language.splices import (
    LAYOUT,
    Path,
    Splice,
    closing,
    dedented,
    index_in,
    insertions,
    layout_line,
    removal,
    replacements,
    spliced,
    top_of,
)

Op = Literal["set", "insert", "remove", "rename", "move", "duplicate", "layout", "quote"]

MAX_EDITS = 500
MAX_READ = 4 * MAX_BYTES
"""Characters that one request may have read again; a bound of work, not of size."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One structured edit.

    Attributes:
        op: ``set`` a value or a new key; ``insert`` an item or a new key; ``remove``; ``rename``
            a key; ``move`` an item; ``duplicate`` an item; ``layout`` places a node;
            ``quote`` repairs expressions a comma has cut.
        path: Keys and indices from the top. For a list an index of its length, or -1, is its end.
        value: For ``set``, ``insert`` and ``layout`` (``[x, y]``, or None to forget the place).
        to: For ``move`` and ``duplicate``: path of the item once it is taken out.
        name: For ``rename``: the new key.
        at: For a new key: its place among the keys; at the end by default.
    """

    op: Op
    path: Path = ()
    value: Any = None
    to: Path | None = None
    name: str = ""
    at: int | None = None


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits, each made on the result of the one before.

    Raises:
        Rejected: Code ``EDIT_REFUSED``; ``arguments`` name the edit. Nothing is half-done: the
            caller keeps its text.
    """
    if len(edits) > MAX_EDITS:
        raise Rejected(
            f"more than {MAX_EDITS} edits", code="EDIT_REFUSED", hint="send them in parts"
        )
    editor = _Editor(text)
    for number, edit in enumerate(edits):
        try:
            editor.apply(edit)
        except (Rejected, NotFound, wording.Unwritable) as error:
            raise _refusal(number, edit, error) from error
    return editor.text


def _refusal(number: int, edit: Edit, error: Exception) -> Rejected:
    reason = getattr(error, "message", str(error))
    return Rejected(
        f"edit {number} ({edit.op} {dotted(edit.path)}) is refused: {reason}",
        code="EDIT_REFUSED",
        hint=getattr(error, "hint", "") or "read the text again, or edit it by hand at this place",
        args={"index": number, "op": edit.op, "path": list(edit.path), "reason": reason},
        findings=getattr(error, "findings", ()),
    )


def set_scalar(text: str, path: tuple[Step, ...] | list[Step], new_text: str) -> str:
    """Replace the value of one scalar.

    Args:
        text: The whole document.
        path: Keys and list indices from the top, for example ``("limits", 0, "trip")``.
        new_text: What it shall say; quotes are added where YAML needs them.

    Returns:
        The document with only that scalar changed.

    Raises:
        ConfigInvalid: The document cannot be read.
        NotFound: Nothing stands under that path.
        Rejected: The path leads to a map or list, or the result would not read as wanted.
    """
    node = Page(text, read(text)).find(tuple(path))
    if not isinstance(node, TextNode):
        raise Rejected(
            f"{dotted(path)} is no single value", hint="edit the values inside one by one"
        )
    editor = _Editor(text)
    editor.apply(Edit("set", tuple(path), new_text))
    return editor.text


def logic_hash(text: str) -> str:
    """Hash of what a text means: neither comments nor wording nor `x-layout` are part of it.

    Raises:
        ConfigInvalid: The text cannot be read.
    """
    tree = plain(read(text))
    if isinstance(tree, dict):
        tree = {key: value for key, value in tree.items() if key != LAYOUT}
    return revision_of(json.dumps(tree, ensure_ascii=True))


def without_layout(text: str) -> str:
    """The text without its `x-layout` block: line for line what the logic is written in.

    Raises:
        ConfigInvalid: The text cannot be read.
    """
    root = read(text)
    if not isinstance(root, MapNode) or root.get(LAYOUT) is None:
        return text
    editor = _Editor(text)
    try:
        editor.remove((LAYOUT,))
    except Rejected:
        return text
    return editor.text


def as_plain(value: object, depth: int = 1) -> Plain:
    """A JSON value as the reader would read it: every scalar a text.

    Raises:
        Rejected: Too deep, or something a text cannot say.
    """
    if depth > MAX_DEPTH:
        raise Rejected(f"the value is nested deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    if isinstance(value, dict):
        return {str(key): as_plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(inner, depth + 1) for inner in value]
    raise Rejected(f"{value!r} has no form in the text")


@dataclass
class _Editor:
    """One text under the pen."""

    text: str
    spent: int = 0
    _pages: dict[str, Page] = field(default_factory=dict)

    def apply(self, edit: Edit) -> None:
        verbs: dict[str, Callable[[Edit], None]] = {
            "set": lambda e: self.assign(e.path, as_plain(e.value), e.at),
            "insert": self.insert,
            "remove": lambda e: self.remove(e.path),
            "rename": lambda e: self.rename(e.path, e.name),
            "move": self.move,
            "duplicate": self.duplicate,
            "layout": self.layout,
            "quote": lambda _: self.quote(),
        }
        verbs[edit.op](edit)

    @property
    def page(self) -> Page:
        """The text as it is, read."""
        if self.text not in self._pages:
            self._spend()
            root, findings = read_with_findings(self.text)
            if root is None or findings:
                raise Rejected(
                    f"the text cannot be read: {findings[0].message}",
                    hint=findings[0].hint or "correct the text first",
                    findings=findings,
                )
            self._pages = {self.text: Page(self.text, root)}
        return self._pages[self.text]

    def _spend(self) -> None:
        self.spent += len(self.text)
        if self.spent > MAX_READ:
            raise Rejected("too much work for one request", hint="send the edits in parts")

    def _take(self, ways: Iterator[list[Splice]], wanted: Plain, what: Path) -> None:
        """Accept the first way after which the text reads as wanted."""
        before = self.text
        for splices in ways:
            self.text = spliced(before, splices)
            try:
                if _same(plain(self.page.root), wanted):
                    return
            except Rejected:
                if self.spent > MAX_READ:
                    raise
        self.text = before
        raise Rejected(
            f"{dotted(what)} cannot be changed in place",
            hint="edit the text by hand at this place",
        )

    # -- set --------------------------------------------------------------------------------

    def assign(self, path: Path, value: Plain, at: int | None = None) -> None:
        """Give a value to what stands at a path, or to a new key."""
        page = self.page
        holder = page.find(path[:-1]) if path else None
        if isinstance(holder, MapNode) and holder.get(str(path[-1])) is None:
            self._insert(path[:-1], str(path[-1]), value, at)
            return
        if is_empty(holder or page.root) and path and isinstance(path[-1], str):
            self.assign(path[:-1], {path[-1]: value})
            return
        node = page.find(path)
        if _same(plain(node), value):
            return
        if not isinstance(node, TextNode) and self._reshaped(node, path, value):
            return
        if not path:
            raise Rejected("the whole text is not replaced by an edit", hint="save a new text")
        wanted = _changed(page, path[:-1], lambda tree: tree.__setitem__(path[-1], value))
        self._take(replacements(page, path, value), wanted, path)

    def _reshaped(self, node: Collection, path: Path, value: Plain) -> bool:
        """Edit only those parts of a map or list that differ; False where this leads nowhere."""
        before = self.text
        wanted = _replaced(plain(self.page.root), path, value)
        try:
            if isinstance(node, MapNode) and isinstance(value, dict) and node.entries and value:
                self._reshape_map(path, node, value)
            elif isinstance(node, ListNode) and isinstance(value, list) and node.items and value:
                self._reshape_list(path, node, value)
            if _same(plain(self.page.root), wanted):
                return True
        except (Rejected, wording.Unwritable):
            if self.spent > MAX_READ:
                raise
        self.text = before
        return False

    def _reshape_map(self, path: Path, node: MapNode, value: dict[str, Any]) -> None:
        if not node.entries.keys() & value.keys():
            raise Rejected("nothing stays")
        for key in node.entries:
            if key not in value:
                self.remove((*path, key))
        for number, (key, inner) in enumerate(value.items()):
            self.assign((*path, key), inner, number)

    def _reshape_list(self, path: Path, node: ListNode, value: list[Any]) -> None:
        old = [json.dumps(plain(item)) for item in node.items]
        new = [json.dumps(item) for item in value]
        steps = SequenceMatcher(None, old, new, autojunk=True).get_opcodes()
        for tag, i1, i2, j1, j2 in reversed(steps):
            if tag == "equal":
                continue
            paired = min(i2 - i1, j2 - j1)
            for index in range(i2 - 1, i1 + paired - 1, -1):
                self.remove((*path, index))
            for number in range(j1 + paired, j2):
                self._insert(path, i1 + number - j1, value[number])
            for offset in range(paired):
                self.assign((*path, i1 + offset), value[j1 + offset])

    # -- insert, remove ---------------------------------------------------------------------

    def insert(self, edit: Edit) -> None:
        """A new item, or a new key."""
        if not edit.path:
            raise Rejected("the path of an insert ends with an index or a key")
        step = edit.path[-1]
        if isinstance(step, str) and isinstance(self.page.find(edit.path[:-1]), MapNode):
            self._insert(edit.path[:-1], step, as_plain(edit.value), edit.at)
            return
        self._insert(edit.path[:-1], step, as_plain(edit.value))

    def _insert(
        self,
        path: Path,
        step: Step,
        value: Plain,
        at: int | None = None,
        lines: list[str] | None = None,
    ) -> None:
        page = self.page
        node = page.find(path)
        if isinstance(node, TextNode) and node.is_empty:
            self.assign(path, {step: value} if isinstance(step, str) else [value])
            return
        if isinstance(node, TextNode) or isinstance(node, ListNode) is isinstance(step, str):
            raise Rejected(f"{dotted(path)} is no {'map' if isinstance(step, str) else 'list'}")
        if isinstance(node, MapNode) and node.get(str(step)) is not None:
            raise Rejected(f"{step} stands in {dotted(path)} already", hint="set it")
        place = _place(node, step, at, is_top=not path)
        wanted = _changed(page, path, lambda tree: _put(tree, step, place, value))
        if not (node.entries if isinstance(node, MapNode) else node.items):
            inner: Plain = {str(step): value} if isinstance(node, MapNode) else [value]
            self._take(replacements(page, path, inner), wanted, path)
            return
        ways = insertions(page, path, (place, step, value), lines)
        self._take(ways, wanted, (*path, step))

    def remove(self, path: Path) -> None:
        """Take out a key with its value, or an item."""
        page = self.page
        page.find(path)
        if not path:
            raise Rejected("the whole text is not removed by an edit", hint="delete the flow")
        holder = cast("Collection", page.find(path[:-1]))
        units = page.units(holder)
        index = index_in(holder, path[-1])
        wanted = _changed(page, path[:-1], lambda tree: tree.__delitem__(path[-1]))
        if len(units) > 1:
            ways = iter([removal(page, holder, units, index)])
        elif holder.flow:
            tail = page.text[units[0].end : holder.end.offset - 1].strip(" \t,")
            end = units[0].end if tail else holder.end.offset - 1
            ways = iter([[(units[0].start, end, "")]])
        elif len(path) == 1:
            ways = iter([removal(page, holder, units, 0)])
        else:
            ways = replacements(page, path[:-1], {} if isinstance(holder, MapNode) else [])
        self._take(ways, wanted, path)

    def rename(self, path: Path, name: str) -> None:
        """Give a key another name; its value and its place stay."""
        page = self.page
        page.find(path)
        holder = page.find(path[:-1]) if path else None
        if not isinstance(holder, MapNode):
            raise Rejected(f"{dotted(path)} is no key")
        if name != path[-1] and holder.get(name) is not None:
            raise Rejected(f"{name} stands there already")
        key = holder.entries[str(path[-1])].key

        def renamed(tree: Any) -> None:  # noqa: ANN401  # the plain tree
            pairs = [(name if old == path[-1] else old, inner) for old, inner in tree.items()]
            tree.clear()
            tree.update(pairs)

        wanted = _changed(page, path[:-1], renamed)
        ways = (
            [(key.start.offset, key.end.offset, way)]
            for way in wording.scalar_ways(name, key.style)
        )
        self._take(ways, wanted, path)

    # -- items ------------------------------------------------------------------------------

    def move(self, edit: Edit) -> None:
        """Take an item out and put it in elsewhere, with the comments directly above it."""
        if edit.to is None or not edit.to or not isinstance(edit.to[-1], int):
            raise Rejected("the item needs a place: 'to' ends with an index")
        value, lines = self._item(edit.path, with_comments=True)
        before = self.text
        try:
            self._cut_comments(edit.path)
            self.remove(edit.path)
            self._insert(edit.to[:-1], edit.to[-1], value, lines=lines)
        except (Rejected, NotFound, wording.Unwritable):
            self.text = before
            raise

    def duplicate(self, edit: Edit) -> None:
        """Write an item a second time, behind itself or at ``to``."""
        value, lines = self._item(edit.path, with_comments=False)
        to = edit.to or (*edit.path[:-1], cast("int", edit.path[-1]) + 1)
        self._insert(to[:-1], to[-1], value, lines=lines)

    def _item(self, path: Path, *, with_comments: bool) -> tuple[Plain, list[str]]:
        """Value and lines of an item, as if it stood at the left edge."""
        page = self.page
        node = page.find(path)
        holder = page.find(path[:-1]) if path else None
        if not isinstance(holder, ListNode) or not isinstance(path[-1], int):
            raise Rejected(f"{dotted(path)} is no item of a list")
        unit = page.units(holder)[path[-1]]
        if holder.flow:
            return plain(node), [page.text[unit.start : unit.end]]
        column = page.column(unit.start)
        first = top_of(page, holder, path[-1]) if with_comments else unit.start
        raw = page.text[first : page.line_end(unit.end)].split("\n")
        lines = [dedented(line.removesuffix("\r"), column) for line in raw]
        return plain(node), lines

    def _cut_comments(self, path: Path) -> None:
        """Remove the comments that will come with a moved item."""
        page = self.page
        holder = cast("ListNode", page.find(path[:-1]))
        if holder.flow:
            return
        index = cast("int", path[-1])
        start = page.units(holder)[index].start
        top = top_of(page, holder, index)
        if top < start and page.begins_line(start):
            self.text = page.text[:top] + page.text[page.line_start(start) :]

    # -- layout, repair ---------------------------------------------------------------------

    def layout(self, edit: Edit) -> None:
        """Remember where a node was put by hand, in the block at the end of the text."""
        key = str(edit.path[0]) if len(edit.path) == 1 else ""
        if not key:
            raise Rejected("the path of a layout is the id of one node")
        page = self.page
        block = page.root.get(LAYOUT) if isinstance(page.root, MapNode) else None
        if edit.value is None:
            if isinstance(block, MapNode) and block.get(key) is not None:
                self.remove((LAYOUT,) if len(block.entries) == 1 else (LAYOUT, key))
            return
        numbers = edit.value if isinstance(edit.value, (list, tuple)) else ()
        if len(numbers) != 2 or not all(type(number) in {int, float} for number in numbers):
            raise Rejected("a place is two numbers: [x, y]")
        place = as_plain(numbers)
        if block is None:
            self._append_layout(key, place)
        else:
            self.assign((LAYOUT, key), place)

    def _append_layout(self, key: str, place: Plain) -> None:
        page = self.page
        lines = [f"{LAYOUT}:", f"{' ' * page.manner.step}{layout_line(key, place)}"]
        nl = page.newline
        end = len(page.text)
        if page.begins_line(end):
            appended = [(end, end, nl.join(lines) + nl)]
        else:
            appended = [(end, end, nl + nl.join(lines))]
        wanted = _changed(page, (), lambda tree: tree.__setitem__(LAYOUT, {key: place}))
        self._take(iter([appended]), wanted, (LAYOUT, key))

    def quote(self) -> None:
        """Put quotes around every expression that a comma inside brackets has cut."""
        while True:
            self._spend()
            _, findings = read_with_findings(self.text)
            cut = [finding for finding in findings if finding.code == "broken-by-comma"]
            if not cut:
                return
            start = offset_of(self.text, cut[0].line, cut[0].column)
            end = closing(self.text, start)
            whole = self.text[start:end].rstrip()
            quoted = wording.quoted(whole)
            self.text = self.text[:start] + quoted + self.text[start + len(whole) :]
            _, now = read_with_findings(self.text)
            if sum(finding.code == "broken-by-comma" for finding in now) >= len(cut):
                raise Rejected("the expression cannot be quoted", hint=cut[0].hint)


# -- the plain tree ---------------------------------------------------------------------------


def _same(first: Plain, second: Plain) -> bool:
    """Equal, the order of keys included."""
    return json.dumps(first) == json.dumps(second)


def _changed(page: Page, path: Path, change: Callable[[Any], object]) -> Plain:
    """The tree after a change of the map or list at a path."""
    tree: Any = copy.deepcopy(plain(page.root))
    inner = tree
    for step in path:
        inner = inner[step]
    change(inner)
    return cast("Plain", tree)


def _replaced(tree: Plain, path: Path, value: Plain) -> Plain:
    if not path:
        return value
    tree = copy.deepcopy(tree)
    inner: Any = tree
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return tree


def _put(tree: Any, step: Step, place: int, value: Plain) -> None:  # noqa: ANN401  # plain tree
    if isinstance(tree, list):
        tree.insert(place, value)
        return
    pairs = list(tree.items())
    pairs.insert(place, (step, value))
    tree.clear()
    tree.update(pairs)


def _place(node: Collection, step: Step, at: int | None, *, is_top: bool) -> int:
    """Where a new part goes; a new key of the file goes before the trailing layout."""
    if isinstance(node, ListNode):
        count = len(node.items)
        place = count if step == -1 else cast("int", step)
        if not 0 <= place <= count:
            raise Rejected(f"the list has {count} items")
        return place
    keys = list(node.entries)
    end = len(keys) - (is_top and step != LAYOUT and bool(keys) and keys[-1] == LAYOUT)
    return end if at is None else max(0, min(at, len(keys)))
