"""What an alarm definition can watch: one file per kind, found by scanning this folder.

A file names its ``KEYS`` and reads them: ``read(part) -> Rung | None`` for one key of a definition.
"""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from ionpy_auto.alarms.watches._part import Part, Rung, Seen, Settings
from ionpy_auto.core.registry import Registry

Reader = Callable[[Part], Rung | None]


class Kind(NamedTuple):
    """One file of this folder.

    Attributes:
        keys: What it reads in a definition.
        read: Reads one of them.
    """

    keys: tuple[str, ...]
    read: Reader


def _pick(module: ModuleType) -> Kind:
    return Kind(tuple(module.KEYS), module.read)


WATCHES: Registry[Kind] = Registry("watch", __name__, _pick)


def readers() -> dict[str, Reader]:
    """Key of a definition → who reads it, in the order of the folder."""
    kinds = [WATCHES.get(name) for name in WATCHES]
    return {key: kind.read for kind in kinds for key in kind.keys}


__all__ = ["WATCHES", "Kind", "Part", "Rung", "Seen", "Settings", "readers"]
