"""``flow import`` and ``flow export`` as people use them."""

import json

from typer.testing import CliRunner

from ionpy_auto.cli.__main__ import build
from ionpy_auto.core.errors import BadInput, Rejected
from tests.conftest import ROOT

EXAMPLE = ROOT / "tests" / "data" / "unicycler_example.json"
CELL = "cells/inr18650-25r"


def call(*words):
    return CliRunner().invoke(build("flow"), ["flow", *map(str, words)])


def test_a_protocol_becomes_a_file_and_a_protocol_again(tmp_path):
    target = tmp_path / "lgm50.yaml"
    answer = call("import", EXAMPLE, "--cell", CELL, "--out", target)
    assert answer.exit_code == 0
    assert "step 2 and 3: changed: one step with one time" in answer.stderr
    assert target.read_text(encoding="utf-8").startswith("version: 1\nid: lgm50\n")
    answer = call("export", target)
    assert json.loads(answer.stdout)["sample"] == {"name": "LGM50", "capacity_mAh": 2500.0}
    assert "its time bounds each of the two phases" in answer.stderr
    assert CliRunner().invoke(build("check"), ["check", str(target)]).exit_code == 0


def test_sentences_go_to_the_terminal(tmp_path):
    path = tmp_path / "experiment.txt"
    path.write_text("Rest for 30 minutes\n", encoding="utf-8")
    answer = call("import", path, "--id", "pause")
    assert "id: pause\n" in answer.stdout
    assert "- {id: rest, rest: 30 min}" in answer.stdout


def test_what_is_no_file_or_has_errors_is_refused(tmp_path):
    assert isinstance(call("import", tmp_path / "none.json").exception, BadInput)
    assert isinstance(call("export", tmp_path / "none.yaml").exception, BadInput)
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\nid: bad\nsequence: [{rest: 3 V}]\n", encoding="utf-8")
    refusal = call("export", bad).exception
    assert isinstance(refusal, Rejected)
    assert refusal.findings
