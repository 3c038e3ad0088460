"""Tables of the alarm history, and of the silences of the server."""

from sqlalchemy import JSON
from sqlmodel import Field

from ionpy_auto.storage.models import ProjectTable, ServerTable


class AlarmRow(ProjectTable, table=True):
    """One transition of one alarm: who, when, why, with which value."""

    __tablename__ = "alarms"

    id: int | None = Field(default=None, primary_key=True)
    timestamp: float = Field(index=True)
    session_id: int | None = Field(default=None, index=True)  # None: outside a session
    device_id: str | None = None
    entity_id: str | None = None
    old_state: str  # NORMAL LO LOLO HI HIHI
    new_state: str
    value: float | None = None
    acknowledged: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    ack_time: float | None = None
    ack_by: str | None = None
    alarm_key: str = Field(default="", index=True)  # which alarm this is a transition of
    transition: str = ""  # raised, cleared, acknowledged, shelved, unshelved, suppressed, ...
    severity: str = ""
    priority: int = 0
    text: str = ""
    source: str = ""
    cause: str = ""
    actor: str = ""
    comment: str = ""


class SilenceRow(ServerTable, table=True):
    """A time in which nobody is told of alarms that fit."""

    __tablename__ = "silences"

    id: int | None = Field(default=None, primary_key=True)
    matchers: list[str] = Field(default_factory=list, sa_type=JSON)
    starts: float
    ends: float = Field(index=True)
    created: float
    by: str
    comment: str
    ended_by: str = ""
