"""Tables of the alarm history, of what was told about it, and of the silences of the server."""

from typing import Any

from sqlalchemy import text as sql_text
from sqlmodel import JSON, Field

from ionpy_auto.storage.models import ProjectTable, ServerTable


class AlarmRow(ProjectTable, table=True):
    """One transition of one alarm: who, when, why, with which value; and what it came to.

    ``detail`` holds what only a restart needs besides: when it was raised, covers, guidance.
    """

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
    priority: int = 0  # 1 is the most urgent, 0 in rows of old files
    text: str = ""
    source: str = ""
    cause: str = ""
    actor: str = ""
    comment: str = ""
    state: str = Field(default="", sa_column_kwargs={"server_default": sql_text("''")})  # after it
    raised_id: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    latching: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    overlay: str = Field(default="", sa_column_kwargs={"server_default": sql_text("''")})
    count: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    detail: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, sa_column_kwargs={"server_default": "{}"}
    )


class AlarmMemoryRow(ProjectTable, table=True):
    """What a source must not forget over a restart: delays that run, one row per alarm key."""

    __tablename__ = "alarm_memory"

    key: str = Field(primary_key=True)
    updated: float
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class OutboxRow(ProjectTable, table=True):
    """One message to one address of one receiver: what became of it."""

    __tablename__ = "alarm_outbox"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)  # idempotency key: the same in every try
    receiver: str
    channel: str
    way: int = 0  # which of the receiver's addresses of this channel
    lane: str = ""  # messages of one lane arrive in order
    title: str
    message: str
    status: str = "message"  # firing, resolved, message, undelivered
    severity: str = "info"
    state: str = Field(default="queued", index=True)  # queued, retrying, sent, failed
    attempts: int = 0
    error: str = ""
    created: float
    next_try: float
    sent: float | None = None
    alarms: list[str] = Field(default_factory=list, sa_type=JSON)
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    target: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # named by a rule itself


class DispatchRow(ProjectTable, table=True):
    """How far alarms were handed to the outbox, and who was told what."""

    __tablename__ = "alarm_dispatch"

    name: str = Field(primary_key=True)
    cursor: int = 0  # newest row of ``alarms`` that is contained
    state: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class AckLinkRow(ProjectTable, table=True):
    """A link that acknowledges once; the token itself is not kept."""

    __tablename__ = "alarm_ack_links"

    token_hash: str = Field(primary_key=True)
    message: str  # key of the outbox
    receiver: str
    alarms: list[int] = Field(default_factory=list, sa_type=JSON)
    created: float
    expires: float
    used: float | None = None
    used_by: str = ""


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
