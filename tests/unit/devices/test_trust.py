"""A driver of one's own runs only after its text was read; whatever else is done, it does not."""

import py_compile
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import Conflict, IonpyError, TooLarge
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.sources import MAX_FILES, content_hash, hash_of, import_beside
from ionpy_auto.devices.trust import ONLY_INVISIBLE, TrustStore, shown, unified

DRIVER = '''
from ionpy_auto.devices import Blueprint, Driver, Numeric
from .table import VOLTS

class Own(Driver):
    """One voltage."""
    NAME = "own"
    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    volts = Numeric(unit="V")

    async def poll(self):
        return {"volts": VOLTS}
'''


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "drivers" / "own"
    folder.mkdir(parents=True)
    (folder / "driver.py").write_text(DRIVER)
    (folder / "table.py").write_text("VOLTS = 1.0\n")
    return tmp_path


@pytest.fixture
def store(home):
    return TrustStore(home, VirtualClock())


@pytest.fixture
def catalogue(home, store):
    return Catalogue([home / "drivers"], store.is_trusted)


def trust(store, folder):
    store.trust(folder, store.look(folder)[0], "anna")


def test_trust_is_remembered_by_a_new_store_and_ends_with_any_change(home, store, catalogue):
    folder = home / "drivers" / "own"
    trust(store, folder)
    assert catalogue.get("own").NAME == "own"
    again = TrustStore(home, VirtualClock())
    assert again.is_trusted(folder, content_hash(folder))
    (folder / "table.py").write_text("VOLTS = 2.0\n")
    assert not again.is_trusted(folder, content_hash(folder))
    with pytest.raises(IonpyError, match="has changed since"):
        catalogue.get("own")


def test_the_difference_is_against_what_was_trusted_last(home, store):
    folder = home / "drivers" / "own"
    digest, trusted, diff = store.look(folder)
    assert not trusted
    assert "+VOLTS = 1.0" in diff
    assert "+class Own(Driver):" in diff
    store.trust(folder, digest, "anna")
    assert store.look(folder) == (digest, True, "")
    (folder / "table.py").write_text("VOLTS = 2.0\n")
    (folder / "new.py").write_text("import os\n")
    _, trusted, diff = store.look(folder)
    assert not trusted
    assert {"-VOLTS = 1.0", "+VOLTS = 2.0", "+import os"} <= set(diff.splitlines())
    assert "class Own" not in diff
    store.distrust(folder)
    assert "+class Own(Driver):" in store.look(folder)[2]


def test_what_changed_while_it_was_read_is_not_trusted(home, store):
    folder = home / "drivers" / "own"
    digest = store.look(folder)[0]
    (folder / "table.py").write_text("VOLTS = 3.0\n")
    with pytest.raises(Conflict) as error:
        store.trust(folder, digest, "anna")
    assert error.value.error_code == "CONTENT_CHANGED"
    assert not store.is_trusted(folder, digest)


def test_the_same_text_in_another_place_asks_again(home, store):
    folder = home / "drivers" / "own"
    trust(store, folder)
    other = home / "projects" / "copy" / "drivers" / "own"
    other.mkdir(parents=True)
    for path in folder.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    assert content_hash(other) == content_hash(folder)
    assert not store.is_trusted(other, content_hash(other))
    assert "+class Own(Driver):" in store.look(other)[2]


@pytest.mark.parametrize("text", ["{", "[]", '{"drivers": 5}', '{"drivers": {"drivers/own": "x"}}'])
def test_a_broken_file_trusts_nobody(home, store, text):
    folder = home / "drivers" / "own"
    trust(store, folder)
    (home / "config" / "trusted_drivers.json").write_text(text)
    assert not store.is_trusted(folder, content_hash(folder))
    trust(store, folder)
    assert store.is_trusted(folder, content_hash(folder))
    assert (home / "config" / "trusted_drivers.json.bak").read_text() == text


def test_a_forged_copy_of_the_text_does_not_shorten_the_difference(home, store):
    folder = home / "drivers" / "own"
    trust(store, folder)
    (copy,) = (home / "var" / "trusted").glob("*.json")
    copy.write_text(copy.read_text().replace('"hash": "', '"hash": "0'))
    (folder / "table.py").write_text("VOLTS = 2.0\n")
    assert "+class Own(Driver):" in store.look(folder)[2]


def test_running_a_driver_leaves_its_folder_as_it_was(home, store, catalogue):
    folder = home / "drivers" / "own"
    before = sorted(path.name for path in folder.rglob("*"))
    trust(store, folder)
    catalogue.get("own")
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_compiled_files_that_nobody_can_read_never_run(home, store, catalogue, tmp_path):
    folder = home / "drivers" / "own"
    mark = tmp_path / "ran"
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(mark)!r}, 'w').close()\nVOLTS = 9.0\n")
    cache = folder / "__pycache__"
    cache.mkdir()
    tag = sys.implementation.cache_tag
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for target in (cache / f"table.{tag}.pyc", cache / f"driver.{tag}.pyc"):
        py_compile.compile(str(evil), str(target), invalidation_mode=unchecked)
    trust(store, folder)
    catalogue.get("own")
    (folder / "table.py").unlink()
    py_compile.compile(str(evil), str(folder / "table.pyc"), invalidation_mode=unchecked)
    trust(store, folder)
    catalogue.rescan()
    with pytest.raises(IonpyError, match=r"no table\.py"):
        catalogue.get("own")
    assert not mark.exists()


def test_a_package_behind_a_link_is_not_imported(home, tmp_path):
    folder = home / "drivers" / "own"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "__init__.py").write_text("VOLTS = 9.0\n")
    (folder / "table.py").unlink()
    (folder / "table").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IonpyError, match=r"no table\.py"):
        import_beside(folder / "driver.py", "driver")


async def test_a_sibling_imported_late_is_the_one_that_was_read(home, store, catalogue):
    folder = home / "drivers" / "own"
    text = DRIVER.replace("from .table import VOLTS\n", "")
    text = text.replace("        return", "        from .table import VOLTS\n        return")
    (folder / "driver.py").write_text(text)
    trust(store, folder)
    driver = catalogue.get("own")
    (folder / "table.py").write_text("VOLTS = 9.0\n")
    assert await driver(None, VirtualClock(), driver.Params()).poll() == {"volts": 1.0}


async def test_a_changed_sibling_counts_however_it_is_imported(home, store, catalogue):
    folder = home / "drivers" / "own"
    text = DRIVER.replace("from .table import VOLTS", "from . import table")
    (folder / "driver.py").write_text(text.replace("VOLTS}", "table.VOLTS}"))
    for volts in (1.0, 2.0):
        (folder / "table.py").write_text(f"VOLTS = {volts}\n")
        trust(store, folder)
        driver = catalogue.get("own")
        assert await driver(None, VirtualClock(), driver.Params()).poll() == {"volts": volts}


def test_a_simulator_that_changed_is_not_run(home, store, catalogue, tmp_path):
    folder = home / "drivers" / "own"
    text = DRIVER.replace("    volts =", '    SIMULATOR = "simulator:make"\n    volts =')
    (folder / "driver.py").write_text(text)
    (folder / "simulator.py").write_text("def make(*_): return 1\n")
    trust(store, folder)
    driver = catalogue.get("own")
    (folder / "simulator.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(IonpyError, match="has changed since"):
        catalogue.simulator(driver)
    assert not (tmp_path / "ran").exists()


def test_a_folder_nobody_could_read_is_refused(home, store):
    folder = home / "drivers" / "own"
    for number in range(MAX_FILES):
        (folder / f"{number}.txt").touch()
    with pytest.raises(TooLarge):
        store.look(folder)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"a\tb\n", "a\tb\n"),
        (b"a\r\nb", "a\nb"),
        ("if a:  # \u202e".encode(), "if a:  # ⟦U+202E⟧"),
        (b"\x1b[2K", "⟦U+001B⟧[2K"),
        ("zero\u200bwidth".encode(), "zero⟦U+200B⟧width"),
    ],
)
def test_nothing_can_hide_in_a_difference(raw, wanted):
    assert shown(raw) == wanted


def test_what_is_no_text_is_told_by_size_and_hash():
    said = shown(b"\xff\xfe")
    assert re.fullmatch(r"binary, 2 bytes, SHA-256 [0-9a-f]{64}\n", said)
    assert said != shown(b"\xff\xfd")


def test_a_change_of_line_ends_alone_is_told(home, store):
    folder = home / "drivers" / "own"
    trust(store, folder)
    (folder / "table.py").write_bytes(b"VOLTS = 1.0\r\n")
    assert store.look(folder)[1:] == (False, ONLY_INVISIBLE)


@given(
    st.dictionaries(st.text("ab/", min_size=1, max_size=4), st.binary(max_size=20), max_size=4),
    st.dictionaries(st.text("ab/", min_size=1, max_size=4), st.binary(max_size=20), max_size=4),
)
def test_different_folders_never_share_a_hash(one, two):
    assert (hash_of(one) == hash_of(two)) == (one == two)


@given(st.text("ab\n", max_size=30), st.text("ab\n", max_size=30))
def test_a_difference_is_empty_only_between_equal_texts(old, new):
    assert (unified({"a": old}, {"a": new}) == "") == (old == new)
