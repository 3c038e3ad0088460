"""The one thread that writes a database file, and the one connection it writes with.

SQLite releases up to 3.51.2 can damage a WAL file when two connections write or checkpoint at
once; here nobody else does either. Writes that queued up while a commit was under way share the
next transaction, each in a savepoint of its own: the cost of the fsync is shared, a failing write
takes no neighbour with it. Only when SQLite itself gives up the whole transaction (disk full, I/O
error) does every write of that group fail, and the connection is opened anew before the next one:
after a failed fsync nothing the old one believes can be trusted.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.pool import NullPool, QueuePool

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import StorageError, Unavailable
from ionpy_auto.storage import problems

log = structlog.get_logger(__name__)

MAX_GROUP = 256
BUSY_TIMEOUT_S = 5.0
BEGIN = "BEGIN IMMEDIATE"
CACHED_STATEMENTS = 512  # a few per device and rollup table
CHECKPOINT_PAGES = 4000
"""16 MB of log: the pages every batch changes are copied back a quarter as often as by default."""
WAL_LIMIT_BYTES = 64 * 1024 * 1024

Result = TypeVar("Result")


class _TransactionLostError(Exception):
    """SQLite rolled the whole transaction back on its own."""


class _Job(NamedTuple):
    work: Callable[[sa.Connection], Any]
    on_driver: bool  # needs no transaction SQLAlchemy knows of
    future: "asyncio.Future[Any]"
    queued: float  # [s] of the clock


class _Outcome(NamedTuple):
    result: Any
    error: Exception | None


def driver_of(connection: sa.Connection) -> sqlite3.Connection:
    """The sqlite3 connection below a SQLAlchemy one."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        msg = f"unexpected driver {type(driver).__name__}"
        raise TypeError(msg)
    return driver


def engine_for(
    path: Path, pragmas: Sequence[str], *, begin: str, mode: str = "rwc", pool_size: int = 0
) -> sa.Engine:
    """An engine whose transactions start with ``begin``, so savepoints and DDL are inside them."""
    address = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=CACHED_STATEMENTS,
            uri=True,
        )
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    if pool_size:
        engine = sa.create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_size=pool_size, max_overflow=0
        )
    else:
        engine = sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Writer:
    """Runs work in its thread, grouped into transactions; results come back after COMMIT.

    Args:
        path: The database file.
        clock: Measures how long writes wait.
        synchronous: ``FULL`` survives a power cut, ``NORMAL`` only a crash of the program.
    """

    def __init__(self, path: Path, clock: Clock, synchronous: str) -> None:
        self.path = path
        self.last_commit_s = 0.0
        self.lag_s = 0.0
        self.commits = 0
        self.failures = 0
        self._clock = clock
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._connection: sa.Connection | None = None
        self._engine = engine_for(
            path,
            (
                "journal_mode=WAL",
                f"synchronous={synchronous}",
                "foreign_keys=ON",
                f"wal_autocheckpoint={CHECKPOINT_PAGES}",
                f"journal_size_limit={WAL_LIMIT_BYTES}",
            ),
            begin=BEGIN,
        )

    @property
    def depth(self) -> int:
        """Writes that wait."""
        return self._queue.qsize()

    def start(self) -> None:
        """Let the thread run; the file is opened with the first write."""
        self._thread = threading.Thread(
            target=self._run, name=f"writer {self.path.name}", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Finish every queued write, checkpoint, close the file."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            with self._clock.hold():
                await asyncio.to_thread(thread.join)

    async def run(
        self, work: Callable[[sa.Connection], Result], *, on_driver: bool = False
    ) -> Result:
        """The result of ``work(connection)`` once it is committed.

        A cancelled caller does not stop the work.

        Args:
            work: Run in the writer thread.
            on_driver: ``work`` uses only the driver's connection below the one it gets.

        Raises:
            StorageError: The database refused; nothing of this work was stored.
            Unavailable: The writer is not running.
        """
        if self._thread is None:
            msg = f"{self.path.name} is not open"
            raise Unavailable(msg)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        with self._clock.hold():
            self._queue.put(_Job(work, on_driver, future, self._clock.monotonic()))
            return await future

    def _run(self) -> None:
        running = True
        while running:
            group: list[_Job] = []
            job = self._queue.get()
            while job is not None:
                group.append(job)
                if len(group) == MAX_GROUP or self._queue.empty():
                    break
                job = self._queue.get()
            running = job is not None
            if group:
                self._deliver(group, self._commit(group))
        self._close(checkpoint=True)

    def _commit(self, group: list[_Job]) -> list[_Outcome]:
        began = self._clock.monotonic()
        try:
            connection = self._connected()
            if all(job.on_driver for job in group):
                outcomes = self._commit_on_driver(connection, group)
            else:
                with connection.begin():
                    outcomes = [self._attempt(connection, job) for job in group]
        except Exception as error:  # noqa: BLE001 - every caller is told, below
            self.failures += 1
            log.warning("write failed", file=self.path.name, error=str(error))
            self._close(checkpoint=False)
            problem = self._problem(error)
            return [_Outcome(None, problem) for _ in group]
        now = self._clock.monotonic()
        self.commits += 1
        self.last_commit_s = now - began
        self.lag_s = now - group[0].queued
        return outcomes

    def _commit_on_driver(self, connection: sa.Connection, group: list[_Job]) -> list[_Outcome]:
        """One transaction without SQLAlchemy's bookkeeping; a lone job needs no savepoint."""
        driver = driver_of(connection)
        driver.execute(BEGIN)
        if len(group) == 1:
            try:
                outcomes = [_Outcome(group[0].work(connection), None)]
            except Exception as error:
                if not driver.in_transaction:
                    raise _TransactionLostError from error
                driver.execute("ROLLBACK")
                return [_Outcome(None, problems.translate(error, self.path))]
        else:
            outcomes = [self._attempt(connection, job) for job in group]
        driver.execute("COMMIT")
        return outcomes

    def _problem(self, error: Exception) -> Exception:
        cause = error.__cause__ if isinstance(error, _TransactionLostError) else error
        problem = problems.translate(cause if isinstance(cause, Exception) else error, self.path)
        if isinstance(problem, StorageError):
            return problem
        return StorageError(
            f"{self.path.name}: the transaction was given up", hint=problems.DEFAULT_HINT
        )

    def _connected(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _attempt(self, connection: sa.Connection, job: _Job) -> _Outcome:
        driver = driver_of(connection)
        # On the driver: SQLAlchemy would compile the same three words for every write.
        driver.execute("SAVEPOINT job")
        try:
            result = job.work(connection)
            driver.execute("RELEASE job")
        except Exception as error:
            if not driver.in_transaction:
                raise _TransactionLostError from error
            driver.execute("ROLLBACK TO job")
            driver.execute("RELEASE job")
            return _Outcome(None, problems.translate(error, self.path))
        return _Outcome(result, None)

    def _deliver(self, group: list[_Job], outcomes: list[_Outcome]) -> None:
        def resolve() -> None:
            for job, outcome in zip(group, outcomes, strict=True):
                if job.future.done():
                    continue
                if outcome.error is None:
                    job.future.set_result(outcome.result)
                else:
                    job.future.set_exception(outcome.error)

        try:
            group[0].future.get_loop().call_soon_threadsafe(resolve)
        except RuntimeError:  # the loop has gone; what was committed stays committed
            log.warning("nobody left to tell about a write", file=self.path.name)

    def _close(self, *, checkpoint: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if checkpoint:
                driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            log.warning("closing failed", file=self.path.name, error=str(error))
            connection.invalidate()
