"""Runs started by programs: the real server, the command line, the shell script and the client."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
import yaml

from ionpy_auto.client import Client
from ionpy_auto.client.http import ServerLost
from ionpy_auto.core.errors import Conflict, NotFound, Rejected
from tests.conftest import environment, ionpy

from .riden_lab import ROOT, Lab

CI = ROOT / "docs" / "examples" / "ci"
CHANNEL = """
source: PSU_01
voltage: {from: DMM_01.cell_v, wires: 4}
current: {charge: PSU_01.i_out}
"""
LOOK = """
version: 1
id: check-ocv
channel: CH1
parameters: {lowest: {default: 2 V}}
limits: [voltage > 4.3 V, voltage < 2 V]
sequence:
  - {id: relax, rest: 20 s, measure: {ocv: {value: voltage, min: $lowest}}}
"""
LONG = """
version: 1
id: long
channel: CH1
limits: [voltage > 4.3 V, voltage < 2 V]
sequence:
  - {id: relax, rest: 5 h}
"""
ASKS = """
version: 1
id: asks
sequence:
  - {id: mass, prompt: Mass, unit: number, min: 30, max: 60}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    it = Lab(home, supply=None, guard="off")
    folder = home / "projects" / "bench"
    for name in ("channels", "flows"):
        (folder / name).mkdir(parents=True)
    project = {"name": "Bench", "simulation": {"speed": 60}}
    (folder / "project.json").write_text(json.dumps(project))
    devices = [
        {"id": name, "driver": driver, "transport": {"type": "virtual"}}
        for name, driver in (("PSU_01", "virtual_psu"), ("DMM_01", "virtual_meter"))
    ]
    (folder / "devices.json").write_text(json.dumps({"schema_version": 1, "devices": devices}))
    (folder / "channels" / "CH1.yaml").write_text(CHANNEL, encoding="utf-8")
    for text in (LOOK, LONG, ASKS):
        name = re.search(r"id: (\S+)", text)[1]
        (folder / "flows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    it.url = str(it.start().base_url).rstrip("/")
    yield it
    it.close()


@pytest.fixture
def client(lab):
    with Client(lab.url) as it:
        yield it


def cases(path: Path):
    return list(ET.parse(path).getroot().iter("testcase"))


# -- the script of the guide --------------------------------------------------------------------


def script(lab, tmp_path, *words):
    more = {"SERVER": lab.url, "JUNIT": str(tmp_path / "junit.xml"), "REST_S": "0.1"}
    return subprocess.run(
        ["sh", str(CI / "run-flow.sh"), *words],
        capture_output=True,
        text=True,
        env={**environment(), **more},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("lowest", "code", "failures"), [("2 V", 0, 0), ("9 V", 1, 1)], ids=["pass", "fail"]
)
def test_the_script_tells_the_verdict_and_keeps_the_measurements(
    lab, tmp_path, lowest, code, failures
):
    done = script(lab, tmp_path, "check-ocv", json.dumps({"lowest": lowest}))
    assert done.returncode == code, done.stderr
    found = cases(tmp_path / "junit.xml")
    ocv = [case for case in found if "ocv" in case.get("name")]
    assert sum(case.find("failure") is not None for case in ocv) == failures
    assert ocv


def test_the_script_says_what_was_refused(lab, tmp_path):
    done = script(lab, tmp_path, "nothing")
    assert (done.returncode, "NOT_FOUND" in done.stderr) == (2, True)


def test_the_examples_of_ci_call_words_that_exist():
    for name in ("github-actions.yml", "gitlab-ci.yml"):
        text = (CI / name).read_text(encoding="utf-8")
        assert isinstance(yaml.safe_load(text), dict)
        options = set(re.findall(r"(--[a-z][a-z-]+)", text))
        described = ionpy("run", "--help").stdout
        assert options
        assert not [option for option in options if option not in described]


# -- the command line -----------------------------------------------------------------------------


def run(lab, *words):
    return ionpy("run", *words, "--server", lab.url)


def test_the_command_line_writes_junit_and_report_and_fails(lab, tmp_path):
    junit, report = tmp_path / "j.xml", tmp_path / "r.html"
    words = ("--param", "lowest=9 V", "--junit", str(junit), "--report", str(report))
    done = run(lab, "check-ocv", *words)
    assert done.returncode == 1, done.stderr
    assert "relax" in done.stderr
    assert any(case.find("failure") is not None for case in cases(junit))
    assert "<html" in report.read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nothing"], 2, "there is no"),
        (["check-ocv", "--param", "nonsense=1"], 2, "nonsense"),
        (["check-ocv", "--param", "nonsense"], 2, "name=value"),
        (["check-ocv", "--report", "x.docx"], 2, "no report"),
        (["check-ocv", "--session", "77"], 2, "not running"),
        (["asks", "--timeout", "1"], 5, "asks: Mass"),
    ],
)
def test_an_exit_code_says_why_nothing_passed(lab, client, words, code, said):
    done = run(lab, *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    for found in client.runs.list(state="running").items:
        client.runs.abort(found["id"])


def test_no_server_is_said_at_once():
    done = ionpy("run", "check-ocv", "--server", "http://127.0.0.1:1")
    assert (done.returncode, "ionpy-auto serve" in done.stderr) == (5, True)


def test_a_question_is_answered_from_the_command_line(lab):
    done = run(lab, "asks", "--answer", "mass=45.2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"][0]["step_id"] == "mass"


def test_a_cancelled_job_stops_its_run(lab, client):
    words = [sys.executable, "-m", "ionpy_auto", "run", "long", "--stop-on-interrupt"]
    process = subprocess.Popen(
        [*words, "--server", lab.url], stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        while "running" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    (last,) = client.runs.list(sequence="long", limit=1).items
    assert (process.returncode, last["state"], last["verdict"]) == (130, "finished", "aborted"), (
        said
    )


def test_the_words_of_runs_tell_a_run(lab, client):
    started = client.runs.start("long")

    def words(*given):
        done = ionpy("runs", *given, "--server", lab.url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert started["id"] in words("list", "--sequence", "long")
    while client.runs.get(started["id"])["step_id"] != "relax":
        time.sleep(0.05)
    words("pause", started["id"])
    while client.runs.get(started["id"])["state"] != "paused":
        time.sleep(0.05)
    words("resume", started["id"])
    while client.runs.get(started["id"])["state"] != "running":
        time.sleep(0.05)
    assert "relax" in words("show", started["id"])
    words("abort", started["id"])
    waited = ionpy("runs", "wait", started["id"], "--server", lab.url)
    assert waited.returncode == 3


# -- the client -----------------------------------------------------------------------------------


def test_the_guide_of_the_client_does_what_it_shows(lab):
    text = (ROOT / "docs" / "how-to" / "use-the-python-client.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python client\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    names = {"SERVER": lab.url}
    exec(compile(code, "use-the-python-client.md", "exec"), names)
    assert names["run"]["verdict"] == "pass"
    assert b"<testcase" in names["junit"]


def test_the_client_raises_what_the_server_refused(client):
    with pytest.raises(NotFound):
        client.runs.start("nothing")
    with pytest.raises(Rejected) as refusal:
        client.runs.start("check-ocv", parameters={"nonsense": 1})
    assert refusal.value.findings[0].code == "unknown-parameter"
    with pytest.raises(Conflict) as held:
        client.runs.start("long", session=4711)
    assert held.value.error_code == "SESSION_NOT_RUNNING"


def test_events_tell_a_run_to_its_end(client):
    started = client.runs.start("check-ocv")
    events = list(client.runs.events(started["id"]))
    assert events[0].kind == "run"
    assert (events[-1].kind, events[-1].content["state"]) == ("run", "finished")
    assert "run_step" in {event.kind for event in events}


def test_a_lost_server_is_said_after_the_patience():
    with Client("http://127.0.0.1:1", patience_s=0.3) as nobody, pytest.raises(ServerLost):
        nobody.runs.get("x")


def test_a_key_gives_the_same_run_after_a_restart(lab, client):
    """Last here: it restarts the server."""
    first = client.runs.start("check-ocv", key="job-1")
    client.runs.wait(first["id"])
    lab.process.terminate()
    lab.process.communicate()
    lab.url = str(lab.start().base_url).rstrip("/")
    refused = httpx.post(
        f"{lab.url}/api/runs", json={"sequence": "check-ocv"}, headers={"Idempotency-Key": "job-1"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "ALREADY_STARTED")
    with Client(lab.url) as again:
        assert again.runs.start("check-ocv", key="job-1")["id"] == first["id"]
        assert again.runs.list(sequence="check-ocv", limit=1).items[0]["id"] == first["id"]
