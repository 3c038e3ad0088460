"""Delays: nothing comes too early, nothing stays away for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.alarms.delays import Delay, Delays


def follow(delays, results):
    """What is met after each second."""
    delay = Delay(delays)
    return [delay.update(result, float(second)) for second, result in enumerate(results)]


T, F, U = True, False, None


@pytest.mark.parametrize(
    ("delays", "results", "met"),
    [
        (Delays(), [F, T, F], [F, T, F]),
        (Delays(on_s=2), [T, T, T, T], [F, F, T, T]),
        (Delays(on_s=2), [T, T, F, T, T, T], [F, F, F, F, F, T]),
        (Delays(on_s=2), [T, U, T], [F, F, T]),
        (Delays(off_s=2), [T, F, F, F], [T, T, T, F]),
        (Delays(off_s=2), [T, F, U, F, F, F], [T, T, T, T, T, F]),
        (Delays(count=3, within_s=9), [T, F, T, F, T], [F, F, F, F, T]),
        (Delays(count=3, within_s=3), [T, F, F, F, T, F, F, F, T], [F] * 9),
        (Delays(), [U, U], [F, F]),
    ],
)
def test_cases(delays, results, met):
    assert follow(delays, results) == met


RESULTS = st.lists(st.sampled_from([True, False, None]), max_size=60)
DELAYS = st.builds(Delays, on_s=st.integers(0, 9), off_s=st.integers(0, 9))


@given(DELAYS, RESULTS)
def test_it_comes_only_after_its_delay_and_goes_only_when_that_is_known(delays, results):
    met = follow(delays, results)
    for now in range(len(results)):
        before = met[now - 1] if now else False
        if met[now] and not before:
            assert results[now] is True
            assert False not in results[max(0, int(now - delays.on_s)) : now]
        if before and not met[now]:
            last = results[max(0, int(now - delays.off_s)) : now + 1]
            assert set(last) == {False}


@given(DELAYS, RESULTS)
def test_what_stays_so_is_met_in_the_end(delays, results):
    ends = [*results, *[True] * (int(delays.on_s) + 2)]
    assert follow(delays, ends)[-1]


def test_a_delay_that_runs_goes_on_after_a_restart_and_the_time_between_counts():
    delay = Delay(Delays(on_s=600))
    delay.update(True, 100.0)
    kept = delay.as_dict(now=1_000.0, mono=400.0)
    again = Delay(Delays(on_s=600))
    again.restore(kept, now=1_200.0, mono=5.0)
    assert not again.update(True, 5.0)
    assert again.due == pytest.approx(5.0 + 600 - 500)
    assert again.update(True, 105.1)
