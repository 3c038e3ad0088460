"""Rules as a lab protocol: at this second that sample, then that action."""

import pytest

from tests.unit.automation.rules_bench import Timeline, one_rule


@pytest.fixture
async def bench():
    timeline = Timeline()
    await timeline.engine.start()
    yield timeline
    await timeline.engine.stop()


async def test_expression_that_becomes_true_sets_a_marker(bench):
    bench.load(
        one_rule("when: PSU_01.u_out > 4.2 V\nthen: [{marker: 'Full at {{ PSU_01.u_out }} V'}]")
    )
    await bench.at(1, "PSU_01.u_out", 4.1)
    await bench.at(2, "PSU_01.u_out", 4.25)
    await bench.at(3, "PSU_01.u_out", 4.3)
    assert bench.lab.done == [(2.0, "marker", "Full at 4.25 V")]
    assert bench.rule("f/r")["fired"] == 1
