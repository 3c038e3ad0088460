"""Exports: files in the project's ``exports`` folder that are either whole or not there.

One device is one file, ``<session>_<device>_<utc>.<suffix>``. Several devices are one zip with a
file per device: each keeps its own columns and its own times, so no cell is invented by joining.
Rows are read in pages by key, each page in a read transaction of its own, so memory stays the same
for any length and the writer's log can be checkpointed meanwhile.
"""

import asyncio
import os
import re
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlmodel import Session, select

from ionpy_auto.core.errors import NotFound, StorageError
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTable, DeviceTables, StoredColumn, quoted
from ionpy_auto.storage.disk import RoomOf, room_of
from ionpy_auto.storage.exporters import Choosy, Dialect, Exporter, ExportMeta, exporter
from ionpy_auto.storage.history import Query, rows_between, sessions_of
from ionpy_auto.storage.models import ExportRow

PAGE_ROWS = 5000
Progress = Callable[[int], None]
_EVER = (-1e18, 1e18)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What goes into a file.

    Attributes:
        format: Name of an exporter.
        session_id: None for the whole project.
        device: None for every device that has rows.
        devices: Several devices, when ``device`` is None; empty for all.
        entities: Empty for all.
        start: First time [Unix s].
        end: Last time [Unix s].
        dialect: Of the CSV.
        units: A row of units below the header.
        metadata: Lines about device, session and time above the header.
        institution: For formats whose file names say it.
        specimen: The cell, likewise.
    """

    format: str = "csv"
    session_id: int | None = None
    device: str | None = None
    entities: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    dialect: Dialect = "en"
    units: bool = True
    metadata: bool = False
    institution: str = ""
    specimen: str = ""
    devices: tuple[str, ...] = ()


class _CancelledError(Exception):
    """Whoever asked for the export does not want it any more."""


class Exports:
    """Makes, lists and deletes exports.

    Args:
        db: The project's database.
        tables: Its device tables.
        folder: The project's ``exports`` folder, made when first needed.
        room_of: Measures the disk.
    """

    def __init__(
        self, db: Database, tables: DeviceTables, folder: Path, *, room_of: RoomOf = room_of
    ) -> None:
        self._room_of = room_of
        self._db = db
        self._tables = tables
        self._folder = folder

    def start(self) -> None:
        """Remove what an export left behind that was cut off by a crash."""
        for part in self._folder.glob("*.part"):
            part.unlink(missing_ok=True)

    async def export(
        self, request: ExportRequest, on_progress: Progress | None = None
    ) -> ExportRow:
        """Write a file and log it.

        Args:
            request: What to write.
            on_progress: Called on the loop with the rows written so far.

        Raises:
            NotFound: No such format, device, entity or session, or nothing was recorded.
            StorageError: The disk or the database refused; no file is left.
        """
        writer = exporter(request.format)
        tables = self._chosen(request)
        await self._refuse_when_scarce()
        loop = asyncio.get_running_loop()
        job = _Job(writer, request, self._db.clock.now(), self._folder)
        if on_progress is not None:
            job.report = lambda rows: loop.call_soon_threadsafe(on_progress, rows)
        try:
            row = await self._db.read_driver(lambda connection: job.run(connection, tables))
        except asyncio.CancelledError:
            job.cancelled.set()
            raise
        try:
            return await self._db.write(lambda session: _saved(session, row))
        except BaseException:
            (self._folder / row.filename).unlink(missing_ok=True)
            raise

    async def rows(self, request: ExportRequest) -> int:
        """How many rows an export reads, counted from row numbers at no cost.

        Raises:
            NotFound: No such format, device or entity.
        """
        exporter(request.format)
        chosen = self._chosen(request)
        span = (request.start, request.end, request.session_id)
        queries = [(table, Query(table.device_id, (), *span)) for table in chosen]
        return await self._db.read_driver(
            lambda connection: sum(rows_between(connection, *query) for query in queries)
        )

    async def _refuse_when_scarce(self) -> None:
        with self._db.clock.hold():
            room = await asyncio.to_thread(self._room_of, self._folder)
        if room.is_scarce:
            msg = f"no export is made, the disk has {room} and recording needs them"
            raise StorageError(msg, hint="Free some space and try again.")

    async def listing(self) -> list[ExportRow]:
        """All exports, newest first."""
        query = select(ExportRow).order_by(cast("Any", ExportRow.id).desc())
        return await self._db.read(lambda session: list(session.exec(query)))

    async def path(self, export_id: int) -> Path:
        """The file of an export.

        Raises:
            NotFound: There is none, or its file is gone.
        """
        row = await self._db.read(lambda session: session.get(ExportRow, export_id))
        if row is None or not (self._folder / row.filename).is_file():
            msg = f"export {export_id} does not exist"
            raise NotFound(msg)
        return self._folder / row.filename

    async def delete(self, export_id: int) -> None:
        """Remove the file and its row.

        Raises:
            NotFound: There is no such export.
        """

        def remove(session: Session) -> str:
            row = session.get(ExportRow, export_id)
            if row is None:
                msg = f"export {export_id} does not exist"
                raise NotFound(msg)
            session.delete(row)
            return row.filename

        name = await self._db.write(remove)
        (self._folder / name).unlink(missing_ok=True)

    def _chosen(self, request: ExportRequest) -> list[DeviceTable]:
        if request.device is None:
            return [self._named(device) for device in request.devices] or self._tables.all()
        table = self._named(request.device)
        missing = [e for e in request.entities if e not in table.by_entity]
        if missing:
            msg = f"{request.device} has no entity {', '.join(map(repr, missing))}"
            raise NotFound(msg)
        return [table]

    def _named(self, device: str) -> DeviceTable:
        table = self._tables.get(device)
        if table is None:
            msg = f"device {device!r} has no recordings in this project"
            raise NotFound(msg)
        return table


class _Job:
    """One export under way, in a reader thread."""

    def __init__(
        self, writer: Exporter, request: ExportRequest, created: float, folder: Path
    ) -> None:
        self.cancelled = threading.Event()
        self.report: Callable[[int], object] = lambda _: None
        self._writer = writer
        self._request = request
        self._created = created
        self._folder = folder
        self._rows = 0

    def run(self, connection: sqlite3.Connection, tables: list[DeviceTable]) -> ExportRow:
        session = _session_name(connection, self._request.session_id)
        single = self._request.device is not None
        tables = [table for table in tables if self._sessions(connection, table)]
        if not single and isinstance(self._writer, Choosy):
            tables = [table for table in tables if self._writer.takes(self._columns(table))]
        if not tables:
            msg = "there is nothing recorded to export"
            raise NotFound(msg)
        name = self._name(tables[0], session) if single else self._all(session)
        target = _unused(self._folder, name, self._writer.suffix if single else ".zip")
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as out:
                if single:
                    self._write(connection, tables[0], session, cast("BinaryIO", out))
                else:
                    self._write_zip(connection, tables, session, cast("BinaryIO", out))
                out.flush()
                os.fsync(out.fileno())
            part.replace(target)
            _sync_folder(self._folder)
        except OSError as error:
            part.unlink(missing_ok=True)
            msg = f"the export could not be written: {error.strerror or error}"
            raise StorageError(msg, hint="Free some space, or export fewer data.") from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return ExportRow(
            created=self._created,
            session_id=self._request.session_id,
            format=self._request.format,
            filename=target.name,
            device_id=self._request.device,
            entity_id=self._request.entities[0] if len(self._request.entities) == 1 else None,
            size=target.stat().st_size,
            rows=self._rows,
        )

    def _all(self, session: str) -> str:
        return file_name(session or "project", "all", self._created)

    def _name(self, table: DeviceTable, session: str) -> str:
        if isinstance(self._writer, Choosy):
            return self._writer.stem(self._meta(table, session))
        return file_name(session or "project", table.device_id, self._created)

    def _write_zip(
        self,
        connection: sqlite3.Connection,
        tables: list[DeviceTable],
        session: str,
        out: BinaryIO,
    ) -> None:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            used: set[str] = set()
            for table in tables:
                base = _slug(table.device_id)
                if isinstance(self._writer, Choosy):
                    base = self._writer.stem(self._meta(table, session))
                name = _member(base, used) + self._writer.suffix
                with archive.open(name, "w", force_zip64=True) as member:
                    self._write(connection, table, session, cast("BinaryIO", member))

    def _write(
        self, connection: sqlite3.Connection, table: DeviceTable, session: str, out: BinaryIO
    ) -> None:
        meta = self._meta(table, session)
        self._writer.write(self._all_rows(connection, table, meta.columns), meta, out)

    def _columns(self, table: DeviceTable) -> tuple[StoredColumn, ...]:
        wanted = self._request.entities
        return tuple(c for c in table.active if not wanted or c.entity in wanted)

    def _meta(self, table: DeviceTable, session: str) -> ExportMeta:
        request = self._request
        created = datetime.fromtimestamp(self._created, UTC).isoformat(timespec="seconds")
        notes = (("device", table.device_id), ("session", session), ("exported", created))
        return ExportMeta(
            table.device_id,
            self._columns(table),
            session,
            self._created,
            request.dialect,
            request.units,
            notes if request.metadata else (),
            request.institution,
            request.specimen,
        )

    def _sessions(self, connection: sqlite3.Connection, table: DeviceTable) -> list[int]:
        sessions = list(sessions_of(connection, table))
        wanted = self._request.session_id
        return sessions if wanted is None else [s for s in sessions if s == wanted]

    def _all_rows(
        self,
        connection: sqlite3.Connection,
        table: DeviceTable,
        columns: tuple[StoredColumn, ...],
    ) -> Iterator[tuple[Any, ...]]:
        names = "".join(f", {quoted(c.column)}" for c in columns)
        sql = (
            f"SELECT id, timestamp, session_id{names}, alarm_state "  # noqa: S608 - quoted
            f"FROM {quoted(table.table)} WHERE session_id = ? AND (timestamp, id) > (?, ?) "
            "AND timestamp <= ? ORDER BY timestamp, id LIMIT ?"
        )
        begin = _EVER[0] if self._request.start is None else self._request.start
        end = _EVER[1] if self._request.end is None else self._request.end
        for session_id in self._sessions(connection, table):
            last: tuple[float, int] = (begin, -1)
            while page := connection.execute(sql, (session_id, *last, end, PAGE_ROWS)).fetchall():
                if self.cancelled.is_set():
                    raise _CancelledError
                for row in page:
                    yield row[1:]
                last = (page[-1][1], page[-1][0])
                self._rows += len(page)
                self.report(self._rows)
                # A new read transaction per page: an old one would keep the log from shrinking.
                connection.execute("COMMIT")
                connection.execute("BEGIN")


def file_name(session: str, device: str, created: float) -> str:
    """``<session>_<device>_<utc>`` of harmless characters.

    >>> file_name("Akku #3 (neu)", "PSU/01", 0.0)
    'Akku_3_neu_PSU_01_19700101T000000Z'
    """
    stamp = datetime.fromtimestamp(created, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{_slug(session)}_{_slug(device)}_{stamp}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text)[:60].strip("_.-") or "x"


def _member(base: str, used: set[str]) -> str:
    """A file name that no other one in the archive has, in any case of letters."""
    name, number = base, 1
    while name.lower() in used:
        number += 1
        name = f"{base}-{number}"
    used.add(name.lower())
    return name


def _unused(folder: Path, name: str, suffix: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / f"{name}{suffix}", 1
    while target.exists() or target.with_name(f"{target.name}.part").exists():
        number += 1
        target = folder / f"{name}-{number}{suffix}"
    return target


def _session_name(connection: sqlite3.Connection, session_id: int | None) -> str:
    if session_id is None:
        return ""
    row = connection.execute("SELECT name FROM sessions WHERE id = ?", (session_id,)).fetchone()
    return row[0] if row else f"session-{session_id}"


def _saved(session: Session, row: ExportRow) -> ExportRow:
    session.add(row)
    session.flush()
    return row


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
