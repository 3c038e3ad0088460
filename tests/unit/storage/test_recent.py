"""The ring of what every point did lately."""

from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.recent import Recent


def poll(mono: float, quality: Quality = Quality.GOOD, **values: float) -> Snapshot:
    samples = tuple(
        Sample(f"D.{name}", value, "V", quality, AlarmState.NORMAL, 1000 + mono, mono)
        for name, value in values.items()
    )
    return Snapshot("D", 1000 + mono, mono, 0.0, samples)


def test_a_window_begins_with_the_sample_that_was_in_force() -> None:
    recent = Recent(Bus())
    for second in range(10):
        recent.take(poll(float(second), u=second * 1.0))
    track = recent.since("D.u", 6.5)
    assert track.mono == [6.0, 7.0, 8.0, 9.0]
    assert track.utc[-1] == 1009.0


def test_a_partial_poll_says_nothing_about_the_other_points() -> None:
    recent = Recent(Bus())
    recent.take(poll(0.0, u=1.0, i=2.0))
    recent.take(poll(1.0, i=3.0))
    recent.take(poll(2.0, u=4.0, i=5.0))
    assert recent.track("D.u").values == [1.0, 4.0]
    assert recent.track("D.i").values == [2.0, 3.0, 5.0]
    assert recent.newest("D.i", 2).values == [3.0, 5.0]


def test_a_bad_value_is_remembered_as_unknown() -> None:
    recent = Recent(Bus())
    recent.take(poll(0.0, u=1.0))
    recent.take(poll(1.0, Quality.BAD, u=99.0))
    assert recent.track("D.u").values == [1.0, None]


def test_nothing_is_known_of_a_point_that_never_came_or_whose_device_went() -> None:
    recent = Recent(Bus())
    assert recent.track("D.u").mono == []
    recent.take(poll(0.0, u=1.0))
    recent.forget("D")
    assert recent.since("D.u", 0.0).values == []
    assert recent.tracks("D") == {}


def test_time_never_goes_back() -> None:
    recent = Recent(Bus())
    recent.take(poll(5.0, u=1.0))
    recent.take(poll(4.0, u=2.0))
    assert recent.track("D.u").values == [1.0]


@given(st.lists(st.floats(0.01, 30), min_size=1, max_size=300), st.integers(8, 64))
def test_memory_is_bounded_and_the_newest_half_is_whole(steps: list[float], capacity: int) -> None:
    recent = Recent(Bus(), span=100.0, capacity=capacity)
    times = []
    now = 0.0
    for step in steps:
        now += step
        times.append(now)
        recent.take(poll(now, u=now))
    kept = recent.track("D.u").mono
    assert len(kept) < capacity
    assert kept == sorted(kept)
    assert kept[-1] == times[-1]
    newest = [t for t in times[-(capacity // 8) :] if t >= now - 100.0]
    assert kept[-len(newest) :] == newest
