"""The kinds of connections there are: files of this folder that say ``NAME = "…"``."""

from pathlib import Path
from types import ModuleType
from typing import Final

from ionpy_auto.connections.connection import Connection
from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.registry import Found, Registry, declared_name


class _Kinds(Registry[type[Connection]]):
    """Only files that give themselves a name: the others serve the kinds."""

    def _add(self, found: dict[str, Found], path: Path) -> None:
        if declared_name(path) is not None:
            super()._add(found, path)


def _pick(module: ModuleType) -> type[Connection]:
    own = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Connection)
        and thing.__module__ == module.__name__
    ]
    if len(own) != 1:
        msg = f"{module.__name__} holds {len(own)} connections, one is needed"
        raise ConfigInvalid(msg)
    return own[0]


KINDS: Final[Registry[type[Connection]]] = _Kinds("connection", "ionpy_auto.connections", _pick)
