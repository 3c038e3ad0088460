"""The text of a driver's folder: its content hash, and an import that runs this text and no other.

People trust a driver by the hash of what they have read. What could run without having been read
is kept out: compiled files beside the sources (``__pycache__``, ``.pyc``, ``.so``) are never
imported, and none is written, so a trusted folder stays as it was.
"""

import hashlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType

from ionpy_auto.core.errors import TooLarge
from ionpy_auto.core.registry import load_file

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
    """Runs what stands in the file, never a compiled file beside it, and writes none."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class SiblingFinder:
    """Finds what a driver imports from its own folder: Python source, nothing else."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where a module below `PACKAGE` is; others are not our business.

        Raises:
            ModuleNotFoundError: The folder has no such source file.
        """
        del target
        if not fullname.startswith(f"{PACKAGE}."):
            return None
        leaf = fullname.rpartition(".")[2]
        for folder in path or ():
            single, package = Path(folder) / f"{leaf}.py", Path(folder) / leaf
            inner = package / "__init__.py"
            if inner.is_file() and not package.is_symlink():
                return _spec(fullname, inner, [str(package)])
            if single.is_file():
                return _spec(fullname, single, None)
        msg = f"the driver's folder has no {leaf}.py"
        raise ModuleNotFoundError(msg, name=fullname)


def _spec(
    fullname: str, path: Path, inside: list[str] | None
) -> importlib.machinery.ModuleSpec | None:
    return importlib.util.spec_from_file_location(
        fullname,
        path,
        loader=_SourceLoader(fullname, str(path)),
        submodule_search_locations=inside,
    )


def import_beside(driver_file: Path, module: str) -> ModuleType:
    """Import ``module`` of a driver's folder, so that it may import its siblings relatively.

    Raises:
        IonpyError: The file is broken; with file, line and cause.
    """
    if not any(finder is SiblingFinder for finder in sys.meta_path):
        sys.meta_path.insert(0, SiblingFinder)
    folder = driver_file.parent
    mark = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    package = f"{PACKAGE}.{folder.name}_{mark}"
    for name, path in ((PACKAGE, None), (package, folder)):
        if name not in sys.modules:
            parent = ModuleType(name)
            parent.__path__ = [str(path)] if path else []
            sys.modules[name] = parent
    name = f"{package}.{module}"
    if module != "driver" and name in sys.modules:
        return sys.modules[name]
    if module == "driver":  # a changed driver takes its changed siblings with it
        for old in [m for m in sys.modules if m.startswith(f"{package}.")]:
            del sys.modules[old]
    return load_file(folder / f"{module}.py", name)
