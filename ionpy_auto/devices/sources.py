"""The text of a driver's folder: its content hash, and an import that runs this text and no other.

People trust a driver by the hash of what they have read. What could run without having been read
is kept out: compiled files beside the sources (``__pycache__``, ``.pyc``, ``.so``) are never
imported, and none is written, so a trusted folder stays as it was.
"""

import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, ModuleType

from ionpy_auto.core.errors import IonpyError, TooLarge

PACKAGE = "ionpy_drivers"
"""Drivers are imported below this name, one package per folder, so they may import siblings."""
MAX_BYTES = 8 * 2**20
MAX_FILES = 500


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file of a driver's folder by its relative name; hidden and compiled files are left out.

    Raises:
        TooLarge: More than a person could read.
        OSError: A file cannot be read.
    """
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not _counts(name) or not path.is_file():
            continue
        size += path.stat().st_size
        if size > MAX_BYTES or len(found) >= MAX_FILES:
            msg = f"driver folder {folder.name} is too large to be read by a person"
            raise TooLarge(msg, hint="keep recordings and data elsewhere")
        found[name.as_posix()] = path.read_bytes()
    return found


def _counts(name: Path) -> bool:
    return not any(part.startswith(".") or part == "__pycache__" for part in name.parts)


def hash_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def content_hash(folder: Path) -> str:
    """The hash by which a driver's folder is trusted."""
    return hash_of(read_folder(folder))


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Runs a text that was read before, and no compiled file; writes none."""

    def __init__(self, fullname: str, path: str, content: bytes) -> None:
        super().__init__(fullname, path)
        self._content = content

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = self.source_to_code(self._content, self.get_filename(fullname))
        return code


_texts: dict[str, Mapping[str, bytes]] = {}
"""Package of a driver's folder → its files as they were when the driver was loaded. A sibling that
is imported later comes from here too: what runs is what was read, whatever happened to the file."""


class SiblingFinder:
    """Finds what a driver imports from its own folder: the source that was read, nothing else."""

    @staticmethod
    def find_spec(
        fullname: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where a module below `PACKAGE` is; others are not our business.

        Raises:
            ModuleNotFoundError: The folder has no such source file.
        """
        del path, target
        if not fullname.startswith(f"{PACKAGE}."):
            return None
        package = ".".join(fullname.split(".")[:2])
        name = fullname.removeprefix(f"{package}.").replace(".", "/")
        files = _texts.get(package, {})
        for found, inside in ((f"{name}/__init__.py", [name]), (f"{name}.py", None)):
            if found in files:
                origin = str(Path(sys.modules[package].__path__[0]) / found)
                return importlib.util.spec_from_file_location(
                    fullname,
                    origin,
                    loader=_SourceLoader(fullname, origin, files[found]),
                    submodule_search_locations=inside,
                )
        msg = f"the driver's folder has no {name}.py"
        raise ModuleNotFoundError(msg, name=fullname)


def import_beside(
    driver_file: Path, module: str, files: Mapping[str, bytes] | None = None
) -> ModuleType:
    """Import ``module`` of a driver's folder, so that it may import its siblings relatively.

    Args:
        driver_file: A file of the folder.
        module: Its name without ``.py``; ``driver`` is always run anew.
        files: The folder as it was read, for example when its hash was compared.

    Raises:
        IonpyError: The file is broken; with file, line and cause.
    """
    if not any(finder is SiblingFinder for finder in sys.meta_path):
        sys.meta_path.insert(0, SiblingFinder)
    folder = driver_file.parent
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    package = f"{PACKAGE}.{folder.name}_{mark}"
    files = read_folder(folder) if files is None else files
    if module == "driver" or _texts.get(package) != files:
        _begin(package, folder, files)
    return _run(f"{package}.{module}", folder / f"{module}.py")


def _begin(package: str, folder: Path, files: Mapping[str, bytes]) -> None:
    """A fresh package: what changed takes all its siblings with it."""
    for old in [name for name in sys.modules if name.startswith(f"{package}.")]:
        del sys.modules[old]
    for name, path in ((PACKAGE, []), (package, [str(folder)])):
        if name == package or name not in sys.modules:
            parent = ModuleType(name)
            parent.__path__ = path
            sys.modules[name] = parent
    _texts[package] = files


def _run(name: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        line = _line_in(error, path)
        raise IonpyError(
            f"{path.parent.name}/{path.name}:{line}: {type(error).__name__}: {error}",
            code="SPAWN_DRIVER",
            hint="correct the file; every other driver keeps working",
            args={"file": path.name, "line": line},
        ) from error


def _line_in(error: BaseException, path: Path) -> int:
    """The innermost line of the file itself that led to the error, 0 when there is none."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 0 for f in reversed(frames) if f.filename == str(path)), 0)
