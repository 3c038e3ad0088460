"""Triggers threshold, stale, event, webhook and startup, read as lab protocols."""

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.hooks import Hooks
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import BadInput, IonpyError, NotFound
from tests.unit.automation.rules_bench import PaperSite, Timeline, flow_of, one_rule


@pytest.fixture
async def time():
    timeline = Timeline()
    await timeline.engine.start()
    yield timeline
    await timeline.engine.stop()


LOG = 'then: [{marker: "{{ trigger.value }}"}]'

# --- threshold ------------------------------------------------------------------------------

THRESHOLDS = {
    "above": ("threshold: PSU_01.temp, above: 60 °C", [59, 61, 62, 59, 61], [61, 61]),
    "above, let go at its reset": (
        "threshold: PSU_01.temp, above: 60 °C, reset: 55 °C",
        [59, 61, 57, 62, 54, 63],
        [61, 63],
    ),
    "above with hysteresis": (
        "threshold: PSU_01.temp, above: 60 °C, hysteresis: 5 K",
        [50, 61, 57, 61, 54, 62],
        [61, 62],
    ),
    "below": ("threshold: PSU_01.temp, below: 10 °C", [12, 9, 8, 12, 9], [9, 9]),
    "below, let go at its reset": (
        "threshold: PSU_01.temp, below: 10 °C, reset: 12 °C",
        [20, 9, 11, 9, 13, 8],
        [9, 8],
    ),
    "outside a range": (
        "threshold: PSU_01.temp, above: 60 °C, below: 10 °C",
        [20, 61, 30, 9, 70],
        [61, 9],
    ),
    "samples": ("threshold: PSU_01.temp, above: 60 °C, samples: 2", [1, 61, 1, 61, 62], [62]),
    "falling edge": ("threshold: PSU_01.temp, above: 60 °C, edge: falling", [1, 61, 20], [20]),
    "already above at the start": ("threshold: PSU_01.temp, above: 60 °C", [61, 62], []),
    "unknown in between is no edge": (
        "threshold: PSU_01.temp, above: 60 °C",
        [1, 61, None, 61],
        [61],
    ),
}


@pytest.mark.parametrize("name", THRESHOLDS)
async def test_a_threshold_fires_where_the_value_crosses(time, name):
    text, values, fired = THRESHOLDS[name]
    time.load(one_rule(f"when: {{{text}}}\n{LOG}"))
    for second, value in enumerate(values, 1):
        await time.at(second, "PSU_01.temp", None if value is None else float(value))
    assert time.did("marker") == [str(value) for value in fired]


async def test_a_limit_that_moves_is_looked_at_too(time):
    time.load(one_rule(f"when: {{threshold: PSU_01.u_out, above: PSU_01.u_set}}\n{LOG}"))
    await time.at(1, "PSU_01.u_set", 5.0)
    await time.at(2, "PSU_01.u_out", 4.0)
    await time.at(3, "PSU_01.u_set", 3.0)
    assert time.did("marker") == ["4"]


async def test_a_threshold_holds_for_a_time_before_it_fires(time):
    time.load(one_rule(f"when: {{threshold: PSU_01.temp, above: 60 °C, for: 10 s}}\n{LOG}"))
    for second, value in ((1, 50.0), (2, 61.0), (6, 62.0), (9, 63.0)):
        await time.at(second, "PSU_01.temp", value)
    await time.until(11.9)
    assert time.did("marker") == []
    await time.until(12.1)
    assert time.did("marker") == ["63"]


async def test_parameters_stand_for_limits_and_times(time):
    text = one_rule(
        f"when: {{threshold: {{point: PSU_01.temp, above: $top, reset: $low, for: $hold}}}}\n{LOG}"
    )
    head = "id: f\nparameters: {top: 60 °C, low: 55 °C, hold: 3 s}\n"
    time.load(text.replace("id: f\n", head, 1))
    for second, value in enumerate((50.0, 61.0, 62.0, 57.0, 56.0, 54.0, 61.0, 61.0, 61.0, 66.0), 1):
        await time.at(second, "PSU_01.temp", value)
    await time.until(20)
    assert time.did("marker") == ["61"]


# --- stale ----------------------------------------------------------------------------------


async def test_a_silent_point_fires_once_until_it_speaks_again(time):
    time.load(one_rule("when: {stale: PSU_01.temp, for: 10 s}\nthen: [{marker: silent}]"))
    for second in range(1, 9):
        await time.at(second, "PSU_01.temp", 20.0)
        await time.at(second + 0.5, "PSU_01.u_out", 4.0)
    await time.until(17.9)
    assert time.did("marker") == []
    await time.until(60)
    assert [t for t, what, _ in time.lab.done if what == "marker"] == [18.0]
    await time.at(61, "PSU_01.temp", 20.0)
    await time.until(70.9)
    assert len(time.did("marker")) == 1
    await time.until(71.1)
    assert len(time.did("marker")) == 2


async def test_bad_samples_are_silence(time):
    time.load(one_rule("when: {stale: PSU_01, for: 5 s}\nthen: [{marker: silent}]"))
    await time.at(1, "PSU_01.temp", 20.0)
    for second in range(2, 9):
        await time.at(second, "PSU_01.temp", None)
    assert [t for t, _, _ in time.lab.done] == [6.0]


async def test_any_good_value_of_a_device_is_a_sign_of_life(time):
    time.load(one_rule("when: {stale: PSU_01, for: 5 s}\nthen: [{marker: silent}]"))
    for second in range(1, 20):
        await time.at(second, "PSU_01.temp" if second % 2 else "PSU_01.u_out", 20.0)
    assert time.did("marker") == []
    await time.until(30)
    assert [t for t, _, _ in time.lab.done] == [24.0]


async def test_a_device_that_never_spoke_is_silent_from_loading_the_rule(time):
    await time.until(100)
    time.load(one_rule("when: {stale: FAN_01, for: 30 s}\nthen: [{marker: silent}]"))
    await time.until(200)
    assert [t for t, _, _ in time.lab.done] == [130.0]


async def test_a_reload_does_not_tell_of_the_same_silence_again(time):
    text = one_rule("when: {stale: FAN_01, for: 5 s}\nthen: [{marker: silent}]")
    time.load(text)
    await time.until(20)
    time.load(text)
    await time.until(60)
    assert len(time.did("marker")) == 1


# --- event ----------------------------------------------------------------------------------


async def test_an_event_reaches_the_rules_that_listen_to_its_name(time):
    time.load(
        """version: 1
id: f
rules:
  - id: tell
    when: manual
    then: [{event: {name: batch-done, fields: {good: "PSU_01.temp < 30 °C", temp: PSU_01.temp}}}]
  - id: hear
    when: {event: batch-done}
    then: [{marker: "{{ trigger.good }} {{ trigger.temp }} {{ trigger.by }}"}]
  - id: only-bad
    when: {event: batch-done, fields: {good: "false"}}
    then: [{marker: bad}]
  - {id: other, when: {event: other}, then: [{marker: other}]}
"""
    )
    await time.at(1, "PSU_01.temp", 20.0)
    await time.engine.trigger("f/tell")
    await time.settle()
    assert time.did("marker") == ["true 20 rule:f/tell"]
    await time.at(2, "PSU_01.temp", 40.0)
    await time.engine.trigger("f/tell")
    await time.settle()
    assert sorted(time.did("marker")[1:]) == ["bad", "false 40 rule:f/tell"]


async def test_what_is_not_known_is_left_open_in_an_event(time):
    time.load(
        """version: 1
id: f
rules:
  - {id: tell, when: manual, then: [{event: {name: x, fields: {temp: PSU_01.temp}}}]}
  - {id: hear, when: {event: x, fields: {temp: 20 °C}}, then: [{marker: x}]}
"""
    )
    await time.engine.trigger("f/tell")
    await time.settle()
    (event,) = [event for event in time.lab.events if event.kind == "custom"]
    assert event.payload["fields"] == {"temp": None}
    assert time.did("marker") == []


async def test_two_rules_that_call_each_other_are_cut(time):
    time.load(
        """version: 1
id: f
rules:
  - {id: ping, when: {event: ping}, mode: parallel, then: [{event: pong}]}
  - {id: pong, when: {event: pong}, mode: parallel, then: [{event: ping}]}
"""
    )
    time.lab.event("custom", name="ping", fields={})
    await time.until(1)
    assert len([e for e in time.lab.events if e.kind == "custom"]) < 12
    assert any(rule["suspended"] for rule in time.engine.list())


# --- webhook --------------------------------------------------------------------------------


async def test_the_fields_of_a_post_become_trigger_values(time):
    rule = 'when: {webhook: door}\nif: trigger.open\nthen: [{marker: "{{ trigger.who }}"}]'
    flow = time.load(one_rule(rule))
    assert time.lab.hooks.post("door", {"open": True, "who": "anna", "n": 3, "x": None}) == 1
    assert time.lab.hooks.post("door", {"open": False, "who": "ben"}) == 1
    await time.settle()
    assert time.did("marker") == ["anna"]
    time.engine.put(flow.id, None)
    with pytest.raises(NotFound, match="no rule listens"):
        time.lab.hooks.post("door", {})


POSTS = {
    "a list": {"a": [1]},
    "a map": {"a": {"b": 1}},
    "too many": {f"f{n}": n for n in range(51)},
    "too long": {"a": "x" * 1001},
    "a name with a dash": {"a-b": 1},
    "an empty name": {"": 1},
    "a huge whole number": {"a": 10**400},
    "not a number": {"a": float("nan")},
}


@pytest.mark.parametrize("name", POSTS)
def test_only_flat_plain_fields_come_in(name):
    hooks = Hooks(VirtualClock())
    told = []
    hooks.listen("door", told.append)
    with pytest.raises(BadInput):
        hooks.post("door", POSTS[name])
    assert told == []


async def test_ten_posts_within_ten_seconds_are_taken():
    clock = VirtualClock()
    hooks, told = Hooks(clock), []
    hooks.listen("door", told.append)
    for number in range(10):
        hooks.post("door", {"n": number})
        await clock.sleep(0.5)
    with pytest.raises(IonpyError) as refused:
        hooks.post("door", {})
    assert (refused.value.status, refused.value.error_code) == (429, "TOO_MANY_REQUESTS")
    assert refused.value.arguments == {"retry_after_s": 5.0}
    await clock.sleep(5.0)
    hooks.post("door", {})
    assert len(told) == 11


async def test_a_program_that_calls_too_often_cannot_take_a_rule_out(time):
    log = "{log: x}"
    time.load(one_rule(f"when: {{webhook: door}}\nthen: [{', '.join([log] * 6)}, {{marker: x}}]"))
    for _ in range(10):
        time.lab.hooks.post("door", {})
        await time.settle()
    assert time.rule("f/r")["suspended"] == ""
    assert time.rule("f/r")["skipped"] == {"too fast": 8}
    await time.until(20)
    time.lab.hooks.post("door", {})
    await time.settle()
    assert len(time.did("marker")) == 3


# --- startup --------------------------------------------------------------------------------


async def test_startup_fires_once_and_not_for_what_is_loaded_later(time):
    time.load(one_rule("when: startup\nthen: [{marker: up}]"))
    time.engine.tell_started()
    await time.settle()
    time.load(one_rule("when: startup\nthen: [{marker: later}]", "g"))
    await time.until(10)
    assert time.did("marker") == ["up"]


INDIRECT = {
    "over an event": "- {id: b, when: {event: go}, then: [{set: {PSU_01.u_set: 5 V}}]}",
    "over a marker": "- {id: b, when: {marker: go}, then: [{set: {PSU_01.u_set: 5 V}}]}",
    "over a variable": "- {id: b, when: var.go > 0, then: [{set: {PSU_01.u_set: 5 V}}]}",
    "over a trigger": "- {id: b, when: manual, then: [{set: {PSU_01.u_set: 5 V}}]}",
    "as a ramp": "- {id: b, when: {event: go}, "
    "then: [{ramp: {point: PSU_01.u_set, to: 5 V, over: 1 s}}]}",
    "as a run": "- {id: b, when: {event: go}, then: [{run: capacity-check}]}",
    "two rules away": "- {id: b, when: {event: go}, then: [{event: further}]}\n"
    "  - {id: c, when: {event: further}, then: [{set: {PSU_01.u_set: 5 V}}]}",
}


@pytest.mark.parametrize("name", INDIRECT)
async def test_no_way_leads_from_the_start_to_an_output(time, name):
    time.load(
        f"""version: 1
id: f
rules:
  - id: a
    when: startup
    then:
      - variables: {{set: {{go: 0}}}}
      - event: go
      - marker: go
      - variables: {{set: {{go: 1}}}}
      - rule: {{id: f/b, do: trigger}}
  {INDIRECT[name]}
"""
    )
    await time.at(0.5, "PSU_01.u_set", 1.0)
    time.engine.tell_started()
    await time.until(5)
    assert time.did("set") == time.did("run") == []
    assert "go" in time.did("marker")
    last = "f/c" if "f/c" in {rule["id"] for rule in time.engine.list()} else "f/b"
    traces = await time.engine.traces(last)
    assert {trace["actions"][-1]["error"] for trace in traces} == {"STARTUP_WRITE"}


async def test_the_same_rules_act_when_a_person_begins(time):
    time.load(
        """version: 1
id: f
rules:
  - {id: a, when: [startup, manual], then: [{event: go}]}
  - {id: b, when: {event: go}, then: [{set: {PSU_01.u_set: 5 V}}]}
"""
    )
    await time.engine.trigger("f/a")
    await time.settle()
    assert time.did("set") == [("PSU_01.u_set", 5.0, "rule:f/b")]


# --- what is written wrongly ----------------------------------------------------------------

WRONG = {
    "no limit": ("{threshold: PSU_01.temp}", "above, below or both", 23),
    "unit of the limit": ("{threshold: PSU_01.temp, above: 60 V}", "V", 43),
    "unit of the reset": ("{threshold: PSU_01.temp, above: 60 °C, reset: 5 A}", "A", 57),
    "point": ("{threshold: PSU_01.nope, above: 60 °C}", "nope", 23),
    "reset on the wrong side": (
        "{threshold: PSU_01.temp, above: 60 °C, reset: 65 °C}",
        "is above the limit",
        23,
    ),
    "reset of a range": (
        "{threshold: PSU_01.temp, above: 60 °C, below: 5 °C, reset: 50 °C}",
        "belongs to one limit",
        23,
    ),
    "edge": ("{threshold: PSU_01.temp, above: 60 °C, edge: up}", "edge is one of", 23),
    "silence without a time": ("{stale: PSU_01.temp}", "'for' is missing", 19),
    "too short a silence": ("{stale: PSU_01.temp, for: 10 ms}", "at least 1 s", 19),
    "silence of nobody": ("{stale: NOBODY, for: 10 s}", "no point and no device", 19),
    "hook name": ("{webhook: Door_1}", "no name of a hook", 21),
    "hook without a name": ("{webhook: }", "'name' is missing", 0),
    "event name": ("{event: a b}", "no name", 19),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_trigger_is_said_with_its_place(name):
    when, message, column = WRONG[name]
    flow, findings = read_flow(one_rule(f"when: {when}\nthen: [{{log: x}}]"), "f.yaml", PaperSite())
    assert flow is None
    (finding,) = [f for f in findings if f.severity == "error"]
    assert message in f"{finding.message} {finding.hint}", finding
    assert finding.line == 5
    assert not column or finding.column == column, finding


SENTENCES = {
    "{threshold: PSU_01.temp, above: 60 °C, for: 10 s}": "PSU_01.temp > 60 °C for 10 s",
    "{threshold: PSU_01.temp, above: 60 °C, below: 5 °C}": (
        "PSU_01.temp > 60 °C or PSU_01.temp < 5 °C"
    ),
    "{stale: PSU_01, for: 30 s}": "PSU_01 is silent for 30 s",
    "{event: x, fields: {a: 1}}": "event x with a 1 is told",
    "{webhook: x}": "somebody posts to /api/hooks/x",
    "startup": "The project has been opened",
}


@pytest.mark.parametrize("when", SENTENCES)
def test_a_trigger_says_what_it_waits_for(when):
    flow = flow_of(one_rule(f"when: {when}\nthen: [{{log: x}}]"))
    assert flow.rules[0].sentence == f"When {SENTENCES[when]}: log 'x'"
