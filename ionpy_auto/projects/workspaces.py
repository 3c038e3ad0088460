"""Workspaces: the layout a project shows (``workspace.json``) and those kept under a name.

Two people may edit at once: who saves says which revision was read, and is refused when somebody
saved meanwhile. A file that changes on disk, also by hand or by git, is told like any other change.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

import structlog

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import (
    BadInput,
    ConfigInvalid,
    Conflict,
    NotFound,
    StaleRevision,
    StorageError,
)
from ionpy_auto.core.files import MAX_JSON_BYTES, inside, revision_of, write_atomic, write_json
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.projects.layout import Layout, judge, read_layout
from ionpy_auto.projects.project import Project

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
FOLDER: Final = "workspaces"
SUFFIX: Final = ".json"
RESERVED: Final = frozenset({"active"})
MAX_NAME: Final = 64

Stamp = tuple[int, int] | None


class Workspaces:
    """See the module's first lines.

    Args:
        project: Its folder, and what it calls its files.
        bus: Told ``workspace_changed``.
        clock: Of the server: people edit in real time, whatever the project's own does.
    """

    def __init__(self, project: Project, bus: Bus, clock: Clock) -> None:
        self._project = project
        self._bus = bus
        self._clock = clock
        self._tasks = Tasks("workspaces", clock)
        self._saving = asyncio.Lock()
        self._stamp: Stamp = None
        self._told = ""

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Look after the file."""
        self._stamp, self._told = self._stamp_now(), revision_of(self._text())
        self._tasks.keep("look", self._look_for_ever)

    async def stop(self) -> None:
        """Look no more."""
        await self._tasks.stop()

    async def _look_for_ever(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._stamp = stamp
                self._tell(revision_of(self._text()))

    def _tell(self, revision: str) -> None:
        if revision == self._told:
            return
        self._told = revision
        payload = {"revision": revision}
        event = Event("workspace_changed", payload, self._clock.now(), self._clock.monotonic())
        self._bus.publish(event)

    # -- the active layout ------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """``workspace.json``, or what ``files.workspace`` calls it."""
        return inside(self._project.folder, self._project.file.files.workspace)

    def _stamp_now(self) -> Stamp:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _text(self) -> str:
        """Of the file; empty without one. What is no UTF-8 is shown as such by the reader."""
        try:
            if self.path.stat().st_size > MAX_JSON_BYTES:
                return "too large"
            return self.path.read_text(encoding="utf-8-sig", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            msg = f"cannot read {self.path.name}: {error.strerror or error}"
            raise StorageError(msg, args={"file": self.path.name}) from error

    def active(self) -> dict[str, Any]:
        """The layout that is shown, with its revision; a broken file has none, and findings."""
        return self._shown(self._text())

    def _shown(self, text: str) -> dict[str, Any]:
        revision = revision_of(text)
        if not text.strip():
            return {"revision": revision, "pages": [], "findings": []}
        try:
            layout = read_layout(text, self.path.name)
        except ConfigInvalid as error:
            found = [finding.as_dict() for finding in error.findings]
            problem = {key: error.as_dict()[key] for key in ("code", "message", "hint")}
            return {"revision": revision, "pages": [], "findings": found, "problem": problem}
        return {"revision": revision, "pages": layout.as_list(), "findings": []}

    async def save(self, pages: object, revision: str) -> dict[str, Any]:
        """Replace the active layout.

        Raises:
            ConfigInvalid: It does not fit; or the file is of a newer program.
            StaleRevision: Somebody saved meanwhile; ``args`` hold the present content.
            StorageError: The disk refused; the file is as it was.
        """
        layout = judge({"pages": pages}, "pages")
        async with self._saving:
            text = self._text()
            present = self._shown(text)
            if present["revision"] != revision:
                msg = f"{self.path.name} has changed since it was read"
                hint = "take theirs, keep yours, or save yours as a copy"
                raise StaleRevision(msg, hint=hint, args={"current": present})
            await self._replace(layout, text, present)
            self._stamp = self._stamp_now()
            answer = self.active()
            self._tell(answer["revision"])
            return answer

    async def _replace(self, layout: Layout, text: str, present: dict[str, Any]) -> None:
        if (problem := present.get("problem")) is not None:
            if problem["code"] == "NEWER_SCHEMA":
                raise ConfigInvalid(problem["message"], code="NEWER_SCHEMA", hint=problem["hint"])
            with self._clock.hold():  # nothing a person wrote is lost, even if nobody can read it
                corrupt = self.path.with_name(f"{self.path.name}.corrupt")
                await asyncio.to_thread(write_atomic, corrupt, text)
        if not present.get("problem") and present["pages"] == layout.as_list() and text:
            return
        await self._write(self.path, layout)

    async def _write(self, path: Path, layout: Layout) -> None:
        with self._clock.hold():
            await asyncio.to_thread(write_json, path, layout.model_dump(mode="json"))

    # -- layouts under a name ---------------------------------------------------------------

    @property
    def _folder(self) -> Path:
        return self._project.folder / FOLDER

    def _file(self, name: str) -> Path:
        """Where a name is kept.

        Raises:
            BadInput: The name could not be a file's on every system, or would leave the folder.
        """
        is_plain = name == name.strip() and "/" not in name and not name.startswith(".")
        if not is_plain or not 0 < len(name) <= MAX_NAME or name.lower() in RESERVED:
            msg = f"{name!r:.100} cannot be the name of a layout"
            raise BadInput(
                msg, code="UNSAFE_NAME", hint=f"1 to {MAX_NAME} letters, digits, blanks, - and _"
            )
        return inside(self._folder, f"{name}{SUFFIX}")

    def _taken(self, name: str) -> Path | None:
        """The file of this name in any case: not every disk tells them apart."""
        if not self._folder.is_dir():
            return None
        word = f"{name}{SUFFIX}".casefold()
        return next((path for path in self._folder.iterdir() if path.name.casefold() == word), None)

    def _present(self, name: str) -> Path:
        path = self._file(name)
        if not path.is_file():
            msg = f"there is no layout {name!r}"
            raise NotFound(msg, hint="GET /api/workspaces lists them")
        return path

    def list(self) -> list[dict[str, Any]]:
        """All named layouts; one that cannot be read says why."""
        paths = self._folder.glob(f"*{SUFFIX}") if self._folder.is_dir() else ()
        names = sorted((path.name.removesuffix(SUFFIX) for path in paths), key=str.casefold)
        return [self._row(name) for name in names if not name.startswith(".")]

    def _row(self, name: str) -> dict[str, Any]:
        path = self._folder / f"{name}{SUFFIX}"
        row = {"name": name, "pages": 0, "widgets": 0, "changed": None, "error": ""}
        try:
            row["changed"] = path.stat().st_mtime
            layout = self._read(path)
        except (ConfigInvalid, OSError) as error:
            return {**row, "error": str(error)}
        return {
            **row,
            "pages": len(layout.pages),
            "widgets": sum(len(page.widgets) for page in layout.pages),
        }

    def _read(self, path: Path) -> Layout:
        if path.stat().st_size > MAX_JSON_BYTES:
            msg = f"{path.name} is too large"
            raise ConfigInvalid(msg, args={"file": path.name})
        return read_layout(path.read_text(encoding="utf-8-sig", errors="replace"), path.name)

    def get(self, name: str) -> dict[str, Any]:
        """One named layout.

        Raises:
            NotFound: There is none of this name.
            ConfigInvalid: Its file does not fit.
        """
        return {"name": name, "pages": self._read(self._present(name)).as_list()}

    async def keep(self, name: str, pages: object, *, replace: bool = False) -> dict[str, Any]:
        """Keep pages under a name; without pages, those of the active layout.

        Raises:
            Conflict: The name is taken, and ``replace`` was not said.
        """
        path = self._file(name)
        layout = judge({"pages": self.active()["pages"] if pages is None else pages}, "pages")
        async with self._saving:
            taken = self._taken(name)
            if taken is not None and not (replace and taken == path):
                msg = f"there is a layout {taken.name.removesuffix(SUFFIX)!r} already"
                raise Conflict(msg, code="NAME_TAKEN", hint="replace it, or choose another name")
            self._folder.mkdir(exist_ok=True)
            await self._write(path, layout)
        return self._row(name)

    async def rename(self, name: str, new: str) -> dict[str, Any]:
        """Another name for a layout.

        Raises:
            Conflict: The new name is taken.
        """
        target = self._file(new)
        async with self._saving:
            path = self._present(name)
            taken = self._taken(new)
            if taken is not None and taken != path:
                msg = f"there is a layout {taken.name.removesuffix(SUFFIX)!r} already"
                raise Conflict(msg, code="NAME_TAKEN", hint="choose another name")
            path.rename(target)
        return self._row(new)

    def delete(self, name: str) -> None:
        """Remove a named layout."""
        path = self._present(name)
        path.unlink()
        path.with_name(f"{path.name}.bak").unlink(missing_ok=True)
