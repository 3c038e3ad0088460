"""Ids people type: each device and entity gets a place of its own, whatever it is called."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import BadInput
from ionpy_auto.core.samples import Snapshot
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import (
    MAX_ENTITIES,
    DeviceTables,
    EntityColumn,
    merge_columns,
)
from tests.unit.storage.bench import PSU, lab, sample

NASTY = [
    "PSU_1", "psu_1", "PSU-1", "PSU.1", "Psu_1", "x'); DROP TABLE sessions; --", 'a"b', "a`b",
    "a]b", "device_PSU_1", "s_catalogue", "²", "ªb", "ß", "ẞ", "a b", " a", "a\n", "a", "A", "%s",
    ":x", "?", "sqlite_sequence", "1a", "select", "_1", "x" * 300, "\x00", "💡", "K", "k",
]  # fmt: skip


@pytest.fixture
async def db(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    yield database
    await database.stop()


async def test_plain_ids_get_exactly_the_documented_names(db):
    tables = DeviceTables(db)
    table = await tables.declare("PSU_01", PSU)
    assert (table.table, table.index) == ("device_PSU_01", "idx_PSU_01")
    shape = await db.read_driver(
        lambda c: [r[1:5] for r in c.execute("PRAGMA table_info(device_PSU_01)")]
    )
    assert shape == [
        ("id", "INTEGER", 1, None),
        ("timestamp", "REAL", 1, None),
        ("session_id", "INTEGER", 0, None),
        ("u", "REAL", 0, None),
        ("i", "REAL", 0, None),
        ("on", "INTEGER", 0, None),
        ("mode", "TEXT", 0, None),
        ("alarm_state", "TEXT", 1, "'NORMAL'"),
    ]
    index = await db.read_driver(
        lambda c: [r[2] for r in c.execute("PRAGMA index_info(idx_PSU_01)")]
    )
    assert index == ["session_id", "timestamp"]


async def test_look_alike_and_hostile_ids_never_share_a_table_or_a_column(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        entities = [EntityColumn(e, "numeric") for e in [*NASTY, "id", "ID", "rowid", "Timestamp"]]
        for device in NASTY:
            await it.recorder.declare(device, entities)
        it.recorder.set_session(1)
        for n, device in enumerate(NASTY):
            samples = tuple(
                sample(f"{device}.{e.entity_id}", float(1000 * n + k))
                for k, e in enumerate(entities)
            )
            it.bus.publish(Snapshot(device, float(n), float(n), 0.0, samples))
        await it.recorder.flush()
        assert await it.rows("SELECT count(*) FROM sessions") == [(0,)]

        again = DeviceTables(it.db)
        await again.start()
        names = [again.get(device).table.lower() for device in NASTY]
        assert len(set(names)) == len(NASTY)
        for n, device in enumerate(NASTY):
            table = again.get(device)
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", table.table)
            columns = [table.by_entity[e.entity_id].column for e in entities]
            assert len({c.lower() for c in columns}) == len(columns)
            text = ", ".join(f'"{c}"' for c in columns)
            assert await it.rows(f'SELECT timestamp, {text} FROM "{table.table}"') == [
                (float(n), *(float(1000 * n + k) for k in range(len(entities))))
            ]


ids = (
    st.text(min_size=1, max_size=12)
    | st.sampled_from(NASTY)
    | st.from_regex(r"[aA]_?[bB]?", fullmatch=True)
)


@given(rounds=st.lists(st.lists(ids, unique=True, max_size=12), max_size=4))
def test_columns_never_collide_and_never_move(rounds):
    columns = []
    for entities in rounds:
        before = columns
        columns = merge_columns(before, [EntityColumn(e, "numeric") for e in entities])
        assert [c.column for c in columns[: len(before)]] == [c.column for c in before]
        lowered = [c.column.lower() for c in columns]
        assert len(set(lowered)) == len(lowered)
        assert set(entities) <= {c.entity for c in columns}
        assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", c.column) for c in columns)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(devices=st.lists(ids, unique=True, min_size=2, max_size=8))
async def test_tables_never_collide(tmp_path_factory, devices):
    database = Database(
        tmp_path_factory.mktemp("d") / "data.db", VirtualClock(), synchronous="NORMAL"
    )
    await database.start()
    try:
        tables = DeviceTables(database)
        made = [await tables.declare(device, PSU) for device in devices]
        assert len({t.table.lower() for t in made}) == len(devices)
        assert len({t.index.lower() for t in made}) == len(devices)
        again = DeviceTables(database)
        await again.start()
        assert [again.get(device) for device in devices] == made
    finally:
        await database.stop()


async def test_another_unit_or_type_gets_a_new_column_and_the_old_one_stays(db):
    tables = DeviceTables(db)
    await tables.declare("D", [EntityColumn("u", "numeric", "V")])
    table = await tables.declare("D", [EntityColumn("u", "numeric", "mV")])
    assert [(c.column, c.unit, c.retired) for c in table.columns] == [
        ("u", "V", True),
        ("e_u_1", "mV", False),
    ]
    back = await tables.declare("D", [EntityColumn("u", "numeric", "V")])
    assert [(c.column, c.retired) for c in back.columns] == [("u", False), ("e_u_1", True)]
    text = await tables.declare("D", [EntityColumn("u", "text", "V")])
    assert text.by_entity["u"].column == "e_u_2"


async def test_bit_names_and_units_are_in_the_catalogue(db):
    tables = DeviceTables(db)
    await tables.declare("D", [EntityColumn("flags", "bitmask", bits=("ovp", "ocp"))])
    found = await db.read_driver(
        lambda c: c.execute(
            "SELECT json_extract(columns, '$[0].bits[1]') FROM devices_catalogue"
        ).fetchall()
    )
    assert found == [("ocp",)]


async def test_too_many_entities_are_refused_with_a_hint(db):
    many = [EntityColumn(f"e{n}", "numeric") for n in range(MAX_ENTITIES + 1)]
    with pytest.raises(BadInput) as refused:
        await DeviceTables(db).declare("D", many)
    assert "Split" in refused.value.hint


async def test_a_device_of_many_entities_is_recorded_with_its_rollups(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        many = [EntityColumn(f"e{n}", "numeric") for n in range(300)]
        await it.recorder.declare("BMS", many)
        it.recorder.set_session(1)
        for t in range(100):
            values = tuple(sample(f"BMS.e{n}", float(n + t), float(t)) for n in range(300))
            it.bus.publish(Snapshot("BMS", t * 0.25, 0.0, 0.0, values))
        await it.recorder.flush()
        assert await it.rows("SELECT max(c299_max) FROM rollup_1_5 WHERE level = 1") == [(394.0,)]
