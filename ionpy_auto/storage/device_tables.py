"""One table per device: safe names for ids people type, columns for what a driver declares.

The catalogue maps each device id, byte by byte, to a table, and each entity to a column. A plain
identifier gets exactly ``device_<id>``, so hand-written SQL works; anything else, and anything that
differs from a taken name only in case (SQLite compares names so), gets a made-up name no plain
identifier can have. What a person typed reaches SQL as a bound value or as a quoted plain
identifier, never otherwise.

An entity whose storage type or unit changes gets a new column: volts and millivolts in one column
would be a wrong curve. The old column stays, marked as retired.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Session, select

from ionpy_auto.core.errors import BadInput
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.models import CatalogueRow

Kind = Literal["numeric", "toggle", "enum", "bitmask", "text"]

MAX_ENTITIES = 1900
"""SQLite allows 2000 columns."""

BLOCK_VALUES = 650
"""Values per statement of many rows; more gains nothing, and SQLite allows 32766."""

TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "numeric": sa.REAL(),
    "toggle": sa.INTEGER(),
    "bitmask": sa.INTEGER(),
    "enum": sa.TEXT(),
    "text": sa.TEXT(),
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = {"id", "timestamp", "session_id", "alarm_state", "rowid", "oid", "_rowid_"}
_DIALECT = dialect.dialect()
_QUOTE = _DIALECT.identifier_preparer.quote_identifier


@dataclass(frozen=True, slots=True)
class EntityColumn:
    """What a driver declares of an entity, as far as storage needs it.

    Attributes:
        entity_id: As typed in the driver.
        kind: Decides the column's type.
        unit: Empty for unitless values.
        bits: Names of a bitmask's bits, lowest first.
    """

    entity_id: str
    kind: Kind
    unit: str = ""
    bits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of a device table as the catalogue knows it."""

    entity: str
    column: str
    kind: Kind
    unit: str = ""
    bits: tuple[str, ...] = ()
    retired: bool = False

    @property
    def is_rolled_up(self) -> bool:
        """True for columns whose minimum, maximum and mean make sense."""
        return self.kind in {"numeric", "toggle"}

    def holds(self, wanted: EntityColumn) -> bool:
        """True when values of ``wanted`` may stand in this column."""
        same_type = repr(TYPES[self.kind]) == repr(TYPES[wanted.kind])
        return self.entity == wanted.entity_id and same_type and self.unit == wanted.unit


@dataclass(frozen=True)
class DeviceTable:
    """Where the values of one device are; columns in the order they were made."""

    number: int
    device_id: str
    table: str
    index: str
    columns: tuple[StoredColumn, ...] = field(default=())

    @cached_property
    def active(self) -> tuple[StoredColumn, ...]:
        """Columns that take new values."""
        return tuple(c for c in self.columns if not c.retired)

    @cached_property
    def by_entity(self) -> dict[str, StoredColumn]:
        """The column of each entity."""
        return {c.entity: c for c in self.active}

    @cached_property
    def insert_sql(self) -> str:
        """Parameters: timestamp, session id, the active columns in order, alarm state."""
        table = self.sql_table()
        names = ["timestamp", "session_id", *(c.column for c in self.active), "alarm_state"]
        return str(sa.insert(table).compile(dialect=_DIALECT, column_keys=names))

    @cached_property
    def block(self) -> int:
        """Rows per `block_sql`: many for few columns, one for hundreds."""
        return max(1, BLOCK_VALUES // (len(self.active) + 3))

    @cached_property
    def block_sql(self) -> str:
        """As `insert_sql` for `block` rows at once, their values behind each other.

        Half the cost of as many single rows, and the interpreter is free for others meanwhile.
        """
        head, values, row = self.insert_sql.partition(" VALUES ")
        return head + values + ", ".join([row] * self.block)

    @cached_property
    def expected_types(self) -> tuple[tuple[int, frozenset[type]], ...]:
        """Place and types of active columns for which no figures are made.

        SQLite takes anything anywhere; for the other columns the arithmetic refuses texts.
        """
        texts: frozenset[type] = frozenset((str, type(None)))
        numbers: frozenset[type] = frozenset((int, bool, float, type(None)))
        return tuple(
            (place, texts if c.kind in {"enum", "text"} else numbers)
            for place, c in enumerate(self.active)
            if not c.is_rolled_up
        )

    @cached_property
    def points(self) -> tuple[str, ...]:
        """Addresses of the active columns, in order: those of a whole poll."""
        return tuple(f"{self.device_id}.{c.entity}" for c in self.active)

    def sql_table(self) -> sa.Table:
        """The table for SQLAlchemy, retired columns included."""
        return sa.Table(
            self.table,
            sa.MetaData(),
            sa.Column("id", sa.INTEGER(), primary_key=True),
            sa.Column("timestamp", sa.REAL(), nullable=False),
            sa.Column("session_id", sa.INTEGER()),
            *(sa.Column(c.column, TYPES[c.kind]) for c in self.columns),
            sa.Column("alarm_state", sa.TEXT(), nullable=False, server_default="NORMAL"),
        )


def quoted(name: str) -> str:
    """A name as SQL text."""
    return _QUOTE(name)


class DeviceTables:
    """The tables of all devices of one project database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tables: dict[str, DeviceTable] = {}

    async def start(self) -> None:
        """Learn which tables the file has."""
        self._tables = await self._db.read(_load)

    def get(self, device_id: str) -> DeviceTable | None:
        """The table of a device, or None when it never declared one."""
        return self._tables.get(device_id)

    def all(self) -> list[DeviceTable]:
        """Every known table, retired devices included."""
        return list(self._tables.values())

    async def declare(self, device_id: str, columns: Sequence[EntityColumn]) -> DeviceTable:
        """Make or extend the table of a device; existing values are never touched.

        Raises:
            BadInput: An entity is declared twice, or there are too many.
            StorageError: The database refused.
        """
        _check(device_id, columns)
        known = self._tables.get(device_id)
        if known is not None and _is_covered(known, columns):
            return known
        table = await self._db.write(lambda session: _declare(session, device_id, columns))
        self._tables[device_id] = table
        return table


def _check(device_id: str, columns: Sequence[EntityColumn]) -> None:
    names = [c.entity_id for c in columns]
    if len(set(names)) != len(names):
        twice = sorted({n for n in names if names.count(n) > 1})
        msg = f"{device_id} declares {', '.join(map(repr, twice))} twice"
        raise BadInput(msg)
    if len(names) > MAX_ENTITIES:
        msg = f"{device_id} declares {len(names)} entities, the limit is {MAX_ENTITIES}"
        raise BadInput(msg, hint="Split the device into several with fewer entities.")


def _is_covered(table: DeviceTable, columns: Iterable[EntityColumn]) -> bool:
    return all(
        (stored := table.by_entity.get(c.entity_id)) is not None
        and stored.holds(c)
        and (stored.kind, stored.bits) == (c.kind, c.bits)
        for c in columns
    )


def _load(session: Session) -> dict[str, DeviceTable]:
    return {row.device_id: _table_of(row) for row in session.exec(select(CatalogueRow))}


def _table_of(row: CatalogueRow) -> DeviceTable:
    columns = tuple(StoredColumn(**{**c, "bits": tuple(c["bits"])}) for c in row.columns)
    return DeviceTable(row.number or 0, row.device_id, row.table_name, row.index_name, columns)


def _declare(session: Session, device_id: str, columns: Sequence[EntityColumn]) -> DeviceTable:
    row = session.exec(select(CatalogueRow).where(CatalogueRow.device_id == device_id)).first()
    is_new = row is None
    if row is None:
        taken = _taken_names(session)
        row = CatalogueRow(
            device_id=device_id,
            table_name=_free_name("device", "devx", device_id, taken),
            index_name=_free_name("idx", "idxx", device_id, taken),
        )
    before = [] if is_new else list(_table_of(row).columns)
    after = merge_columns(before, columns)
    row.columns = [asdict(c) for c in after]
    session.add(row)
    session.flush()
    table = _table_of(row)
    if is_new:
        _create(session, table)
    else:
        for column in after[len(before) :]:
            _add_column(session, table, column)
    return table


def merge_columns(
    before: Sequence[StoredColumn], wanted: Sequence[EntityColumn]
) -> list[StoredColumn]:
    """The columns after a declaration: old ones keep their place, new ones follow.

    Entities that are not declared any more keep their column as it is.
    """
    columns = list(before)
    for entity in wanted:
        mine = [i for i, c in enumerate(columns) if c.entity == entity.entity_id]
        fitting = next((i for i in mine if columns[i].holds(entity)), None)
        for i in mine:
            old = columns[i]
            kind, bits = (entity.kind, entity.bits) if i == fitting else (old.kind, old.bits)
            columns[i] = StoredColumn(old.entity, old.column, kind, old.unit, bits, i != fitting)
        if fitting is None:
            taken = {c.column.lower() for c in columns} | _RESERVED
            name = _free_name("", "e", entity.entity_id, taken)
            columns.append(
                StoredColumn(entity.entity_id, name, entity.kind, entity.unit, entity.bits)
            )
    return columns


def _free_name(prefix: str, made_up: str, wanted: str, taken: set[str]) -> str:
    """``prefix_wanted`` if that is plain and free, else a name beginning with ``made_up``."""
    plain = f"{prefix}_{wanted}" if prefix else wanted
    if _PLAIN.fullmatch(wanted) and plain.lower() not in taken and not _is_internal(plain):
        return plain
    slug = re.sub(r"[^a-z0-9]+", "_", wanted.lower())[:40].strip("_")
    number = 1
    while (name := f"{made_up}_{slug}_{number}") in taken:
        number += 1
    return name


def _is_internal(name: str) -> bool:
    return name.lower().startswith("sqlite_")


def _taken_names(session: Session) -> set[str]:
    found = session.connection().exec_driver_sql("SELECT lower(name) FROM sqlite_master")
    return {name for (name,) in found}


def _create(session: Session, table: DeviceTable) -> None:
    sql_table = table.sql_table()
    session.execute(CreateTable(sql_table))
    index = sa.Index(table.index, sql_table.c.session_id, sql_table.c.timestamp)
    session.execute(CreateIndex(index))


def _add_column(session: Session, table: DeviceTable, column: StoredColumn) -> None:
    kind = TYPES[column.kind].compile(_DIALECT)
    session.connection().exec_driver_sql(
        f"ALTER TABLE {quoted(table.table)} ADD COLUMN {quoted(column.column)} {kind}"
    )


def last_timestamp(connection: sqlite3.Connection, tables: Iterable[DeviceTable]) -> float | None:
    """The newest stored timestamp [Unix s] of the last session of any of the tables."""
    newest = None
    for table in tables:
        name = quoted(table.table)
        row = connection.execute(
            f"SELECT max(timestamp) FROM {name} "  # noqa: S608 - quoted name from the catalogue
            f"WHERE session_id = (SELECT max(session_id) FROM {name})"
        ).fetchone()
        if row[0] is not None and (newest is None or row[0] > newest):
            newest = row[0]
    return newest
