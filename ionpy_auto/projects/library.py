"""The library: all projects of this home, and those that ship with the program.

A shipped project is read-only; opening one copies it to home first, once.
"""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, IonpyError, NotFound
from ionpy_auto.core.files import slug, sync_folder
from ionpy_auto.projects.project import FOLDERS, Project, ProjectFile, iso, load_project

log = structlog.get_logger(__name__)

ARCHIVE_SKIP = shutil.ignore_patterns("data.db*", "exports", "device_state.json*", "*.bak", "*.tmp")


class Library:
    """Finds, creates, duplicates and deletes projects.

    Args:
        home: ``<home>/projects``.
        shipped: The read-only projects that come with the program.
        clock: Stamps ``created`` and ``last_opened``.
    """

    def __init__(self, home: Path, shipped: Path, clock: Clock) -> None:
        self._home = home
        self._shipped = shipped
        self._clock = clock

    def _folders(self, root: Path) -> Iterator[Path]:
        if root.is_dir():
            yield from sorted(path for path in root.iterdir() if (path / "project.json").is_file())

    def projects(self) -> list[Project]:
        """Projects of this home; a broken one is logged and left out."""
        return [project for folder in self._folders(self._home) if (project := _try(folder))]

    def shipped(self) -> list[Project]:
        """Shipped projects that this home has no copy of yet."""
        have = {project.id for project in self.projects()}
        found = [project for folder in self._folders(self._shipped) if (project := _try(folder))]
        return [project for project in found if project.id not in have]

    def broken(self) -> dict[str, str]:
        """Folders whose ``project.json`` cannot be used, with the reason."""
        reasons = {}
        for folder in self._folders(self._home):
            try:
                load_project(folder)
            except IonpyError as error:
                reasons[folder.name] = error.message
        return reasons

    def get(self, project_id: str) -> Project:
        """A project of this home by its id or slug; a shipped one is copied to home first.

        Raises:
            NotFound: No such project.
        """
        for project in self.projects():
            if project_id in {project.id, project.slug}:
                return project
        for project in self.shipped():
            if project_id in {project.id, project.slug}:
                return self._adopt(project)
        msg = f"there is no project {project_id}"
        raise NotFound(msg, hint="GET /api/projects lists them")

    def _adopt(self, shipped: Project) -> Project:
        folder = self._free_folder(shipped.slug)
        self._copy(shipped.folder, folder)
        log.info("shipped project copied to home", project=shipped.slug)
        return load_project(folder)

    def _free_folder(self, name: str) -> Path:
        base = slug(name)
        candidates = (base, *(f"{base}-{n}" for n in range(2, 1000)))
        for candidate in candidates:
            folder = self._home / candidate
            if not folder.exists():
                return folder
        msg = f"too many projects are called {name!r}"
        raise Conflict(msg, hint="choose another name")

    def _copy(self, source: Path, target: Path) -> None:
        """Copy beside the target and rename, so a half copy never looks like a project."""
        self._home.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial, ignore=ARCHIVE_SKIP)
        for path in (partial, *partial.rglob("*")):
            path.chmod(path.stat().st_mode | 0o600)
        for name in FOLDERS:
            (partial / name).mkdir(exist_ok=True)
        partial.rename(target)
        sync_folder(self._home)

    def create(self, name: str, description: str = "", author: str = "") -> Project:
        """A new, empty project in a folder named after it."""
        folder = self._free_folder(name)
        now = iso(self._clock.now())
        file = ProjectFile(name=name.strip(), description=description, author=author, created=now)
        partial = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for child in FOLDERS:
            (partial / child).mkdir()
        project = Project(partial, file)
        project.save()
        partial.rename(folder)
        sync_folder(self._home)
        return Project(folder, file)

    def duplicate(self, project_id: str, name: str) -> Project:
        """Copy devices, flows, channels, cells and scripts, not the recorded data."""
        source = self.get(project_id)
        folder = self._free_folder(name)
        self._copy(source.folder, folder)
        copy = load_project(folder)
        copy.update(
            {
                "id": uuid.uuid4(),
                "name": name,
                "created": iso(self._clock.now()),
                "last_opened": "",
                "active_session": None,
            }
        )
        return copy

    def delete(self, project_id: str) -> None:
        """Remove a project's folder for good."""
        project = self.get(project_id)
        grave = project.folder.with_name(f".{project.slug}.deleted")
        shutil.rmtree(grave, ignore_errors=True)
        project.folder.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)

    def touch(self, project: Project) -> None:
        """Remember that a project was opened now."""
        project.update({"last_opened": iso(self._clock.now())})


def _try(folder: Path) -> Project | None:
    try:
        return load_project(folder)
    except IonpyError as error:
        log.warning("project cannot be used", project=folder.name, reason=error.message)
        return None
