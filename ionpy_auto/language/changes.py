"""Which parts of a text mean something else than before: paths for the colours of a graph.

Items of lists are recognised by their ``id``, others by their content; what only moved is not a
change of its content.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from ionpy_auto.language.nodes import Plain
from ionpy_auto.language.spans import Step

Kind = Literal["added", "removed", "changed"]
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One part that is different.

    Attributes:
        kind: ``removed`` parts have their path in the old text, all others in the new one.
        path: Keys and indices from the top.
    """

    kind: Kind
    path: Path


def changes(old: Plain, new: Plain, path: Path = (), old_path: Path = ()) -> Iterator[Change]:
    """The smallest parts that differ, in the order of the new text."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_maps(old, new, path, old_path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, path, old_path)
    elif old != new:
        yield Change("changed", path)


def _of_maps(
    old: dict[str, Any], new: dict[str, Any], path: Path, old_path: Path
) -> Iterator[Change]:
    for key, value in new.items():
        if key in old:
            yield from changes(old[key], value, (*path, key), (*old_path, key))
        else:
            yield Change("added", (*path, key))
    for key in old:
        if key not in new:
            yield Change("removed", (*old_path, key))


def _of_lists(old: list[Any], new: list[Any], path: Path, old_path: Path) -> Iterator[Change]:
    pairs = _pairs(old, new)
    for index, item in enumerate(new):
        if index in pairs:
            before = pairs[index]
            yield from changes(old[before], item, (*path, index), (*old_path, before))
        else:
            yield Change("added", (*path, index))
    for index in sorted({*range(len(old))} - {*pairs.values()}):
        yield Change("removed", (*old_path, index))


def _pairs(old: list[Any], new: list[Any]) -> dict[int, int]:
    """New index → old index of what is the same item."""
    pairs: dict[int, int] = {}
    names = {_name(item): index for index, item in enumerate(old) if _name(item)}
    for index, item in enumerate(new):
        before = names.pop(_name(item), None)
        if before is not None:
            pairs[index] = before
    left = [index for index in range(len(old)) if index not in pairs.values()]
    right = [index for index in range(len(new)) if index not in pairs]
    words = [json.dumps(old[index]) for index in left], [json.dumps(new[index]) for index in right]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *words).get_opcodes():
        if tag == "equal" or i2 - i1 == j2 - j1:
            pairs |= dict(zip(right[j1:j2], left[i1:i2], strict=True))
    return pairs


def _name(item: object) -> str:
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""
