"""The database file: grouped writes, honest errors, checked opening."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import StorageError, Unavailable
from ionpy_auto.projects.models import MarkerRow, SessionRow
from ionpy_auto.storage import schema
from ionpy_auto.storage.database import Database


@pytest.fixture
async def db(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    yield database
    await database.stop()


def add(name):
    def work(session: Session) -> SessionRow:
        row = SessionRow(name=name, created=1.0)
        session.add(row)
        session.flush()
        return row

    return work


def names(session: Session) -> list[str]:
    return list(session.exec(select(SessionRow.name).order_by(SessionRow.id)))


async def test_a_write_is_read_back_after_it_returned(db):
    row = await db.write(add("first"))
    assert row.id == 1
    assert row.model_dump()["status"] == "running"
    assert await db.read(names) == ["first"]


async def test_writes_that_wait_share_a_transaction_and_a_failing_one_fails_alone(db):
    def broken(session: Session) -> None:
        session.add(MarkerRow(timestamp=1.0, label="lost"))
        session.flush()
        raise ValueError("my mistake")

    def wrong_sql(session: Session) -> None:
        session.exec(sa.text("INSERT INTO nowhere VALUES (1)"))

    before = db.stats()["commits"]
    results = await asyncio.gather(
        db.write(add("a")),
        db.write(broken),
        db.write(add("b")),
        db.write(wrong_sql),
        db.write(add("c")),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert isinstance(results[3], StorageError)
    assert results[3].error_code == "STORAGE_ERROR"
    assert results[3].hint
    assert await db.read(names) == ["a", "b", "c"]
    assert await db.read(lambda s: list(s.exec(select(MarkerRow)))) == []
    assert db.stats()["commits"] - before < 5


async def test_a_reader_cannot_write(db):
    with pytest.raises(StorageError):
        await db.read_driver(lambda c: c.execute("DELETE FROM sessions"))


async def test_virtual_time_waits_for_the_writer(db):
    clock = db.clock
    woken = []
    clock.call_at(clock.monotonic() + 1000.0, lambda: woken.append(clock.monotonic()))
    began = clock.monotonic()
    await asyncio.gather(*(db.write(add(str(i))) for i in range(20)))
    assert clock.monotonic() == began
    assert woken == []


async def test_a_cancelled_caller_does_not_undo_the_write(db):
    task = asyncio.create_task(db.write(add("kept")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.write(add("next"))
    assert await db.read(names) == ["kept", "next"]


async def test_stopping_writes_what_waits_and_leaves_one_file(tmp_path):
    database = Database(tmp_path / "data.db", SystemClock())
    await database.start()
    tasks = [asyncio.create_task(database.write(add(str(i)))) for i in range(50)]
    await asyncio.sleep(0)
    await database.stop()
    await asyncio.gather(*tasks)
    assert [p.name for p in tmp_path.iterdir()] == ["data.db"]
    with pytest.raises(Unavailable):
        await database.write(add("late"))
    with closing(sqlite3.connect(tmp_path / "data.db")) as plain:
        assert plain.execute("SELECT count(*) FROM sessions").fetchone() == (50,)


async def test_synchronous_is_what_was_asked_for(tmp_path):
    for word, number in (("FULL", 2), ("NORMAL", 1)):
        database = Database(tmp_path / f"{word}.db", SystemClock(), synchronous=word)
        await database.start()
        found = await database.write_driver(lambda c: c.execute("PRAGMA synchronous").fetchone())
        mode = await database.write_driver(lambda c: c.execute("PRAGMA journal_mode").fetchone())
        await database.stop()
        assert (found, mode) == ((number,), ("wal",))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda b: b"not a database at all" * 500, id="no database"),
        pytest.param(lambda b: b[:8192] + b"\xff" * 20000 + b[28192:], id="overwritten pages"),
        pytest.param(lambda b: b[: len(b) // 2], id="cut in half"),
    ],
)
async def test_a_damaged_file_is_set_aside_and_work_goes_on(tmp_path, damage):
    path = tmp_path / "data.db"
    database = Database(path, VirtualClock())
    await database.start()
    await database.write(lambda s: s.add_all([SessionRow(name="x" * 500, created=1.0)] * 1))
    await database.stop()
    path.write_bytes(damage(path.read_bytes()))
    broken = path.read_bytes()

    database = Database(path, VirtualClock())
    report = await database.start()
    assert report.corrupt is not None
    assert report.corrupt.read_bytes() == broken
    assert report.corrupt.name.startswith("data.db.corrupt.2025")
    assert report.problem is not None
    assert report.problem.hint
    await database.write(add("fresh"))
    assert await database.read(names) == ["fresh"]
    await database.stop()


async def test_a_file_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "data.db"
    database = Database(path, VirtualClock())
    await database.start()
    await database.stop()
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
        plain.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"9999.*newer"):
        await Database(path, VirtualClock()).start()
    assert path.read_bytes() == before


async def test_a_foreign_database_is_refused(tmp_path):
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("CREATE TABLE recipes(id)")
        plain.commit()
    with pytest.raises(StorageError, match="no schema version"):
        await Database(path, VirtualClock()).start()


def _shape(engine):
    inspector = sa.inspect(engine)
    shape = {}
    for table in sorted(inspector.get_table_names()):
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c["default"], c["primary_key"])
            for c in inspector.get_columns(table)
        ]
        indexes = sorted(
            (i["name"], i["column_names"], i["unique"]) for i in inspector.get_indexes(table)
        )
        uniques = sorted(u["column_names"] for u in inspector.get_unique_constraints(table))
        foreign = [
            (f["constrained_columns"], f["options"]) for f in inspector.get_foreign_keys(table)
        ]
        shape[table] = (columns, indexes, uniques, foreign)
    return shape


@pytest.mark.parametrize("kind", ["project", "server"])
def test_a_new_file_has_the_same_schema_as_all_migrations_in_a_row(kind):
    created, migrated = sa.create_engine("sqlite://"), sa.create_engine("sqlite://")
    with created.begin() as connection:
        schema.create(connection, kind)
    with migrated.begin() as connection:
        schema.upgrade(connection, kind)
        assert "op." not in schema.draft(kind, connection)
    assert _shape(created) == _shape(migrated)
    assert len(_shape(created)) > 2
    with created.connect() as one, migrated.connect() as other:
        assert schema.current(one) == schema.current(other) == schema.revisions(kind)[-1]
    created.dispose()
    migrated.dispose()


def copied(versions):
    """The revisions there are, for a newer one to stand behind; returns the newest number."""
    for path in (schema.MIGRATIONS / "project" / "versions").glob("v*.py"):
        (versions / path.name).write_text(path.read_text())
    return schema.revisions("project")[-1]


async def test_an_older_file_is_kept_as_a_backup_before_it_is_migrated(tmp_path, monkeypatch):
    path = tmp_path / "data.db"
    database = Database(path, VirtualClock())
    await database.start()
    await database.write(add("old"))
    await database.stop()

    versions = tmp_path / "migrations" / "project" / "versions"
    versions.mkdir(parents=True)
    head = copied(versions)
    (versions / "v9999_colour.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision = '9999'\ndown_revision = '{head}'\n"
        "def upgrade():\n    op.add_column('sessions', sa.Column('colour', sa.String()))\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", Path(tmp_path / "migrations"))
    database = Database(path, VirtualClock())
    report = await database.start()
    assert await database.read(names) == ["old"]
    columns = await database.read_driver(
        lambda c: [r[1] for r in c.execute("PRAGMA table_info(sessions)")]
    )
    await database.stop()
    assert "colour" in columns
    assert report.backup is not None
    with closing(sqlite3.connect(report.backup)) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchone() == (head,)


async def test_a_failing_migration_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "data.db"
    database = Database(path, VirtualClock())
    await database.start()
    await database.write(add("old"))
    await database.stop()
    versions = tmp_path / "migrations" / "project" / "versions"
    versions.mkdir(parents=True)
    head = copied(versions)
    (versions / "v9999_bad.py").write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = '{head}'\n"
        "def upgrade():\n    op.drop_table('sessions')\n    op.drop_table('nowhere')\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
        with pytest.raises(StorageError):
            await Database(path, VirtualClock()).start()
    database = Database(path, VirtualClock())
    await database.start()
    assert await database.read(names) == ["old"]
    await database.stop()


async def test_a_backup_of_a_live_database_is_complete(db, tmp_path):
    await db.write(add("a"))
    await db.backup(tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as plain:
        assert plain.execute("SELECT name FROM sessions").fetchall() == [("a",)]
