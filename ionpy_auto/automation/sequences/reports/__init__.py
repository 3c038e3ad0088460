"""Reports of runs: one model, read from what is stored, and one file per format.

A file ``formats/<name>.py`` holds one class with ``name`` (the file's own), ``suffix``,
``media_type`` and ``render(report, lang)``; formats are found by scanning.
"""

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from ionpy_auto.automation.sequences.reports import formats as folder
from ionpy_auto.automation.sequences.reports.model import RunReport
from ionpy_auto.automation.sequences.reports.reading import report_of
from ionpy_auto.core.errors import BadInput, NotFound

__all__ = ["LANGUAGES", "Renderer", "RunReport", "formats", "render", "renderer", "report_of"]

LANGUAGES: Final = ("en", "de")


class Renderer(Protocol):
    """Writes a report in one format; the same report gives the same bytes."""

    name: str
    suffix: str
    media_type: str

    def render(self, report: RunReport, lang: str) -> bytes:
        """The whole file, in one of `LANGUAGES`."""


@cache
def formats() -> tuple[str, ...]:
    """Names of the formats, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(folder.__path__)))


def renderer(name: str) -> Renderer:
    """The renderer of a format.

    Raises:
        NotFound: There is no such format; the hint names those there are.
    """
    if name not in formats():
        msg = f"there is no report format {name!r}"
        raise NotFound(msg, hint=f"formats: {', '.join(formats())}")
    module = importlib.import_module(f"{folder.__name__}.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and getattr(value, "name", None) == name:
            made: Renderer = value()
            return made
    raise NotFound(f"formats/{name}.py has no class named {name!r}")


def render(database: Path, run_id: str, name: str, lang: str = "en") -> tuple[bytes, Renderer]:
    """Read and render; for a thread of its own.

    Raises:
        NotFound: No such run or format.
        BadInput: No such language.
    """
    if lang not in LANGUAGES:
        raise BadInput(f"there is no language {lang!r}", hint=f"languages: {', '.join(LANGUAGES)}")
    chosen = renderer(name)
    return chosen.render(report_of(database, run_id), lang), chosen
