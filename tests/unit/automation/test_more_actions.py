"""Actions that take time, stand inside each other, or reach further than a point."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.actions.ramp import plan
from ionpy_auto.automation.context import PointRange
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.check import check_rules
from ionpy_auto.automation.variables import Variables
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import BadInput, Rejected, StorageError, Unavailable
from tests.unit.automation.rules_bench import PaperSite, Timeline, flow_of, one_rule, paper_run


@pytest.fixture
async def time():
    timeline = Timeline()
    await timeline.engine.start()
    yield timeline
    await timeline.engine.stop()


async def act(time, actions, until=60.0, **rule):
    """Trigger a rule with these actions by hand; its one trace."""
    more = "".join(f"\n{key}: {value}" for key, value in rule.items())
    time.load(one_rule(f"when: manual{more}\nthen:\n{actions}"))
    await time.engine.trigger("f/r")
    await time.until(until)
    return (await time.engine.traces("f/r"))[0]


def writes(time):
    return [(t, value[1]) for t, what, value in time.lab.done if what == "set"]


# --- ramp -----------------------------------------------------------------------------------


async def test_a_ramp_goes_in_steps_from_where_the_setting_stands(time):
    await time.at(1, "PSU_01.u_set", 1.0)
    trace = await act(time, "  - ramp: {point: PSU_01.u_set, to: 3 V, over: 2 s}")
    assert writes(time) == [(1.5, 1.5), (2.0, 2.0), (2.5, 2.5), (3.0, 3.0)]
    result = trace["actions"][0]["result"]
    assert (result["from"], result["to"], result["steps"]) == (1.0, 3.0, 4)


async def test_a_rate_decides_how_long_a_ramp_takes(time):
    await time.at(1, "PSU_01.i_ma", 0.0)
    await act(time, "  - ramp: {point: PSU_01.i_ma, to: 1 A, rate: 0.5 A/s}")
    assert writes(time) == [(1.5, 250.0), (2.0, 500.0), (2.5, 750.0), (3.0, 1000.0)]


async def test_a_refused_write_ends_a_ramp(time):
    await time.at(1, "PSU_01.u_set", 0.0)
    time.lab.write_takes = 0.0
    time.load(
        one_rule(
            "when: manual\nthen:\n"
            "  - ramp: {point: PSU_01.u_set, to: 10 V, over: 5 s}\n  - marker: after"
        )
    )
    await time.engine.trigger("f/r")
    await time.until(3.7)
    time.lab.refuse.add("PSU_01.u_set")
    await time.until(30)
    assert [value for _, value in writes(time)] == [1.0, 2.0, 3.0, 4.0, 5.0]
    (trace,) = await time.engine.traces("f/r")
    assert trace["actions"][-1]["error"] == "OWNED"
    assert time.did("marker") == []


async def test_a_new_firing_ends_a_ramp_under_way(time):
    await time.at(1, "PSU_01.u_set", 0.0)
    text = "when: manual\nmode: restart\nthen: [{ramp: {point: PSU_01.u_set, to: 10 V, over: 5 s}}]"
    time.load(one_rule(text))
    await time.engine.trigger("f/r")
    await time.at(2.7, "PSU_01.u_set", 3.0)
    await time.engine.trigger("f/r")
    await time.until(30)
    values = [value for _, value in writes(time)]
    assert values[:3] == [1.0, 2.0, 3.0]
    assert values[3:] == [3.7, 4.4, 5.1, 5.8, 6.5, 7.2, 7.9, 8.6, 9.3, 10.0]


async def test_a_ramp_from_nowhere_writes_nothing(time):
    trace = await act(time, "  - ramp: {point: PSU_01.u_set, to: 3 V, over: 2 s}")
    assert trace["actions"][0]["error"] == "VALUE_UNKNOWN"
    assert writes(time) == []


async def test_a_slow_instrument_makes_a_ramp_longer_and_never_steeper(time):
    time.lab.write_takes = 2.0
    await time.at(1, "PSU_01.u_set", 0.0)
    await act(time, "  - ramp: {point: PSU_01.u_set, to: 2 V, over: 1 s}")
    assert writes(time) == [(3.5, 1.0), (6.0, 2.0)]


SPANS = st.floats(-1000.0, 1000.0)


@given(SPANS, SPANS, st.floats(0.0, 10_000.0), st.floats(0.001, 1.0))
def test_any_ramp_goes_one_way_ends_where_asked_and_is_never_hasty(begin, end, seconds, grain):
    values, pause = plan(begin, end, seconds, PointRange(-1e4, 1e4, grain))
    assert values[-1] == end
    whole = [*values[:-1]]
    assert whole == sorted(whole, reverse=end < begin)
    assert all(min(begin, end) - grain <= v <= max(begin, end) + grain for v in values)
    assert len(values) == 1 or pause >= 0.5 - 1e-9
    assert len(values) == 1 or abs(end - begin) / len(values) >= grain * (1 - 1e-6)


# --- wait_for -------------------------------------------------------------------------------

WAIT = "  - wait_for: {}\n    timeout: 10 s{}\n  - marker: after"


async def test_waiting_ends_with_the_sample_that_makes_it_so(time):
    time.load(one_rule("when: manual\nthen:\n" + WAIT.format("PSU_01.temp < 30 °C", "")))
    await time.at(1, "PSU_01.temp", 40.0)
    await time.engine.trigger("f/r")
    await time.at(4, "PSU_01.temp", 35.0)
    assert time.did("marker") == []
    await time.at(5, "PSU_01.temp", 29.0)
    assert [t for t, what, _ in time.lab.done if what == "marker"] == [5.0]


TIMEOUTS = {
    "by itself an error": ("", [], "WAIT_TIMEOUT"),
    "abort": ("\n    on_timeout: abort", [], "WAIT_TIMEOUT"),
    "continue": ("\n    on_timeout: continue", ["after"], None),
}


@pytest.mark.parametrize("name", TIMEOUTS)
async def test_a_timeout_is(time, name):
    text, markers, error = TIMEOUTS[name]
    trace = await act(time, WAIT.format("PSU_01.temp < 30 °C", text))
    assert time.did("marker") == markers
    assert trace["actions"][0].get("error") == error
    assert trace["duration_s"] == 10.0


async def test_a_condition_with_a_hold_waits_for_the_whole_hold(time):
    condition = "{expr: PSU_01.temp < 30 °C, for: 3 s}"
    time.load(one_rule("when: manual\nthen:\n" + WAIT.format(condition, "")))
    await time.engine.trigger("f/r")
    await time.at(1, "PSU_01.temp", 20.0)
    await time.at(2, "PSU_01.temp", 20.0)
    await time.until(3.9)
    assert time.did("marker") == []
    await time.until(4.1)
    assert time.did("marker") == ["after"]


async def test_what_becomes_stale_is_not_waited_out(time):
    trace_of = WAIT.format("PSU_01.temp < 30 °C", "")
    await time.at(0.5, "PSU_01.temp", None)
    trace = await act(time, trace_of)
    assert trace["actions"][0]["error"] == "WAIT_TIMEOUT"


async def test_ages_need_no_sample(time):
    await time.at(1, "PSU_01.temp", 20.0)
    trace = await act(time, WAIT.format("age(PSU_01.temp) > 4 s", ""))
    assert 4.0 <= trace["duration_s"] <= 5.0
    assert time.did("marker") == ["after"]


# --- repeat ---------------------------------------------------------------------------------

MARK = '{marker: "{{ repeat.number }} {{ repeat.item }}"}'


async def test_so_many_rounds(time):
    trace = await act(time, f"  - repeat: 3\n    do: [{MARK}, {{wait: 1 s}}]")
    assert time.did("marker") == ["1 ?", "2 ?", "3 ?"]
    assert trace["duration_s"] == 3.0
    assert trace["actions"][0]["result"]["rounds"] == 3


async def test_each_of_some_values_in_the_unit_of_the_point(time):
    await act(
        time,
        "  - repeat: {for_each: [500 mA, 1 A, 1.5 A]}\n"
        "    do: [{set: {PSU_01.i_ma: repeat.item}}, {wait: 1 s}]",
    )
    assert [value for _, value in writes(time)] == [500.0, 1000.0, 1500.0]


async def test_until_looks_behind_and_while_before_a_round(time):
    await time.at(0.5, "PSU_01.temp", 20.0)
    do = "do: [{marker: x}, {variables: {add: {n: 1}}}]"
    await act(time, f"  - repeat: {{until: var.n >= 3, max: 10}}\n    {do}", 10)
    assert len(time.did("marker")) == 3
    await act(time, f"  - repeat: {{while: var.n < 3, max: 10}}\n    {do}", 20, title="other")
    assert len(time.did("marker")) == 3


async def test_more_rounds_than_max_is_an_error(time):
    trace = await act(
        time, "  - repeat: {until: PSU_01.temp > 5 °C, max: 4}\n    do: [{log: x}]\n  - marker: no"
    )
    assert trace["actions"][0]["error"] == "ENDLESS"
    assert trace["outcome"] == "failed"
    assert time.did("marker") == []


async def test_a_while_of_something_unknown_does_not_begin(time):
    trace = await act(
        time, "  - repeat: {while: PSU_01.temp > 5 °C, max: 4}\n    do: [{marker: x}]"
    )
    assert trace["actions"][0]["result"] == {"rounds": 0, "last": []}
    assert time.did("marker") == []


async def test_a_round_that_fails_ends_the_repetition(time):
    time.lab.refuse.add("PSU_01.u_set")
    trace = await act(time, "  - repeat: 3\n    do: [{marker: x}, {set: {PSU_01.u_set: 1 V}}]")
    assert time.did("marker") == ["x"]
    assert trace["actions"][0]["error"] == "OWNED"


async def test_the_step_and_the_action_of_one_name_stay_apart():
    flow = flow_of(
        """version: 1
id: f
sequence:
  - repeat: 2
    do: [{id: relax, rest: 1 s}]
rules:
  - id: r
    when: manual
    then: [{repeat: 2, do: [{log: x}]}]
"""
    )
    assert [step.verb for step in flow.steps()] == ["repeat", "rest"]
    assert flow.rules[0].then[0].block.do[0].verb == "log"


# --- parallel -------------------------------------------------------------------------------


async def test_branches_work_at_the_same_time(time):
    trace = await act(
        time,
        "  - parallel:\n      - [{wait: 5 s}, {marker: a}]\n      - [{wait: 2 s}, {marker: b}]\n"
        "      - {marker: c}\n  - marker: after",
    )
    assert [(t, v) for t, what, v in time.lab.done if what == "marker"] == [
        (0.0, "c"),
        (2.0, "b"),
        (5.0, "a"),
        (5.0, "after"),
    ]
    assert [branch["ok"] for branch in trace["actions"][0]["result"]["branches"]] == [True] * 3


async def test_a_branch_that_fails_neither_ends_nor_hides_the_others(time):
    time.lab.refuse.add("PSU_01.u_set")
    trace = await act(
        time,
        "  - parallel:\n      - [{set: {PSU_01.u_set: 1 V}}, {marker: a}]\n"
        "      - [{wait: 2 s}, {marker: b}]\n  - marker: after",
    )
    assert time.did("marker") == ["b"]
    (entry,) = trace["actions"]
    assert entry["error"] == "BRANCH_FAILED"
    bad, good = entry["args"]["branches"]
    assert (bad["ok"], bad["error"]) == (False, "OWNED")
    assert [one["verb"] for one in good["actions"]] == ["wait", "marker"]


async def test_a_new_firing_ends_all_branches(time):
    text = (
        "when: manual\nmode: restart\n"
        "then: [{parallel: [[{wait: 5 s}, {marker: a}], [{wait: 6 s}, {marker: b}]]}]"
    )
    time.load(one_rule(text))
    await time.engine.trigger("f/r")
    await time.until(3)
    await time.engine.trigger("f/r")
    await time.until(60)
    assert [(t, v) for t, _, v in time.lab.done] == [(8.0, "a"), (9.0, "b")]


# --- runs -----------------------------------------------------------------------------------


async def test_a_run_is_started_with_what_the_trigger_says(time):
    time.load(
        one_rule(
            "when: {webhook: next}\nthen:\n  - run:\n      sequence: capacity-check\n"
            "      bindings: {channel: CH2}\n"
            '      parameters: {cycles: "{{ trigger.n }}", rate: 0.5 C}'
        )
    )
    time.lab.hooks.post("next", {"n": 2})
    await time.settle()
    (call,) = time.did("run")
    assert (call.sequence, call.channel, call.actor) == ("capacity-check", "CH2", "rule:f/r")
    assert call.parameters == {"cycles": "2", "rate": "0.5 C"}
    (trace,) = await time.engine.traces("f/r")
    assert trace["actions"][0]["result"] == {"run": "r1", "state": "starting"}
    time.lab.hooks.post("next", {"m": 2})
    await time.settle()
    assert len(time.did("run")) == 1
    assert (await time.engine.traces("f/r"))[0]["actions"][0]["error"] == "VALUE_UNKNOWN"


async def test_a_run_gets_the_parameters_of_the_flow_it_is_started_from(time):
    text = one_rule("when: manual\nthen: [{run: {sequence: x, parameters: {cycles: $n}}}]")
    time.load(text.replace("id: f\n", "id: f\nparameters: {n: 7}\n", 1))
    await time.engine.trigger("f/r")
    await time.settle()
    assert time.did("run")[0].parameters == {"cycles": "7"}


STOPS = {
    "by channel": ("{channel: CH2}", [("r2", "rule:f/r")], "stop"),
    "by id": ('{run: "r{{ 0 + 1 }}"}', [("r1", "rule:f/r")], "stop"),
    "at once": ("{channel: CH1, how: abort}", [("r1", "rule:f/r")], "abort"),
    "nothing runs there": ("{channel: CH9}", [], "stop"),
}


@pytest.mark.parametrize("name", STOPS)
async def test_a_run_is_stopped(time, name):
    what, stopped, how = STOPS[name]
    time.lab.runs = [paper_run("r0", ""), paper_run("r1", "CH1"), paper_run("r2", "CH2")]
    await act(time, f"  - stop_run: {what}")
    assert time.did(how) == stopped


# --- http, alarms, rules --------------------------------------------------------------------


async def test_a_request_carries_values_as_json(time):
    await time.at(1, "PSU_01.temp", 21.5)
    fields = "{temp: PSU_01.temp, hot: PSU_01.temp > 60 °C, mode: PSU_01.mode}"
    trace = await act(time, f"  - http: {{url: 'https://lab.example/x', fields: {fields}}}")
    (call,) = time.did("http")
    assert (call.method, call.url, call.timeout_s) == ("POST", "https://lab.example/x", 10.0)
    assert json.loads(call.body) == {"temp": 21.5, "hot": False, "mode": None}
    assert trace["actions"][0]["result"] == {"status": 200, "body": "ok"}


async def test_a_text_goes_as_text_and_a_plain_url_is_fetched(time):
    await act(
        time,
        "  - http: https://lab.example/a\n"
        "  - http: {url: 'https://lab.example/b', body: 'x = {{ 1 + 1 }}', timeout: 3 s}",
    )
    first, second = time.did("http")
    assert (first.method, first.body) == ("GET", None)
    assert (second.method, second.body, second.timeout_s) == ("POST", "x = 2", 3.0)
    assert second.content_type.startswith("text/plain")


async def test_a_request_without_success_ends_the_list(time):
    time.lab.answer = Unavailable("lab.example answered 500", code="NOT_DELIVERED")
    trace = await act(time, "  - http: https://lab.example/a\n  - marker: no")
    assert trace["actions"][0]["error"] == "NOT_DELIVERED"
    assert time.did("marker") == []


async def test_an_alarm_is_acknowledged_by_key_or_as_its_own(time):
    time.load(
        one_rule(
            'when: {alarm: raised}\nthen: [{alarm: {do: ack, of: "{{ trigger.key }}", text: seen}}]'
        )
    )
    time.lab.event("alarm", transition="raised", key="PSU_01/offline")
    await time.settle()
    await act(time, "  - alarm: {do: ack}", title="own")
    assert time.did("ack") == [
        ("PSU_01/offline", "rule:f/r", "seen"),
        ("rule:f/r", "rule:f/r", ""),
    ]


async def test_a_rule_triggers_another_and_its_if_decides(time):
    time.load(
        """version: 1
id: f
rules:
  - {id: a, when: manual, then: [{rule: {id: f/b, do: trigger}}]}
  - {id: b, when: manual, if: PSU_01.temp < 30 °C, then: [{marker: b}]}
"""
    )
    await time.at(1, "PSU_01.temp", 40.0)
    await time.engine.trigger("f/a")
    await time.at(2, "PSU_01.temp", 20.0)
    await time.engine.trigger("f/a")
    await time.settle()
    assert time.did("marker") == ["b"]
    (trace,) = await time.engine.traces("f/b")
    assert trace["cause"] == ["rule:f/a"]


async def test_a_rule_that_is_switched_off_is_not_triggered_by_another(time):
    time.load(
        """version: 1
id: f
rules:
  - {id: a, when: manual, then: [{rule: {id: f/b, do: trigger}}]}
  - {id: b, when: manual, then: [{marker: b}]}
"""
    )
    await time.engine.set_enabled("f/b", enabled=False)
    await time.engine.trigger("f/a")
    await time.settle()
    assert time.did("marker") == []


async def test_a_rule_that_triggers_itself_ends(time):
    time.load(
        one_rule("when: manual\nmode: queued\nthen: [{marker: x}, {rule: {id: f/r, do: trigger}}]")
    )
    await time.engine.trigger("f/r")
    await time.until(10)
    assert len(time.did("marker")) <= 10
    assert time.rule("f/r")["suspended"]


# --- variables ------------------------------------------------------------------------------


async def test_what_is_kept_is_read_by_expressions_and_wakes_rules(time):
    time.load(
        """version: 1
id: f
rules:
  - {id: count, when: {event: cell}, then: [{variables: {set: {last: trigger.no}, add: {n: 1}}}]}
  - {id: full, when: var.n >= 2, then: [{marker: "{{ var.n }}, last {{ var.last }}"}]}
"""
    )
    for number in ("A1", "A2", "A3"):
        time.lab.event("custom", name="cell", fields={"no": number})
        await time.settle()
    assert time.did("marker") == ["2, last A2"]
    assert [(v["name"], v["value"], v["by"]) for v in time.lab.variables.list()] == [
        ("last", "A3", "rule:f/count"),
        ("n", 3.0, "rule:f/count"),
    ]


async def test_a_quantity_is_kept_in_the_coherent_unit(time):
    await act(
        time, "  - variables: {set: {limit: 500 mA, on: true}}\n  - set: {PSU_01.i_ma: var.limit}"
    )
    assert [v["value"] for v in time.lab.variables.list()] == [0.5, True]
    assert writes(time) == [(0.0, 500.0)]


async def test_all_or_none_is_changed(time):
    trace = await act(time, "  - variables: {set: {a: 1, b: PSU_01.temp}}")
    assert trace["actions"][0]["error"] == "VALUE_UNKNOWN"
    assert time.lab.variables.list() == []


@pytest.fixture
def clock():
    return VirtualClock()


async def test_variables_survive_a_restart(tmp_path, clock):
    path = tmp_path / "variables.json"
    first = Variables(path, Bus(), clock)
    assert first.start() == ""
    await first.change({"a": "x", "b": True}, {"n": 2.5}, "rule:f/r")
    await first.change({}, {"n": -1}, "rule:f/r")
    bus, seen = Bus(), {}
    bus.tap(
        "sample/var", lambda snapshot: seen.update({s.point: s.value for s in snapshot.samples})
    )
    again = Variables(path, bus, clock)
    assert again.start() == ""
    assert again.list() == first.list()
    assert seen == {"var.a": "x", "var.b": True, "var.n": 1.5}


async def test_a_disk_that_refuses_changes_nothing(tmp_path, clock):
    variables = Variables(tmp_path / "none" / "variables.json", Bus(), clock)
    with pytest.raises(StorageError):
        await variables.change({"a": 1.0}, {}, "x")
    assert variables.list() == []


async def test_a_damaged_file_is_kept_aside_and_told(tmp_path, clock):
    path = tmp_path / "variables.json"
    path.write_text('{"a": {"value": [1], "updated": 0, "by": ""}}', encoding="utf-8")
    variables = Variables(path, Bus(), clock)
    assert "variables.damaged" in variables.start()
    assert variables.list() == []
    assert (tmp_path / "variables.damaged").exists()
    await variables.change({"a": 1.0}, {}, "x")
    assert len(variables.list()) == 1


BAD_VARIABLES = {
    "name": ({"A-b": 1.0}, {}, BadInput),
    "endless": ({"a": float("inf")}, {}, BadInput),
    "long text": ({"a": "x" * 1001}, {}, BadInput),
    "sum with a text": ({"a": "x"}, {"a": 1.0}, Rejected),
    "too many": ({f"v{n}": 1.0 for n in range(501)}, {}, Rejected),
}


@pytest.mark.parametrize("name", BAD_VARIABLES)
async def test_what_cannot_be_kept_is_refused(clock, name):
    values, amounts, error = BAD_VARIABLES[name]
    variables = Variables(None, Bus(), clock)
    with pytest.raises(error):
        await variables.change(values, amounts, "x")
    assert variables.list() == []


# --- what is written wrongly ----------------------------------------------------------------

WRONG = {
    "wait_for without timeout": ("{wait_for: PSU_01.temp < 5 °C}", "'timeout' is missing"),
    "wait_for of a wrong unit": ("{wait_for: PSU_01.temp < 5 V, timeout: 1 s}", "V"),
    "on_timeout": ("{wait_for: PSU_01.on, timeout: 1 s, on_timeout: stop}", "abort"),
    "goto nowhere": ("{wait_for: PSU_01.on, timeout: 1 s, on_timeout: goto}", "needs goto"),
    "goto for ever": (
        "{wait_for: PSU_01.on, timeout: 1 s, on_timeout: goto, goto: x, id: x}",
        "needs max",
    ),
    "goto without on_timeout": (
        "{wait_for: PSU_01.on, timeout: 1 s, goto: x, max: 3, id: x}",
        "belong to on_timeout: goto",
    ),
    "endless until": ("{repeat: {until: PSU_01.on}, do: [{log: x}]}", "may never end"),
    "endless while": ("{repeat: {while: PSU_01.on}, do: [{log: x}]}", "may never end"),
    "two ways to repeat": ("{repeat: {count: 3, until: PSU_01.on}, do: [{log: x}]}", "one of"),
    "nothing to repeat": ("{repeat: 3}", "'do' is missing"),
    "too many rounds": ("{repeat: 100000, do: [{log: x}]}", "more than 10000"),
    "wrong action inside": ("{repeat: 3, do: [{lag: x}]}", "lag"),
    "one branch": ("{parallel: [[{log: x}]]}", "2 to 16"),
    "an empty branch": ("{parallel: [[{log: x}], []]}", "a branch is empty"),
    "wrong action in a branch": ("{parallel: [[{log: x}], [{lag: x}]]}", "lag"),
    "ramp of a switch": ("{ramp: {point: PSU_01.on, to: 'true', over: 1 s}}", "no number"),
    "ramp of a reading": ("{ramp: {point: PSU_01.u_out, to: 1 V, over: 1 s}}", "be written"),
    "ramp of nobody": ("{ramp: {point: PSU_01.nope, to: 1 V, over: 1 s}}", "no point"),
    "ramp out of range": ("{ramp: {point: PSU_01.u_set, to: 61 V, over: 1 s}}", "outside"),
    "ramp in another unit": ("{ramp: {point: PSU_01.u_set, to: 1 A, over: 1 s}}", "A"),
    "ramp without a time": ("{ramp: {point: PSU_01.u_set, to: 1 V}}", "rate and over"),
    "ramp with two times": (
        "{ramp: {point: PSU_01.u_set, to: 1 V, over: 1 s, rate: 1 V/s}}",
        "rate and over",
    ),
    "rate of another unit": ("{ramp: {point: PSU_01.u_set, to: 1 V, rate: 1 A/s}}", "A/s"),
    "negative rate": ("{ramp: {point: PSU_01.u_set, to: 1 V, rate: -1 V/s}}", "above zero"),
    "http to nowhere": ("{http: nowhere}", "http or https"),
    "http to a file": ("{http: 'file:///etc/passwd'}", "http or https"),
    "http with a password": ("{http: 'https://a:b@lab.example'}", "no password"),
    "http to where a value says": ("{http: 'https://{{ trigger.host }}/'}", "is fixed"),
    "http get with a body": (
        "{http: {url: 'https://lab.example', method: GET, body: x}}",
        "carries nothing",
    ),
    "http for ever": ("{http: {url: 'https://lab.example', timeout: 1 h}}", "at most 1 min"),
    "variable name": ("{variables: {set: {A-b: 1}}}", "cannot be a name"),
    "no variable": ("{variables: {}}", "set or add"),
    "a text as amount": ("{variables: {add: {a: \"'x'\"}}}", "number"),
    "event field": ("{event: {name: x, fields: {by: 1}}}", "cannot be a name"),
    "run without a name": ("{run: {bindings: {channel: CH1}}}", "'sequence' is missing"),
    "stop_run of two": ("{stop_run: {run: a, channel: CH1}}", "not both"),
    "of without ack": ("{alarm: {text: x, of: y}}", "belongs to do: ack"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_an_action_is_said_with_its_place(name):
    text, message = WRONG[name]
    flow, findings = read_flow(one_rule(f"when: manual\nthen:\n  - {text}"), "f.yaml", PaperSite())
    assert flow is None
    errors = [f for f in findings if f.severity == "error"]
    assert any(message in f"{f.message} {f.hint}" for f in errors), findings
    assert all(f.line == 7 and f.column >= 9 for f in errors), findings


STARTUP = {
    "set": "{set: {PSU_01.u_set: 1 V}}",
    "ramp": "{ramp: {point: PSU_01.u_set, to: 1 V, over: 1 s}}",
    "run": "{run: capacity-check}",
    "script": "{script: soak}",
    "in an if": "{if: PSU_01.on, then: [{set: {PSU_01.u_set: 1 V}}]}",
    "in a repeat": "{repeat: 2, do: [{if: PSU_01.on, then: [{log: x}], else: [{run: x}]}]}",
    "in a branch": "{parallel: [{log: x}, [{log: y}, {set: {PSU_01.on: 'true'}}]]}",
}


@pytest.mark.parametrize("name", STARTUP)
def test_a_startup_rule_that_drives_an_output_is_an_error(name):
    flow = flow_of(one_rule(f"when: [startup, manual]\nthen:\n  - {STARTUP[name]}"))
    (finding,) = check_rules(flow)
    assert (finding.code, finding.line) == ("startup-writes", 7)
    assert finding.column >= 9
    assert finding.hint


def test_a_startup_rule_may_make_safe_and_tell():
    actions = "  - safe_state: all\n  - variables: {add: {starts: 1}}\n  - notify: up"
    assert check_rules(flow_of(one_rule(f"when: startup\nthen:\n{actions}"))) == []


CHECKS = {
    "stop_run of nothing": ("when: manual\nthen: [stop_run]", ["no-run"]),
    "a rule that is not there": ("when: manual\nthen: [{rule: f/none}]", ["unknown-rule"]),
    "a rule of another file": ("when: manual\nthen: [{rule: g/none}]", []),
    "feeds itself over a variable": (
        "when: var.n > 0\nthen: [{variables: {add: {n: 1}}}]",
        ["feeds-itself"],
    ),
    "feeds itself in a repeat": (
        "when: PSU_01.u_set > 1 V\nthen: [{repeat: 2, do: [{set: {PSU_01.u_set: 1 V}}]}]",
        ["feeds-itself"],
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_actions_are_checked(name):
    text, codes = CHECKS[name]
    assert [finding.code for finding in check_rules(flow_of(one_rule(text)))] == codes
