"""The schema of each database kind: found by scanning rooms, created, stamped and migrated.

Revisions are numbered files ``migrations/<kind>/versions/vNNNN_words.py`` in one line. A new
database is made from the metadata and stamped, which is fast and needs no Alembic; a test proves
that this is the same schema as all migrations in a row.
"""

import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import SQLModel

import ionpy_auto
from ionpy_auto.core.errors import StorageError
from ionpy_auto.storage.models import DatabaseKind

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).with_name("migrations")
_VERSION_FILE = re.compile(r"v(\d{4})_\w+\.py")
_VERSION_TABLE = sa.Table(
    "alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True)
)


@cache
def metadata_of(kind: DatabaseKind) -> sa.MetaData:
    """All tables of a kind that any room declares in its ``models.py``."""
    merged = sa.MetaData()
    for room in pkgutil.iter_modules(ionpy_auto.__path__):
        if room.ispkg and (Path(ionpy_auto.__path__[0]) / room.name / "models.py").is_file():
            module = importlib.import_module(f"ionpy_auto.{room.name}.models")
            for table in _tables_in(module, kind):
                table.to_metadata(merged)
    return merged


def _tables_in(module: ModuleType, kind: DatabaseKind) -> list[sa.Table]:
    classes = [
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, SQLModel) and value.__module__ == module.__name__
    ]
    tables = [getattr(c, "__table__", None) for c in classes if getattr(c, "database", "") == kind]
    return [table for table in tables if isinstance(table, sa.Table)]


def revisions(kind: DatabaseKind) -> list[str]:
    """Revision numbers of a kind, oldest first."""
    names = (p.name for p in (MIGRATIONS / kind / "versions").iterdir())
    return sorted(match[1] for name in names if (match := _VERSION_FILE.fullmatch(name)))


def current(connection: sa.Connection) -> str | None:
    """The revision a database was left at, or None when it has none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_VERSION_TABLE.c.version_num)).scalar()


def is_empty(connection: sa.Connection) -> bool:
    """True when the database has no table at all."""
    return not sa.inspect(connection).get_table_names()


def create(connection: sa.Connection, kind: DatabaseKind) -> None:
    """Make all tables of the newest revision in an empty database."""
    metadata_of(kind).create_all(connection)
    _VERSION_TABLE.create(connection)
    connection.execute(_VERSION_TABLE.insert().values(version_num=revisions(kind)[-1]))


def refuse_unknown(connection: sa.Connection, kind: DatabaseKind, path: Path) -> str | None:
    """The revision of a database this program may open.

    Raises:
        StorageError: The file comes from a newer program, or from another one.
    """
    version = current(connection)
    known = revisions(kind)
    if version is None and not is_empty(connection):
        msg = f"{path.name} holds tables but no schema version of this program"
        raise StorageError(msg, hint="Move the file away, or give the path of the right one.")
    if version is not None and version not in known:
        msg = (
            f"{path.name} has schema version {version}, "
            f"newer than version {known[-1]} this program knows"
        )
        raise StorageError(msg, hint="Update the program; the file was not changed.")
    return version


def upgrade(connection: sa.Connection, kind: DatabaseKind, to: str = "head") -> None:
    """Run the missing migrations inside the caller's transaction."""
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - only when needed

    script = _script(kind)
    context = EnvironmentContext(
        _config(kind),
        script,
        fn=lambda revision, _: script._upgrade_revs(to, revision),  # noqa: SLF001 - as alembic.command
        destination_rev=to,
    )
    with context:
        context.configure(connection=connection, render_as_batch=True)
        context.run_migrations()


def draft(kind: DatabaseKind, connection: sa.Connection) -> str:
    """Python text of the operations that would bring ``connection`` to the declared tables.

    For the author of the next revision; dynamic device and rollup tables are left alone.
    """
    from alembic.autogenerate import produce_migrations, render_python_code  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    metadata = metadata_of(kind)

    def known(name: str | None, type_: str, _parents: object) -> bool:
        return type_ != "table" or name in metadata.tables

    context = MigrationContext.configure(
        connection, opts={"include_name": known, "compare_server_default": True}
    )
    script = produce_migrations(context, metadata)
    if script.upgrade_ops is None:
        return ""
    return render_python_code(script.upgrade_ops, migration_context=context)


def _config(kind: DatabaseKind) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / kind).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script(kind: DatabaseKind) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return ScriptDirectory.from_config(_config(kind))
