"""``/api/projects``: the library and the open project."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.response import File

from ionpy_auto.core.commands import Mode
from ionpy_auto.engine import Engine
from ionpy_auto.projects.project import Project

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=20_000)]


class NewProject(msgspec.Struct, forbid_unknown_fields=True):
    """A project to be made."""

    name: Name
    description: Text = ""
    author: Name | None = None


class ProjectChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Fields to be changed; what is left out stays."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Text | msgspec.UnsetType = msgspec.UNSET
    author: Text | msgspec.UnsetType = msgspec.UNSET
    notes: Text | msgspec.UnsetType = msgspec.UNSET
    tags: list[Name] | msgspec.UnsetType = msgspec.UNSET


class Duplicate(msgspec.Struct, forbid_unknown_fields=True):
    """The name of the copy."""

    name: Name


class Speed(msgspec.Struct, forbid_unknown_fields=True):
    """Pace of simulated time; null is as fast as possible."""

    speed: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None


def shown(engine: Engine, project: Project, *, shipped: bool = False) -> dict[str, Any]:
    """The JSON form of a project."""
    is_open = engine.bench is not None and engine.bench.project.id == project.id
    simulated = project.file.simulation is not None
    mode = engine.project.mode.mode if is_open else Mode.SIMULATE if simulated else Mode.SHADOW
    return {**project.as_dict(), "is_open": is_open, "shipped": shipped, "mode": mode}


class ProjectsController(Controller):
    """Projects of this home, and those that ship with the program."""

    path = "/api/projects"
    tags = ("projects",)

    @get(operation_id="listProjects", sync_to_thread=False)
    def list_projects(self, engine: Engine) -> dict[str, Any]:
        """All projects; a shipped one is copied to home when it is opened."""
        items = [shown(engine, p) for p in engine.library.projects()]
        items += [shown(engine, p, shipped=True) for p in engine.library.shipped()]
        return {"items": items, "total": len(items), "broken": engine.library.broken()}

    @post(operation_id="createProject", sync_to_thread=False)
    def create(self, engine: Engine, data: NewProject) -> dict[str, Any]:
        """Make an empty project."""
        return shown(engine, engine.library.create(data.name, data.description, data.author or ""))

    @get("/active", operation_id="activeProject")
    async def active(self, engine: Engine) -> dict[str, Any]:
        """The open project, or 503 NO_PROJECT."""
        bench = engine.project
        return {
            **shown(engine, bench.project),
            "devices": len(bench.devices.stacks),
            "session": bench.sessions.active,
        }

    @post("/active/close", operation_id="closeProject", status_code=200)
    async def close(self, engine: Engine) -> dict[str, bool]:
        """Outputs to their safe state, everything stored, links closed."""
        _ = engine.project
        await engine.close_project()
        return {"closed": True}

    @post("/active/speed", operation_id="setSpeed", status_code=200, sync_to_thread=False)
    def speed(self, engine: Engine, data: Speed) -> dict[str, Any]:
        """Change the pace of simulated time; 409 for a project on real time."""
        engine.project.set_speed(data.speed)
        return engine.project.clock_state()

    @get("/{project_id:str}", operation_id="getProject", sync_to_thread=False)
    def one(self, engine: Engine, project_id: str) -> dict[str, Any]:
        """One project."""
        project, is_shipped = engine.library.find(project_id)
        return shown(engine, project, shipped=is_shipped)

    @patch("/{project_id:str}", operation_id="updateProject", sync_to_thread=False)
    def update(self, engine: Engine, project_id: str, data: ProjectChange) -> dict[str, Any]:
        """Rename or describe."""
        bench = engine.bench
        is_open = bench is not None and project_id in {bench.project.id, bench.project.slug}
        project = engine.project.project if is_open else engine.library.get(project_id)
        project.update(msgspec.to_builtins(data))
        return shown(engine, project)

    @delete("/{project_id:str}", operation_id="deleteProject")
    async def remove(self, engine: Engine, project_id: str) -> None:
        """Remove a project that is not open, with all its data."""
        await engine.delete_project(project_id)

    @post("/{project_id:str}/open", operation_id="openProject", status_code=200)
    async def open(self, engine: Engine, project_id: str) -> dict[str, Any]:
        """Open a project; the one before is closed cleanly first."""
        bench = await engine.open_project(project_id)
        return shown(engine, bench.project)

    @get("/{project_id:str}/archive", operation_id="archiveProject")
    async def archive(self, engine: Engine, project_id: str) -> File:
        """The whole project as one zip, also while it is open and recording."""
        path = await engine.archive_project(project_id)
        return File(path, filename=path.name, content_disposition_type="attachment")

    @post("/{project_id:str}/duplicate", operation_id="duplicateProject", sync_to_thread=False)
    def duplicate(self, engine: Engine, project_id: str, data: Duplicate) -> dict[str, Any]:
        """Copy devices, flows, channels and cells, not the recorded data."""
        return shown(engine, engine.library.duplicate(project_id, data.name))
