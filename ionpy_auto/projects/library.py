"""The library: all projects of this home, and those that ship with the program.

A shipped project is read-only; opening one copies it to home first, once.
"""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import ConfigInvalid, Conflict, IonpyError, NotFound
from ionpy_auto.core.files import read_json, slug, sync_folder
from ionpy_auto.projects.project import (
    FOLDERS,
    PROJECT_FILE,
    Project,
    ProjectFile,
    iso,
    load_project,
    validate,
)
from ionpy_auto.projects.restore import unpack

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
        """Project folders; half copies and half deleted ones begin with a dot."""
        if root.is_dir():
            for path in sorted(root.iterdir()):
                if not path.name.startswith(".") and (path / PROJECT_FILE).is_file():
                    yield path

    def _look(self) -> tuple[list[Project], dict[str, IonpyError]]:
        """Usable projects of this home, and why the other folders are not."""
        usable: dict[str, Project] = {}
        broken: dict[str, IonpyError] = {}
        for folder in self._folders(self._home):
            try:
                project = load_project(folder)
            except IonpyError as error:
                broken[folder.name] = error
                continue
            if (twin := usable.get(project.id)) is not None:
                msg = f"{folder.name} has the same id as {twin.slug}"
                hint = "duplicate projects through the program, or give it an id of its own"
                broken[folder.name] = ConfigInvalid(msg, code="SAME_ID", hint=hint)
                continue
            usable[project.id] = project
        return list(usable.values()), broken

    def projects(self) -> list[Project]:
        """Projects of this home, without broken ones."""
        return self._look()[0]

    def shipped(self) -> list[Project]:
        """Shipped projects that this home has no copy of yet."""
        have = {project.id for project in self.projects()}
        found = [project for folder in self._folders(self._shipped) if (project := _try(folder))]
        return [project for project in found if project.id not in have]

    def broken(self) -> dict[str, str]:
        """Folders whose ``project.json`` cannot be used, with the reason."""
        return {name: error.message for name, error in self._look()[1].items()}

    def find(self, project_id: str) -> tuple[Project, bool]:
        """A project by its id or slug, and whether it is a shipped one without a copy in home.

        Raises:
            NotFound: No such project.
            ConfigInvalid: There is one, but it cannot be used; says why.
        """
        usable, broken = self._look()
        for project in usable:
            if project_id in {project.id, project.slug}:
                return project, False
        for name, error in broken.items():
            if project_id in {name, _id_of(self._home / name)}:
                raise error
        for project in self.shipped():
            if project_id in {project.id, project.slug}:
                return project, True
        msg = f"there is no project {project_id}"
        raise NotFound(msg, hint="GET /api/projects lists them")

    def get(self, project_id: str) -> Project:
        """Like `find`; a shipped project is copied to home first.

        Raises:
            NotFound: No such project.
            ConfigInvalid: There is one, but it cannot be used; says why.
        """
        project, is_shipped = self.find(project_id)
        return self._adopt(project) if is_shipped else project

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

    def _copy(self, source: Path, target: Path, file: ProjectFile | None = None) -> None:
        """Copy beside the target and rename, so a half copy never looks like a project.

        With ``file`` the copy is another project from its first moment on.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial, ignore=ARCHIVE_SKIP)
        for path in (partial, *partial.rglob("*")):
            path.chmod(path.stat().st_mode | 0o600)
        for name in FOLDERS:
            (partial / name).mkdir(exist_ok=True)
        if file is not None:
            Project(partial, file).save()
        partial.rename(target)
        sync_folder(self._home)

    def create(self, name: str, description: str = "", author: str = "") -> Project:
        """A new, empty project in a folder named after it.

        Raises:
            ConfigInvalid: The name is empty or too long.
        """
        now = iso(self._clock.now())
        fields = {"name": name, "description": description, "author": author, "created": now}
        file = validate(fields)
        folder = self._free_folder(file.name)
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
        source, _ = self.find(project_id)
        own = {
            "id": uuid.uuid4(),
            "name": name,
            "created": iso(self._clock.now()),
            "last_opened": "",
            "active_session": None,
        }
        file = validate({**source.file.model_dump(), **own})
        folder = self._free_folder(file.name)
        self._copy(source.folder, folder, file)
        return Project(folder, file)

    def bring_in(self, file: BinaryIO, new_id: bool = False) -> Project:
        """A project from a zip; it keeps its id unless this home has it, or another one is wished.

        Raises:
            BadInput: The zip holds no project, or one that cannot be used.
            TooLarge: More comes out of it than is unpacked.
        """
        partial = self._home / f".{uuid.uuid4().hex}.part"
        try:
            unpack(file, partial)
            project = load_project(partial)
            is_here = project.id in {other.id for other in self.projects()}
            project_id = uuid.uuid4() if new_id or is_here else project.id
            own = {"id": project_id, "last_opened": "", "active_session": None}
            file_of_it = validate({**project.file.model_dump(), **own})
            for name in FOLDERS:
                (partial / name).mkdir(exist_ok=True)
            Project(partial, file_of_it).save()
            folder = self._free_folder(file_of_it.name)
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        sync_folder(self._home)
        return Project(folder, file_of_it)

    def delete(self, project_id: str) -> None:
        """Remove a project's folder for good.

        Raises:
            Conflict: It ships with the program and has no copy here.
        """
        project, is_shipped = self.find(project_id)
        if is_shipped:
            msg = f"{project.slug} ships with the program"
            raise Conflict(msg, code="SHIPPED", hint="only its copy can be removed")
        grave = project.folder.with_name(f".{project.slug}.deleted")
        shutil.rmtree(grave, ignore_errors=True)
        project.folder.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)

    def touch(self, project: Project) -> None:
        """Remember that a project was opened now."""
        project.update({"last_opened": iso(self._clock.now())})


def _id_of(folder: Path) -> object:
    """The id a project file names, whatever else is wrong with it."""
    try:
        content = read_json(folder / PROJECT_FILE)
    except (IonpyError, OSError):
        return None
    return content.get("id") if isinstance(content, dict) else None


def _try(folder: Path) -> Project | None:
    try:
        return load_project(folder)
    except IonpyError as error:
        log.warning("project cannot be used", project=folder.name, reason=error.message)
        return None
