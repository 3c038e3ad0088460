"""Files: old or new and never half, no way out of a folder, strict JSON, and where home is."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ionpy_auto.core import files
from ionpy_auto.core.errors import BadInput, ConfigInvalid, StorageError
from ionpy_auto.core.files import (
    HOME_MARK,
    Home,
    find_home,
    inside,
    read_json,
    revision_of,
    shipped_path,
    single_instance,
    slug,
    write_atomic,
    write_json,
)

ROOT = Path(__file__).resolve().parents[3]
OLD, NEW = "old " * 1000, "new " * 1000


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix == ".tmp"]


def test_a_write_replaces_the_content_and_keeps_the_previous(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    write_atomic(path, OLD, backup=True)
    write_atomic(path, NEW, backup=True)
    assert path.read_text() == NEW
    assert (tmp_path / "devices.json.bak").read_text() == OLD
    assert sorted(p.name for p in tmp_path.iterdir()) == ["devices.json", "devices.json.bak"]


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "x\r\ny\n")
    assert (tmp_path / "a").read_bytes() == b"x\r\ny\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_private_file_and_its_backup_stay_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{}")
    path.chmod(0o600)
    write_json(path, {"key": "secret"})
    write_json(path, {"key": "another"})
    modes = [p.stat().st_mode & 0o777 for p in (path, tmp_path / "secrets.json.bak")]
    assert modes == [0o600, 0o600]


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_an_error_at_any_step_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(OLD)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os if step == "fsync" else Path, step, fail)
    with pytest.raises(StorageError, match="No space left"):
        write_atomic(path, NEW)
    assert path.read_text() == OLD
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(OLD)
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))\n"
        "from ionpy_auto.core.errors import StorageError\n"
        "from ionpy_auto.core.files import write_atomic\n"
        "try: write_atomic(Path(sys.argv[1]), 'n' * 100_000)\n"
        "except StorageError: sys.exit(7)\n"
    )
    command = [sys.executable, "-B", "-c", script, str(path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 7
    assert path.read_text() == OLD
    assert leftovers(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2048


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("call", ["write", "fsync", "rename", "chmod"])
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO"])
def test_old_or_new_wherever_the_process_dies_or_the_disk_fails(
    tmp_path: Path, call: str, fault: str
) -> None:
    """Every call of that kind on this folder is hit once: the first, the second, ..."""
    script = (
        "import sys; from pathlib import Path\n"
        "from ionpy_auto.core.files import write_atomic\n"
        "write_atomic(Path(sys.argv[1]), 'new ' * 1000, backup=True)\n"
    )
    fired = 0
    for nth in range(1, 4):
        folder = tmp_path / str(nth)
        folder.mkdir()
        path = folder / "a.json"
        path.write_text(OLD)
        trace = tmp_path / f"{nth}.trace"
        command = ["strace", "-f", "-o", str(trace), "-P", str(folder), "-P", str(path)]
        command = ["strace", "-f", "-o", str(trace), "-e", f"trace={call}"]
        # Python itself writes and renames nothing before: -B, and no output.
        command += ["-e", f"inject={call}:{fault}:when={nth}", sys.executable, "-B", "-c", script]
        done = subprocess.run(
            [*command, str(path)], cwd=ROOT, check=False, capture_output=True, timeout=60
        )
        if "ptrace" in done.stderr.decode() and not trace.exists():
            pytest.skip("ptrace is not allowed here")
        text = trace.read_text()
        fired += "INJECTED" in text or "killed by SIGKILL" in text
        assert path.read_text() in {OLD, NEW}
        backup = folder / "a.json.bak"
        assert not backup.exists() or backup.read_text() == OLD
        if done.returncode == 0:
            assert path.read_text() == NEW
    assert fired >= 2


def test_half_a_character_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    for content in ({"a": "\ud800"}, {"a": float("nan")}, {"a": float("inf")}, {"a": object()}):
        with pytest.raises(BadInput):
            write_json(path, content)
    assert read_json(path) == {"a": 1}
    assert not (tmp_path / "a.json.bak").exists()


# -- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"x": {"b": 1, "b": 1}}', "'b' stands twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e999}', "1e999"),
        ('{"a": -1e999}', "-1e999"),
        ('{"a": 1,\n "b": }', r"a\.json:2:7"),
        ("", r"a\.json:1:1"),
        ("[" * 100_000, "a.json"),
        ('{"a":' * 100_000, "a.json"),
        ("9" * 5000, "a.json"),
        ('{"a": 1} x', "a.json:1:10"),
    ],
)
def test_json_that_is_not_strict_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match=why):
        read_json(path)


def test_bytes_that_are_no_utf8_are_refused_and_a_mark_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ConfigInvalid):
        read_json(path)
    path.write_bytes(b'\xef\xbb\xbf{"a": "\xc3\xa4"}')
    assert read_json(path) == {"a": "ä"}


def test_a_file_too_large_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_JSON_BYTES", 10)
    path = tmp_path / "a.json"
    path.write_text(json.dumps("x" * 20))
    with pytest.raises(ConfigInvalid, match="larger"):
        read_json(path)


# -- paths ------------------------------------------------------------------------------------

ESCAPES = [
    *(
        "..",
        ".",
        "",
        "/",
        "../x",
        "a/../../x",
        "a/..",
        "a/../b",
        "./a",
        "a/./b",
        "//x",
        "a//b",
        "a/",
    ),
    *("/etc/passwd", "C:", "C:\\x", "C:x", "\\\\server\\share", "..\\x", "a\\b", "file:stream"),
    *("a\0b", "a\nb", "a\tb", "\x7f", "a\x1b[0m", " a", "a ", "a.", "a./b", "...", ". ."),
    *("CON", "con.txt", "nul", "NUL.tar.gz", "aux", "PRN", "COM1", "lpt9.x", "a/CON/b", "com¹"),
    *("a*b", "a?b", "<a>", "a|b", 'a"b', "\ud800"),
]


@pytest.mark.parametrize("part", ESCAPES, ids=repr)
def test_no_way_out_of_a_folder(tmp_path: Path, part: str) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for parts in ((part,), ("sub", part)):
        with pytest.raises(BadInput) as caught:
            inside(base, *parts)
        assert caught.value.error_code == "UNSAFE_PATH"


@pytest.mark.parametrize(
    "part", ["a", "a/b.json", "Prüfung 1", "console", "com10", "nullable.yaml", ".hidden", "a..b"]
)
def test_plain_names_are_joined(tmp_path: Path, part: str) -> None:
    assert inside(tmp_path, part) == (tmp_path / part).resolve()


def test_an_absolute_part_is_refused_even_when_it_leads_inside(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        inside(tmp_path, str(tmp_path / "a"))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_may_not_lead_out_or_in_a_ring(tmp_path: Path) -> None:
    base, secret = tmp_path / "ws", tmp_path / "ws_secret"
    base.mkdir()
    secret.mkdir()
    (base / "out").symlink_to(secret)
    (base / "dangling").symlink_to(tmp_path / "nowhere")
    (base / "ring").symlink_to(base / "ring2")
    (base / "ring2").symlink_to(base / "ring")
    (base / "near").symlink_to(base / "real")
    for name in ("out", "out/file", "dangling", "ring/x"):
        with pytest.raises(BadInput):
            inside(base, name)
    assert inside(base, "near", "x") == (base / "real" / "x").resolve()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Akku-Prüfung 1", "akku-pruefung-1"),
        ("Akku-Pru\u0308fung 1", "akku-pruefung-1"),
        ("ÄÖÜ ẞß", "aeoeue-ssss"),
        ("10 Ω / 5 µA / 5 μA", "10-ohm-5-ua-5-ua"),
        ("  ../../etc  ", "etc"),
        ("Crème brûlée", "creme-brulee"),
        ("A" * 100, "a" * 64),
        ("x" * 63 + " y", "x" * 63),
    ],
)
def test_a_name_becomes_a_folder(name: str, word: str) -> None:
    assert slug(name) == word
    assert slug(word) == word


@pytest.mark.parametrize("name", ["", "...", "電池", "🔋", "CON", "com1", "Lpt9", "NUL", "con."])
def test_a_name_without_a_usable_letter_still_becomes_a_folder(tmp_path: Path, name: str) -> None:
    word = slug(name)
    assert word.startswith("project-")
    assert inside(tmp_path, word).parent == tmp_path.resolve()


def test_names_that_differ_only_in_what_a_folder_cannot_show_collide_openly() -> None:
    assert slug("Test 1") == slug("test_1") == "test-1"
    assert slug("電池") != slug("充電")


def test_a_revision_changes_with_the_content_only() -> None:
    assert revision_of("ä") == revision_of("ä".encode()) != revision_of("a")


# -- shipped and home -------------------------------------------------------------------------


def test_home_is_searched_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, option, env, data = (tmp_path / name for name in ("here", "option", "env", "data"))
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(files.platformdirs, "user_data_dir", lambda *_, **__: str(data))
    monkeypatch.setenv("IONPY_HOME", str(env))
    Home(here).create()
    assert find_home(option).root == option.resolve()
    assert find_home().root == env.resolve()
    monkeypatch.setenv("IONPY_HOME", "")
    assert find_home().root == here
    (here / HOME_MARK).unlink()
    assert find_home().root == data


def test_a_home_makes_its_folders_once_and_no_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "lab" / "home")
    home.create()
    home.create()
    assert {p.name for p in home.root.iterdir()} == {HOME_MARK, *files.HOME_FOLDERS}
    with pytest.raises(ValueError, match="no folder"):
        home.folder("../x")


def test_in_a_checkout_shipped_things_are_beside_the_package() -> None:
    assert shipped_path("ionpy_auto", "core").is_dir()


def test_one_home_is_served_by_one_process(tmp_path: Path) -> None:
    lock = tmp_path / "var" / "lock"
    with single_instance(lock):
        with pytest.raises(StorageError) as caught, single_instance(lock):
            pass
        assert caught.value.error_code == "HOME_IN_USE"
    with single_instance(lock):
        pass
