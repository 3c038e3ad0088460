"""Rows of script runs in the project's database: what is known of a run after any crash."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, delete, func, select

from ionpy_auto.automation.models import ScriptRunRow
from ionpy_auto.storage.database import Database

KEPT_RUNS = 200
SERVER_ENDED = "the server ended while the script was running"


class ScriptJournal:
    """Keeps the newest runs of scripts.

    Args:
        database: The project's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, row: Mapping[str, Any]) -> None:
        """Store a run, durably; the oldest beyond `KEPT_RUNS` that have ended go."""

        def work(session: Session) -> None:
            session.merge(ScriptRunRow(**row))
            session.flush()
            newest = (
                select(ScriptRunRow.id).order_by(col(ScriptRunRow.started).desc()).limit(KEPT_RUNS)
            )
            session.exec(
                delete(ScriptRunRow).where(
                    col(ScriptRunRow.id).not_in(newest), col(ScriptRunRow.state) != "running"
                )
            )

        await self._database.write(work)

    async def interrupt_left(self, now: float) -> list[dict[str, Any]]:
        """Runs a crash has left behind: they become ``interrupted``; returns them."""

        def work(session: Session) -> list[dict[str, Any]]:
            rows = session.exec(select(ScriptRunRow).where(ScriptRunRow.state == "running")).all()
            for row in rows:
                row.state, row.ended, row.ended_by = "interrupted", now, "server"
                row.message = SERVER_ENDED
                session.add(row)
            session.flush()
            return [row.model_dump() for row in rows]

        return await self._database.write(work)

    async def list(self, limit: int, script: str = "") -> tuple[list[dict[str, Any]], int]:
        """The newest runs without their output, and how many there are."""

        def work(session: Session) -> tuple[list[dict[str, Any]], int]:
            query = select(ScriptRunRow).order_by(col(ScriptRunRow.started).desc()).limit(limit)
            count = select(func.count()).select_from(ScriptRunRow)
            if script:
                query = query.where(ScriptRunRow.script == script)
                count = count.where(ScriptRunRow.script == script)
            rows = session.exec(query).all()
            return [row.model_dump(exclude={"output"}) for row in rows], session.exec(count).one()

        return await self._database.read(work)

    async def get(self, run_id: str) -> dict[str, Any] | None:
        """One run with its output."""

        def work(session: Session) -> dict[str, Any] | None:
            row = session.get(ScriptRunRow, run_id)
            return None if row is None else row.model_dump()

        return await self._database.read(work)
