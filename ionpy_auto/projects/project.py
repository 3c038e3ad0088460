"""A project: the folder that holds everything of one experiment, and its ``project.json``."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from ionpy_auto.core.errors import ConfigInvalid, NotFound
from ionpy_auto.core.files import inside, read_json, write_atomic, write_json
from ionpy_auto.core.registry import Registry

SCHEMA_VERSION = 1
PROJECT_FILE = "project.json"
FOLDERS = ("flows", "channels", "cells", "profiles", "scripts", "waveforms", "exports")

_upgrades: Registry[Any] = Registry(
    "project upgrade", "ionpy_auto.projects.upgrades", lambda module: module.upgrade
)


def iso(timestamp: float) -> str:
    """ISO 8601 with offset, as project files carry it."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")


def _with_offset(value: object) -> object:
    """A time without offset is local time (PRJ-13)."""
    if isinstance(value, str) and value:
        return datetime.fromisoformat(value).astimezone().isoformat(timespec="seconds")
    return value


IsoTime = Annotated[str, BeforeValidator(_with_offset)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ProjectFiles(BaseModel):
    """Names of the files inside the folder; others than the default are honoured."""

    model_config = ConfigDict(extra="forbid")

    devices: str = "devices.json"
    workspace: str = "workspace.json"


class Simulation(BaseModel):
    """A project with this block runs in mode ``simulate`` on virtual time."""

    model_config = ConfigDict(extra="forbid")

    speed: float | None = Field(
        1.0, gt=0, le=100_000, description="Virtual seconds per second; null: as fast as possible."
    )
    polling: Literal["fixed", "adaptive"] = Field(
        "fixed", description="Adaptive leaves out polls in which nothing can happen."
    )


class Budgets(BaseModel):
    """What all channels of a project may take together."""

    model_config = ConfigDict(extra="forbid")

    mains_power: float | None = Field(
        None, gt=0, le=1e6, description="What the mains gives to all supplies together, in W."
    )


class ProjectFile(BaseModel):
    """``project.json``."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA_VERSION
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    name: Name
    description: str = ""
    created: IsoTime = ""
    last_opened: IsoTime = ""
    author: str = ""
    tags: list[str] = Field(default_factory=list)
    active_session: int | None = None
    files: ProjectFiles = Field(default_factory=ProjectFiles)
    notes: str = ""
    simulation: Simulation | None = None
    limits: Budgets | None = None


@dataclass
class Project:
    """An existing project folder.

    Attributes:
        folder: Absolute path; its name is the slug.
        file: Content of ``project.json``.
    """

    folder: Path
    file: ProjectFile

    @property
    def id(self) -> str:
        """The identity: a UUID, whatever the folder is called."""
        return str(self.file.id)

    @property
    def slug(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def devices_path(self) -> Path:
        """``devices.json``, or what ``files.devices`` calls it."""
        return inside(self.folder, self.file.files.devices)

    @property
    def database_path(self) -> Path:
        """The one database of the project."""
        return self.folder / "data.db"

    def path(self, *parts: str) -> Path:
        """A path inside the folder; refuses to leave it."""
        return inside(self.folder, *parts)

    def save(self) -> None:
        """Write ``project.json`` atomically, the previous content stays as ``.bak``."""
        write_json(self.folder / PROJECT_FILE, json.loads(self.file.model_dump_json()))

    def update(self, changes: dict[str, object]) -> None:
        """Change fields and save.

        Raises:
            ConfigInvalid: A value does not fit; nothing is changed.
        """
        merged = {**self.file.model_dump(), **changes}
        self.file = validate(merged, PROJECT_FILE)
        self.save()

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of REST."""
        content: dict[str, Any] = self.file.model_dump(
            mode="json", include={"id", "name", "description", "author", "tags", "notes"}
        )
        return {
            **content,
            "slug": self.slug,
            "created": _unix(self.file.created),
            "last_opened": _unix(self.file.last_opened),
            "simulation": self.file.simulation.model_dump() if self.file.simulation else None,
        }


def _unix(text: str) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def load_project(folder: Path) -> Project:
    """Read a project folder, upgrading an older ``project.json``.

    Raises:
        NotFound: No ``project.json``.
        ConfigInvalid: Broken, or written by a newer version; then nothing is rewritten.
    """
    path = folder / PROJECT_FILE
    if not path.is_file():
        msg = f"{folder.name} holds no {PROJECT_FILE}"
        raise NotFound(msg, hint="choose a project folder")
    content = read_json(path)
    if not isinstance(content, dict):
        msg = f"{PROJECT_FILE} must hold one JSON object"
        raise ConfigInvalid(msg, args={"file": PROJECT_FILE})
    version = content.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        msg = f"schema_version {version!r} is no version"
        raise ConfigInvalid(msg, hint="restore project.json.bak", args={"file": PROJECT_FILE})
    if version > SCHEMA_VERSION:
        msg = f"{folder.name} was written by a newer version (schema {version})"
        raise ConfigInvalid(
            msg,
            code="NEWER_SCHEMA",
            hint=f"this program knows schema {SCHEMA_VERSION}; update it, the file is untouched",
            args={"found": version, "known": SCHEMA_VERSION},
        )
    if version < SCHEMA_VERSION:
        content = _upgrade(folder, content, version)
    return Project(folder, validate(content, f"{folder.name}/{PROJECT_FILE}"))


def _upgrade(folder: Path, content: dict[str, Any], version: int) -> dict[str, Any]:
    path = folder / PROJECT_FILE
    for step in range(version, SCHEMA_VERSION):
        write_atomic(path.with_name(f"{PROJECT_FILE}.v{step}.bak"), path.read_bytes())
        content = _upgrades.get(f"from_{step}")(folder, content)
        write_json(path, content)
    return content


def validate(content: dict[str, Any], name: str = PROJECT_FILE) -> ProjectFile:
    """The typed content of a ``project.json``.

    Raises:
        ConfigInvalid: Names the first field that does not fit.
    """
    try:
        return ProjectFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        msg = f"{name}: {place}: {first['msg']}"
        raise ConfigInvalid(
            msg, hint="correct the field by hand", args={"file": name, "field": place}
        ) from None
