"""Tables of a project's own nouns: sessions and markers."""

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from ionpy_auto.storage.models import ProjectTable


class SessionRow(ProjectTable, table=True):
    """A recording: its name, its times, its conditions and what explains it years later."""

    __tablename__ = "sessions"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    created: float
    stopped: float | None = None
    status: str = Field(default="running", sa_column_kwargs={"server_default": "running"})
    conditions: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    notes: str = ""
    keep: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    snapshot: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class MarkerRow(ProjectTable, table=True):
    """A labelled moment or stretch of time, of one device or of all."""

    __tablename__ = "markers"

    id: int | None = Field(default=None, primary_key=True)
    timestamp: float = Field(index=True)
    session_id: int | None = Field(default=None, index=True)  # None: outside a session
    device_id: str | None = None  # None: all devices
    label: str
    color: str = Field(default="#f59e0b", sa_column_kwargs={"server_default": "#f59e0b"})
    notes: str = ""
    ends: float | None = None  # of a region; None: a moment
