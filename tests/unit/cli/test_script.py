"""``ionpy-auto script`` without a server."""

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
