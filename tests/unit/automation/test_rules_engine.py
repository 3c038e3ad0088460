"""Rules as a lab protocol: at this second that sample, then that action."""

import pytest

from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.core.bus import Event
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Origin, Priority
from ionpy_auto.core.errors import NotFound, StorageError
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.database import Database
from tests.unit.automation.rules_bench import PaperSite, Timeline, flow_of, one_rule


@pytest.fixture
async def bench():
    timeline = Timeline()
    await timeline.engine.start()
    yield timeline
    await timeline.engine.stop()


def marked(when, **keys):
    """A rule that sets marker ``m``."""
    lines = [f"{key}: {value}" for key, value in keys.items()]
    return one_rule("\n".join([f"when: {when}", *lines, "then: [{marker: m}]"]))


async def test_expression_that_becomes_true_sets_a_marker(bench):
    text = "when: PSU_01.u_out > 4.2 V\nthen: [{marker: 'Full at {{ PSU_01.u_out }} V'}]"
    bench.load(one_rule(text))
    await bench.at(1, "PSU_01.u_out", 4.1)
    await bench.at(2, "PSU_01.u_out", 4.25)
    await bench.at(3, "PSU_01.u_out", 4.3)
    assert bench.lab.done == [(2.0, "marker", "Full at 4.25 V")]
    assert bench.rule("f/r")["fired"] == 1


# -- edges ----------------------------------------------------------------------------------

HIGH = "{expr: PSU_01.u_out > 4 V%s}"
EDGES = {
    "rising fires once": ("", [3, 5, 5], [2]),
    "rising again after false": ("", [3, 5, 3, 5], [2, 4]),
    "true at the start is no edge": ("", [5, 5, 3, 5], [4]),
    "true at the start fires if asked": (", at_start: fire", [5, 5], [1]),
    "true unknown true is no edge": ("", [3, 5, None, 5], [2]),
    "false unknown true is one": ("", [3, None, 5], [3]),
    "unknown at the start then true is none": ("", [None, 5, 3, 5], [4]),
    "falling": (", edge: falling", [3, 5, 3, 3], [3]),
    "both": (", edge: both", [3, 5, 5, 3], [2, 4]),
    "level fires on every sample": (", edge: level", [3, 5, 5, None, 5], [2, 3, 5]),
    "three samples in a row": (", samples: 3", [3, 5, 5, 3, 5, 5, 5], [7]),
    "for is true over the whole span": (", for: 2 s", [3, 5, 5, 5, 5], [4]),
    "for starts anew after false": (", for: 2 s", [3, 5, 3, 5, 5, 5], [6]),
    "for starts anew after unknown": (", for: 2 s", [3, 5, None, 5, 5, 5], [6]),
    "hysteresis holds": (", hysteresis: 0.5 V", [3, 5, 3.8, 5, 3.4, 5], [2, 6]),
}


@pytest.mark.parametrize("name", EDGES)
async def test_edges(bench, name):
    options, values, fires = EDGES[name]
    bench.load(marked(HIGH % options))
    for second, value in enumerate(values, 1):
        await bench.at(second, "PSU_01.u_out", value)
    assert [t for t, what, _ in bench.lab.done if what == "marker"] == fires


async def test_for_is_over_between_two_samples_at_its_own_time(bench):
    bench.load(marked(HIGH % ", for: 2.5 s"))
    for second in (1, 2, 3):
        await bench.at(second, "PSU_01.u_out", 3 if second == 1 else 5)
    await bench.until(10)
    assert bench.lab.done == [(4.5, "marker", "m")]


async def test_for_needs_a_second_sample(bench):
    bench.load(marked(HIGH % ", for: 2 s"))
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    await bench.at(60, "PSU_01.u_out", 5)
    assert bench.lab.done == [(60.0, "marker", "m")]


async def test_age_is_looked_at_without_samples(bench):
    bench.load(marked("age(PSU_01.u_out) > 5 s"))
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.until(20)
    assert len(bench.did("marker", 6, 8)) == 1
    assert len(bench.lab.done) == 1


async def test_the_limit_may_be_a_point_whose_change_counts(bench):
    bench.load(marked("PSU_01.u_out > PSU_01.u_set"))
    await bench.at(1, "PSU_01.u_set", 5)
    await bench.at(2, "PSU_01.u_out", 4)
    await bench.at(3, "PSU_01.u_set", 3)
    assert bench.lab.done == [(3.0, "marker", "m")]


async def test_both_edges_say_which_one_it_is(bench):
    bench.load(
        one_rule(
            "when: {expr: PSU_01.u_out > 4 V, reset: PSU_01.temp < 30 °C, edge: both}\n"
            "if: trigger.value\nthen: [{notify: up}]\nelse: [{notify: down}]"
        )
    )
    await bench.at(1, "PSU_01.temp", 40)
    await bench.at(2, "PSU_01.u_out", 3)
    await bench.at(3, "PSU_01.u_out", 5)
    await bench.at(4, "PSU_01.u_out", 5)
    await bench.at(5, "PSU_01.temp", 20)
    assert [message for _, message in bench.did("notify")] == ["up", "down"]


# -- triggers -------------------------------------------------------------------------------

CHANGES = {
    "any change": ("{change: PSU_01.mode}", ["CC", "CV", "CV", "CC"], [2, 4]),
    "from and to": ("{change: PSU_01.mode, from: CC, to: CV}", ["CV", "CC", "CV"], [3]),
    "over unknown": ("{change: PSU_01.mode}", ["CC", None, "CC", None, "CV"], [5]),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_changes(bench, name):
    when, values, fires = CHANGES[name]
    bench.load(marked(when))
    for second, value in enumerate(values, 1):
        await bench.at(second, "PSU_01.mode", value)
    assert [t for t, what, _ in bench.lab.done if what == "marker"] == fires


async def test_change_to_a_value_with_unit(bench):
    bench.load(marked("{change: PSU_01.i_ma, to: 0.5 A}"))
    for second, value in enumerate([100.0, 500.0], 1):
        await bench.at(second, "PSU_01.i_ma", value)
    assert bench.did("marker") == ["m"]


EVENTS = {
    "session": ("{session: started}", "session", {"action": "started", "id": 3}, {"action": "x"}),
    "device": (
        "{device: offline, of: PSU_01}",
        "device_state",
        {"device_id": "PSU_01", "state": "offline"},
        {"device_id": "PSU_02", "state": "offline"},
    ),
    "alarm": (
        "{alarm: raised, severity: critical}",
        "alarm",
        {"transition": "raised", "severity": "critical", "key": "k"},
        {"transition": "raised", "severity": "info", "key": "k"},
    ),
    "alarm shelved": (
        "{alarm: shelved, device: PSU_01}",
        "alarm",
        {"transition": "shelved", "severity": "info", "device_id": "PSU_01", "key": "k"},
        {"transition": "raised", "severity": "info", "device_id": "PSU_01", "key": "k"},
    ),
    "marker": ("{marker: start}", "marker", {"label": "start"}, {"label": "stop"}),
    "run started": (
        "{run: started, sequence: cap}",
        "run",
        {"id": "7", "state": "running", "sequence": "cap"},
        {"id": "8", "state": "running", "sequence": "other"},
    ),
    "run finished": (
        "{run: finished, verdict: fail}",
        "run",
        {"id": "7", "state": "finished", "verdict": "fail"},
        {"id": "7", "state": "finished", "verdict": "pass"},
    ),
    "step ended": (
        "{run: step_ended, step: charge, ended_by: taper}",
        "run_step",
        {"run": "7", "step": "charge", "ended": 5.0, "ended_by": "taper"},
        {"run": "7", "step": "charge", "ended": None},
    ),
    "step started": (
        "{run: step_started}",
        "run_step",
        {"run": "7", "step_id": "charge", "ended": None},
        {"run": "7", "step_id": "charge", "ended": 3.0},
    ),
    "cycle": ("{run: cycle}", "run_cycle", {"run": "7", "cycle": 2}, None),
}


@pytest.mark.parametrize("name", EVENTS)
async def test_events_trigger_and_filters_filter(bench, name):
    when, kind, fits, other = EVENTS[name]
    bench.load(one_rule(f"when: {when}\nthen: [{{log: x}}]"))
    if other is not None:
        bench.lab.event(kind, **other)
    assert bench.rule("f/r")["fired"] == 0
    bench.lab.event(kind, **fits)
    await bench.settle()
    assert bench.rule("f/r")["fired"] == 1


async def test_a_run_under_way_when_the_rule_is_loaded_does_not_start_again(bench):
    bench.load(one_rule("when: {run: started}\nthen: [{log: x}]"))
    await bench.until(100)
    began = bench.lab.clock.now() - 50
    bench.lab.event("run", id="7", state="running", started=began)
    assert bench.rule("f/r")["fired"] == 0


async def test_several_triggers_are_or(bench):
    bench.load(one_rule("when: [PSU_01.u_out > 4 V, {session: started}]\nthen: [{marker: m}]"))
    bench.lab.event("session", action="started")
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    assert bench.did("marker") == ["m", "m"]


async def test_a_rule_can_be_triggered_by_hand_and_its_if_decides(bench):
    bench.load(one_rule("when: manual\nif: PSU_01.u_out > 4 V\nthen: [{marker: m}]"))
    assert (await bench.engine.trigger("f/r", by="anna"))["acted"] is False
    await bench.at(1, "PSU_01.u_out", 5)
    assert await bench.engine.trigger("f/r") == {"id": "f/r", "acted": True, "reason": ""}
    with pytest.raises(NotFound):
        await bench.engine.trigger("f/nobody")


# -- if, else, conditions ---------------------------------------------------------------------

CHECKS = {
    "expression": ("PSU_01.u_out > 4 V", 5.0, "then"),
    "false goes else": ("PSU_01.u_out > 4 V", 3.0, "else"),
    "unknown goes nowhere": ("PSU_01.u_out > 4 V", None, ""),
    "list is and": ("[PSU_01.u_out > 4 V, PSU_01.u_out < 4.5 V]", 5.0, "else"),
    "any": ("{any: [PSU_01.u_out > 4.9 V, PSU_01.u_out < 3 V]}", 5.0, "then"),
    "all": ("{all: [PSU_01.u_out > 4.9 V, PSU_01.u_out < 3 V]}", 5.0, "else"),
    "not": ("{not: PSU_01.u_out > 4.9 V}", 5.0, "else"),
    "not of unknown": ("{not: PSU_01.u_out > 4.9 V}", None, ""),
    "nested": ("{any: [{not: PSU_01.u_out > 4 V}, {all: [PSU_01.u_out > 4 V]}]}", 5.0, "then"),
    "state": ("{state: PSU_01.u_out, is: [5 V, 6 V]}", 5.0, "then"),
}


@pytest.mark.parametrize("name", CHECKS)
async def test_conditions(bench, name):
    check, value, branch = CHECKS[name]
    bench.load(one_rule(f"when: manual\nif: {check}\nthen: [{{marker: then}}]\n"
                        "else: [{marker: else}]"))  # fmt: skip
    await bench.at(1, "PSU_01.u_out", value)
    await bench.engine.trigger("f/r")
    await bench.settle()
    assert bench.did("marker") == ([branch] if branch else [])


async def test_stopping_at_if_is_counted_and_leaves_no_trace(bench):
    bench.load(one_rule("when: manual\nif: PSU_01.u_out > 4 V\nthen: [{marker: m}]"))
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.engine.trigger("f/r")
    assert bench.rule("f/r")["skipped"] == {"stopped at if": 1}
    assert await bench.engine.traces("f/r") == []


# -- actions ----------------------------------------------------------------------------------

SETS = {
    "quantity in another unit": ("{PSU_01.i_set: 500 mA}", [("PSU_01.i_set", 0.5)]),
    "quantity for a point in mA": ("{PSU_01.i_ma: 0.5 A}", [("PSU_01.i_ma", 500.0)]),
    "bare number is in the point's unit": ("{PSU_01.i_ma: 250}", [("PSU_01.i_ma", 250.0)]),
    "expression": ("{PSU_01.u_set: PSU_01.u_out + 100 mV}", [("PSU_01.u_set", 5.1)]),
    "expression for mA": ("{PSU_01.i_ma: PSU_01.i_out * 0.5}", [("PSU_01.i_ma", 1000.0)]),
    "switch": ("{PSU_01.on: false}", [("PSU_01.on", False)]),
    "word": ("{PSU_01.mode: CV}", [("PSU_01.mode", "CV")]),
    "several in order": (
        "{PSU_01.u_set: 4 V, PSU_01.on: true}",
        [("PSU_01.u_set", 4.0), ("PSU_01.on", True)],
    ),
}


@pytest.mark.parametrize("name", SETS)
async def test_set_writes_in_the_points_own_unit(bench, name):
    values, expected = SETS[name]
    bench.load(one_rule(f"when: manual\nthen: [{{set: {values}}}]"))
    await bench.at(1, "PSU_01.u_out", 5.0)
    await bench.at(1, "PSU_01.i_out", 2.0)
    await bench.engine.trigger("f/r")
    await bench.settle()
    written = [(point, value) for point, value, _ in bench.did("set")]
    assert written == [(point, pytest.approx(value)) for point, value in expected]
    assert {origin for _, _, origin in bench.did("set")} == {"rule:f/r"}


async def test_nothing_is_set_when_one_value_is_unknown(bench):
    bench.load(
        one_rule("when: manual\nthen: [{set: {PSU_01.on: true, PSU_01.u_set: PSU_01.u_out}}]")
    )
    await bench.engine.trigger("f/r")
    await bench.settle()
    assert bench.did("set") == []
    (trace,) = await bench.engine.traces("f/r")
    assert trace["actions"][0]["error"] == "VALUE_UNKNOWN"


async def test_an_error_ends_the_list_and_stands_in_the_trace(bench):
    bench.lab.refuse.add("PSU_01.u_set")
    bench.load(
        one_rule("when: manual\nthen: [{marker: a}, {set: {PSU_01.u_set: 1 V}}, {marker: b}]")
    )
    await bench.engine.trigger("f/r")
    await bench.settle()
    assert bench.did("marker") == ["a"]
    (trace,) = await bench.engine.traces("f/r")
    assert trace["outcome"] == "failed"
    assert [a["ok"] for a in trace["actions"]] == [True, False]
    assert trace["actions"][1]["message"] == "PSU_01.u_set is held by run:7"


async def test_every_action_reaches_the_lab(bench):
    bench.load(
        one_rule(
            """
when: manual
then:
  - alarm: {severity: warning, text: Supply is hot, value: PSU_01.temp}
  - notify: {to: lab, message: 'at {{ PSU_01.temp }}'}
  - export: {format: csv, device: PSU_01}
  - session: {do: start, name: Night}
  - session: stop
  - wait: 2 s
  - if: PSU_01.temp > 50 °C
    then: [{marker: hot}]
    else: [{marker: cold}]
  - safe_state: all
  - alarm: {do: clear}
  - enabled: false
    panic:
  - panic: test
"""
        )
    )
    await bench.at(1, "PSU_01.temp", 60.0)
    await bench.engine.trigger("f/r")
    await bench.until(10)
    assert [(t, what) for t, what, _ in bench.lab.done] == [
        (1.0, "alarm"),
        (1.0, "notify"),
        (1.0, "export"),
        (1.0, "session"),
        (1.0, "session"),
        (3.0, "marker"),
        (3.0, "safe_state"),
        (3.0, "alarm off"),
        (3.0, "panic"),
    ]
    assert bench.did("alarm") == [("rule:f/r", "Supply is hot")]
    assert bench.did("notify") == [("lab", "at 60")]


async def test_a_rule_can_switch_another_off(bench):
    bench.load(one_rule("when: manual\nthen: [{rule: {id: f/r, do: disable}}]"))
    await bench.engine.trigger("f/r")
    await bench.settle()
    assert bench.rule("f/r")["runtime_enabled"] is False


# -- modes, cooldown, once ------------------------------------------------------------------

MODES = {
    "single": ([1.0], {"still acting": 2}),
    "restart": ([3.0], {}),
    "queued": ([1.0, 6.0, 11.0], {}),
    "parallel": ([1.0, 2.0, 3.0], {}),
}


@pytest.mark.parametrize("mode", MODES)
async def test_modes(bench, mode):
    actions = "[{notify: begin}, {wait: 5 s}, {notify: end}]"
    bench.load(one_rule(f"when: {{marker: go}}\nmode: {mode}\nthen: {actions}"))
    for second in (1, 2, 3):
        await bench.until(second)
        bench.lab.event("marker", label="go")
        await bench.settle()
    await bench.until(60)
    begins, skipped = MODES[mode]
    ends = [t for t, what, value in bench.lab.done if value == ("log", "end")]
    assert ends == [begin + 5 for begin in begins]
    assert bench.rule("f/r")["skipped"] == skipped


async def test_queued_and_parallel_refuse_beyond_max(bench):
    bench.load(one_rule("when: {marker: go}\nmode: parallel\nmax: 2\nthen: [{wait: 5 s}]"))
    for _ in range(4):
        bench.lab.event("marker", label="go")
    await bench.settle()
    assert bench.rule("f/r")["skipped"] == {"already 2 at once": 2}


async def test_cooldown_keeps_quiet_for_a_time(bench):
    bench.load(marked("{marker: go}", cooldown="10 s").replace("marker: m", "notify: m"))
    for second in (1, 5, 10.5, 11.5):
        await bench.until(second)
        bench.lab.event("marker", label="go")
        await bench.settle()
    assert [t for t, _, _ in bench.lab.done] == [1.0, 11.5]


async def test_once_per_session(bench):
    bench.load(one_rule("when: {marker: go}\nonce: session\nthen: [{notify: m}]"))
    for session in (1, 1, 2):
        bench.lab.session = session
        bench.lab.event("marker", label="go")
        await bench.settle()
    assert len(bench.did("notify")) == 2


async def test_a_disabled_rule_does_not_look_and_the_switch_wins_over_the_file(bench):
    bench.load(marked("PSU_01.u_out > 4 V", enabled="false"))
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    assert bench.rule("f/r")["evaluations"] == 0
    await bench.engine.set_enabled("f/r", enabled=True)
    await bench.at(3, "PSU_01.u_out", 3)
    await bench.at(4, "PSU_01.u_out", 5)
    assert bench.lab.done == [(4.0, "marker", "m")]


# -- causes and limits ------------------------------------------------------------------------

PING_PONG = """version: 1
id: loop
rules:
  - {id: up, when: PSU_01.u_set < 5 V, then: [{set: {PSU_01.u_set: 6 V}}]}
  - {id: down, when: PSU_01.u_set > 5 V, then: [{set: {PSU_01.u_set: 4 V}}]}
"""


@pytest.mark.parametrize("poll", [0.0, 0.5])
async def test_rules_that_feed_each_other_are_cut_and_alarmed(bench, poll):
    # Values read back inside the write find the writer still acting: only parallel goes round.
    bench.load(PING_PONG if poll else PING_PONG.replace("{id", "{mode: parallel, id"))
    bench.lab.echo = poll == 0
    await bench.at(1, "PSU_01.u_set", 5.0)
    await bench.at(2, "PSU_01.u_set", 6.0)
    for number in range(60):
        await bench.settle()
        if poll and bench.did("set"):
            await bench.at(3 + number * poll, *bench.did("set")[-1][:2])
    assert len(bench.did("set")) <= 10
    (alarm,) = bench.did("alarm")
    assert alarm[0].startswith("rule:loop/")
    assert "feeds itself" in alarm[1]
    suspended = [rule["suspended"] for rule in bench.engine.list()]
    assert sum(bool(reason) for reason in suspended) == 1


async def test_the_chain_of_cause_stands_in_the_trace(bench):
    bench.load(one_rule("when: PSU_01.u_out > 4 V\nthen: [{marker: full}]", "a"))
    bench.load(one_rule("when: {marker: full}\nthen: [{log: x}]", "b"))
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    (trace,) = await bench.engine.traces("b/r")
    assert trace["cause"] == ["rule:a/r"]


async def test_a_rule_that_acts_too_often_is_suspended_until_enabled(bench):
    bench.load(one_rule("when: {expr: PSU_01.u_out > 4 V, edge: level}\nmode: parallel\n"
                        "then: [{log: x}]"))  # fmt: skip
    for number in range(15):
        await bench.at(1 + number * 0.05, "PSU_01.u_out", 5)
    assert bench.rule("f/r")["fired"] == 10
    assert bench.did("alarm") == [
        ("rule:f/r", "Rule f/r is suspended: more than 10 actions in 1 s")
    ]
    await bench.engine.set_enabled("f/r", enabled=True)
    await bench.settle()
    assert len(bench.did("alarm off")) == 1
    assert bench.rule("f/r")["suspended"] == ""


# -- reload -----------------------------------------------------------------------------------


async def test_an_unchanged_rule_keeps_its_hold_time_over_a_reload(bench):
    text = marked(HIGH % ", for: 10 s")
    bench.load(text)
    await bench.at(1, "PSU_01.u_out", 3)
    for second in (2, 4, 6):
        await bench.at(second, "PSU_01.u_out", 5)
    bench.load(text + "  - {id: other, when: manual, then: [{log: x}]}\n")
    await bench.at(7, "PSU_01.u_out", 5)
    await bench.until(30)
    assert bench.lab.done == [(12.0, "marker", "m")]


async def test_a_changed_rule_starts_anew(bench):
    bench.load(marked(HIGH % ", for: 10 s"))
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    bench.load(marked(HIGH % ", for: 9 s"))
    for second in range(8, 30):
        await bench.at(second, "PSU_01.u_out", 5)
    assert bench.lab.done == []


async def test_an_unchanged_rule_that_was_met_does_not_fire_again(bench):
    text = marked("PSU_01.u_out > 4 V")
    bench.load(text)
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    bench.load("# a comment\n" + text)
    await bench.at(3, "PSU_01.u_out", 5)
    assert bench.did("marker") == ["m"]


async def test_actions_under_way_finish_on_the_old_version(bench):
    bench.load(one_rule("when: manual\nthen: [{wait: 5 s}, {marker: old}]"))
    await bench.engine.trigger("f/r")
    await bench.until(1)
    bench.load(one_rule("when: manual\nthen: [{marker: new}]"))
    await bench.until(10)
    assert bench.lab.done == [(5.0, "marker", "old")]


async def test_a_deleted_flow_looks_no_more(bench):
    bench.load(marked("PSU_01.u_out > 4 V"))
    bench.engine.put("f", None)
    await bench.at(1, "PSU_01.u_out", 3)
    await bench.at(2, "PSU_01.u_out", 5)
    assert bench.lab.done == []
    assert bench.engine.list() == []


# -- cost ---------------------------------------------------------------------------------------


async def test_a_sample_costs_only_the_rules_that_read_its_point(bench):
    units = {f"D_{n}.x": "V" for n in range(1000)}
    rules = "".join(
        f"  - {{id: r{n}, when: D_{n}.x > 1 V, then: [{{log: x}}]}}\n" for n in range(1000)
    )
    bench.load(f"version: 1\nid: many\nrules:\n{rules}", PaperSite(units))
    before = sum(rule["evaluations"] for rule in bench.engine.list())
    for second in range(1, 6):
        await bench.at(second, "D_500.x", float(second))
    counts = {rule["id"]: rule["evaluations"] for rule in bench.engine.list()}
    assert sum(counts.values()) - before == 5
    assert counts["many/r500"] == 5


async def test_one_poll_with_two_points_of_a_rule_is_one_look(bench):
    bench.load(marked("PSU_01.u_out * PSU_01.i_out > 10 W"))
    samples = tuple(
        Sample(f"PSU_01.{name}", 1.0, unit, Quality.GOOD, AlarmState.NORMAL, 0.0, 0.0)
        for name, unit in (("u_out", "V"), ("i_out", "A"))
    )
    bench.lab.bus.publish(Snapshot("PSU_01", 0.0, 0.0, 0.0, samples))
    assert bench.rule("f/r")["evaluations"] == 1


# -- why ------------------------------------------------------------------------------------------


async def test_why_names_each_leaf_with_its_value(bench):
    bench.load(marked("{expr: PSU_01.u_out > 4 V and PSU_01.i_out < 50 mA, for: 10 s}"))
    await bench.at(1, "PSU_01.u_out", 5)
    why = bench.rule("f/r")["why"]
    values = {leaf["text"]: leaf["value"] for leaf in why["leaves"]}
    assert why["result"] is None
    assert values["PSU_01.u_out > 4 V"] is True
    assert values["PSU_01.i_out"] is None
    await bench.at(2, "PSU_01.i_out", 0.01)
    rule = bench.rule("f/r")
    assert (rule["why"]["result"], rule["state"]) == (True, "pending")


# -- restart ------------------------------------------------------------------------------------


@pytest.fixture
async def database(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    yield database
    await database.stop()


async def lived(database, text):
    timeline = Timeline(DatabaseRuleStore(database))
    timeline.lab.clock = database.clock
    await timeline.engine.start()
    timeline.load(text)
    return timeline


async def test_switch_counters_and_hold_times_survive_a_restart(database):
    text = marked(HIGH % ", for: 10 s", max_gap="1 h")
    first = await lived(database, text)
    await first.at(1, "PSU_01.u_out", 3)
    await first.at(2, "PSU_01.u_out", 5)
    await first.at(8, "PSU_01.u_out", 5)
    await first.engine.stop()
    await database.clock.sleep(1000)  # does not count as held

    second = await lived(database, text)
    start = database.clock.monotonic()
    await second.at(start + 1, "PSU_01.u_out", 5)
    await second.at(start + 20, "PSU_01.u_out", 5)
    assert [round(t - start) for t, _, _ in second.lab.done] == [5]  # 6 s held, known again at 1 s
    await second.engine.set_enabled("f/r", enabled=False)
    await second.engine.stop()

    third = await lived(database, text)
    rule = third.rule("f/r")
    assert (rule["runtime_enabled"], rule["fired"]) == (False, 1)
    (trace,) = await third.engine.traces("f/r")
    assert trace["outcome"] == "done"
    await third.engine.stop()


async def test_traces_wait_for_a_database_that_refuses(database):
    store = DatabaseRuleStore(database)
    refusing, save = True, store.save

    async def saving(states, traces):
        if refusing:
            msg = "disk full"
            raise StorageError(msg)
        await save(states, traces)

    store.save = saving
    bench = Timeline(store)
    bench.lab.clock = database.clock
    await bench.engine.start()
    bench.load(one_rule("when: manual\nthen: [{log: x}]"))
    await bench.engine.trigger("f/r")
    await database.clock.sleep(5)
    assert bench.engine.store_failures > 0
    refusing = False
    assert len(await bench.engine.traces("f/r")) == 1
    await bench.engine.stop()


# -- runs -----------------------------------------------------------------------------------------

RUN_FLOW = """version: 1
id: cap
sequence:
  - {id: charge, rest: 1 s}
  - {id: relax, rest: 1 s}
rules:
  - {id: full, when: {run: step_ended, step: charge}, if: step.ended_by == "taper",
     then: [{wait: 5 s}, {notify: 'Full {{ step.ah }} Ah'}]}
  - {id: hot, when: PSU_01.temp > 50 °C, during: [charge], then: [{set: {PSU_01.i_set: 0.5 A}}]}
  - {id: long, when: step.time > 5 s, then: [{notify: long}]}
  - {id: safe, when: {run: finished}, then: [{safe_state: channel}]}
"""


class PaperRun:
    """A run on paper."""

    run_id = "7"
    leased_devices = ("PSU_01",)
    origin = Origin(Priority.SEQUENCE, "run:7")

    def __init__(self, bench):
        self.flow = flow_of(RUN_FLOW)
        self.bench = bench
        self.steps = ()
        self.local = {"step.ah": 0.0, "step.ended_by": "", "step.time": 0.0}
        self.wrote = []

    @property
    def env(self):
        return self

    def value(self, address):
        return self.local.get(address, self.bench.env.value(address))

    def age(self, address):
        return self.bench.env.age(address)

    def window(self, function, address, seconds):
        return self.bench.env.window(function, address, seconds)

    async def write(self, point, value, origin):
        self.wrote.append((point, value, origin.id))
        return await self.bench.lab.write(point, value, origin)

    def enters(self, step):
        self.steps = (step,)
        self.bench.lab.event("run_step", run="7", step=step, ended=None)

    def leaves(self, step, ended_by):
        self.bench.lab.event("run_step", run="7", step=step, ended=1.0, ended_by=ended_by)
        self.steps = ()


async def test_a_message_about_a_step_tells_of_that_step_even_when_sent_later(bench):
    run = PaperRun(bench)
    over = bench.engine.add_run(run)
    run.enters("charge")
    run.local["step.ah"] = 2.5
    run.leaves("charge", "taper")
    run.local["step.ah"] = 0.0
    run.enters("relax")
    await bench.until(10)
    assert bench.did("notify") == [("log", "Full 2.5 Ah")]
    over()


async def test_a_rule_attached_when_its_run_starts_hears_of_the_start(bench):
    run = PaperRun(bench)
    run.flow = flow_of(RUN_FLOW + "  - {id: s, when: {run: started}, then: [{notify: go}]}\n")
    bench.engine.add_run(run)
    began = bench.lab.clock.now()
    for second in (2, 3, 4):
        await bench.until(second)
        bench.lab.event("run", id="7", state="running", started=began)
    await bench.settle()
    assert bench.did("notify") == [("log", "go")]


async def test_a_switched_action_of_a_run_stays_so_in_the_next_runs(bench):
    bench.load(RUN_FLOW)
    await bench.engine.set_action_enabled("cap/long", "then/0", enabled=False)
    for binding in ("", "parameters: {cycles: 2}\n", "parameters: {cycles: 3}\n"):
        run = PaperRun(bench)
        run.flow = flow_of(RUN_FLOW.replace("sequence:", f"{binding}sequence:", 1))
        over = bench.engine.add_run(run)
        assert not bench.rule("cap/long")["actions"][0]["runtime_enabled"]
        over()
    bench.load(RUN_FLOW.replace("then: [{notify: long}]", "then: [{notify: later}]"))
    assert bench.rule("cap/long")["actions"][0]["runtime_enabled"]


async def test_only_the_own_run_is_heard(bench):
    bench.engine.add_run(PaperRun(bench))
    bench.lab.event("run_step", run="8", step="charge", ended=1.0, ended_by="taper")
    await bench.until(10)
    assert bench.did("notify") == []


async def test_during_narrows_to_a_step_and_what_is_true_when_it_begins_counts(bench):
    run = PaperRun(bench)
    bench.engine.add_run(run)
    await bench.at(1, "PSU_01.temp", 60)
    assert run.wrote == []
    run.enters("charge")
    await bench.at(2, "PSU_01.temp", 60)
    assert run.wrote == [("PSU_01.i_set", 0.5, "run:7")]
    run.leaves("charge", "time")
    run.enters("relax")
    await bench.at(3, "PSU_01.temp", 40)
    await bench.at(4, "PSU_01.temp", 60)
    assert len(run.wrote) == 1
    run.enters("charge")
    await bench.settle()
    assert len(run.wrote) == 2


async def test_names_of_the_run_alone_are_looked_at_every_second(bench):
    run = PaperRun(bench)
    bench.engine.add_run(run)
    await bench.until(3)
    run.local["step.time"] = 6.0
    await bench.until(5)
    assert bench.did("notify") == [("log", "long")]


async def test_alarms_of_two_rules_of_a_run_are_two_alarms(bench):
    run = PaperRun(bench)
    text = "{marker: x}, then: [{alarm: a}]}\n"
    run.flow = flow_of(RUN_FLOW + f"  - {{id: p, when: {text}  - {{id: q, when: {text}")
    bench.engine.add_run(run)
    bench.lab.event("marker", label="x")
    await bench.settle()
    assert [key for key, _ in bench.did("alarm")] == ["rule:cap/p", "rule:cap/q"]


async def test_a_rule_of_scope_always_knows_the_step_an_event_is_about(bench):
    bench.load(
        one_rule(
            'when: {run: step_ended}\nif: step.ended_by == "taper"\n'
            "then: [{notify: '{{ step.id }} {{ step.ah }}'}]"
        )
    )
    step = {"run": "7", "step_id": "charge", "event": "ended", "ended": 1.0, "ah": 2.5}
    bench.lab.event("run_step", **step, ended_by="time")
    bench.lab.event("run_step", **step, ended_by="taper")
    await bench.settle()
    assert bench.did("notify") == [("log", "charge 2.5")]


async def test_a_write_that_has_begun_is_carried_out_though_the_rule_is_restarted(bench):
    bench.lab.write_takes = 3.0
    bench.load(
        one_rule("when: {marker: go}\nmode: restart\nthen: [{set: {PSU_01.on: false}}, {log: x}]")
    )
    for second in (1, 2):
        await bench.until(second)
        bench.lab.event("marker", label="go")
        await bench.settle()
    await bench.until(10)
    assert [t for t, what, _ in bench.lab.done if what == "set"] == [4.0, 5.0]


async def test_stopping_waits_for_writes_so_that_none_comes_after(bench):
    bench.lab.write_takes = 3.0
    bench.load(one_rule("when: manual\nthen: [{set: {PSU_01.on: true}}]"))
    await bench.engine.trigger("f/r")
    await bench.until(1)
    await bench.engine.stop()
    assert bench.did("set") == [("PSU_01.on", True, "rule:f/r")]


async def test_safe_state_of_the_channel_is_that_of_the_leased_devices(bench):
    bench.engine.add_run(PaperRun(bench))
    bench.lab.event("run", id="7", state="finished")
    await bench.settle()
    assert bench.did("safe_state") == [("PSU_01",)]


async def test_rules_of_a_run_that_is_over_are_gone(bench):
    run = PaperRun(bench)
    bench.engine.put("cap", run.flow)
    over = bench.engine.add_run(run)
    over()
    run.enters("charge")
    await bench.at(1, "PSU_01.temp", 60)
    assert run.wrote == []
    assert (await bench.engine.trigger("cap/full"))["reason"] == "no run has this rule now"


async def test_events_published_by_others_carry_their_cause(bench):
    bench.load(one_rule("when: {marker: x}\nthen: [{log: x}]"))
    clock = bench.lab.clock
    chain = ("rule:f/r", *(f"rule:a/{n}" for n in range(7)))
    bench.lab.bus.publish(Event("marker", {"label": "x"}, clock.now(), clock.monotonic(), chain))
    await bench.settle()
    assert bench.rule("f/r")["suspended"].startswith("feeds itself")
