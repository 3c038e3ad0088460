"""Tables of automation: runs with their steps and cycles, traces and kept state of rules."""

from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from ionpy_auto.storage.models import ProjectTable


class RunRow(ProjectTable, table=True):
    """One execution of a sequence, with everything needed to continue or explain it."""

    __tablename__ = "runs"

    id: str = Field(primary_key=True)
    flow: str = Field(index=True)
    flow_hash: str = ""
    name: str = ""
    channel: str | None = None
    session_id: int | None = Field(default=None, index=True)
    status: str
    verdict: str = "NotSet"
    created: float
    started: float | None = None
    ended: float | None = None
    ended_by: str = ""
    actor: str = ""
    idempotency_key: str | None = Field(default=None, unique=True)
    parameters: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    bindings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    trace: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # cell, meters, hashes
    totals: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # Ah, Wh, durations
    checkpoint: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class RunStepRow(ProjectTable, table=True):
    """One step of a run as it was executed, and what ended it."""

    __tablename__ = "run_steps"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="runs.id", ondelete="CASCADE", index=True)
    number: int
    path: str  # dotted way to the step in the flow
    kind: str
    label: str = ""
    cycle: int = 0
    phase: str = ""
    started: float
    ended: float | None = None
    ended_by: str = ""
    end_value: float | None = None
    verdict: str = "NotSet"
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class RunCycleRow(ProjectTable, table=True):
    """The figures of one charge/discharge cycle of a run."""

    __tablename__ = "run_cycles"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="runs.id", ondelete="CASCADE", index=True)
    cycle: int
    started: float
    ended: float | None = None
    partial: bool = False
    charge_ah: float | None = None
    discharge_ah: float | None = None
    charge_wh: float | None = None
    discharge_wh: float | None = None
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class RunFileRow(ProjectTable, table=True):
    """A text a run was started with: a run keeps its versions, whatever becomes of the files."""

    __tablename__ = "run_files"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="runs.id", ondelete="CASCADE", index=True)
    role: str  # flow, cell, channel, call:<id>
    name: str
    revision: str = ""
    text: str


class RunCheckpointRow(ProjectTable, table=True):
    """The last place a run that is under way has reached; see `sequences/checkpoint.py`."""

    __tablename__ = "run_checkpoints"

    run_id: str = Field(primary_key=True, foreign_key="runs.id", ondelete="CASCADE")
    timestamp: float
    state: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class RunDeedRow(ProjectTable, table=True):
    """Something a step does at most once: what was meant before it, what came of it after."""

    __tablename__ = "run_deeds"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="runs.id", ondelete="CASCADE", index=True)
    number: int  # of the step in the run
    step: str
    verb: str
    begun: float
    ended: float | None = None
    outcome: str = ""  # done, failed; empty while nobody knows


class TraceRow(ProjectTable, table=True):
    """Why a rule acted, or did not: trigger, values seen, branch, results."""

    __tablename__ = "rule_traces"

    id: int | None = Field(default=None, primary_key=True)
    rule: str = Field(index=True)  # <flow-id>/<rule-id>
    timestamp: float = Field(index=True)
    session_id: int | None = None
    trigger: str = ""
    outcome: str = ""
    duration: float = 0.0  # [s]
    cause: list[str] = Field(default_factory=list, sa_type=JSON)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class RuleStateRow(ProjectTable, table=True):
    """What a rule must still know after a restart: timers, queues, counters, its switch."""

    __tablename__ = "rule_state"

    rule: str = Field(primary_key=True)
    updated: float
    enabled: bool | None = None  # None: as the file says
    state: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ScriptRunRow(ProjectTable, table=True):
    """One run of a script, and how it ended; the newest are kept."""

    __tablename__ = "script_runs"

    id: str = Field(primary_key=True)
    script: str = Field(index=True)
    revision: str = ""
    state: str  # running, done, failed, stopped, interrupted
    started: float = Field(index=True)
    ended: float | None = None
    ended_by: str = ""
    message: str = ""
    line: int = 0
    actor: str = ""
    cause: list[str] = Field(default_factory=list, sa_type=JSON)
    parameters: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    safe: list[str] = Field(default_factory=list, sa_type=JSON)  # devices to be left safe
    safe_result: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    output: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # the last lines
    calls: int = 0
    dropped: int = 0  # lines of output
