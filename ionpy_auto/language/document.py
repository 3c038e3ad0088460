"""Edits a text without touching what was not edited: comments, order and quoting stay.

An edit replaces the characters of one scalar, computed from the reader's marks. Afterwards the
text is read again: if anything but the wanted value changed, the edit is refused.
"""

import copy
from typing import Any

from ionpy_auto.core.errors import NotFound, Rejected
from ionpy_auto.language.nodes import ListNode, MapNode, Node, Plain, TextNode, plain
from ionpy_auto.language.reader import read, read_with_findings

Step = str | int


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
    root = read(text)
    node = _find(root, list(path))
    if not isinstance(node, TextNode):
        raise Rejected(
            f"{_dotted(path)} is no single value", hint="edit the values inside one by one"
        )
    wanted = _replaced(plain(root), list(path), new_text) if path else new_text
    start, end = node.start.offset, node.start.offset + len(_content(node))
    for candidate in _candidates(text, node, new_text):
        edited = text[:start] + candidate + text[end:]
        result, findings = read_with_findings(edited)
        if result is not None and not findings and plain(result) == wanted:
            return edited
    raise Rejected(
        f"{_dotted(path)} cannot be changed in place", hint="edit the text by hand at this place"
    )


def _find(root: Node, path: list[Step]) -> Node:
    node: Node | None = root
    for step in path:
        if isinstance(node, MapNode):
            node = node.get(str(step))
        elif isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
        else:
            node = None
        if node is None:
            raise NotFound(f"nothing stands at {_dotted(path)}")
    assert node is not None  # noqa: S101  # the loop refuses None
    return node


def _content(node: TextNode) -> str:
    """The characters to replace: a block without the blank lines and breaks behind it."""
    return node.raw.rstrip() if node.style in {"|", ">"} else node.raw


def _candidates(text: str, node: TextNode, new_text: str) -> list[str]:
    """Ways to write a text, the writer's own style first, the surest last."""
    single = "'" + new_text.replace("'", "''") + "'"
    ways = [new_text, single, _double(new_text)]
    if node.style == "'":
        ways = [single, _double(new_text)]
    elif node.style == '"':
        ways = [_double(new_text), single]
    before = text[node.start.offset - 1 : node.start.offset]
    if before == ":":  # "key:" with nothing behind it
        ways = [f" {way}" for way in ways]
    return [way for way in ways if "\n" not in way]


def _double(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.replace(chr(9), chr(92) + "t")}"'


def _replaced(tree: Plain, path: list[Step], value: str) -> Plain:
    tree = copy.deepcopy(tree)
    inner: Any = tree
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return tree


def _dotted(path: tuple[Step, ...] | list[Step]) -> str:
    return ".".join(str(step) for step in path) or "the document"
