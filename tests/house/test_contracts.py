"""The house rules that a machine can check: floors, drivers, words, wires, light imports."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionpy_auto.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PYTHON_FILES = sorted((ROOT / "ionpy_auto").rglob("*.py"))
DRIVER_FILES = sorted((ROOT / "drivers").rglob("*.py"))
ALLOWED_IN_DRIVERS = ("ionpy_auto.devices", "ionpy_auto.physics")
PARTS = ("/wo|rk/", "/ro|ot/", "pypi.or|g/simple", "registry.npmj|s", "files.pythonhos|ted")
# Written in pieces, so that this file does not name them either.
FORBIDDEN = re.compile("|".join(re.escape(part.replace("|", "")) for part in PARTS))


def tracked() -> list[Path]:
    """Files that git knows, or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in answer.stdout.splitlines() if (ROOT / name).is_file()]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def loaded(modules: str, wanted: tuple[str, ...]) -> str:
    """Which of ``wanted`` are loaded by importing ``modules``, in a fresh interpreter."""
    code = f"import sys, {modules}; print([m for m in {wanted!r} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_imports_point_down() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", DRIVER_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_drivers_see_only_devices_and_physics(path: Path) -> None:
    ours = [name for name in imports_of(path) if name.split(".", maxsplit=1)[0] == "ionpy_auto"]
    assert all(
        any(name == room or name.startswith(f"{room}.") for room in ALLOWED_IN_DRIVERS)
        for name in ours
    ), ours


def test_every_file_says_what_it_owns() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in PYTHON_FILES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_only_devices_hold_wires_and_only_the_gate_asks_for_targets() -> None:
    wires = {"serial", "serial_asyncio", "pymodbus", "pyvisa", "socket"}
    allowed = (
        "devices/",
        "connections/",
        "cli/serving.py",
        "alarms/channels/",
        "alarms/outward.py",
        "cli/commands/doctor.py",
    )
    for path in PYTHON_FILES:
        name = path.relative_to(ROOT / "ionpy_auto").as_posix()
        used = {module.split(".", maxsplit=1)[0] for module in imports_of(path)} & wires
        assert not used or name.startswith((*allowed, "testing/")), f"{name} uses {used}"
        if not name.startswith(("core/commands.py", "devices/", "testing/")):
            assert ".write_target(" not in path.read_text(encoding="utf-8"), name


def test_sqlite_is_opened_in_storage_alone() -> None:
    for path in PYTHON_FILES:
        name = path.relative_to(ROOT / "ionpy_auto").as_posix()
        if not name.startswith("storage/"):
            text = path.read_text(encoding="utf-8")
            assert "sqlite3.connect(" not in text, name
            assert "create_engine(" not in text, name


def test_the_ground_floor_is_light() -> None:
    heavy = ("litestar", "sqlmodel", "sqlalchemy", "pymodbus", "pyvisa", "httpx", "numpy")
    modules = "ionpy_auto.core.commands, ionpy_auto.core.settings, ionpy_auto.language"
    assert loaded(modules, heavy) == "[]"


def test_optional_hardware_libraries_wait_until_they_are_used() -> None:
    assert loaded("ionpy_auto.web.app", ("pyvisa", "numpy")) == "[]"


def test_the_repository_names_no_machine_and_no_registry() -> None:
    for path in tracked():
        if path.suffix not in {".png", ".ico", ".woff2"}:
            found = FORBIDDEN.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{path.relative_to(ROOT)} names {found[0] if found else ''}"


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for path in sorted((ROOT / "requirements").glob("*.lock")):
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "http://" not in text
        assert "https://" not in text
    packages = (ROOT / "ui" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in packages


def test_every_change_fragment_says_something() -> None:
    for path in (ROOT / "changes").glob("*.md"):
        assert len(path.read_text(encoding="utf-8").strip()) > 20, path.name


def test_the_settings_page_names_every_field() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `{name}` |" in page
        assert f"`{field.default!r}`" in page, name
