"""How far a point moved: what ends a rest by ``stable``."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.spread import Spread


def test_the_span_must_be_full() -> None:
    spread = Spread(600.0)
    for second in range(600):
        spread.add(100.0 + second, 3.7)
        assert spread.value() is None
    spread.add(700.0, 3.7)
    assert spread.value() == 0.0


@pytest.mark.parametrize("lost", [None, True, "3.7"])
def test_an_unknown_value_begins_the_span_anew(lost: object) -> None:
    spread = Spread(10.0)
    for second in range(20):
        spread.add(float(second), lost if second == 8 else 3.7)  # type: ignore[arg-type]
        assert (spread.value() is None) == (second < 10 or 8 <= second < 19)


def test_a_long_silence_begins_the_span_anew() -> None:
    spread = Spread(60.0)
    for second in (*range(61), *range(90, 149)):
        spread.add(float(second), 3.7)
        if second == 60:
            assert spread.value() == 0.0
    assert spread.value() is None


@given(st.integers(0, 10_000), st.floats(5.0, 2000.0), st.floats(0.05, 1.0))
def test_it_covers_the_span_and_hardly_more(seed: int, seconds: float, poll: float) -> None:
    draw = random.Random(seed)
    spread = Spread(seconds)
    seen: list[tuple[float, float]] = []
    for number in range(400):
        seen.append((number * poll, draw.uniform(3.0, 4.0)))
        spread.add(*seen[-1])
    value, now = spread.value(), seen[-1][0]
    if now < seconds:
        assert value is None
        return
    assert value is not None
    inside = [v for t, v in seen if t >= now - seconds]
    wider = [v for t, v in seen if t >= now - seconds * (1 + 1 / 59)]
    assert max(inside) - min(inside) <= value <= max(wider) - min(wider)
