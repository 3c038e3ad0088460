"""Server tables of auth: the audit and small values that must survive a restart.

This room stands on the same floor as storage and does not import it: a base class that names its
``database`` is all the scan for tables looks for.
"""

from typing import Any, ClassVar, Literal

from sqlalchemy import JSON
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class AuthTable(SQLModel, registry=registry()):
    """Base of the tables of this room."""

    database: ClassVar[Literal["server"]] = "server"


class AuditRow(AuthTable, table=True):
    """One link of the append-only chain: who wished what, who decided, what came of it."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    timestamp: float = Field(index=True)
    mono: float = 0.0
    kind: str = "event"  # intent, result, event
    intent_id: int | None = Field(default=None, index=True)  # of a result: its intent
    project: str | None = None  # UUID
    actor: str = ""
    origin: str = ""
    address: str = ""
    action: str = ""
    device_id: str | None = Field(default=None, index=True)
    entity_id: str | None = None
    old: Any = Field(default=None, sa_type=JSON)
    requested: Any = Field(default=None, sa_type=JSON)
    sent: Any = Field(default=None, sa_type=JSON)
    read_back: Any = Field(default=None, sa_type=JSON)
    outcome: str = ""
    decided_by: str = ""
    reason: str = ""
    cause: list[str] = Field(default_factory=list, sa_type=JSON)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    previous_hash: str = ""
    hash: str = Field(default="", unique=True)


class KeyValueRow(AuthTable, table=True):
    """A small named value, for example the panic latch."""

    __tablename__ = "key_values"

    key: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_type=JSON)
    updated: float = 0.0
