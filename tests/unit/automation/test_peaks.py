"""The drop of a charging voltage from its peak."""

import pytest

from ionpy_auto.automation.sequences.peaks import BLANK_S, Peak


def fed(volts, start=0.0, key="step", peak=None):
    peak = peak or Peak()
    for number, value in enumerate(volts):
        peak.take(key, start + number, value)
    return peak


def rising_and_falling(top=1.50, drop=0.010):
    up = [1.40 + (top - 1.40) * i / 600 for i in range(601)]
    down = [top - drop * i / 200 for i in range(201)]
    return [*up, *down, *[top - drop] * 5]


def test_a_fall_behind_a_peak_is_measured_from_it():
    assert fed(rising_and_falling()).drop == pytest.approx(0.010, abs=2e-4)


def test_while_it_rises_there_is_no_drop():
    assert fed(rising_and_falling()[:600]).drop == 0.0


def test_one_bad_sample_is_neither_a_peak_nor_a_drop():
    volts = rising_and_falling()[:500]
    volts[400], volts[450] = 3.0, 0.0
    assert fed(volts).drop == 0.0


def test_the_first_five_minutes_say_nothing():
    false_peak = [1.45] * 30 + [1.40] * 270
    assert fed(false_peak).drop is None
    assert fed([*false_peak, *[1.40] * 20]).drop == 0.0


def test_after_a_pause_and_in_another_step_it_begins_anew():
    peak = fed(rising_and_falling())
    fed([1.40] * 200, start=1000.0, key="after the pause", peak=peak)
    assert peak.drop is None
    fed([1.40] * 200, start=1200.0, key="after the pause", peak=peak)
    assert peak.drop == 0.0
    peak.take(None, 2000.0, 1.0)
    assert peak.drop is None


def test_an_unknown_voltage_and_a_sample_seen_before_are_left_out():
    peak = fed([1.5] * 310)
    drop = peak.drop
    for _ in range(9):
        peak.take("step", 309.0, 1.0)
        peak.take("step", 310.0, None)
    assert peak.drop == drop == 0.0
    assert BLANK_S == 300.0
