"""``routes``: the way of an alarm on the command line."""

import json

import pytest
from typer.testing import CliRunner

from ionpy_auto.alarms.routing.example import EXAMPLE
from ionpy_auto.cli.__main__ import build
from ionpy_auto.core.errors import BadInput

TEXT = """
route:
  receiver: lab
  routes:
    - matchers: ['severity="critical"']
      receiver: oncall
      continue: true
    - matchers: ['device=~"PSU_.*"']
      receiver: log
      mute_time_intervals: [nights]
receivers: [{name: lab}, {name: oncall}]
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: "20:00", end_time: "24:00"}]}]
"""
BOTH = ["severity=critical", "device=PSU_01"]


@pytest.fixture
def ask(tmp_path):
    config = tmp_path / "alarms.yaml"
    config.write_text(TEXT)

    def call(*words, text=None):
        if text is not None:
            config.write_text(text)
        arguments = ["routes", words[0], "--config", str(config), *words[1:]]
        return CliRunner().invoke(build("routes"), arguments)

    return call


def test_all_receivers_are_shown_with_reasons(ask):
    answer = ask("test", *BOTH)
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert [line for line in lines if not line.startswith((" ", "not"))] == ["oncall", "log"]
    assert "severity is 'critical'" in answer.stdout


def test_programs_get_the_same_as_over_rest(ask):
    answer = json.loads(
        ask("test", *BOTH, "--at", "2026-05-01T22:00+00:00", "--format", "json").stdout
    )
    assert [way["muted"] for way in answer["ways"]] == [False, True]
    assert [way["receiver"] for way in answer["ways"]] == ["oncall", "log"]


@pytest.mark.parametrize(("names", "code"), [("oncall,log", 0), ("log,oncall", 1), ("lab", 1)])
def test_verify_makes_it_a_test(ask, names, code):
    assert ask("test", *BOTH, "--verify", names).exit_code == code


def test_a_file_with_errors_shows_them_like_a_compiler(ask):
    bad = TEXT.replace("receiver: oncall", "receiver: onkall")
    assert ask("test", *BOTH, text=bad).exit_code == 1
    answer = ask("check", text=bad)
    assert answer.exit_code == 1
    assert "alarms.yaml:6:17: error" in answer.stdout
    assert ask("check", text=EXAMPLE).exit_code == 0


def test_the_tree_is_shown(ask):
    answer = ask("show")
    assert [word in answer.stdout for word in ("root → lab", "→ oncall (continue)")] == [True] * 2
    assert json.loads(ask("show", "--format", "json").stdout)["tree"]["receiver"] == "lab"


@pytest.mark.parametrize("words", [["severity"], ["a-b=c"], ["--at", "soon"]])
def test_what_is_wrong_usage(ask, words):
    assert isinstance(ask("test", *words).exception, BadInput)


def test_a_channel_the_server_would_refuse_is_an_error_here_too(ask):
    bad = TEXT.replace("{name: lab}", "{name: lab, webhook_configs: [{url: 3, colour: red}]}")
    answer = ask("check", text=bad)
    assert answer.exit_code == 1
    assert "alarms.yaml:11:49: error" in answer.stdout
