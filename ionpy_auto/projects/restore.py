"""A zip becomes a project folder: nothing outside of it, nothing too large, nothing twice."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ionpy_auto.core.errors import BadInput, StorageError, TooLarge
from ionpy_auto.core.files import inside
from ionpy_auto.projects.archive import SKIP_SUFFIXES
from ionpy_auto.projects.project import PROJECT_FILE

MAX_FILES = 20_000
MAX_BYTES = 2 * 2**30
"""Of everything together, unpacked."""

CHUNK = 2**20
ONLY_HERE = frozenset({"device_state.json", "data.db-wal", "data.db-shm"})
"""What belongs to the machine or the moment it was written on."""


def unpack(file: BinaryIO, target: Path, max_bytes: int = MAX_BYTES) -> None:
    """Unpack the one project in a zip into an empty folder; runs in a worker thread.

    Args:
        file: The zip, able to seek.
        target: Is made; left half full when this raises.
        max_bytes: Bound of what comes out; what is really read counts, not what the zip says.

    Raises:
        BadInput: No zip, no project in it, a link, a password, or a name that leads outside.
        TooLarge: More comes out of it than `max_bytes`, or too many files.
        StorageError: The disk refused.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            target.mkdir(parents=True)
            left = max_bytes
            for entry, name in _entries(archive):
                left -= _write(archive, entry, inside(target, name), left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        msg = f"the file is no zip that can be read: {error}"
        raise BadInput(msg, code="BAD_ARCHIVE", hint="use an archive of a project") from error
    except OSError as error:
        msg = f"the archive could not be unpacked: {error.strerror or error}"
        raise StorageError(msg, hint="free disk space") from error


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Files of the project with their names inside of it."""
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(files) > MAX_FILES:
        msg = f"the archive holds more than {MAX_FILES} files"
        raise TooLarge(msg, hint="remove exports before archiving")
    root = _root(files)
    seen: set[str] = set()
    for entry in files:
        name = entry.filename.removeprefix(root)
        if entry.filename == name and root:
            continue  # beside the project
        if stat.S_ISLNK(entry.external_attr >> 16):
            msg = f"{entry.filename!r} is a link"
            raise BadInput(msg, code="BAD_ARCHIVE", hint="archive the files themselves")
        if name.casefold() in seen:
            msg = f"{entry.filename!r} stands twice in the archive"
            raise BadInput(msg, code="BAD_ARCHIVE", hint="use an archive of a project")
        seen.add(name.casefold())
        if _is_wanted(PurePosixPath(name)):
            yield entry, name


def _root(files: list[zipfile.ZipInfo]) -> str:
    """The folder with ``project.json``, with a slash at its end; empty when it is the top."""
    found = [
        entry.filename for entry in files if PurePosixPath(entry.filename).name == PROJECT_FILE
    ]
    depth = min((name.count("/") for name in found), default=-1)
    shallow = [name for name in found if name.count("/") == depth]
    if depth not in {0, 1} or len(shallow) != 1:
        msg = f"there is no project in the archive: one {PROJECT_FILE} is expected"
        raise BadInput(msg, code="BAD_ARCHIVE", hint="use an archive of a project")
    return shallow[0].removesuffix(PROJECT_FILE)


def _is_wanted(name: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") and part != ".." for part in name.parts)
    return not hidden and name.suffix not in SKIP_SUFFIXES and name.as_posix() not in ONLY_HERE


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, bound: int) -> int:
    """Write one file; returns its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as source, path.open("xb") as out:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > bound:
                msg = "more comes out of the archive than this server unpacks"
                raise TooLarge(msg, hint="remove exports before archiving")
            out.write(chunk)
    return size
