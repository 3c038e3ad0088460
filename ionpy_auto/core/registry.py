"""Registries: things are found by scanning their folder, and imported when first used.

A registry scans the syntax trees of the files of one folder for ``NAME = "..."`` (else the file
name counts), so start-up does not grow with every block; a file is imported at the first `get`.
A name that stands twice is an error that names both files: there is no central list to edit.
"""

import ast
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Generic, TypeVar

from ionpy_auto.core.errors import ConfigInvalid, IonpyError, NotFound
from ionpy_auto.core.syntax import parse_module

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a registered thing is.

    Attributes:
        name: Registered name.
        module: Dotted module to import, empty when ``path`` is loaded by file.
        path: The file.
    """

    name: str
    module: str
    path: Path


class Registry(Generic[T]):
    """Name → thing, for the modules of one package.

    Args:
        kind: What people call one of these, for messages: ``exporter``.
        package: Dotted package whose modules are scanned; modules starting with ``_`` are not.
        pick: Takes the wanted object out of the imported module.
    """

    def __init__(self, kind: str, package: str, pick: Callable[[ModuleType], T]) -> None:
        self.kind = kind
        self._package = package
        self._pick = pick
        self._found: dict[str, Found] | None = None
        self._loaded: dict[str, T] = {}

    def _scan(self) -> dict[str, Found]:
        if self._found is None:
            spec = importlib.util.find_spec(self._package)
            folders = list(spec.submodule_search_locations or ()) if spec else []
            found: dict[str, Found] = {}
            for folder in folders:
                for path in sorted(Path(folder).glob("*.py")):
                    if not path.name.startswith("_"):
                        self._add(found, path)
            self._found = found
        return self._found

    def _add(self, found: dict[str, Found], path: Path) -> None:
        name = declared_name(path) or path.stem
        if name in found:
            msg = f"{self.kind} {name!r} stands twice: {found[name].path.name} and {path.name}"
            raise ConfigInvalid(msg, code="DUPLICATE_NAME", hint="rename one of the two")
        found[name] = Found(name, f"{self._package}.{path.stem}", path)

    def names(self) -> list[str]:
        """All registered names, sorted, without importing anything."""
        return sorted(self._scan())

    def __contains__(self, name: str) -> bool:
        return name in self._scan()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def get(self, name: str) -> T:
        """The thing called ``name``, imported at first use.

        Raises:
            NotFound: With the names there are.
        """
        if name not in self._loaded:
            found = self._scan().get(name)
            if found is None:
                msg = f"there is no {self.kind} {name!r}"
                raise NotFound(msg, hint=f"known: {', '.join(self.names())}")
            self._loaded[name] = self._pick(importlib.import_module(found.module))
        return self._loaded[name]


def declared_name(path: Path) -> str | None:
    """The module-level ``NAME = "..."`` of a Python file, read without running it."""
    try:
        tree = parse_module(path.read_text(encoding="utf-8"), str(path))
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return None
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets: list[ast.expr] = [node.target]
        elif isinstance(node, ast.Assign):
            targets = node.targets
        else:
            continue
        named = any(isinstance(t, ast.Name) and t.id == "NAME" for t in targets)
        if named and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return node.value.value
    return None


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Runs what stands in the file, never a compiled file beside it.

    People trust a driver by the hash of its text; a ``__pycache__`` that came along with it would
    run unseen. Nor is one written: shipped folders are read-only.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def load_file(path: Path, module_name: str) -> ModuleType:
    """Import a Python file by path under its own package name.

    When it fails, a module loaded earlier under that name stays what it was.

    Raises:
        IonpyError: The file is broken; message with file, line and cause.
    """
    loader = _SourceLoader(module_name, str(path))
    spec = importlib.util.spec_from_file_location(module_name, path, loader=loader)
    if spec is None or spec.loader is None:
        msg = f"cannot load {path.name}"
        raise IonpyError(msg, code="SPAWN_DRIVER")
    module = importlib.util.module_from_spec(spec)
    previous = sys.modules.get(module_name)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(module_name, None)
        if previous is not None:
            sys.modules[module_name] = previous
        line = _line_in(error, path)
        msg = f"{path.parent.name}/{path.name}:{line}: {type(error).__name__}: {error}"
        raise IonpyError(
            msg,
            code="SPAWN_DRIVER",
            hint="correct the file; every other driver keeps working",
            args={"file": path.name, "line": line},
        ) from error
    return module


def _line_in(error: BaseException, path: Path) -> int:
    """The innermost line of the file itself that led to the error, 0 when there is none."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
