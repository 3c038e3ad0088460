"""Our routes against Alertmanager's own ``amtool``: the same way for the same labels."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.testing.wires import tool_path

AMTOOL = tool_path("amtool")
pytestmark = pytest.mark.skipif(not AMTOOL, reason="amtool is not installed")

NAMES = ["severity", "device", "entity", "a_b"]
VALUES = ["critical", "warning", "PSU_01", "PSU_02", "u out", "", 'q"q', "b\\b", "é\n1"]
PATTERNS = ["PSU_.*", ".*", "", "c.+|warn", "(?i)psu_0[12]", "[^c].*", "critical|", "u.out", ".1"]
TIMES = ["1s", "30s", "1h30m", "2m"]


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@st.composite
def matcher(draw: st.DrawFn) -> str:
    operator = draw(st.sampled_from(["=", "!=", "=~", "!~"]))
    value = draw(st.sampled_from(PATTERNS if "~" in operator else VALUES))
    is_plain = value.replace("_", "").replace(".", "").replace("*", "").isalnum()
    bare = is_plain and draw(st.booleans())
    shown = value if bare else f'"{escaped(value)}"'
    gap = draw(st.sampled_from(["", " "]))
    return f"{draw(st.sampled_from(NAMES))}{gap}{operator}{gap}{shown}"


@st.composite
def matcher_line(draw: st.DrawFn) -> str:
    line = ",".join(draw(st.lists(matcher(), min_size=1, max_size=2)))
    return draw(st.sampled_from(["{}", "{{{}}}", "{},"])).format(line)


def pairs(values: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(NAMES), st.sampled_from(values), max_size=2)


@st.composite
def route(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    optional = {
        "receiver": st.integers(0, 40).map("r{}".format),
        "matchers": st.lists(matcher_line(), max_size=2),
        "match": pairs(VALUES),
        "match_re": pairs(PATTERNS),
        "continue": st.booleans(),
        "group_by": st.sampled_from([["device"], ["..."], ["a_b", "entity"]]),
        "group_wait": st.sampled_from(TIMES),
        "repeat_interval": st.sampled_from(TIMES),
    }
    for key, strategy in optional.items():
        if draw(st.integers(0, 9)) < (8 if key == "receiver" else 4):
            made[key] = draw(strategy)
    if depth:
        made["routes"] = draw(st.lists(route(depth - 1), max_size=4))
    return made


@st.composite
def tree(draw: st.DrawFn) -> dict[str, Any]:
    receivers = [{"name": f"r{number}"} for number in range(41)]
    routes = draw(st.lists(route(2), min_size=1, max_size=5))
    return {"route": {"receiver": "r0", "routes": routes}, "receivers": receivers}


LABELS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=4)


def ways_of_amtool(config: Path, labels: dict[str, str]) -> list[str]:
    words = [f'{name}="{escaped(value)}"' for name, value in labels.items()]
    command = [AMTOOL, "config", "routes", "test", f"--config.file={config}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip().split(",")


def compare(folder: Path, content: dict[str, Any], several: list[dict[str, str]]) -> None:
    text = json.dumps(content, ensure_ascii=False)
    config = folder / "alertmanager.yml"
    config.write_text(text, encoding="utf-8")
    routing, findings = read_routing(text)
    assert routing is not None, findings
    for labels in several:
        ours = [taken.receiver for taken in routing.match(labels)]
        assert ours == ways_of_amtool(config, labels), (text, labels)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=25, suppress_health_check=QUIET)
@given(content=tree(), several=st.lists(LABELS, min_size=2, max_size=2))
def test_an_alarm_takes_the_way_amtool_says(
    tmp_path: Path, content: dict[str, Any], several: list[dict[str, str]]
) -> None:
    compare(tmp_path, content, several)


@pytest.mark.proof
@pytest.mark.parametrize("part", range(4))
@settings(max_examples=400, suppress_health_check=QUIET)
@given(content=tree(), several=st.lists(LABELS, min_size=3, max_size=3))
def test_thousands_of_alarms_take_the_way_amtool_says(
    tmp_path: Path, part: int, content: dict[str, Any], several: list[dict[str, str]]
) -> None:
    compare(tmp_path, content, several)


# -- what is a configuration ------------------------------------------------------------------

PIECES = st.lists(
    st.sampled_from([*'ab_1:=~!\\"{}, \n.*(', "=~", '"x"', "PSU_.*", "severity", "é"]), max_size=9
)


def is_accepted(config: Path) -> bool:
    command = [AMTOOL, "check-config", str(config)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def judge(folder: Path, route: dict[str, Any], more: dict[str, Any] | None = None) -> None:
    content = {"route": {"receiver": "a", "routes": [route]}, "receivers": [{"name": "a"}]}
    content |= more or {}
    text = json.dumps(content, ensure_ascii=False)
    config = folder / "alertmanager.yml"
    config.write_text(text, encoding="utf-8")
    routing, findings = read_routing(text)
    assert is_accepted(config) == (routing is not None), (text, findings)


@settings(max_examples=25, suppress_health_check=QUIET)
@given(pieces=PIECES)
def test_what_amtool_takes_as_a_matcher_is_one(tmp_path: Path, pieces: list[str]) -> None:
    judge(tmp_path, {"matchers": ["".join(pieces)]})


@pytest.mark.proof
@pytest.mark.parametrize("part", range(2))
@settings(max_examples=1000, suppress_health_check=QUIET)
@given(pieces=PIECES)
def test_thousands_of_texts_are_matchers_where_amtool_says_so(
    tmp_path: Path, part: int, pieces: list[str]
) -> None:
    judge(tmp_path, {"matchers": ["".join(pieces)]})


@pytest.mark.parametrize(
    "route",
    [
        {"receiver": "b"},
        {"group_by": ["...", "a"]},
        {"group_by": ["a", "a"]},
        {"group_by": ["a-b"]},
        {"group_by": []},
        {"group_wait": "0s"},
        {"group_interval": "0s"},
        {"repeat_interval": "0s"},
        {"group_wait": "1m1h"},
        {"group_wait": ""},
        {"match": {"a-b": "c"}},
        {"match_re": {"a": "("}},
        {"matchers": ['a=~"[z-a]"']},
        {"matchers": ['a=~"(?=b)"']},
        {"matchers": ['a=~"b{1001}"']},
        {"matchers": ['a=~"(?P<x>b)"']},
        {"matchers": ['a=~"\\\\C"']},
        {"mute_time_intervals": ["none"]},
        {"active_time_intervals": ["none"]},
        {"unknown": "x"},
        {"routes": [{"receiver": "b"}]},
    ],
    ids=str,
)
def test_amtool_refuses_the_same_routes(tmp_path: Path, route: dict[str, Any]) -> None:
    judge(tmp_path, route)


@pytest.mark.parametrize(
    "part",
    [
        {"times": [{"start_time": "10:00", "end_time": "24:00"}]},
        {"times": [{"start_time": "10:00", "end_time": "10:00"}]},
        {"times": [{"start_time": "10:00"}]},
        {"times": [{"start_time": "24:00", "end_time": "24:00"}]},
        {"times": [{"start_time": "9:00", "end_time": "24:00"}]},
        {"weekdays": ["Monday:FRIDAY"]},
        {"weekdays": ["friday:monday"]},
        {"weekdays": ["mon"]},
        {"days_of_month": ["1:31", "-1"]},
        {"days_of_month": ["0"]},
        {"days_of_month": ["32"]},
        {"days_of_month": ["-5:3"]},
        {"days_of_month": ["5:-1"]},
        {"days_of_month": ["31:-30"]},
        {"months": ["january:3", "12"]},
        {"months": ["5:1"]},
        {"years": ["2024:2026"]},
        {"years": ["2026:2024"]},
        {"location": "Europe/Berlin"},
        {"location": "Europe/Nowhere"},
        {"location": "Local"},
        {"hours": ["1"]},
    ],
    ids=str,
)
def test_amtool_refuses_the_same_time_intervals(tmp_path: Path, part: dict[str, Any]) -> None:
    judge(tmp_path, {}, {"time_intervals": [{"name": "t", "time_intervals": [part]}]})


@pytest.mark.parametrize(
    "more",
    [
        {"receivers": [{"name": "a"}, {"name": "a"}]},
        {"receivers": [{"name": "a"}, {}]},
        {"route": {"receiver": "a", "matchers": ["a=b"]}},
        {"route": {"receiver": "a", "continue": True}},
        {"route": {"receiver": "a", "mute_time_intervals": ["t"]}},
        {"route": {"routes": []}},
        {"inhibit_rules": [{"source_matchers": ["a=b"], "target_match": {"c": "d"}}]},
        {"inhibit_rules": [{"source_matchers": ["a"], "target_match": {"c": "d"}}]},
        {"inhibit_rules": [{"equal": ["a-b"]}]},
        {"time_intervals": [{"name": "t"}, {"name": "t"}]},
        {"mute_time_intervals": [{"name": "t"}], "time_intervals": [{"name": "t"}]},
        {"global": {"resolve_timeout": "5m"}},
    ],
    ids=str,
)
def test_amtool_refuses_the_same_files(tmp_path: Path, more: dict[str, Any]) -> None:
    judge(tmp_path, {}, more)
