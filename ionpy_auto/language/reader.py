"""Strict YAML reader: a text becomes a tree of texts with places, or findings that say why not.

No YAML type is ever guessed: ``yes``, ``22:30`` and ``010`` stay text, so YAML 1.1 and 1.2 cannot
disagree. Refused are duplicate keys, anchors and aliases (a 300-byte file can expand to
gigabytes), tags, merge keys, several documents, and anything deeper or larger than the bounds.

The parser's events are used, not its composed nodes: the bounds hold before memory is spent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from ionpy_auto.core.errors import ConfigInvalid, Finding
from ionpy_auto.language.nodes import Entry, ListNode, MapNode, Mark, Node, TextNode

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_NODES = 100_000

_Event = Any  # events and marks of the C parser carry no types
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_HINTS = (
    ("cannot start any token", "indent with spaces, and quote texts that begin with @ ` or %"),
    ("mapping values are not allowed", "quote the text if it contains ': '"),
    ("expected ',' or '}'", "close the { or quote the text if it contains { } , or [ ]"),
    ("expected ',' or ']'", "close the [ or quote the text if it contains { } , or [ ]"),
    ("could not find expected ':'", "the line needs ': ' or an indent like its neighbours"),
    ("expected <block end>", "the indent differs from the lines above"),
    ("did not find expected key", "the indent differs, or text stands behind a closing quote or }"),
    ("unexpected end of stream", "a quote is not closed"),
)


class _Refused(Exception):
    """Reading cannot go on; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read(text: str, file: str = "") -> Node:
    """Read one document.

    Args:
        text: The whole text.
        file: Name put into the findings.

    Raises:
        ConfigInvalid: With all findings.
    """
    node, findings = read_with_findings(text, file)
    if node is None or findings:
        first = findings[0]
        raise ConfigInvalid(str(first), hint=first.hint, findings=findings)
    return node


def read_with_findings(text: str, file: str = "") -> tuple[Node | None, list[Finding]]:
    """Read one document; an empty text is an empty map.

    Returns:
        The tree and what was found. The tree is None when the text could not be read to its end;
        with findings it may still be there, for an editor that wants to go on.
    """
    reader = _Reader(text, file)
    try:
        return reader.document(), reader.findings
    except _Refused as refused:
        return None, [*reader.findings, refused.finding]
    except yaml.YAMLError as error:
        return None, [*reader.findings, _syntax(error, text, file)]
    except UnicodeEncodeError as error:
        return None, [*reader.findings, _at_offset(text, error.start, file)]


@dataclass
class _Reader:
    """One reading: the events, the bounds and what was found on the way."""

    text: str
    file: str
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        # The parser does not count a byte order mark, the text's offsets do.
        self.shift = 1 if self.text.startswith("\ufeff") else 0
        self.events: Iterator[Any] = iter(())

    def document(self) -> Node:
        if len(self.text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise _Refused(
                Finding(
                    code="too-large",
                    message=f"the text has more than {MAX_BYTES} bytes",
                    hint="split it into several files",
                    file=self.file,
                    line=1,
                    column=1,
                )
            )
        self.events = yaml.parse(self.text, Loader=_Loader)
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.refuse(
                        "several-documents",
                        "a file holds one document",
                        "remove the line with ---",
                        event,
                    )
                if event.tags:
                    self.refuse("tag", "%TAG is not allowed", "remove the directive", event)
            elif isinstance(event, yaml.NodeEvent):
                root = self.node(event, "", 1)
        return root if root is not None else MapNode({}, Mark(1, 1, 0), Mark(1, 1, 0))

    def node(self, event: _Event, path: str, depth: int) -> Node:
        self.check(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(event, path, depth)
        return self.mapping(event, path, depth)

    def check(self, event: _Event, depth: int) -> None:
        """Refuse what would expand, run or never end."""
        self.count += 1
        if self.count > MAX_NODES:
            self.refuse(
                "too-many-nodes",
                f"more than {MAX_NODES} values",
                "split it into several files",
                event,
            )
        if depth > MAX_DEPTH:
            self.refuse("too-deep", f"nested deeper than {MAX_DEPTH}", "flatten it", event)
        if isinstance(event, yaml.AliasEvent):
            self.refuse("alias", "aliases (*name) are not allowed", "write the value out", event)
        if event.anchor is not None:
            self.refuse("anchor", "anchors (&name) are not allowed", "remove the anchor", event)
        if event.tag is not None:
            self.refuse("tag", "tags (!name) are not allowed", "remove the tag", event)

    def scalar(self, event: _Event, path: str) -> TextNode:
        start, end = self.mark(event.start_mark), self.mark(event.end_mark)
        raw = self.text[start.offset : end.offset]
        return TextNode(event.value, start, end, event.style or "", raw, path)

    def sequence(self, event: _Event, path: str, depth: int) -> ListNode:
        items: list[Node] = []
        for inner in self.events:
            if isinstance(inner, yaml.SequenceEndEvent):
                start, end = self.mark(event.start_mark), self.mark(inner.end_mark)
                break
            items.append(self.node(inner, _join(path, str(len(items))), depth + 1))
        if event.flow_style:
            self.comma_trap(items)
        return ListNode(tuple(items), start, end, path, bool(event.flow_style))

    def mapping(self, event: _Event, path: str, depth: int) -> MapNode:
        pairs: list[tuple[TextNode, Node]] = []
        for inner in self.events:
            if isinstance(inner, yaml.MappingEndEvent):
                start, end = self.mark(event.start_mark), self.mark(inner.end_mark)
                break
            key = self.key(inner, path, depth)
            value = self.node(next(self.events), _join(path, key.text), depth + 1)
            pairs.append((key, value))
        trapped = event.flow_style and self.comma_trap(
            [node for pair in pairs for node in pair if not _is_blank(node)]
        )
        entries: dict[str, Entry] = {}
        for key, value in pairs:
            if key.text in entries and not trapped:
                self.duplicate(key, entries[key.text].key)
            entries.setdefault(key.text, Entry(key, value))
        return MapNode(entries, start, end, path, bool(event.flow_style))

    def key(self, event: _Event, path: str, depth: int) -> TextNode:
        if not isinstance(event, yaml.ScalarEvent):
            self.check(event, depth + 1)
            self.refuse(
                "key-not-text",
                "a key must be a text",
                "quote it; a text that begins with {{ needs quotes",
                event,
            )
        key = self.node(event, path, depth + 1)
        assert isinstance(key, TextNode)  # noqa: S101  # a scalar event becomes a text
        if key.text == "<<" and not key.quoted:
            self.refuse("merge-key", "merge keys (<<) are not allowed", "write it out", event)
        return key

    def duplicate(self, key: TextNode, first: TextNode) -> None:
        self.findings.append(
            Finding(
                code="duplicate-key",
                message=f"'{key.text}' stands twice",
                hint=f"first in line {first.line}; keep one",
                file=self.file,
                line=key.line,
                column=key.column,
                path=_join(key.path, key.text),
                args={"key": key.text, "first": first.line},
            )
        )

    def comma_trap(self, nodes: list[Node]) -> bool:
        """Whether a comma inside ``{}`` or ``[]`` cut an expression into pieces."""
        opened: TextNode | None = None
        for node in nodes:
            balance = _balance(node)
            if opened is None and balance > 0 and isinstance(node, TextNode):
                opened = node
            elif opened is not None and balance < 0:
                whole = self.text[opened.start.offset : node.end.offset].strip()
                self.findings.append(
                    Finding(
                        code="broken-by-comma",
                        message=f"a comma cuts '{_shorten(whole)}' into pieces",
                        hint=f"quote it: {_quote(whole)}",
                        file=self.file,
                        line=opened.line,
                        column=opened.column,
                        path=opened.path,
                        args={"text": _shorten(whole)},
                    )
                )
                return True
        return False

    def mark(self, mark: _Event) -> Mark:
        shift = self.shift if mark.line == 0 else 0
        return Mark(mark.line + 1, mark.column + 1 + shift, mark.index + self.shift)

    def refuse(self, code: str, message: str, hint: str, event: _Event) -> None:
        mark = self.mark(event.start_mark)
        raise _Refused(
            Finding(
                code=code,
                message=message,
                hint=hint,
                file=self.file,
                line=mark.line,
                column=mark.column,
            )
        )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_blank(node: Node) -> bool:
    return isinstance(node, TextNode) and node.is_empty


def _balance(node: Node) -> int:
    """Opening minus closing parentheses of an unquoted text."""
    if not isinstance(node, TextNode) or node.quoted:
        return 0
    return node.text.count("(") - node.text.count(")")


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _quote(text: str) -> str:
    return "'" + _shorten(text).replace("'", "''") + "'"


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Finding:
    """The parser's complaint with line, column and, where known, the remedy."""
    if isinstance(error, yaml.reader.ReaderError):
        offset = int(error.position)
        if _Loader is not yaml.SafeLoader:  # the C parser counts bytes
            offset = len(text.encode()[:offset].decode(errors="ignore"))
        return _at_offset(text, offset, file)
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    source = text.split("\n")
    here = source[line - 1] if line <= len(source) else ""
    hint = next((hint for part, hint in _HINTS if part in problem), "")
    if "\t" in here[: max(column, len(here) - len(here.lstrip()))]:
        hint = "indent with spaces, not with tabs"
    elif "{{" in here:
        hint = "a text that begins with {{ needs quotes around it"
    return Finding(code="syntax", message=problem, hint=hint, file=file, line=line, column=column)


def _at_offset(text: str, offset: int, file: str) -> Finding:
    """A character YAML does not allow, found by its offset."""
    before = text[:offset]
    return Finding(
        code="bad-character",
        message="a character that may not stand in a YAML text",
        hint="remove the invisible or broken character",
        file=file,
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
    )
