"""Exporters, one format per file of this folder, found by scanning it.

A file ``<name>.py`` holds one class with ``name`` (the file's own), ``suffix`` and
``write(rows, meta, out)``. ``rows`` is read once and may be longer than the memory.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO, Literal, Protocol, runtime_checkable

from ionpy_auto.core.errors import NotFound
from ionpy_auto.storage.device_tables import StoredColumn

Dialect = Literal["en", "de"]


@dataclass(frozen=True, slots=True)
class ExportMeta:
    """What a file says about itself.

    Attributes:
        device: Device id.
        columns: Of the values, in the order of each row.
        session: Name of the session, empty for the whole project.
        created: UTC of the export, Unix seconds.
        dialect: ``en`` (comma, decimal point) or ``de`` (semicolon, decimal comma).
        units: Whether a row of units follows the header, where the format has rows.
        notes: Further lines, shown where the format has room for them.
        institution: Who measured, where the format's file names say it.
        specimen: The cell, likewise.
    """

    device: str
    columns: tuple[StoredColumn, ...]
    session: str
    created: float
    dialect: Dialect = "en"
    units: bool = True
    notes: tuple[tuple[str, str], ...] = ()
    institution: str = ""
    specimen: str = ""


class Exporter(Protocol):
    """Writes one device's rows in one format."""

    name: str
    suffix: str

    def write(self, rows: Iterator[tuple[Any, ...]], meta: ExportMeta, out: BinaryIO) -> None:
        """Write all rows: time, session id, a value per column, alarm state."""


@runtime_checkable
class Choosy(Protocol):
    """An exporter that cannot write every device and has a custom for names of files."""

    def takes(self, columns: Sequence[StoredColumn]) -> bool:
        """Whether a device with these columns can be written."""

    def stem(self, meta: ExportMeta) -> str:
        """The name of the file, without its suffix."""


@cache
def formats() -> tuple[str, ...]:
    """Names of the formats, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def exporter(name: str) -> Exporter:
    """The exporter of a format.

    Raises:
        NotFound: There is no such format; the hint names those there are.
    """
    if name not in formats():
        msg = f"there is no export format {name!r}"
        raise NotFound(msg, hint=f"Formats: {', '.join(formats())}.")
    module = importlib.import_module(f"{__name__}.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and getattr(value, "name", None) == name:
            made: Exporter = value()
            return made
    msg = f"exporters/{name}.py has no class named {name!r}"
    raise NotFound(msg)
