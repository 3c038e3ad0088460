"""The command line as people and programs use it: words, exit codes, hints."""

import json
import re
import socket
import subprocess
import sys
from contextlib import closing

import pytest
from typer.testing import CliRunner

from ionpy_auto.cli.__main__ import build, words
from ionpy_auto.cli.serving import listen, require_loopback
from ionpy_auto.core.errors import BadInput, StorageError
from tests.conftest import ROOT, ionpy

REFERENCE = ROOT / "tests" / "data" / "lgm50_c2_cccv_reference.csv"


@pytest.mark.parametrize("word", words())
def test_every_word_explains_itself(word):
    answer = CliRunner().invoke(build(word), [word, "--help"])
    assert answer.exit_code == 0
    assert len(re.sub(r"\W+", " ", answer.output).split()) > 10


def test_help_names_every_word_and_completion():
    answer = CliRunner().invoke(build(), ["--help"])
    assert answer.exit_code == 0
    assert all(word in answer.output for word in [*words(), "--install-completion"])


def test_completion_offers_every_word():
    answer = CliRunner().invoke(
        build(),
        [],
        env={"_ROOT_COMPLETE": "complete_bash", "COMP_WORDS": "root ", "COMP_CWORD": "1"},
        prog_name="root",
    )
    assert set(words()) <= set(answer.output.split())


def test_the_version_is_one_line():
    answer = ionpy("--version")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert re.fullmatch(r"ionpy-auto \d+\.\d+\.\d+\S*\n", answer.stdout)


@pytest.mark.parametrize("words", [["nonsense"], ["serve", "--nonsense"], ["replay"]])
def test_a_wrong_word_is_a_usage_error(words):
    assert ionpy(*words).returncode == 2


def test_a_reference_recording_gives_its_charge_as_json():
    answer = ionpy("replay", str(REFERENCE), "--current-sign", "discharge", "--json")
    result = json.loads(answer.stdout)
    assert (answer.returncode, len(result["steps"])) == (0, 5)
    wanted = {"charge_ah", "discharge_ah", "charge_wh", "discharge_wh", "duration_s", "gaps"}
    assert all(wanted <= step.keys() for step in result["steps"])
    assert {"charge_ah", "discharge_ah", "ce", "partial"} <= result["cycles"][0].keys()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([str(REFERENCE)], "--current-sign charge"),
        (["none.csv", "--current-sign", "charge"], "path of a CSV"),
        ([str(ROOT / "README.md"), "--current-sign", "charge"], ""),
        ([str(REFERENCE), "--current-sign", "upwards"], ""),
    ],
)
def test_a_replay_that_cannot_be_is_a_usage_error_with_a_hint(arguments, hint):
    answer = ionpy("replay", *arguments, "--json")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert hint in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_doctor_looks_at_everything(tmp_path):
    answer = ionpy("doctor", "--home", str(tmp_path / "home"), "--json")
    checks = {check["name"]: check for check in json.loads(answer.stdout)}
    assert {"Python", "SQLite", "Home", "Browser UI", "Drivers"} <= checks.keys()
    assert answer.returncode == (0 if all(check["ok"] for check in checks.values()) else 1)
    assert checks["Home"]["ok"]


def test_the_doctor_names_a_broken_driver_of_the_home(tmp_path):
    folder = tmp_path / "home" / "drivers" / "mine"
    folder.mkdir(parents=True)
    (folder / "driver.py").write_text("class X(:\n")
    answer = ionpy("doctor", "--home", str(tmp_path / "home"), "--json")
    checks = {check["name"]: check for check in json.loads(answer.stdout)}
    assert answer.returncode == 1
    assert "mine/driver.py:1" in checks["Drivers"]["detail"]


def test_the_doctor_sees_a_home_it_cannot_use(tmp_path):
    (tmp_path / "home").write_text("a file")
    answer = ionpy("doctor", "--home", str(tmp_path / "home"), "--json")
    checks = {check["name"]: check for check in json.loads(answer.stdout)}
    assert (answer.returncode, checks["Home"]["ok"]) == (1, False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lab.example", ""])
def test_an_address_others_can_reach_is_refused(host):
    with pytest.raises(BadInput) as refusal:
        require_loopback(host)
    assert "SSH tunnel" in refusal.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_alone_needs_no_login(host):
    require_loopback(host)


def test_serving_everybody_is_a_usage_error_with_a_hint(tmp_path):
    answer = ionpy("serve", "--host", "0.0.0.0", "--home", str(tmp_path))
    assert (answer.returncode, "hint: bind 127.0.0.1" in answer.stderr) == (2, True)


def test_a_port_that_is_taken_is_named_and_the_next_one_found():
    with closing(listen("127.0.0.1", 0, search=False)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StorageError, match=f"port {port} is in use"):
            listen("127.0.0.1", port, search=False)
        with closing(listen("127.0.0.1", port, search=True)) as other:
            assert other.getsockname()[1] > port


def test_a_socket_that_is_only_bound_takes_the_port_as_well():
    with closing(socket.socket()) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        with closing(listen("127.0.0.1", sock.getsockname()[1], search=True)) as found:
            with pytest.raises(OSError, match="in use"):
                sock.listen()
            assert found is not None


def test_an_address_of_another_machine_cannot_be_used():
    with pytest.raises(BadInput, match="cannot listen"):
        listen("203.0.113.7", 8000, search=True)


def test_the_highest_port_is_the_end_of_the_search():
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 65535))
        sock.listen()
        with pytest.raises(StorageError):
            listen("127.0.0.1", 65535, search=True)


def test_an_unknown_project_is_seen_before_anything_starts(tmp_path):
    answer = ionpy("serve", "--home", str(tmp_path / "h"), "--port", "0", "--project", "none")
    assert answer.returncode == 1
    assert "there is no project none" in answer.stderr
    assert not (tmp_path / "h" / "data").exists()


def test_a_project_that_cannot_be_opened_ends_the_start(tmp_path):
    folder = tmp_path / "projects" / "bad"
    folder.mkdir(parents=True)
    (folder / "project.json").write_text('{"name": "Bad"}')
    (folder / "devices.json").write_text('{"devices": 5}')
    answer = ionpy("serve", "--home", str(tmp_path), "--port", "0", "--project", "bad")
    assert answer.returncode == 2
    assert "devices.json" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("setting", ['{"port": "8000"}', '{"prot": 1}', "{", '{"port": 70000}'])
def test_wrong_settings_are_named(tmp_path, setting):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.json").write_text(setting)
    answer = ionpy("serve", "--home", str(tmp_path))
    assert (answer.returncode, "settings.json" in answer.stderr) == (2, True)


def test_a_second_server_on_the_same_home_is_refused(start_server):
    first = start_server("serve")
    answer = ionpy("serve", "--home", str(first.home), "--port", "0")
    assert answer.returncode == 1
    assert "another server uses" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert first.http.get("/api/health").status_code == 200


def test_a_word_imports_only_what_it_needs():
    code = (
        "import sys; from ionpy_auto.cli.__main__ import build; build('replay');"
        "print([m for m in ('litestar', 'uvicorn', 'sqlalchemy', 'pyvisa', 'pymodbus') "
        "if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert answer.stdout.strip() == "[]"
