"""Exports: whole files or none, harmless cells, the same memory for any length."""

import csv
import io
import json
import tracemalloc
import zipfile

import pytest

from ionpy_auto.core.errors import NotFound, StorageError
from ionpy_auto.projects.models import SessionRow
from ionpy_auto.storage import export as export_module
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.disk import Room
from ionpy_auto.storage.export import ExportRequest, Exports
from ionpy_auto.storage.exporters import exporter, formats
from ionpy_auto.storage.exporters.csv import harmless
from tests.unit.storage.bench import PSU, lab, psu, snapshot

T0 = 1_700_000_000.0


async def ready(it, tmp_path, rows=20):
    await it.db.write(lambda s: s.add(SessionRow(name="Akku #3", created=T0)))
    await it.recorder.declare("PSU_01", PSU)
    await it.recorder.declare(
        "psu_01", [EntityColumn("note", "text"), EntityColumn("b", "bitmask")]
    )
    it.recorder.set_session(1)
    for n in range(rows):
        it.bus.publish(psu(T0 + n * 0.5, u=1.5 + n))
        it.bus.publish(snapshot("psu_01", T0 + n, note="=SUM(A1)" if n else "fine", b=5))
        if n % 2000 == 1999:
            await it.recorder.flush()
    await it.recorder.flush()
    exports = Exports(it.db, it.recorder.tables, tmp_path / "exports")
    exports.start()
    return exports


def table(text, delimiter=","):
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


async def test_a_device_becomes_one_csv_with_a_unit_row(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        row = await exports.export(ExportRequest(session_id=1, device="PSU_01"))
        assert row.filename == "Akku_3_PSU_01_20251009T085320Z.csv"
        lines = table((await exports.path(row.id)).read_text(encoding="utf-8"))
        assert lines[0] == [
            "timestamp",
            "time_utc",
            "session_id",
            "u",
            "i",
            "on",
            "mode",
            "alarm_state",
        ]
        assert lines[1] == ["s", "", "", "V", "A", "", "", ""]
        assert lines[3] == [
            "1700000000.5", "2023-11-14T22:13:20.500Z", "1", "2.5", "1.0", "1", "cc", "NORMAL",
        ]  # fmt: skip
        assert len(lines) == 2 + 20 == row.rows + 2


async def test_german_spreadsheets_get_semicolons_and_decimal_commas(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        request = ExportRequest(
            session_id=1,
            device="PSU_01",
            entities=("u",),
            dialect="de",
            start=T0 + 1.0,
            end=T0 + 2.0,
        )
        row = await exports.export(request)
        data = (await exports.path(row.id)).read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        lines = table(data.decode("utf-8-sig"), ";")
        assert [line[3] for line in lines[2:]] == ["3,5", "4,5", "5,5"]
        assert lines[2][0] == "1700000001,0"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_a_cell_a_spreadsheet_would_run_is_made_harmless(text):
    assert harmless(text) == "'" + text
    assert harmless("a" + text) == "a" + text


async def test_texts_in_rows_are_neutralised_and_negative_numbers_are_not(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path, rows=2)
        it.bus.publish(psu(T0 + 9, u=-3.0))
        await it.recorder.flush()
        row = await exports.export(ExportRequest(device="psu_01", metadata=True))
        lines = table((await exports.path(row.id)).read_text(encoding="utf-8"))
        assert lines[0] == ["# device", "psu_01"]
        assert [line[3] for line in lines[-2:]] == ["fine", "'=SUM(A1)"]
        row = await exports.export(ExportRequest(device="PSU_01", entities=("u",)))
        assert "-3.0" in (await exports.path(row.id)).read_text(encoding="utf-8")


async def test_all_devices_of_a_session_are_one_archive_even_with_look_alike_ids(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        for name in ("csv", "json"):  # bdf takes channels alone
            row = await exports.export(ExportRequest(format=name, session_id=1))
            with zipfile.ZipFile(await exports.path(row.id)) as archive:
                names = archive.namelist()
                assert sorted(names) == [f"PSU_01.{name}", f"psu_01-2.{name}"]
                assert archive.testzip() is None


async def test_json_carries_values_as_they_were_stored(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        row = await exports.export(ExportRequest(format="json", device="psu_01"))
        data = json.loads((await exports.path(row.id)).read_text(encoding="utf-8"))
        assert [c["name"] for c in data["columns"]] == [
            "timestamp", "session_id", "note", "b", "alarm_state",
        ]  # fmt: skip
        assert data["rows"][1] == [T0 + 1, 1, "=SUM(A1)", 5, "NORMAL"]
        assert len(data["rows"]) == 20


async def test_a_hundred_times_the_rows_need_no_more_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "PAGE_ROWS", 500)
    peaks = []
    for rows in (1000, 30_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        async with lab(folder / "data.db", synchronous="NORMAL") as it:
            exports = await ready(it, folder, rows)
            seen = []
            tracemalloc.start()
            row = await exports.export(ExportRequest(device="PSU_01"), seen.append)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert row.rows == rows
            assert seen[-1] == rows
            assert seen == sorted(seen)
    assert peaks[1] < 1.5 * peaks[0] + 100_000


async def test_a_failed_export_leaves_nothing_behind(tmp_path, monkeypatch):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(exporter("csv").__class__, "write", full)
        with pytest.raises(StorageError, match="No space left"):
            await exports.export(ExportRequest(device="PSU_01"))
        assert list((tmp_path / "exports").iterdir()) == []
        assert await exports.listing() == []


async def test_an_export_leaves_the_last_room_to_recording(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await ready(it, tmp_path)
        folder = tmp_path / "exports"
        full = Exports(it.db, it.recorder.tables, folder, room_of=lambda _: Room(10**12, 10**10))
        with pytest.raises(StorageError, match=r"10\.0 GB \(1\.0%\) left"):
            await full.export(ExportRequest(device="PSU_01"))
        assert not folder.exists()
        assert await full.listing() == []


async def test_exports_are_listed_newest_first_and_deleted(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        first = await exports.export(ExportRequest(device="PSU_01"))
        second = await exports.export(ExportRequest(device="PSU_01"))
        assert first.filename != second.filename
        assert [row.id for row in await exports.listing()] == [second.id, first.id]
        await exports.delete(first.id)
        assert [p.name for p in (tmp_path / "exports").iterdir()] == [second.filename]
        with pytest.raises(NotFound):
            await exports.path(first.id)


@pytest.mark.parametrize(
    "request_",
    [
        ExportRequest(format="exe", device="PSU_01"),
        ExportRequest(device="../../etc"),
        ExportRequest(device="PSU_01", entities=("nothing",)),
        ExportRequest(device="PSU_01", session_id=99),
    ],
    ids=["format", "device", "entity", "session"],
)
async def test_what_does_not_exist_is_not_exported(tmp_path, request_):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        with pytest.raises(NotFound):
            await exports.export(request_)


@pytest.mark.parametrize("name", formats())
def test_every_file_of_the_folder_is_an_exporter_of_its_name(name):
    found = exporter(name)
    assert found.name == name
    assert found.suffix.startswith(".")
