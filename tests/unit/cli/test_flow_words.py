"""``check``, ``backtest`` and ``simulate`` as people and CI use them."""

import json
import re
import shutil

import pytest
import yaml
from typer.testing import CliRunner

from ionpy_auto.cli.__main__ import build
from ionpy_auto.cli.output import progress_bar
from ionpy_auto.core.errors import BadInput, NotFound, Rejected
from tests.conftest import DEMO, ROOT, ionpy
from tests.unit.simulation.recording import BEGIN, make, poll

FLOW = """version: 1
id: f
rules:
  - id: warm
    when: PSU_01.temp > 60 °C
    then: [log: "{{ PSU_01.temp }} °C"]
"""


@pytest.fixture
async def project(tmp_path):
    """A project with a flow and three rows."""
    folder = tmp_path / "home" / "projects" / "week"
    rows = [poll(BEGIN + 60 * n, temp=temp) for n, temp in enumerate((50.0, 65.0, 50.0))]
    await make(folder, rows)
    (folder / "flows").mkdir()
    (folder / "flows" / "f.yaml").write_text(FLOW, encoding="utf-8")
    return folder


def call(*words):
    return CliRunner().invoke(build(words[0]), list(words))


# -- check -------------------------------------------------------------------------------------


@pytest.fixture
def broken(tmp_path):
    """A project of which a flow, a channel and the devices have something wrong."""
    folder = tmp_path / "my bench"
    shutil.copytree(ROOT / "projects" / DEMO, folder)
    (folder / "flows" / "bad.yaml").write_text(
        FLOW.replace("id: f", "id: bad").replace("60 °C", "60 V"), encoding="utf-8"
    )
    (folder / "channels" / "CH9.yaml").write_text("nonsense: 1\n", encoding="utf-8")
    return folder


def test_findings_as_json_name_files_that_are_there(broken, monkeypatch):
    monkeypatch.chdir(broken.parent)
    answer = call("check", "my bench", "--format", "json")
    found = json.loads(answer.stdout)
    assert answer.exit_code == 1
    files = {finding["file"] for finding in found}
    assert {"my bench/flows/bad.yaml", "my bench/channels/CH9.yaml"} <= files
    assert all((broken.parent / file).is_file() for file in files)


def test_annotations_escape_what_would_end_them(broken, monkeypatch):
    monkeypatch.chdir(broken.parent)
    answer = call("check", "my bench", "--format", "github")
    lines = answer.stdout.splitlines()
    assert answer.exit_code == 1
    assert lines
    assert all(re.match(r"::(error|warning) file=[^,:]+,line=\d+,col=\d+::\S", x) for x in lines)


SARIF = {  # what GitHub's reference calls required, object by object
    "log": {"$schema": str, "version": "2.1.0", "runs": ["run"]},
    "run": {"tool": {"driver": "driver"}, "results": ["result"]},
    "driver": {"name": str, "rules": ["rule"]},
    "rule": {
        "id": str,
        "shortDescription": {"text": str},
        "fullDescription": {"text": str},
        "help": {"text": str},
        "defaultConfiguration": {"level": str},
    },
    "result": {
        "ruleId": str,
        "message": {"text": str},
        "locations": ["location"],
        "partialFingerprints": dict,
    },
    "location": {
        "physicalLocation": {
            "artifactLocation": {"uri": str},
            "region": {"startLine": int, "startColumn": int, "endLine": int, "endColumn": int},
        }
    },
}


def has_shape(content, shape, place="log"):
    if isinstance(shape, list):
        assert isinstance(content, list), place
        for number, item in enumerate(content):
            has_shape(item, SARIF[shape[0]], f"{place}[{number}]")
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            assert key in content, f"{place}.{key}"
            known = SARIF.get(inner) if isinstance(inner, str) else None
            has_shape(content[key], known or inner, f"{place}.{key}")
    elif isinstance(shape, str):
        assert content == shape, place
    else:
        assert isinstance(content, shape), place


def test_sarif_has_all_that_code_scanning_requires(broken, monkeypatch):
    monkeypatch.chdir(broken.parent)
    answer = call("check", "my bench", "--format", "sarif")
    log = json.loads(answer.stdout)
    assert answer.exit_code == 1
    has_shape(log, SARIF["log"])
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert len(run["results"]) >= 2
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(r"my%20bench/[\w./-]+", place["artifactLocation"]["uri"])
        region = place["region"]
        assert 1 <= region["startLine"] <= region["endLine"]
        assert 1 <= region["startColumn"] < region["endColumn"]
    prints = [json.dumps(result["partialFingerprints"]) for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_of_a_sound_project_is_an_empty_run():
    answer = call("check", str(ROOT / "projects" / DEMO), "--format", "sarif")
    log = json.loads(answer.stdout)
    assert (answer.exit_code, log["runs"][0]["results"]) == (0, [])
    has_shape(log, SARIF["log"])


def test_the_pre_commit_hook_calls_a_word_there_is_for_the_files_there_are():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"].split() == ["ionpy-auto", "check"]
    assert (hook["language"], "types" in hook) == ("python", True)
    shipped = [p.relative_to(ROOT).as_posix() for p in (ROOT / "projects").rglob("flows/*.yaml")]
    assert shipped
    assert all(re.search(hook["files"], path) for path in shipped)
    assert not re.search(hook["files"], "projects/x/channels/CH1.yaml")


# -- backtest ----------------------------------------------------------------------------------


def test_a_back_test_prints_each_firing_and_what_would_be_done(project):
    home = str(project.parents[1])
    answer = ionpy("backtest", "f", "--session", "1", "--home", home)
    assert answer.returncode == 0, answer.stderr
    first, second = answer.stdout.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  f/warm  PSU_01.temp = 65.0", first)
    assert second.strip().startswith("would log")
    assert "f/warm: 1 firings" in answer.stderr


def test_a_back_test_for_programs_is_one_document(project):
    file = project / "flows" / "f.yaml"
    answer = ionpy("backtest", str(file), "--session", "1", "--rule", "warm", "--json")
    result = json.loads(answer.stdout)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (result["rule"], result["count"]) == ("f/warm", 1)
    assert result["firings"][0]["at"] == BEGIN + 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["f"], "which recording"),
        (["none", "--session", "1"], "no flow 'none'"),
        (["f", "--from", "yesterday"], "is no time"),
        (["f", "--session", "1", "--project", "none"], "none"),
    ],
)
def test_a_back_test_that_makes_no_sense_is_refused_before_it_starts(project, words, said):
    answer = call("backtest", *words, "--home", str(project.parents[1]))
    assert isinstance(answer.exception, BadInput | NotFound)
    assert said in answer.exception.message


def test_what_fails_in_the_worker_is_told_here(project):
    answer = ionpy("backtest", "f", "--session", "9", "--home", str(project.parents[1]))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "no session 9" in answer.stderr
    assert "Traceback" not in answer.stderr


# -- simulate ----------------------------------------------------------------------------------

SHORT = """version: 1
id: short
channel: CH1
cell: cells/inr18650-25r
sequence:
  - {id: pause, rest: 20 s}
rules:
  - id: told
    when: {run: step_ended, step: pause}
    then: [marker: paused, {notify: {to: "http://127.0.0.1:9/", message: never sent}}]
"""


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(ROOT / "projects" / DEMO, folder)
    (folder / "flows" / "short.yaml").write_text(SHORT, encoding="utf-8")
    return folder


def test_a_simulation_runs_sequence_and_rules_and_touches_nothing(demo):
    before = sorted(path.relative_to(demo) for path in demo.rglob("*"))
    answer = ionpy("simulate", str(demo / "flows" / "short.yaml"), "--json")
    result = json.loads(answer.stdout)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (result["outcome"], result["verdict"]) == ("finished", "pass")
    assert [(step["step_id"], step["ended_by"]) for step in result["steps"]] == [("pause", "time")]
    assert 20 <= result["duration_s"] < 120
    assert [(r["id"], r["fired"]) for r in result["rules"]] == [("short/told", 1)]
    assert {"run", "run_step", "marker", "rule_fired"} <= {e["kind"] for e in result["events"]}
    assert sorted(path.relative_to(demo) for path in demo.rglob("*")) == before


def test_a_simulation_that_runs_out_of_hours_is_not_a_success(demo):
    answer = call("simulate", str(demo / "flows" / "short.yaml"), "--hours", "0.003")
    assert answer.exit_code == 1
    assert "unfinished" in answer.stderr


def test_a_flow_with_errors_is_not_simulated(demo):
    (demo / "flows" / "short.yaml").write_text(SHORT.replace("20 s", "20 V"), encoding="utf-8")
    answer = call("simulate", str(demo / "flows" / "short.yaml"))
    assert isinstance(answer.exception, Rejected)
    (finding,) = answer.exception.findings
    assert (finding.line, "20 V" in str(finding)) == (6, True)


def test_away_from_a_terminal_there_is_no_bar(capsys):
    with progress_bar("x", quiet=False) as tell:
        tell(0.5, "half")
    assert capsys.readouterr().err == ""


# -- preflight ---------------------------------------------------------------------------------


def test_a_prediction_is_shown_for_people_and_for_programs(demo):
    flow = str(demo / "flows" / "short.yaml")
    answer = ionpy("preflight", flow, "--soc", "0.4", "--json")
    result = json.loads(answer.stdout)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (result["outcome"], result["findings"]) == ("finished", [])
    assert [step["step_id"] for step in result["steps"]] == ["pause"]
    shown = call("preflight", flow)
    assert shown.exit_code == 0
    assert "limit voltage_max: 4.25 V (cell)" in shown.stdout
    assert "50% is assumed" in shown.stdout
    assert "from the mains" in shown.stderr


def test_a_run_that_would_be_refused_is_no_success(demo):
    limits = "limits: [{id: full, trip: voltage < 4 V}]\nsequence:"
    flow = demo / "flows" / "short.yaml"
    flow.write_text(SHORT.replace("sequence:", limits), encoding="utf-8")
    answer = call("preflight", str(flow), "--voltage", "3.5")
    assert answer.exit_code == 1
    assert "error:" in answer.stdout
