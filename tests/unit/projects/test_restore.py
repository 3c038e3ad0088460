"""A project comes back from its zip; what is no project leaves nothing behind."""

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput, TooLarge
from ionpy_auto.projects import restore
from ionpy_auto.projects.archive import write_archive
from ionpy_auto.projects.library import Library

ID = "6f0c0000-0000-4000-8000-000000000001"
PROJECT = json.dumps({"schema_version": 1, "id": ID, "name": "Bench ä 1"})


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "projects", tmp_path / "shipped", SystemClock())


def zipped(files: dict[str, str], link: str = "") -> io.BytesIO:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        if link:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
    memory.seek(0)
    return memory


def left_behind(tmp_path: Path) -> list[str]:
    return [path.name for path in tmp_path.rglob("*") if path.name != "projects"]


def test_a_project_goes_out_as_a_zip_and_comes_back_beside_itself(
    library: Library, tmp_path: Path
) -> None:
    first = library.create("Bench", "two cells")
    (first.folder / "flows" / "charge.yaml").write_text("id: charge\n")
    (first.folder / "device_state.json").write_text("{}")
    path = write_archive(first, tmp_path / "bench.zip", None)
    with path.open("rb") as file:
        second = library.bring_in(file)
    assert (second.file.name, second.file.description) == ("Bench", "two cells")
    assert second.id != first.id
    assert second.folder != first.folder
    assert (second.folder / "flows" / "charge.yaml").read_text() == "id: charge\n"
    assert not (second.folder / "device_state.json").exists()
    assert [project.id for project in library.projects()] == [first.id, second.id]
    assert library.broken() == {}


def test_a_project_from_another_machine_keeps_its_id_unless_another_is_wished(
    library: Library,
) -> None:
    kept = library.bring_in(zipped({"bench/project.json": PROJECT}))
    assert kept.id == ID
    library.delete(kept.id)
    other = library.bring_in(zipped({"project.json": PROJECT}), new_id=True)
    assert other.id != kept.id


@pytest.mark.parametrize(
    "files",
    [
        {"bench/flows/a.yaml": ""},
        {"bench/project.json": "not json"},
        {"bench/project.json": '{"schema_version": 99, "id": "x", "name": "x"}'},
        {"a/project.json": PROJECT, "b/project.json": PROJECT},
        {"deep/er/project.json": PROJECT},
        {"bench/project.json": PROJECT, "bench/../../outside.txt": "x"},
        {"bench/project.json": PROJECT, "bench//etc/outside.txt": "x"},
        {"bench/project.json": PROJECT, "bench/flows/a.yaml": "", "bench/flows/A.yaml": ""},
    ],
    ids=["no project", "no json", "newer", "two", "deep", "leaves", "absolute", "twice"],
)
def test_what_is_no_project_is_refused_and_leaves_nothing(
    library: Library, tmp_path: Path, files: dict[str, str]
) -> None:
    with pytest.raises(BadInput):
        library.bring_in(zipped(files))
    assert left_behind(tmp_path) == []


def test_a_link_in_the_archive_is_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="link"):
        library.bring_in(zipped({"bench/project.json": PROJECT}, link="bench/flows/a.yaml"))
    assert left_behind(tmp_path) == []


def test_text_that_is_no_zip_is_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no zip"):
        library.bring_in(io.BytesIO(b"PK and then nothing of a zip"))
    assert left_behind(tmp_path) == []


def test_a_small_zip_that_grows_is_stopped_while_it_is_unpacked(tmp_path: Path) -> None:
    bomb = zipped({"bench/project.json": PROJECT, "bench/notes.txt": "0" * 1_000_000})
    with pytest.raises(TooLarge):
        restore.unpack(bomb, tmp_path / "out", max_bytes=100_000)
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.txt"))
    assert written <= 100_000
