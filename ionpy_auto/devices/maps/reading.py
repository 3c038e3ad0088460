"""One reading of a map: types its tree with pydantic models and points every complaint to a place.

Models hold no places. What pydantic says is put back into the tree by its location, so a wrong
value is found at its line and column, an unknown key at the key, a missing one at its map.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ionpy_auto.core.errors import ConfigInvalid, Finding, Severity
from ionpy_auto.language import ListNode, MapNode, Node, TextNode, finding_at, plain

M = TypeVar("M", bound=BaseModel)

MAX_FINDINGS = 50
"""A wholly wrong file needs no thousand sentences."""


class MapModel(BaseModel):
    """Base of everything a map consists of: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MapReading:
    """Findings of one file, and how models are filled from its tree.

    Args:
        file: Name for the findings, ``folder/device.yaml``.
        findings: What was found before.
    """

    def __init__(self, file: str, findings: Iterable[Finding] = ()) -> None:
        self.file = file
        self.findings = list(findings)

    @property
    def is_ok(self) -> bool:
        """True while there is no error."""
        return not any(f.severity is Severity.ERROR for f in self.findings)

    def error(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Note an error at a node."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding_at(node, self.file, code, message, hint))

    def refuse(self) -> None:
        """Go no further when something is wrong.

        Raises:
            ConfigInvalid: Carries all findings; the message is the first.
        """
        if self.is_ok:
            return
        first = self.findings[0]
        more = len(self.findings) - 1
        message = f"{first}; and {more} more" if more else str(first)
        raise ConfigInvalid(message, hint=first.hint, findings=self.findings)

    def typed(
        self, model: type[M], node: Node, *, skip: Iterable[str] = (), also: Iterable[str] = ()
    ) -> M | None:
        """A map as a model, or None and findings.

        Args:
            model: What is wanted.
            node: The map.
            skip: Keys that belong to somebody else and are not looked at.
            also: Further keys to name when a word is not known.
        """
        if not isinstance(node, MapNode):
            self.error(node, "wrong-type", "a map of keys is needed here", "write key: value")
            return None
        left_out = set(skip)
        values = {k: plain(e.node) for k, e in node.entries.items() if k not in left_out}
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                self._explain(problem, node, [*model.model_fields, *also])
            return None

    def _explain(self, problem: Any, node: MapNode, known: Sequence[str]) -> None:  # noqa: ANN401 - pydantic's own shape
        place, kind = problem["loc"], problem["type"]
        where = walk(node, place)
        last = str(place[-1]) if place else ""
        if kind == "extra_forbidden":
            inside = walk(node, place[:-1])
            entry = inside.entries.get(last) if isinstance(inside, MapNode) else None
            where = entry.key if entry is not None else where
            self.error(where, "unknown-key", *unknown_key(last, known if len(place) == 1 else ()))
        elif kind == "missing":
            self.error(where, "missing-key", f"{last!r} is missing", f"add {last}: …")
        else:
            hint = str((problem.get("ctx") or {}).get("hint", ""))
            name = ".".join(str(part) for part in place)
            text = problem["msg"].removeprefix("Value error, ")
            self.error(where, kind.replace("_", "-"), f"{name}: {text}" if name else text, hint)


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and hint for a key nobody knows."""
    words = sorted(set(known))
    near = difflib.get_close_matches(key, words, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(words)}"
    return f"unknown key {key!r:.60}", hint if words else "remove it"


def walk(node: Node, place: Sequence[int | str]) -> Node:
    """The deepest node on the way that exists; where nothing was written its key."""
    for index, part in enumerate(place):
        if isinstance(node, MapNode) and isinstance(part, str):
            entry = node.entries.get(part)
            if entry is None:
                return node
            last = index == len(place) - 1
            if last and isinstance(entry.node, TextNode) and entry.node.is_empty:
                return entry.key
            node = entry.node
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return node
    return node
