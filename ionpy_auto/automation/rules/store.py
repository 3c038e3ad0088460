"""What rules leave behind: a trace of each firing that acted, and state that outlives a restart."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlmodel import Session, col, select

from ionpy_auto.automation.models import RuleStateRow, TraceRow
from ionpy_auto.storage.database import Database

KEEP_STATE: Final = (
    "INSERT INTO rule_state (rule, updated, enabled, state) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (rule) DO UPDATE SET"
    " updated = excluded.updated, enabled = excluded.enabled, state = excluded.state"
)
"""Columns of `RuleStateRow`."""
KEEP_TRACE: Final = (
    "INSERT INTO rule_traces"
    " (rule, timestamp, session_id, trigger, outcome, duration, cause, detail)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
"""Columns of `TraceRow`."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One firing that acted, or was cut.

    Attributes:
        rule: ``<flow-id>/<rule-id>``.
        timestamp: UTC of the firing.
        trigger: Id of the trigger.
        outcome: ``done``, ``failed``, ``cancelled``, ``suspended``.
        duration: Seconds the actions took.
        cause: What led here, oldest first.
        detail: Values seen, branch, results.
    """

    rule: str
    timestamp: float
    trigger: str
    outcome: str
    duration: float = 0.0
    cause: tuple[str, ...] = ()
    session_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "rule": self.rule,
            "timestamp": self.timestamp,
            "trigger": self.trigger,
            "outcome": self.outcome,
            "duration_s": self.duration,
            "cause": list(self.cause),
            "session_id": self.session_id,
            **self.detail,
        }


@dataclass(frozen=True, slots=True)
class KeptRule:
    """What a rule knows over a restart.

    Attributes:
        enabled: Runtime switch; None: as the file says.
        state: Text hash, hold timers, counters.
        updated: UTC of the last change.
    """

    enabled: bool | None
    state: Mapping[str, Any]
    updated: float = 0.0


class RuleStore(Protocol):
    """Where traces and states are kept."""

    async def load(self) -> Mapping[str, KeptRule]:
        """All kept rules by id."""

    async def save(self, states: Mapping[str, KeptRule], traces: Sequence[Trace]) -> None:
        """Keep both; raises StorageError when nothing was kept."""

    async def traces(self, rule: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest traces of a rule, newest first."""


class DatabaseRuleStore:
    """In the project's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Mapping[str, KeptRule]:
        """All kept rules by id."""

        def work(session: Session) -> dict[str, KeptRule]:
            rows = session.exec(select(RuleStateRow)).all()
            return {row.rule: KeptRule(row.enabled, row.state, row.updated) for row in rows}

        return await self._database.read(work)

    async def save(self, states: Mapping[str, KeptRule], traces: Sequence[Trace]) -> None:
        """Keep both in one transaction, on the driver: each action waits for this."""

        def work(driver: sqlite3.Connection) -> None:
            driver.executemany(KEEP_STATE, [_state_row(*item) for item in states.items()])
            driver.executemany(KEEP_TRACE, [_trace_row(trace) for trace in traces])

        await self._database.write_driver(work)

    async def traces(self, rule: str, limit: int = 50) -> list[dict[str, Any]]:
        """The newest traces of a rule, newest first."""

        def work(session: Session) -> list[dict[str, Any]]:
            query = (
                select(TraceRow)
                .where(TraceRow.rule == rule)
                .order_by(col(TraceRow.id).desc())
                .limit(limit)
            )
            return [_public(row) for row in session.exec(query)]

        return await self._database.read(work)


def _state_row(rule: str, kept: KeptRule) -> tuple[object, ...]:
    return rule, kept.updated, kept.enabled, json.dumps(kept.state)


def _trace_row(trace: Trace) -> tuple[object, ...]:
    return (
        trace.rule,
        trace.timestamp,
        trace.session_id,
        trace.trigger,
        trace.outcome,
        trace.duration,
        json.dumps(trace.cause),
        json.dumps(trace.detail),
    )


def _public(row: TraceRow) -> dict[str, Any]:
    trace = Trace(
        row.rule,
        row.timestamp,
        row.trigger,
        row.outcome,
        row.duration,
        tuple(row.cause),
        row.session_id,
        row.detail,
    )
    return {"id": row.id, **trace.as_dict()}
