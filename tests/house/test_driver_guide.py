"""The driver guide does what it says: its files are a driver, its commands run."""

import importlib.util
import re
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ionpy_auto.cli.__main__ import build
from ionpy_auto.devices import ProtectionKind
from ionpy_auto.testing.driver_folder import found_in

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-driver.md"
TEXT = GUIDE.read_text(encoding="utf-8")
FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = dict(CONSOLE.findall(TEXT))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the guide, as a reader would put them together."""
    path = tmp_path / "drivers" / "ms_3005"
    path.mkdir(parents=True)
    for name, text in FILE.findall(TEXT):
        (path / name).write_text(text, encoding="utf-8")
    (path / "README.md").write_text("# ms_3005\n", encoding="utf-8")
    return path


def say(command: str, *more: str) -> Result:
    """A command of the guide, in this process."""
    words = [*command.split()[1:], *more]
    return CliRunner().invoke(build(words[0]), words)


def test_the_files_of_the_guide_are_all_there(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {"driver.py", "simulator.py", "frames.jsonl", "test_ms_3005.py", "README.md"}


def test_the_check_of_the_guide_says_what_stands_there(folder: Path) -> None:
    (command,) = (one for one in COMMANDS if " driver check " in one)
    answer = say(command.replace("drivers/ms_3005", str(folder)))
    assert answer.exit_code == 0
    assert answer.output == COMMANDS[command]


def test_the_tests_of_the_guide_pass(folder: Path) -> None:
    path = folder / "test_ms_3005.py"
    spec = importlib.util.spec_from_file_location("guide_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = [thing for name, thing in vars(module).items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()


def test_the_first_command_of_the_guide_writes_a_driver(tmp_path: Path) -> None:
    (command,) = (one for one in COMMANDS if " new driver " in one)
    assert say(command, "--home", str(tmp_path)).exit_code == 0
    assert found_in(tmp_path / "drivers" / "ms_3005")[2][0].name == "ms_3005"


def test_the_kinds_and_protections_of_the_guide_are_those_there_are() -> None:
    for words in (("scpi", "modbus", "virtual", "yaml"), [kind.name for kind in ProtectionKind]):
        assert not [word for word in words if f"| `{word}`" not in TEXT]
