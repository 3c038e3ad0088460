"""``/api/workspaces``: the pages of widgets a project shows, and layouts kept under a name."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post, put

from ionpy_auto.engine import Engine

Pages = Annotated[list[dict[str, Any]], msgspec.Meta(max_length=100)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ActiveLayout(msgspec.Struct, forbid_unknown_fields=True):
    """All pages, and the revision they started from."""

    revision: Annotated[str, msgspec.Meta(max_length=64)]
    pages: Pages


class KeptLayout(msgspec.Struct, forbid_unknown_fields=True):
    """Pages to keep; those that are shown now when left out."""

    pages: Pages | None = None
    replace: bool = False


class NewName(msgspec.Struct, forbid_unknown_fields=True):
    """Another name."""

    name: Name


class WorkspacesController(Controller):
    """Layouts of the open project."""

    path = "/api/workspaces"
    tags = ("workspaces",)

    @get(operation_id="listWorkspaces", sync_to_thread=False)
    def list_all(self, engine: Engine) -> dict[str, Any]:
        """Layouts kept under a name."""
        items = engine.project.workspaces.list()
        return {"items": items, "total": len(items)}

    @get("/active", operation_id="getActiveWorkspace", sync_to_thread=False)
    def active(self, engine: Engine) -> dict[str, Any]:
        """The pages that are shown, with their revision."""
        return engine.project.workspaces.active()

    @put("/active", operation_id="saveActiveWorkspace")
    async def save(self, engine: Engine, data: ActiveLayout) -> dict[str, Any]:
        """Save all pages; 412 with the present ones when somebody saved meanwhile."""
        return await engine.project.workspaces.save(data.pages, data.revision)

    @get("/{name:str}", operation_id="getWorkspace", sync_to_thread=False)
    def one(self, engine: Engine, name: str) -> dict[str, Any]:
        """One named layout."""
        return engine.project.workspaces.get(name)

    @post("/{name:str}", operation_id="keepWorkspace")
    async def keep(self, engine: Engine, name: str, data: KeptLayout) -> dict[str, Any]:
        """Keep pages under a name; 409 when it is taken, unless ``replace``."""
        return await engine.project.workspaces.keep(name, data.pages, replace=data.replace)

    @patch("/{name:str}", operation_id="renameWorkspace")
    async def rename(self, engine: Engine, name: str, data: NewName) -> dict[str, Any]:
        """Another name; 409 when it is taken."""
        return await engine.project.workspaces.rename(name, data.name)

    @delete("/{name:str}", operation_id="deleteWorkspace", sync_to_thread=False)
    def remove(self, engine: Engine, name: str) -> None:
        """Remove a named layout."""
        engine.project.workspaces.delete(name)
