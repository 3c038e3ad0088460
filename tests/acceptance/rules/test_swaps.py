"""A rule's file saved again and again while samples come: as if nobody had touched it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.automation.rules_bench import Timeline, one_rule

TRIGGERS = [
    "PSU_01.u_out > 4 V",
    "{expr: PSU_01.u_out > 4 V, for: 3 s}",
    "{expr: PSU_01.u_out > 4 V, samples: 3}",
    "{expr: PSU_01.u_out > 4 V, hysteresis: 1 V, edge: both}",
    "{expr: PSU_01.u_out > 4 V, edge: level}",
    "{change: PSU_01.u_out}",
]


async def protocol(when, values, swaps, mode="queued"):
    """What was done when, with the file swapped before these samples."""
    bench = Timeline()
    await bench.engine.start()
    text = one_rule(
        f"when: {when}\nmode: {mode}\nthen: [{{notify: a}}, {{wait: 4 s}}, {{notify: b}}]"
    )
    bench.load(text)
    for number, value in enumerate(values):
        await bench.until(1 + number)
        if number in swaps:
            other = f"  - {{id: n{number}, when: manual, then: [panic]}}\n"
            bench.load(f"# version {number}\n{text}{other}")
        await bench.at(1 + number, "PSU_01.u_out", value)
    await bench.until(70)
    fired = bench.rule("f/r")["fired"]
    await bench.engine.stop()
    return bench.lab.done, fired


@settings(max_examples=15, deadline=None)
@given(
    when=st.sampled_from(TRIGGERS),
    values=st.lists(st.sampled_from([3.0, 3.5, 5.0, 5.0, 6.0, None]), min_size=4, max_size=10),
    swaps=st.sets(st.integers(0, 9), min_size=1, max_size=4),
)
async def test_a_swap_costs_no_sample_no_hold_and_no_firing(when, values, swaps):
    assert await protocol(when, values, swaps) == await protocol(when, values, set())


async def test_a_sample_in_the_very_turn_of_a_swap_is_seen_once():
    bench = Timeline()
    await bench.engine.start()
    text = one_rule("when: {expr: PSU_01.u_out > 4 V, edge: level}\nmode: parallel\n"
                    "then: [{wait: 1 s}, {notify: x}]")  # fmt: skip
    bench.load(text)
    for number in range(8):
        bench.lab.sample("PSU_01.u_out", 5.0)
        bench.load(f"# {number}\n{text}")
        bench.lab.sample("PSU_01.u_out", 3.0)
        await bench.until(1 + number)
    await bench.until(20)
    assert len(bench.did("notify")) == 8
    await bench.engine.stop()


async def test_a_queue_of_the_old_version_is_worked_off_by_the_old_version():
    bench = Timeline()
    await bench.engine.start()
    text = "when: {marker: go}\nmode: queued\nthen: [{wait: 5 s}, {notify: %s}]"
    bench.load(one_rule(text % "old"))
    for _ in range(3):
        bench.lab.event("marker", label="go")
    await bench.until(1)
    bench.load(one_rule(text % "new"))
    bench.lab.event("marker", label="go")
    await bench.until(60)
    assert sorted(text for _, text in bench.did("notify")) == ["new", "old", "old", "old"]
    await bench.engine.stop()


async def test_a_removed_rule_that_comes_back_has_not_looked_meanwhile():
    bench = Timeline()
    await bench.engine.start()
    text = one_rule("when: {expr: PSU_01.u_out > 4 V, for: 10 s}\nthen: [{notify: x}]")
    bench.load(text)
    await bench.at(1, "PSU_01.u_out", 3.0)
    for second in (2, 4):
        await bench.at(second, "PSU_01.u_out", 5.0)
    bench.engine.put("f", None)
    await bench.until(30)
    bench.load(text)
    for second in (31, 33, 35):
        await bench.at(second, "PSU_01.u_out", 5.0)
    await bench.until(100)
    assert bench.did("notify") == []
    await bench.engine.stop()
