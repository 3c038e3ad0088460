"""One SQLite file: one writer thread, a few readers that can only read, and a checked opening.

Opening refuses files of a newer program, sets a damaged file aside and goes on with a fresh one
(and says so), keeps a backup before it migrates. Nobody but this room opens the file.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
import structlog
from sqlmodel import Session

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import StorageError, Unavailable
from ionpy_auto.storage import problems, schema
from ionpy_auto.storage.models import DatabaseKind
from ionpy_auto.storage.writer import Writer, driver_of, engine_for

log = structlog.get_logger(__name__)

Synchronous = Literal["FULL", "NORMAL"]
Result = TypeVar("Result")

READERS = 4
FULL_CHECK_BYTES = 256 * 1024 * 1024
"""Files up to this size are checked at every start, larger ones only after an unclean end."""


@dataclass(slots=True)
class OpeningReport:
    """What opening a file found.

    Attributes:
        created: A new file was made.
        clean: The last program that wrote the file closed it.
        corrupt: Where a damaged file was put, if there was one.
        backup: Copy made before a migration, if there was one.
        problem: The error to show for a damaged file.
    """

    created: bool = False
    clean: bool = True
    corrupt: Path | None = None
    backup: Path | None = None
    problem: StorageError | None = None


class Database:
    """An open database file.

    Args:
        path: The file; its folder is made if needed.
        clock: Held while a write or a read is under way.
        kind: Which tables it holds: those of a project or those of the server.
        synchronous: ``FULL`` (default) or ``NORMAL``; see the promises of each.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        kind: DatabaseKind = "project",
        synchronous: Synchronous = "FULL",
    ) -> None:
        self.path = path
        self.clock = clock
        self.kind: DatabaseKind = kind
        self.synchronous = synchronous
        self.report = OpeningReport()
        self._writer = Writer(path, clock, synchronous)
        self._readers: sa.Engine | None = None
        self._threads: ThreadPoolExecutor | None = None

    async def start(self) -> OpeningReport:
        """Check, create or migrate the file and open it.

        Raises:
            StorageError: The file is of a newer or another program, or cannot be opened.
        """
        with self.clock.hold():
            self.report = await asyncio.to_thread(self._prepare)
        self._writer.start()
        try:
            await self._writer.run(lambda connection: connection.exec_driver_sql("SELECT 1").all())
        except BaseException:
            await self._writer.stop()
            raise
        self._readers = engine_for(
            self.path,
            ("query_only=ON", "wal_autocheckpoint=0", "foreign_keys=ON"),
            begin="BEGIN DEFERRED",
            pool_size=READERS,
        )
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"reader {self.path.name}")
        return self.report

    async def stop(self) -> None:
        """Wait for running reads, write what is queued, checkpoint and close."""
        threads, self._threads = self._threads, None
        readers, self._readers = self._readers, None
        if threads is not None:
            with self.clock.hold():
                await asyncio.to_thread(threads.shutdown)
        if readers is not None:
            readers.dispose()
        await self._writer.stop()

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """The result of ``work(session)``, run in the writer thread, after its COMMIT.

        ``work`` must not keep the session; what it returns stays readable. It commits nothing
        itself and may be called together with others in one transaction.

        Raises:
            StorageError: The database refused; nothing of this work was stored.
        """
        return await self._writer.run(lambda connection: in_session(connection, work))

    async def write_driver(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """As `write`, on the driver's own connection: the fast path of sample batches."""
        return await self._writer.run(
            lambda connection: work(driver_of(connection)), on_driver=True
        )

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """The result of ``work(session)`` in a reader thread, over one consistent state."""
        return await self._read(lambda connection: in_session(connection, work))

    async def read_driver(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """As `read`, on the driver's own connection."""
        return await self._read(lambda connection: work(driver_of(connection)))

    async def _read(self, work: Callable[[sa.Connection], Result]) -> Result:
        engine, threads = self._readers, self._threads
        if engine is None or threads is None:
            msg = f"{self.path.name} is not open"
            raise Unavailable(msg)

        def call() -> Result:
            try:
                with engine.connect() as connection, connection.begin():
                    return work(connection)
            except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
                raise problems.translate(error, self.path) from error

        with self.clock.hold():
            return await asyncio.get_running_loop().run_in_executor(threads, call)

    async def backup(self, target: Path) -> None:
        """Copy the live database to ``target`` through SQLite's own backup."""

        def copy(connection: sqlite3.Connection) -> None:
            _copy(connection, target)

        await self.read_driver(copy)

    def stats(self) -> dict[str, Any]:
        """Size in bytes, waiting writes, seconds of the last commit and of the wait for it."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return {
            "size": _size(self.path),
            "wal_size": _size(wal),
            "synchronous": self.synchronous,
            "sqlite": sqlite3.sqlite_version,
            "queue_depth": self._writer.depth,
            "writer_lag_s": self._writer.lag_s,
            "last_commit_s": self._writer.last_commit_s,
            "commits": self._writer.commits,
            "failures": self._writer.failures,
        }

    def _prepare(self) -> OpeningReport:
        report = OpeningReport(clean=not _size(self.path.with_name(f"{self.path.name}-wal")))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            version = self._examine(report) if _size(self.path) else None
            report.created = version is None
            self._bring_up_to_date(version, report)
        except StorageError:
            raise
        except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise problems.translate(error, self.path) from error
        return report

    def _examine(self, report: OpeningReport) -> str | None:
        """The schema version of a sound file; a damaged one is set aside."""
        # Read-only, so that a file of a newer program stays exactly as it is.
        engine = engine_for(self.path, ("query_only=ON",), begin="BEGIN", mode="ro")
        try:
            with engine.connect() as connection:
                version = schema.refuse_unknown(connection, self.kind, self.path)
                if not report.clean or _size(self.path) <= FULL_CHECK_BYTES:
                    _check(driver_of(connection))
                return version
        except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            if not problems.is_damage(error):
                raise
            engine.dispose()
            self._set_aside(error, report)
            return None

    def _set_aside(self, error: Exception, report: OpeningReport) -> None:
        target = self.path.with_name(f"{self.path.name}.corrupt.{self._stamp()}")
        for suffix in ("", "-wal", "-shm"):
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                source.rename(target.with_name(target.name + suffix))
        report.corrupt = target
        report.problem = StorageError(
            f"{self.path.name} is damaged and was set aside as {target.name}: {error}",
            hint="Recording goes on in a new file. Restore a backup or salvage the old file.",
        )
        log.critical("database damaged", file=str(self.path), kept_as=target.name)

    def _bring_up_to_date(self, version: str | None, report: OpeningReport) -> None:
        newest = schema.revisions(self.kind)[-1]
        if version == newest:
            return
        engine = engine_for(self.path, ("journal_mode=WAL",), begin="BEGIN IMMEDIATE")
        with engine.connect() as connection:
            if version is not None:
                name = f"{self.path.name}.v{version}.{self._stamp()}.bak"
                report.backup = self.path.with_name(name)
                _copy(driver_of(connection), report.backup)
            with connection.begin():
                if version is None:
                    schema.create(connection, self.kind)
                else:
                    schema.upgrade(connection, self.kind)

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")


def in_session(connection: sa.Connection, work: Callable[[Session], Result]) -> Result:
    """Run ``work`` in a session whose commit is a savepoint of the caller's transaction."""
    with Session(
        connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
    ) as session:
        result = work(session)
        session.commit()
        return result


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check(connection: sqlite3.Connection) -> None:
    findings = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    if findings != ["ok"]:
        msg = f"database disk image is malformed: {'; '.join(findings)}"
        raise sqlite3.DatabaseError(msg)


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as copy:
        connection.backup(copy)
    part.replace(target)
