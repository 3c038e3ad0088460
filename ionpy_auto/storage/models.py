"""Base classes of all fixed tables, one per database kind, and the tables storage itself owns.

A room declares its tables in ``<room>/models.py`` as subclasses of `ProjectTable` (``data.db`` of a
project) or `ServerTable` (the server's own database); they are found by scanning. Each kind has
metadata of its own, so the same table name may exist in both. Times are Unix seconds (UTC).
"""

from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, Column, Float, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

DatabaseKind = Literal["project", "server"]


class ProjectTable(SQLModel, registry=registry()):
    """Base of every table that belongs to an experiment."""

    database: ClassVar[DatabaseKind] = "project"


class ServerTable(SQLModel, registry=registry()):
    """Base of every table that belongs to the server and outlives projects."""

    database: ClassVar[DatabaseKind] = "server"


class CatalogueRow(ProjectTable, table=True):
    """Which table and which columns hold the values of a device; reads without its driver.

    ``columns`` is a list of ``{entity, column, kind, unit, bits, retired}``.
    """

    __tablename__ = "devices_catalogue"

    number: int | None = Field(default=None, primary_key=True)
    device_id: str = Field(unique=True)  # as typed, compared byte by byte
    table_name: str = Field(unique=True)
    index_name: str
    columns: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class GapRow(ProjectTable, table=True):
    """A time in which an entity had no value to believe, and why."""

    __tablename__ = "gaps"
    __table_args__ = (UniqueConstraint("device", "entity", "from"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int | None = None
    device: str
    entity: str
    from_: float = Field(sa_column=Column("from", Float, nullable=False))  # first such sample
    to: float  # last such sample
    reason: str


class ExportRow(ProjectTable, table=True):
    """A finished file in the ``exports`` folder."""

    __tablename__ = "exports"

    id: int | None = Field(default=None, primary_key=True)
    created: float
    session_id: int | None = None  # None: the whole project
    format: str
    filename: str
    device_id: str | None = None
    entity_id: str | None = None
    size: int = 0
    rows: int = 0


class BatchRow(ProjectTable, table=True):
    """The last batch of a recorder that is stored, so that a repeated one is not stored twice."""

    __tablename__ = "recorded_batches"

    recorder: str = Field(primary_key=True)
    last: int


class RollupStateRow(ProjectTable, table=True):
    """How far the rollups of a device and session reach: rows up to these ids are contained."""

    __tablename__ = "rollup_state"

    number: int = Field(primary_key=True)  # of the catalogue
    session_id: int = Field(primary_key=True)
    finest: int = 1  # [s] finer levels are not kept for this session
    up_to_1: int = 0
    up_to_10: int = 0
    up_to_60: int = 0
    up_to_600: int = 0
