"""How long a run will still take: from a prediction, from what blocks say, from earlier cycles."""

from dataclasses import dataclass

import pytest

from ionpy_auto.automation.flow import StepNode
from ionpy_auto.automation.sequences.progress import Plan, times_of


@dataclass
class Lasting:
    """A block that knows how long it takes."""

    planned_s: float | None = None
    duration: float | None = None


def test_a_predicted_run_takes_what_was_predicted_stretched_by_how_it_goes():
    predicted = {"charge": [100.0, 80.0, 80.0], "rest": [30.0, 30.0, 30.0]}
    plan = Plan((), None, predicted)
    assert plan.remaining("", 0.0) == 350.0
    assert plan.remaining("charge", 40.0) == 310.0
    plan.finished("charge", 110.0)
    assert plan.remaining("rest", 10.0) == pytest.approx(1.1 * 160.0 + 90.0 - 10.0)
    for _ in range(3):
        plan.finished("rest", 30.0)
    plan.finished("charge", 88.0)
    plan.finished("charge", 88.0)
    assert plan.remaining("", 0.0) == 0.0


def test_only_a_prediction_that_came_to_its_end_says_how_long_steps_take():
    steps = [{"step_id": "a", "duration_s": 3.0}, {"step_id": "a", "duration_s": 4.0}]
    assert times_of({"outcome": "finished", "steps": steps}) == {"a": [3.0, 4.0]}
    assert times_of({"outcome": "unfinished", "steps": steps}) == {}
    assert times_of(None) == {}


def test_a_step_that_knows_how_long_it_lasts_says_so():
    rest = StepNode("rest", "rest", "rest", Lasting(duration=60.0))
    profile = StepNode("profile", "profile", "profile", Lasting(planned_s=90.0))
    assert Plan((rest, profile), None).remaining("rest", 20.0) == 130.0
