"""A project as one zip: everything in its folder, with a sound copy of its database."""

import zipfile
from pathlib import Path

from ionpy_auto.core.errors import StorageError
from ionpy_auto.projects.project import Project

SKIP_SUFFIXES = frozenset({".bak", ".tmp", ".part", ".corrupt"})
DATABASE = "data.db"


def write_archive(project: Project, target: Path, database: Path | None) -> Path:
    """Write ``target`` from a project's folder; runs in a worker thread.

    Args:
        project: Open or closed.
        target: The zip; it appears under this name only when it is complete.
        database: A sound copy of the database, when the project is open; None takes its file.

    Raises:
        StorageError: The disk refused; nothing is left.
    """
    partial = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            for path in sorted(project.folder.rglob("*")):
                name = path.relative_to(project.folder)
                if path.is_file() and not path.is_symlink() and _belongs(name):
                    archive.write(path, f"{project.slug}/{name.as_posix()}")
            source = database if database is not None else project.database_path
            if source.is_file():
                archive.write(source, f"{project.slug}/{DATABASE}")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        msg = f"the archive could not be written: {error.strerror or error}"
        raise StorageError(msg, hint="free disk space") from error
    return target


def _belongs(name: Path) -> bool:
    """The database comes from a sound copy; what programs leave beside files stays out."""
    if len(name.parts) == 1 and name.name.startswith(DATABASE):
        return False
    return name.suffix not in SKIP_SUFFIXES and not name.name.startswith(".")
