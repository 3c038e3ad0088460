"""Sessions: recordings with a name, conditions and everything that explains them years later."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from sqlmodel import Session, col, func, or_, select

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, NotFound
from ionpy_auto.projects.models import MarkerRow, SessionRow
from ionpy_auto.projects.project import Project
from ionpy_auto.storage.database import Database

EDITABLE = ("name", "conditions", "notes", "keep", "tags")


class SessionRecorder(Protocol):
    """The part of the recorder a session switches."""

    def set_session(self, session_id: int | None) -> None:
        """Record into this session, or nothing."""

    async def flush(self) -> None:
        """Return when everything queued is durable."""

    async def session_start(self) -> float:
        """The time a new session starts: now, or the last stored time if that is later."""


class Sessions:
    """Starts, stops, lists and annotates the sessions of the open project.

    Args:
        project: Carries ``active_session``.
        database: The project's database.
        recorder: Follows the active session.
        bus: Hears ``session`` events.
        clock: Stamps start and end.
        snapshot: Gives what a session keeps: devices with driver versions, flow hashes, version.
    """

    def __init__(
        self,
        project: Project,
        database: Database,
        recorder: SessionRecorder,
        bus: Bus,
        clock: Clock,
        snapshot: Callable[[], dict[str, Any]],
    ) -> None:
        self._project = project
        self._database = database
        self._recorder = recorder
        self._bus = bus
        self._clock = clock
        self._snapshot = snapshot
        self.active: dict[str, Any] | None = None
        self._changing = asyncio.Lock()  # two starts at once are one start and one refusal
        self.users: set[str] = set()  # runs that record into the active session

    async def recover(
        self, last_sample: Callable[[int], Awaitable[float | None]]
    ) -> list[dict[str, Any]]:
        """Close sessions a crash left open, at the time of their last sample; returns them."""

        def find(session: Session) -> list[int]:
            rows = session.exec(select(SessionRow).where(SessionRow.status == "running"))
            return [row.id for row in rows if row.id is not None]

        ends = {number: await last_sample(number) for number in await self._database.read(find)}

        def close(session: Session) -> list[dict[str, Any]]:
            closed = []
            for number, end in ends.items():
                row = _get(session, number)
                row.status, row.stopped = "interrupted", max(row.created, end or row.created)
                session.add(row)
                closed.append(_public(row))
            return closed

        closed = await self._database.write(close) if ends else []
        if self._project.file.active_session is not None:
            self._project.update({"active_session": None})
        return closed

    async def start(
        self, name: str = "", conditions: Mapping[str, Any] | None = None, notes: str = ""
    ) -> dict[str, Any]:
        """Start recording.

        Raises:
            Conflict: A session is running; names it.
        """
        async with self._changing:
            if self.active is not None:
                msg = f"session {self.active['name']!r} is running"
                raise Conflict(
                    msg,
                    code="SESSION_RUNNING",
                    hint="stop it first",
                    args={"id": self.active["id"], "name": self.active["name"]},
                )
            self.active = await self._insert(name.strip(), dict(conditions or {}), notes)
            self._recorder.set_session(self.active["id"])
            self._tell(self.active, "started")
            self._project.update({"active_session": self.active["id"]})
            return self.active

    async def _insert(self, name: str, conditions: dict[str, Any], notes: str) -> dict[str, Any]:
        # A session never starts before what is stored: times inside one file only go forward.
        created = await self._recorder.session_start()
        row = SessionRow(
            name=name or f"Session {created:.0f}",
            created=created,
            conditions=conditions,
            notes=notes,
            snapshot=self._snapshot(),
        )

        def work(session: Session) -> dict[str, Any]:
            session.add(row)
            session.flush()
            if not name:
                row.name = f"Session {row.id}"
                session.add(row)
                session.flush()
            return _public(row)

        return await self._database.write(work)

    async def settled(self) -> None:
        """Return when no session is being opened or closed; the caller acts before it waits."""
        async with self._changing:
            return

    async def stop(self, status: str = "completed") -> dict[str, Any]:
        """Stop recording; everything queued is durable when this returns.

        Raises:
            NotFound: No session is running.
            Conflict: A run records into it.
            StorageError: The disk refused; the session goes on.
        """
        async with self._changing:
            if self.active is None:
                msg = "no session is running"
                raise NotFound(msg, code="NO_SESSION", hint="start one first")
            if self.users:
                msg = f"{', '.join(sorted(self.users))} records into this session"
                raise Conflict(msg, code="SESSION_IN_USE", hint="stop the run first")
            number = self.active["id"]
            self._recorder.set_session(None)
            try:
                ended = await self._close(number, status)
            except BaseException:
                self._recorder.set_session(number)
                raise
            self.active = None
            self._tell(ended, "stopped")
            self._project.update({"active_session": None})
            return ended

    async def _close(self, number: int, status: str) -> dict[str, Any]:
        stopped = self._clock.now()
        await self._recorder.flush()

        def work(session: Session) -> dict[str, Any]:
            row = _get(session, number)
            row.status, row.stopped = status, max(row.created, stopped)
            session.add(row)
            session.flush()
            return _public(row)

        return await self._database.write(work)

    async def list(self, limit: int = 100, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Sessions, newest first, and how many there are."""

        def work(session: Session) -> tuple[list[dict[str, Any]], int]:
            query = select(SessionRow).order_by(col(SessionRow.id).desc())
            rows = session.exec(query.offset(offset).limit(limit)).all()
            total = session.exec(select(func.count()).select_from(SessionRow)).one()
            return [_public(row) for row in rows], total

        return await self._database.read(work)

    async def get(self, session_id: int) -> dict[str, Any]:
        """One session with its snapshot.

        Raises:
            NotFound: No such session.
        """

        def work(session: Session) -> dict[str, Any]:
            row = _get(session, session_id)
            return {**_public(row), "snapshot": row.snapshot}

        return await self._database.read(work)

    async def update(self, session_id: int, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Rename or annotate; only `EDITABLE` fields are taken."""

        def work(session: Session) -> dict[str, Any]:
            row = _get(session, session_id)
            for key in EDITABLE:
                if key in changes:
                    setattr(row, key, changes[key])
            session.add(row)
            session.flush()
            return _public(row)

        changed = await self._database.write(work)
        if self.active is not None and self.active["id"] == session_id:
            self.active = changed
        self._tell(changed, "updated")
        return changed

    async def delete(self, session_id: int, forget: Callable[[int], Awaitable[None]]) -> None:
        """Remove a session, its markers and (through ``forget``) its samples.

        Raises:
            Conflict: It is running or marked ``keep``.
        """
        if self.active is not None and self.active["id"] == session_id:
            msg = "the session is running"
            raise Conflict(msg, code="SESSION_RUNNING", hint="stop it first")
        session = await self.get(session_id)
        if session["keep"]:
            msg = f"session {session['name']!r} is marked keep"
            raise Conflict(msg, code="SESSION_KEPT", hint="take the mark away first")
        await forget(session_id)

        def work(session: Session) -> dict[str, Any]:
            row = _get(session, session_id)
            markers = select(MarkerRow).where(MarkerRow.session_id == session_id)
            for marker in session.exec(markers).all():
                session.delete(marker)
            session.delete(row)
            return _public(row)

        self._tell(await self._database.write(work), "deleted")

    def _tell(self, session: Mapping[str, Any], action: str) -> None:
        payload = {**session, "action": action}
        self._bus.publish(Event("session", payload, self._clock.now(), self._clock.monotonic()))


def session_at(session: Session, at: float) -> SessionRow | None:
    """The session that was recording at a time; of several the newest."""
    query = (
        select(SessionRow)
        .where(SessionRow.created <= at)
        .where(or_(col(SessionRow.stopped).is_(None), col(SessionRow.stopped) >= at))
        .order_by(col(SessionRow.id).desc())
    )
    return session.exec(query.limit(1)).first()


def _get(session: Session, session_id: int) -> SessionRow:
    row = session.get(SessionRow, session_id)
    if row is None:
        msg = f"there is no session {session_id}"
        raise NotFound(msg, hint="GET …/sessions lists them")
    return row


def _public(row: SessionRow) -> dict[str, Any]:
    return row.model_dump(exclude={"snapshot"})
