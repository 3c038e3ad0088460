"""What to replace in a text so that it says something else: pairs of offsets and new characters.

Each function offers ways from the nicest to the surest; whoever applies one reads the text again
and takes the next when the result is not what was wanted.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

from ionpy_auto.language import wording
from ionpy_auto.language.nodes import ListNode, MapNode, Node, Plain, TextNode, plain
from ionpy_auto.language.spans import Collection, Page, Step, Unit, is_empty

Path = tuple[Step, ...]
Splice = tuple[int, int, str]

LAYOUT = "x-layout"
_COMMENT = re.compile(r"(^|\s)#")


def index_in(holder: Collection, step: Step) -> int:
    """Number of a part among the parts of its map or list."""
    if isinstance(holder, MapNode):
        return list(holder.entries).index(str(step))
    return cast("int", step)


def spliced(text: str, splices: list[Splice]) -> str:
    """The text after replacements that do not overlap."""
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def replacements(page: Page, path: Path, value: Plain) -> Iterator[list[Splice]]:
    """Ways to put a value in the place of another one."""
    if not path:
        yield [_first_lines(page, value)]
        return
    holder = cast("Collection", page.find(path[:-1]))
    node = page.find(path)
    unit = page.units(holder)[index_in(holder, path[-1])]
    flow = page.in_brackets(path)
    if isinstance(node, TextNode) and isinstance(value, str):
        yield from _rewordings(page, node, unit, value)
        if flow:
            return
    if flow:
        yield [_inline(page, unit, node, wording.flow_text(value))]
        return
    if not isinstance(value, str) and _stays_flow(page, node, unit, value):
        yield [_inline(page, unit, node, wording.flow_text(value))]
    column = page.column(unit.start)
    if isinstance(holder, MapNode):
        yield _below_key(page, unit, node, wording.unit_lines("", value, page.manner), column)
        return
    lines = wording.unit_lines("-", value, page.manner)
    indent = "\n" + " " * column
    body = indent.join(lines).replace("\n", page.newline)
    yield [(unit.start, unit.end, body)]


def _first_lines(page: Page, value: Plain) -> Splice:
    """The first content of a text that has none, behind its comments."""
    if page.root.start.offset < page.root.end.offset:  # a pair of brackets
        return (page.root.start.offset, page.root.end.offset, wording.flow_text(value))
    end = len(page.text)
    body = page.newline.join(wording.block_lines(value, page.manner)) + page.newline
    return (end, end, body if page.begins_line(end) else page.newline + body)


def _rewordings(page: Page, node: TextNode, unit: Unit, value: str) -> Iterator[list[Splice]]:
    """One text for another, in its place and in the writer's own style."""
    if "\n" in value and node.style in {"|", ">"}:
        return
    start, end = (node.start.offset, page.end(node)) if not node.is_empty else (unit.end, unit.end)
    lead = " " if page.text[start - 1 : start] in {":", "-"} else ""
    for way in wording.scalar_ways(value, node.style):
        yield [(start, end, lead + way)]


def _inline(page: Page, unit: Unit, node: Node, new: str) -> Splice:
    if is_empty(node):
        return (unit.end, unit.end, f" {new}" if new else "")
    return (node.start.offset, page.end(node), new)


def _stays_flow(page: Page, node: Node, unit: Unit, value: Plain) -> bool:
    """A value in brackets stays one while it is short; an empty one has no manner of its own.

    A map that becomes several is written line by line.
    """
    if isinstance(node, TextNode) or not node.flow or not value:
        return False
    if isinstance(node, MapNode) and _holds_maps(value):
        return False
    has_content = bool(node.entries if isinstance(node, MapNode) else node.items)
    parts = value.values() if isinstance(value, dict) else value
    is_flat = not any(isinstance(part, (dict, list)) for part in parts)
    try:
        width = page.column(unit.start) + len(wording.flow_text(value))
    except wording.Unwritable:
        return False
    return width <= wording.FLOW_WIDTH and (has_content or (isinstance(value, list) and is_flat))


def _holds_maps(value: Plain) -> bool:
    return isinstance(value, list) and any(isinstance(part, dict) for part in value)


def _below_key(page: Page, unit: Unit, node: Node, lines: list[str], column: int) -> list[Splice]:
    """A value behind and below its key; comments behind the key and the old value stay."""
    first, rest = lines[0], lines[1:]
    start = unit.value_at if is_empty(node) else node.start.offset
    below = "".join(page.newline + (" " * column + line if line else "") for line in rest)
    if not page.same_line(unit.value_at, start):
        line = page.line_end(unit.value_at)
        return [(unit.value_at, unit.value_at, first), (line, unit.end, below)]
    gap = page.text[unit.value_at : start]
    if gap and first:
        first = gap + first.removeprefix(" ")
    line = page.line_end(unit.end)
    if not below:
        return [(unit.value_at, unit.end, first)]
    return [(unit.value_at, unit.end, first), (line, line, below)]


def insertions(
    page: Page, path: Path, new: tuple[int, Step, Plain], lines: list[str] | None
) -> Iterator[list[Splice]]:
    """Ways to put in a new key or item among others: as written elsewhere, then worded anew."""
    place, step, value = new
    node = cast("Collection", page.find(path))
    units = page.units(node)
    if lines is not None:
        if not node.flow:
            yield [_block_insertion(page, node, units, place, _as_item(lines))]
        elif len(lines) == 1:
            yield [_between(units, place, lines[0].removeprefix("- "))]
        if any(_COMMENT.search(line) for line in lines):
            return  # written anew, the item would lose its comments
    if node.flow:
        yield [_between(units, place, _flow_unit(node, step, value))]
        return
    for worded in _block_units(page, path, node, step, value):
        if path == () and place and step != LAYOUT and len(worded) > 1 and _is_airy(page, units):
            yield [_block_insertion(page, node, units, place, ["", *worded])]
        yield [_block_insertion(page, node, units, place, worded)]


def _is_airy(page: Page, units: list[Unit]) -> bool:
    """A blank line stands above one of the parts, or above its comments."""
    for before, after in pairwise(units):
        top = page.comments_above(after, before.end)
        above = top - (2 if page.text[top - 2 : top] == "\r\n" else 1)
        if not page.text[page.line_start(above) : above].strip():
            return True
    return False


def _as_item(lines: list[str]) -> list[str]:
    return lines if lines[0].startswith(("-", "#")) else [f"- {lines[0]}"]


def _block_units(
    page: Page, path: Path, node: Collection, step: Step, value: Plain
) -> Iterator[list[str]]:
    """Ways to word a new key or item in block style."""
    if isinstance(node, ListNode):
        if value and not isinstance(value, str) and _neighbours_flow(node, value):
            short = _short_item(value, page.column(node.start.offset))
            if short:
                yield [short]
        yield wording.unit_lines("-", value, page.manner)
    elif path == (LAYOUT,):
        yield [layout_line(str(step), value)]
    else:
        head = f"{wording.scalar(str(step), flow=False)}:"
        yield wording.unit_lines(head, value, page.manner)


def layout_line(key: str, value: Plain) -> str:
    """The line that says where a node is."""
    return f"{wording.scalar(key, flow=False)}: {wording.flow_text(value)}"


def _flow_unit(node: Collection, step: Step, value: Plain) -> str:
    if isinstance(node, ListNode):
        return wording.flow_text(value)
    behind = "" if value is None else f" {wording.flow_text(value)}"
    return f"{wording.scalar(str(step), flow=True)}:{behind}"


def _neighbours_flow(node: ListNode, value: Plain) -> bool:
    """All items stand in brackets, and one of them has an inside if the new one has."""
    return all(not isinstance(item, TextNode) and item.flow for item in node.items) and (
        wording.is_flat(value) or not all(wording.is_flat(plain(item)) for item in node.items)
    )


def _short_item(value: Plain, column: int) -> str:
    try:
        item = f"- {wording.flow_text(value)}"
    except wording.Unwritable:
        return ""
    return item if column + len(item) <= wording.FLOW_WIDTH else ""


def _between(units: list[Unit], place: int, new: str) -> Splice:
    if place == 0:
        return (units[0].start, units[0].start, f"{new}, ")
    end = units[place - 1].end
    return (end, end, f", {new}")


def _block_insertion(
    page: Page, node: Collection, units: list[Unit], place: int, lines: list[str]
) -> Splice:
    column = page.column(units[0].start)
    indent = page.newline + " " * column
    body = "".join((indent + line) if line else page.newline for line in lines)
    if place > 0:
        end = page.line_end(units[place - 1].end)
        return (end, end, body)
    start = units[0].start
    if isinstance(node, ListNode) and page.begins_line(start):
        start = top_of(page, node, 0)
        return (start, start, body.removeprefix(page.newline) + page.newline)
    return (start, start, body.removeprefix(indent) + indent)


def removal(page: Page, holder: Collection, units: list[Unit], index: int) -> list[Splice]:
    """What to take out with one of several parts."""
    unit = units[index]
    if holder.flow:
        return [_flow_removal(page, units, index)]
    if page.begins_line(unit.start):
        start, end = page.line_start(unit.start), page.next_line(unit.end)
        if page.line_end(unit.end) == len(page.text) and start > 0:  # no line break to take behind
            start -= 2 if page.text[start - 2 : start] == "\r\n" else 1
        return [(start, end, "")]
    # The first one stands behind a dash; the next one takes its place, unless comments stand there.
    behind = page.line_end(unit.end)
    following = units[index + 1].start if index + 1 < len(units) else behind
    between = page.text[behind:following]
    return [(unit.start, following if not between.strip() else behind, "")]


def _flow_removal(page: Page, units: list[Unit], index: int) -> Splice:
    unit = units[index]
    if index + 1 < len(units):
        following = units[index + 1].start
        between = page.text[unit.end : following]
        if "#" not in between and not any(mark in between for mark in "\n\r"):
            return (unit.start, following, "")
        end = page.text.find(",", unit.end, following) + 1
        if page.begins_line(unit.start) and not page.text[end : page.line_end(end)].strip():
            return (page.line_start(unit.start), page.next_line(end), "")
        return (unit.start, end, "")
    before = units[index - 1].end
    if "#" in page.text[before : unit.start]:
        return (unit.start, unit.end, "")
    return (before, unit.end, "")


def top_of(page: Page, holder: ListNode, index: int) -> int:
    """Where the comments of an item begin, or its dash."""
    units = page.units(holder)
    unit = units[index]
    if not page.begins_line(unit.start):
        return unit.start
    floor = page.next_line(units[index - 1].end) if index else 0
    top = page.comments_above(unit, floor)
    return min(top, page.line_start(unit.start))


def dedented(line: str, columns: int) -> str:
    """A line without so many leading spaces."""
    head = line[:columns]
    return line[columns:] if not head.strip() else line.lstrip(" ")


def closing(text: str, start: int) -> int:
    """Where an unquoted expression ends: the first , } or ] outside its parentheses."""
    depth = 0
    for offset in range(start, len(text)):
        character = text[offset]
        depth += (character == "(") - (character == ")")
        if depth <= 0 and character in ",}]":
            return offset
    return len(text)
