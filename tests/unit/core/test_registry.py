"""Registries: found by scanning, imported at first use, broken files named with their line."""

import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionpy_auto.core.errors import ConfigInvalid, IonpyError, NotFound
from ionpy_auto.core.registry import Registry, declared_name, load_file


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [n for n in sys.modules if n.split(".")[0] == "shelf"]:
        del sys.modules[name]


def make_registry() -> Registry[object]:
    return Registry("exporter", "shelf", lambda module: module.thing)


def test_names_are_known_without_importing_and_a_file_is_imported_once(package: Path) -> None:
    (package / "csv.py").write_text("count = []\nthing = count\ncount.append(1)\n")
    (package / "later.py").write_text('NAME: str = "parquet"\nraise RuntimeError\n')
    (package / "_helper.py").write_text("raise RuntimeError\n")
    (package / "notes.txt").write_text("")
    registry = make_registry()
    assert list(registry) == ["csv", "parquet"]
    assert "csv" in registry
    assert "later" not in registry
    assert "shelf.csv" not in sys.modules
    assert registry.get("csv") is registry.get("csv") == [1]


def test_a_name_that_stands_twice_names_both_files(package: Path) -> None:
    (package / "a.py").write_text('NAME = "csv"\n')
    (package / "csv.py").write_text("")
    with pytest.raises(ConfigInvalid, match=r"'csv' stands twice: a\.py and csv\.py"):
        make_registry().names()


def test_an_unknown_name_tells_the_known_ones(package: Path) -> None:
    (package / "csv.py").write_text("")
    with pytest.raises(NotFound, match="exporter 'xls'") as caught:
        make_registry().get("xls")
    assert "csv" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('NAME = "x"', "x"),
        ('NAME: Final = "x"', "x"),
        ('A = NAME = "x"', "x"),
        ('name = "x"', None),
        ("NAME = 5", None),
        ("NAME = f()", None),
        ('def f():\n    NAME = "x"', None),
        ("def broken(:", None),
        ("(" * 5000, None),
        ("-" * 100_000 + "1", None),
        ("\0", None),
    ],
)
def test_a_name_is_read_without_running_the_file(
    tmp_path: Path, text: str, name: str | None
) -> None:
    path = tmp_path / "a.py"
    path.write_text(text)
    assert declared_name(path) == name


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        ("x = 1\ny = )\n", 2, "SyntaxError"),
        ("x = 1\n\nimport no_such_module\n", 3, "ModuleNotFoundError"),
        ("def f():\n    return 1 / 0\nf()\n", 2, "ZeroDivisionError"),
        ("x = 1\nint('a')\n", 2, "ValueError"),
        ("x = 1\nraise SystemExit(3)\n", 2, "SystemExit"),
        ("x = 1\ncompile(')', 'other', 'exec')\n", 2, "SyntaxError"),
    ],
)
def test_a_broken_driver_file_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, cause: str
) -> None:
    folder = tmp_path / "riden"
    folder.mkdir()
    path = folder / "driver.py"
    path.write_text(text)
    with pytest.raises(IonpyError, match=rf"riden/driver\.py:{line}: {cause}") as caught:
        load_file(path, "shelf_broken_driver")
    assert caught.value.error_code == "SPAWN_DRIVER"
    assert caught.value.arguments["line"] == line
    assert "shelf_broken_driver" not in sys.modules


def test_a_missing_driver_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(IonpyError, match="FileNotFoundError"):
        load_file(tmp_path / "driver.py", "shelf_missing_driver")


def test_a_reload_that_fails_leaves_the_module_that_worked(tmp_path: Path) -> None:
    path = tmp_path / "driver.py"
    path.write_text("x = 1\n")
    good = load_file(path, "shelf_good_driver")
    try:
        path.write_text("x = (\n")
        with pytest.raises(IonpyError):
            load_file(path, "shelf_good_driver")
        assert sys.modules["shelf_good_driver"] is good
    finally:
        del sys.modules["shelf_good_driver"]


def test_only_the_text_people_trusted_is_run_never_a_compiled_file_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "driver.py"
    path.write_text("x = 'evil'\n")
    py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    path.write_text("x = 'good'\n")
    try:
        assert load_file(path, "shelf_trusted_driver").x == "good"
    finally:
        del sys.modules["shelf_trusted_driver"]


def test_loading_writes_nothing_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "driver.py"
    path.write_text("x = 1\n")
    load_file(path, "shelf_clean_driver")
    del sys.modules["shelf_clean_driver"]
    assert [p.name for p in tmp_path.iterdir()] == ["driver.py"]
