"""``/api/projects/active/sessions`` and ``…/markers``: recordings and their labelled moments."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import Parameter

from ionpy_auto.engine import Engine
from ionpy_auto.web.fields import Color, Moment, Offset, OptionalRowId, Page, RowId, Time

Text = Annotated[str, msgspec.Meta(max_length=20_000)]
Name = Annotated[str, msgspec.Meta(max_length=500)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
MarkerPage = Annotated[int, Parameter(ge=1, le=10_000)]
DeviceName = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class SessionStart(msgspec.Struct, forbid_unknown_fields=True):
    """How a recording begins."""

    name: Name = ""
    conditions: dict[str, Any] = {}
    notes: Text = ""


class SessionChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Fields to be changed; what is left out stays."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    conditions: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    notes: Text | msgspec.UnsetType = msgspec.UNSET
    tags: list[Name] | msgspec.UnsetType = msgspec.UNSET
    keep: bool | msgspec.UnsetType = msgspec.UNSET


class NewMarker(msgspec.Struct, forbid_unknown_fields=True):
    """A labelled moment, or a region with ``ends``; now and for all devices by default."""

    label: Label
    timestamp: Moment | None = None
    ends: Moment | None = None
    device_id: DeviceName | None = None
    color: Color | None = None
    notes: Text = ""


class MarkerChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Fields to be changed."""

    label: Label | msgspec.UnsetType = msgspec.UNSET
    timestamp: Moment | msgspec.UnsetType = msgspec.UNSET
    ends: Moment | msgspec.UnsetType | None = msgspec.UNSET
    device_id: DeviceName | msgspec.UnsetType | None = msgspec.UNSET
    color: Color | msgspec.UnsetType = msgspec.UNSET
    notes: Text | msgspec.UnsetType = msgspec.UNSET


class SessionsController(Controller):
    """Recordings of the open project."""

    path = "/api/projects/active/sessions"
    tags = ("sessions",)

    @get(operation_id="listSessions")
    async def list_sessions(
        self, engine: Engine, limit: Page = 100, offset: Offset = 0
    ) -> dict[str, Any]:
        """Newest first."""
        items, total = await engine.project.sessions.list(limit, offset)
        return {"items": items, "total": total}

    @post("/start", operation_id="startSession")
    async def start(self, engine: Engine, data: SessionStart) -> dict[str, Any]:
        """Start recording; 409 while a session is running."""
        return await engine.project.sessions.start(data.name, data.conditions, data.notes)

    @post("/stop", operation_id="stopSession", status_code=200)
    async def stop(self, engine: Engine) -> dict[str, Any]:
        """Stop recording; 409 while a run records into it."""
        return await engine.project.sessions.stop()

    @get("/{session_id:int}", operation_id="getSession")
    async def one(self, engine: Engine, session_id: RowId) -> dict[str, Any]:
        """One session with its snapshot."""
        return await engine.project.sessions.get(session_id)

    @patch("/{session_id:int}", operation_id="updateSession")
    async def update(
        self, engine: Engine, session_id: RowId, data: SessionChange
    ) -> dict[str, Any]:
        """Rename or annotate."""
        return await engine.project.sessions.update(session_id, msgspec.to_builtins(data))

    @delete("/{session_id:int}", operation_id="deleteSession")
    async def remove(self, engine: Engine, session_id: RowId) -> None:
        """Remove a session with its samples and markers; 409 while running or kept."""
        await engine.project.delete_session(session_id)


class MarkersController(Controller):
    """Labelled moments."""

    path = "/api/projects/active/markers"
    tags = ("sessions",)

    @get(operation_id="listMarkers")
    async def list_markers(
        self,
        engine: Engine,
        session_id: OptionalRowId = None,
        start: Time = None,
        end: Time = None,
        limit: MarkerPage = 1000,
    ) -> dict[str, Any]:
        """By time, of one session or of all; of more than ``limit`` the newest."""
        items = await engine.project.markers.list(session_id, start, end, limit)
        return {"items": items, "total": len(items)}

    @post(operation_id="addMarker")
    async def add(self, engine: Engine, data: NewMarker) -> dict[str, Any]:
        """Set a marker; it belongs to the session of its time, or to none."""
        return await engine.project.markers.add(
            data.label,
            timestamp=data.timestamp,
            ends=data.ends,
            device_id=data.device_id,
            color=data.color,
            notes=data.notes,
        )

    @patch("/{marker_id:int}", operation_id="updateMarker")
    async def update(self, engine: Engine, marker_id: RowId, data: MarkerChange) -> dict[str, Any]:
        """Change a marker."""
        return await engine.project.markers.update(marker_id, msgspec.to_builtins(data))

    @delete("/{marker_id:int}", operation_id="deleteMarker")
    async def remove(self, engine: Engine, marker_id: RowId) -> None:
        """Remove a marker."""
        await engine.project.markers.delete(marker_id)
