"""``ionpy-auto script`` without a server."""

import httpx
import pytest
from typer.testing import CliRunner

from ionpy_auto.cli.commands.script import app, parameters
from ionpy_auto.core.errors import BadInput

runner = CliRunner()


def test_check_names_line_and_column_and_fails(tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("v = await read('PSU_01.v_out')\n")
    bad.write_text("x = 1\nawait raed('PSU_01.v_out')\n")
    assert runner.invoke(app, ["check", str(good)]).exit_code == 0
    answer = runner.invoke(app, ["check", str(bad), "--format", "json"])
    assert answer.exit_code == 1
    assert '"line": 2' in answer.output


def test_parameters_are_numbers_flags_or_texts():
    given = parameters(["a=0.5", "b=3", "c=true", "d=CH1", "e=x=y", "f=[1]"])
    assert given == {"a": 0.5, "b": 3, "c": True, "d": "CH1", "e": "x=y", "f": "[1]"}
    with pytest.raises(BadInput):
        parameters(["novalue"])


def test_a_native_script_is_checked_for_its_syntax_alone(tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("# ionpy: native\nimport numpy\nx: int = 'text'\nawait wait(1)\n")
    bad.write_text("# ionpy: native\nif True print(1)\n")
    assert runner.invoke(app, ["check", str(good)]).exit_code == 0
    assert runner.invoke(app, ["check", str(bad)]).exit_code == 1


def test_a_native_script_is_read_trusted_and_distrusted_on_a_running_server(start_server, tmp_path):
    server = start_server()
    address = server.url.rstrip("/")
    text = "# ionpy: native\nimport sys\nprint(sys.version_info[0])\n"
    httpx.put(f"{address}/api/scripts/crunch", json={"text": text}).raise_for_status()
    run = ["run", "crunch", "--server", address]
    assert runner.invoke(app, run).exit_code != 0
    no = runner.invoke(app, ["trust", "crunch", "--server", address], input="n\n")
    assert (no.exit_code, "+import sys" in no.output) == (1, True)
    assert runner.invoke(app, ["trust", "crunch", "--server", address], input="y\n").exit_code == 0
    assert runner.invoke(app, run).exit_code == 0
    assert runner.invoke(app, ["distrust", "crunch", "--server", address]).exit_code == 0
    assert runner.invoke(app, run).exit_code != 0
