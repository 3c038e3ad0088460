"""Counters of instruments: resets, wraps and what they are worth."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.sequences.counters import Counter, DeviceCounters
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.devices import Numeric, Role


@given(st.lists(st.floats(0.0, 0.09), max_size=200))
def test_a_counter_that_starts_again_at_its_top_loses_nothing(steps: list[float]) -> None:
    counter, true = Counter(top=1.0), [0.5]
    counter.take(0.5)
    for step in steps:
        true.append(true[-1] + step)
        counter.take(true[-1] % 1.0)
    assert abs(counter.passed - (true[-1] - 0.5)) < 1e-9
    assert counter.resets == 0


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=50))
def test_a_reset_counts_from_zero(values: list[float]) -> None:
    counter = Counter()
    for value in values:
        counter.take(value)
    falls = sum(1 for one, other in pairwise(values) if other < one)
    assert counter.resets == falls
    assert counter.passed <= sum(values)


class Supply:
    """A supply with an Ah counter that starts again at 10 Ah."""

    def find(self, role):
        return "PSU_01.ah" if role is Role.AH_COUNTER else None

    def entity(self, role):
        return Numeric(unit="Ah", max=10.0) if role is Role.AH_COUNTER else None


def told(bus: Bus, *values: float) -> None:
    for second, value in enumerate(values):
        stamp = float(second)
        sample = Sample("PSU_01.ah", value, "Ah", Quality.GOOD, AlarmState.NORMAL, stamp, stamp)
        bus.publish(Snapshot("PSU_01", stamp, stamp, 0.0, (sample,)))


@pytest.mark.parametrize(
    ("shown", "ours", "warning"),
    [
        ((1.0, 2.0, 3.5), 2.5, ""),
        ((1.0, 2.0, 3.5), 2.471, ""),  # 1 % + 5 mAh
        ((1.0, 2.0, 3.5), 2.46, "counted 2.5 Ah, we counted 2.46 Ah"),
        ((9.5, 9.9, 0.4, 2.0), 2.5, ""),
        ((1.0, 2.0, 0.2, 0.4), 2.5, "it was reset meanwhile"),
        ((), 2.5, "counted 0 Ah"),
    ],
)
def test_an_instrument_that_counts_otherwise_is_a_warning(shown, ours, warning) -> None:
    bus = Bus()
    counters = DeviceCounters(SimpleNamespace(source=Supply(), sink=None), bus)  # type: ignore[arg-type]  # its part
    counters.start()
    told(bus, *shown[:1])
    counters.begin()
    told(bus, *shown[1:])
    passed, text = counters.compare("charge", ours)
    assert passed is not None
    assert (warning in text) if warning else not text
    assert counters.compare("discharge", 1.0) == (None, "")
    counters.stop()
    told(bus, 100.0)
    assert counters.compare("charge", ours)[0] == passed
