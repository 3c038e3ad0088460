"""Markers: labelled moments and regions of a recording, set by people, rules, runs and alarms."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, func, select

from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.projects.models import MarkerRow
from ionpy_auto.projects.sessions import Sessions, session_at
from ionpy_auto.storage.database import Database

DEFAULT_COLOR = "#f59e0b"
EDITABLE = ("label", "color", "notes", "timestamp", "ends", "device_id")


class Markers:
    """Adds, lists, changes and removes markers of the open project."""

    def __init__(self, database: Database, sessions: Sessions, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._bus = bus
        self._clock = clock

    async def add(
        self,
        label: str,
        *,
        timestamp: float | None = None,
        ends: float | None = None,
        device_id: str | None = None,
        color: str | None = None,
        notes: str = "",
    ) -> dict[str, Any]:
        """Set a marker, now by default; it belongs to the session of its time, if there is one.

        Raises:
            BadInput: A region ends before it begins.
        """
        active = self._sessions.active
        row = MarkerRow(
            timestamp=self._clock.now() if timestamp is None else timestamp,
            ends=ends,
            session_id=active["id"] if active else None,
            device_id=device_id,
            label=label[:500],
            color=color or DEFAULT_COLOR,
            notes=notes,
        )

        _check_order(row)

        def work(session: Session) -> dict[str, Any]:
            if timestamp is not None:
                found = session_at(session, timestamp)
                row.session_id = found.id if found is not None else None
            session.add(row)
            session.flush()
            return row.model_dump()

        marker = await self._database.write(work)
        self._tell(marker, "added")
        return marker

    async def list(
        self,
        session_id: int | None = None,
        start: float | None = None,
        end: float | None = None,
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        """Markers by time, of one session or of all; of too many the newest."""

        def work(session: Session) -> list[dict[str, Any]]:
            newest = (col(MarkerRow.timestamp).desc(), col(MarkerRow.id).desc())
            query = select(MarkerRow).order_by(*newest).limit(limit)
            if session_id is not None:
                query = query.where(MarkerRow.session_id == session_id)
            if start is not None:
                query = query.where(func.coalesce(MarkerRow.ends, MarkerRow.timestamp) >= start)
            if end is not None:
                query = query.where(MarkerRow.timestamp <= end)
            return [row.model_dump() for row in session.exec(query)][::-1]

        return await self._database.read(work)

    async def update(self, marker_id: int, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change `EDITABLE` fields.

        Raises:
            NotFound: There is no such marker.
            BadInput: A region would end before it begins.
        """

        def work(session: Session) -> dict[str, Any]:
            row = _get(session, marker_id)
            for key in EDITABLE:
                if key in changes:
                    setattr(row, key, changes[key])
            _check_order(row)
            session.add(row)
            session.flush()
            return row.model_dump()

        marker = await self._database.write(work)
        self._tell(marker, "updated")
        return marker

    async def delete(self, marker_id: int) -> None:
        """Remove a marker."""

        def work(session: Session) -> dict[str, Any]:
            row = _get(session, marker_id)
            session.delete(row)
            return row.model_dump()

        self._tell(await self._database.write(work), "deleted")

    def _tell(self, marker: Mapping[str, Any], action: str) -> None:
        payload = {**marker, "action": action}
        self._bus.publish(Event("marker", payload, self._clock.now(), self._clock.monotonic()))


def _check_order(row: MarkerRow) -> None:
    if row.ends is not None and row.ends <= row.timestamp:
        msg = "the region ends before it begins"
        raise BadInput(msg, hint="ends is a later time than timestamp, or null for a moment")


def _get(session: Session, marker_id: int) -> MarkerRow:
    row = session.get(MarkerRow, marker_id)
    if row is None:
        msg = f"there is no marker {marker_id}"
        raise NotFound(msg)
    return row
