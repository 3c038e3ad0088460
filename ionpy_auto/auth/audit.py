"""The audit: an append-only, hash-chained record of every wish to change hardware.

A normal write is sent only after its intent is durable here. Safe-state writes and panic never
wait: their records go to memory first and are written when the database lets us.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import structlog
from sqlmodel import Session, col, select

from ionpy_auto.auth.models import AuditRow, KeyValueRow
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.commands import Command
from ionpy_auto.core.errors import StorageError
from ionpy_auto.core.samples import Scalar
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

T = TypeVar("T")
LATCH_KEY = "panic_latch"
CHAINED = (
    *("timestamp", "kind", "intent_id", "project", "actor", "origin", "action", "device_id"),
    *("entity_id", "old", "requested", "sent", "read_back", "outcome", "reason", "cause", "detail"),
)


class Database(Protocol):
    """What the audit needs of a database."""

    async def write(self, fn: Callable[[Session], T]) -> T:
        """Run ``fn`` in a transaction; returns after COMMIT."""

    async def read(self, fn: Callable[[Session], T]) -> T:
        """Run ``fn`` on a read-only connection."""


def canonical(value: object) -> object:
    """A value as it is after any way through a database.

    SQLite makes ``1`` of a stored ``1.0`` and may touch the last bit of a number, so numbers count
    with twelve digits.

    >>> canonical({"a": [1.0, 1, True, "1.0"]})
    {'a': ['1', '1', True, '1.0']}
    """
    if isinstance(value, Mapping):
        return {str(key): canonical(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:.12g}"


def chain_hash(row: AuditRow) -> str:
    """The hash that ties a row to its forerunner."""
    content = {name: canonical(getattr(row, name)) for name in CHAINED if name != "timestamp"}
    content["timestamp"] = repr(row.timestamp)
    text = json.dumps([row.previous_hash, content], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(row: AuditRow, result: AuditRow | None) -> dict[str, Any]:
    """An intent with its result, or an event; a write without a result says so."""
    content = row.model_dump(exclude={"mono", "intent_id", "previous_hash", "hash"})
    content["device"], content["entity"] = row.device_id, row.entity_id
    content["result"] = row.outcome
    if row.kind == "intent":
        content["result"] = result.outcome if result else "unknown"
        content["read_back"] = result.read_back if result else None
    return content


class AuditLog:
    """Writes and reads the audit; the gate's `Auditor`.

    Args:
        database: The server's database.
        clock: Stamps the rows.
        tasks: Carries the writes nobody waits for.
    """

    def __init__(self, database: Database, clock: Clock, tasks: Tasks) -> None:
        self._database = database
        self._clock = clock
        self._tasks = tasks
        self._last_hash: str | None = None  # only touched inside the writer
        self.project: str | None = None
        self.held: Clock = clock
        """The open project's clock: its time stands still while a record is on its way."""
        self.lost = 0
        self._under_way: set[asyncio.Task[None]] = set()

    def _append(self, session: Session, row: AuditRow) -> int:
        if self._last_hash is None:
            newest = session.exec(select(AuditRow).order_by(col(AuditRow.id).desc()).limit(1))
            last = newest.first()
            self._last_hash = last.hash if last else ""
        row.previous_hash = self._last_hash
        row.hash = chain_hash(row)
        session.add(row)
        session.flush()
        self._last_hash = row.hash
        return row.id or 0

    async def _write(self, row: AuditRow) -> int:
        def work(session: Session) -> int:
            try:
                return self._append(session, row)
            except Exception:
                self._last_hash = None  # rolled back: read the true end again next time
                raise

        try:
            with self.held.hold():
                return await self._database.write(work)
        except BaseException:
            self._last_hash = None
            raise

    def _row(self, kind: str, action: str, **fields: object) -> AuditRow:
        values: dict[str, Any] = {
            "timestamp": self._clock.now(),
            "mono": self._clock.monotonic(),
            "kind": kind,
            "project": self.project,
            "action": action,
            **fields,
        }
        return AuditRow(**values)

    def _of(self, command: Command, kind: str, **fields: object) -> AuditRow:
        origin = command.origin
        return self._row(
            kind,
            "write",
            actor=origin.id,
            origin=origin.kind.name.lower(),
            device_id=command.device,
            entity_id=command.entity,
            requested=command.value,
            cause=list(origin.cause),
            **fields,
        )

    async def intent(self, command: Command, old: Scalar | None, sent: Scalar) -> int:
        """Record what is about to be sent; returns once durable."""
        return await self._write(self._of(command, "intent", old=old, sent=sent))

    async def result(self, intent: int, outcome: str, read_back: Scalar | None) -> None:
        """Record what came of an intent. The write has happened: a failure here is counted."""
        row = self._row(
            "result", "write", intent_id=intent, outcome=str(outcome), read_back=read_back
        )
        try:
            await self._write(row)
        except StorageError:
            self.lost += 1
            log.exception("audit result not written", intent=intent, outcome=outcome)

    def refused(self, command: Command, reason: str) -> None:
        """Record a refusal when there is time."""
        self._later(self._of(command, "event", outcome="refused", reason=reason))

    def event(self, action: str, actor: str, detail: Mapping[str, Any] | None = None) -> None:
        """Record something that is no write: arming, panic, a flow saved."""
        self._later(self._row("event", action, actor=actor, detail=dict(detail or {})))

    def _later(self, row: AuditRow) -> None:
        task = self._tasks.start("audit", self._write_or_count(row))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Return when everything said so far is stored, or counted as lost."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _write_or_count(self, row: AuditRow) -> None:
        try:
            await self._write(row)
        except StorageError:
            self.lost += 1
            log.exception("audit row not written", action=row.action, outcome=row.outcome)

    async def listing(self, limit: int = 100, before: int | None = None) -> list[dict[str, Any]]:
        """What people read, newest first: each write in one line with what came of it."""

        def work(session: Session) -> list[dict[str, Any]]:
            query = select(AuditRow).where(AuditRow.kind != "result")
            if before is not None:
                query = query.where(col(AuditRow.id) < before)
            rows = session.exec(query.order_by(col(AuditRow.id).desc()).limit(limit)).all()
            ids = [row.id for row in rows if row.kind == "intent"]
            results = session.exec(select(AuditRow).where(col(AuditRow.intent_id).in_(ids)))
            came_to = {row.intent_id: row for row in results}
            return [_line(row, came_to.get(row.id)) for row in rows]

        return await self._database.read(work)

    async def rows(self, limit: int = 100, before: int | None = None) -> list[dict[str, Any]]:
        """The newest rows first."""

        def work(session: Session) -> list[dict[str, Any]]:
            query = select(AuditRow).order_by(col(AuditRow.id).desc()).limit(limit)
            if before is not None:
                query = query.where(col(AuditRow.id) < before)
            return [row.model_dump() for row in session.exec(query)]

        return await self._database.read(work)

    async def verify(self) -> int | None:
        """Walk the chain; the id of the first row that does not fit, or None."""

        def work(session: Session) -> int | None:
            previous = ""
            for row in session.exec(select(AuditRow).order_by(col(AuditRow.id))):
                if row.previous_hash != previous or row.hash != chain_hash(row):
                    return row.id
                previous = row.hash
            return None

        return await self._database.read(work)

    # -- the panic latch survives a restart ---------------------------------------------------

    async def load_latch(self) -> dict[str, Any] | None:
        """The latch as it was, or None."""

        def work(session: Session) -> dict[str, Any] | None:
            row = session.get(KeyValueRow, LATCH_KEY)
            return row.value if row else None

        return await self._database.read(work)

    async def save_latch(self, state: dict[str, Any] | None) -> None:
        """Keep the latch."""
        updated = self._clock.now()

        def work(session: Session) -> None:
            session.merge(KeyValueRow(key=LATCH_KEY, value=state, updated=updated))

        await self._database.write(work)
