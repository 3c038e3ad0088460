"""``wait_for`` with ``on_timeout: goto``: where a list goes on, how often, and what is refused."""

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.check import check_rules
from tests.unit.automation.rules_bench import PaperSite, Timeline, one_rule


@pytest.fixture
async def bench():
    made = Timeline()
    await made.engine.start()
    yield made
    await made.engine.stop()


def goto(target, most=2):
    return f"{{wait_for: PSU_01.on, timeout: 10 s, on_timeout: goto, goto: {target}, max: {most}}}"


def rule(*actions):
    return one_rule("when: manual\nthen:\n" + "\n".join(f"  - {one}" for one in actions))


def told(bench):
    return [(second, what[1]) for second, name, what in bench.lab.done if name == "notify"]


async def test_a_wait_that_is_over_goes_back_so_often_and_then_ends_with_an_error(bench):
    bench.load(rule("{notify: try, id: again}", goto("again"), "{notify: behind}"))
    await bench.engine.trigger("f/r")
    await bench.until(100)
    assert told(bench) == [(0, "try"), (10, "try"), (20, "try")]
    (trace,) = await bench.engine.traces("f/r")
    assert (trace["outcome"], trace["actions"][-1]["error"]) == ("failed", "WAIT_TIMEOUT")
    assert "'again' 2 times" in trace["actions"][-1]["message"]


async def test_what_is_met_goes_on_behind(bench):
    bench.load(rule("{notify: try, id: again}", goto("again"), "{notify: behind}"))
    await bench.engine.trigger("f/r")
    await bench.at(15, "PSU_01.on", True)
    assert told(bench) == [(0, "try"), (10, "try"), (15, "behind")]


async def test_it_may_go_forward_past_what_is_left_out(bench):
    bench.load(rule(goto("end"), "{notify: between}", "{notify: last, id: end}"))
    await bench.engine.trigger("f/r")
    await bench.until(30)
    assert told(bench) == [(10, "last")]


async def test_each_branch_of_parallel_has_its_own_way_and_count(bench):
    inner = f"[{{notify: try, id: again}}, {goto('again', 1)}]"
    bench.load(rule(f"{{parallel: [{inner}, {inner}]}}", "{notify: behind}"))
    await bench.engine.trigger("f/r")
    await bench.at(25, "PSU_01.on", True)
    await bench.until(60)
    assert told(bench) == [(0, "try"), (0, "try"), (10, "try"), (10, "try")]
    (trace,) = await bench.engine.traces("f/r")
    assert trace["actions"][0]["error"] == "BRANCH_FAILED"


SEQUENCE = """version: 1
id: s
sequence:
  - {}
  - parallel: [[{{log: x}}], [{}, {{log: y, id: there}}]]
"""

WRONG = {
    "an action of another list": (
        rule("{notify: a, id: a}", "{if: 1 < 2, then: [" + goto("a") + "]}"),
        "unknown-action",
        "give the action an id",
    ),
    "an id that is none": (
        rule("{notify: a, id: a}", goto("b")),
        "unknown-action",
        "ids here: a",
    ),
    "two of the same id": (
        rule("{log: a, id: x}", "{log: b, id: x}", goto("x")),
        "duplicate-id",
        "another id",
    ),
    "a step": (SEQUENCE.format(goto("there"), "{wait: 1 s}"), "goto-step", "until"),
    "a step inside a step": (SEQUENCE.format("{wait: 1 s}", goto("there")), "goto-step", "until"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_way_that_is_none_is_told_by_the_check(name):
    text, code, hint = WRONG[name]
    flow, findings = read_flow(text, "f.yaml", PaperSite())
    assert flow is not None, findings
    (found,) = [f for f in check_rules(flow) if f.severity == "error"]
    assert found.code == code
    assert hint in found.hint
