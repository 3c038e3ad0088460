"""Rules that hear and send messages of brokers, on the virtual clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.flow_reader import read_flow
from tests.unit.automation.rules_bench import PaperSite, Timeline, one_rule


@pytest.fixture
async def bench():
    timeline = Timeline()
    await timeline.engine.start()
    yield timeline
    await timeline.engine.stop()


def marking(when):
    text = "'{{ trigger.topic }} {{ trigger.value }} {{ trigger.payload }}'"
    return one_rule(f"when: {when}\nmode: parallel\nthen: [{{marker: {text}}}]")


HEARD = {
    "a number": ("{mqtt: t}", "t", "23.5", "t 23.5 23.5"),
    "a text": ("{mqtt: t}", "t", "ON", "t ON ON"),
    "a JSON text": ("{mqtt: t}", "t", '"ON"', 't ON "ON"'),
    "truth": ("{mqtt: t}", "t", "true", "t true true"),
    "an object has no value of its own": ("{mqtt: t}", "t", '{"a": 1}', 't ? {"a": 1}'),
    "no text": ("{mqtt: t}", "t", b"\xff\x00", "t ? ?"),
    "not a number": ("{mqtt: t}", "t", "NaN", "t ? NaN"),
    "too large for a number": ("{mqtt: t}", "t", "1e999", "t ? 1e999"),
    "one level": ("{mqtt: lab/+/temp}", "lab/oven/temp", "1", "lab/oven/temp 1 1"),
    "all levels": ("{mqtt: lab/#}", "lab/a/b", "1", "lab/a/b 1 1"),
    "another topic": ("{mqtt: lab/+}", "lab/a/b", "1", None),
    "a path": ('{mqtt: t, path: "a.b[1].c"}', "t", '{"a":{"b":[0,{"c":5}]}}', "t 5 *"),
    "a path to nothing": ("{mqtt: t, path: a.x}", "t", '{"a": 1}', None),
    "a path to a list": ("{mqtt: t, path: a}", "t", '{"a": [1]}', None),
    "a path to null": ("{mqtt: t, path: a}", "t", '{"a": null}', None),
    "a path into text": ("{mqtt: t, path: a}", "t", "hello", None),
    "the wanted number": ("{mqtt: t, value: 5}", "t", "5.0", "t 5 5.0"),
    "the wanted text": ("{mqtt: t, value: go}", "t", "go", "t go go"),
    "the wanted truth": ("{mqtt: t, path: on, value: true}", "t", '{"on": true}', "t true *"),
    "another value": ("{mqtt: t, value: go}", "t", "stop", None),
    "nothing where a value is wanted": ("{mqtt: t, value: go}", "t", b"\xff", None),
    "another broker": ("{mqtt: t, broker: lab}", "t", "1", "t 1 1"),
}


@pytest.mark.parametrize("name", HEARD)
async def test_what_a_message_gives_a_rule(bench, name):
    when, topic, payload, said = HEARD[name]
    bench.load(marking(when))
    bench.lab.broker.receive(topic, payload)
    await bench.settle()
    wanted = [] if said is None else [said.replace("*", str(payload))]
    assert bench.did("marker") == wanted


async def test_what_the_broker_had_kept_fires_only_if_asked(bench):
    bench.load(marking("{mqtt: t}"))
    bench.lab.broker.receive("t", "old", retained=True)
    await bench.settle()
    assert bench.did("marker") == []
    bench.load(marking("{mqtt: t, retained: fire}"))
    bench.lab.broker.receive("t", "old", retained=True)
    await bench.settle()
    assert bench.did("marker") == ["t old old"]


async def test_a_rule_that_is_gone_hears_no_more(bench):
    bench.load(marking("{mqtt: t}"))
    bench.engine.put("f", None)
    bench.lab.broker.receive("t", "1")
    await bench.settle()
    assert bench.did("marker") == []


async def test_a_rule_publishes_values(bench):
    text = """when: {mqtt: in}
then:
  - publish:
      topic: "out/{{ trigger.value }}"
      payload: '{"v": {{ trigger.value }}}'
      qos: 1
      retain: true
"""
    bench.load(one_rule(text))
    bench.lab.broker.receive("in", "7")
    await bench.settle()
    await bench.settle()
    assert bench.did("publish") == [("out/7", '{"v": 7}', 1, True)]
    (trace,) = await bench.engine.traces("f/r")
    assert trace["actions"][0]["result"]["acknowledged"] is True


async def test_what_cannot_be_published_ends_the_list_and_stands_in_the_trace(bench):
    bench.load(one_rule("when: {mqtt: in}\nthen: [{publish: out}, {marker: never}]"))
    bench.lab.broker.is_up = False
    bench.lab.broker.receive("in", "1")
    await bench.settle()
    (trace,) = await bench.engine.traces("f/r")
    assert (trace["outcome"], trace["actions"][0]["error"]) == ("failed", "BROKER_OFFLINE")
    assert bench.did("marker") == []


PING_PONG = """version: 1
id: f
rules:
  - id: ping
    when: {mqtt: a}
    mode: queued
    then: [{wait: 1 s}, {publish: {topic: b, payload: x}}]
  - id: pong
    when: {mqtt: b}
    mode: queued
    then: [{wait: 1 s}, {publish: {topic: a, payload: x}}]
"""


async def test_two_rules_that_answer_each_other_over_a_broker_are_cut(bench):
    bench.load(PING_PONG)
    bench.lab.broker.receive("a", "x")
    await bench.until(60)
    assert len(bench.did("publish")) == 8
    assert "feeds itself" in bench.did("alarm")[0][1]


async def test_a_rule_that_publishes_what_it_hears_at_once_is_cut(bench):
    bench.load(one_rule("when: {mqtt: t}\nmode: queued\nthen: [{publish: {topic: t, payload: x}}]"))
    bench.lab.broker.receive("t", "x")
    await bench.until(5)
    assert len(bench.did("publish")) <= 10
    assert bench.rule("f/r")["suspended"]


async def test_a_message_of_somebody_else_begins_a_chain_of_its_own(bench):
    bench.load(one_rule("when: {mqtt: in}\nthen: [{publish: {topic: in/answer, payload: x}}]"))
    for second in range(1, 30, 2):
        await bench.until(second)
        bench.lab.broker.receive("in", "x")
    await bench.settle()
    traces = await bench.engine.traces("f/r")
    assert len(traces) == 15
    assert all(trace["cause"] == [] for trace in traces)


BAD = {
    "wildcard in the middle": ("{mqtt: a/#/b}", "manual", "# stands only at the end"),
    "half a wildcard": ("{mqtt: a/b+}", "manual", "+ stands for a whole level"),
    "no topic": ("{mqtt: ''}", "manual", ""),
    "quality 2": ("{mqtt: t, qos: 2}", "manual", "qos is 0 or 1"),
    "no path": ("{mqtt: t, path: 'a..b'}", "manual", "no path into JSON"),
    "wildcard published": ("manual", "{publish: a/+}", "holds no +"),
    "topic of the broker": ("manual", "{publish: $SYS/x}", "belong to the broker"),
    "endless timeout": ("manual", "{publish: {topic: t, timeout: 1 h}}", "at most 1 min"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_found_before_it_runs(name):
    when, action, said = BAD[name]
    action = action if action.startswith("{") else "{marker: m}"
    flow, findings = read_flow(
        one_rule(f"when: {when}\nthen: [{action}]"), "test.yaml", PaperSite()
    )
    assert flow is None
    assert any(said in finding.message for finding in findings), findings


@given(st.binary(max_size=300), st.sampled_from(["{mqtt: t}", "{mqtt: t, path: 'a[0].b'}"]))
async def test_no_payload_breaks_a_rule(payload, when):
    bench = Timeline()
    await bench.engine.start()
    bench.load(marking(when))
    bench.lab.broker.receive("t", payload)
    await bench.settle()
    outcomes = [trace["outcome"] for trace in await bench.engine.traces("f/r")]
    await bench.engine.stop()
    assert outcomes in ([], ["done"])
