"""What an entity takes, what it refuses, and what it makes of what a device says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.errors import BadInput, IonpyError, Rejected
from ionpy_auto.core.samples import AlarmState, Quality
from ionpy_auto.devices import (
    RW,
    Action,
    Bitmask,
    Driver,
    Enum,
    Limits,
    Missing,
    Numeric,
    Safe,
    Text,
    Toggle,
)
from ionpy_auto.devices.limits import LimitTracker, classify

VOLTS = Numeric(id="u", unit="V", precision=2, min=0.0, max=60.0, access=RW, safe=Safe("none"))
MODE = Enum(id="m", options={"cc": "CC", "cv": "CV"}, codes={0: "cv", 1: "cc"})


@pytest.mark.parametrize("wrong", [True, "12", None, [1], {"a": 1}])
def test_a_number_takes_numbers_only(wrong):
    with pytest.raises(BadInput) as error:
        VOLTS.check(wrong)
    assert error.value.error_code == "WRONG_TYPE"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (60.01, "OUT_OF_RANGE"),
        (-0.01, "OUT_OF_RANGE"),
        (math.nan, "NOT_FINITE"),
        (math.inf, "NOT_FINITE"),
        (10**400, "NOT_FINITE"),
    ],
)
def test_a_number_outside_is_rejected_and_never_clamped(value, code):
    with pytest.raises(Rejected) as error:
        VOLTS.check(value)
    assert error.value.error_code == code
    if code == "OUT_OF_RANGE":
        assert "0 to 60 V" in error.value.hint


@pytest.mark.parametrize(
    ("quantise", "value", "sent"),
    [
        ("down", 4.1, 4.1),
        ("down", 4.209, 4.2),
        ("down", 0.29, 0.29),
        ("up", 2.501, 2.51),
        ("up", 2.5, 2.5),
        ("nearest", 4.206, 4.21),
        ("down", 0, 0.0),
    ],
)
def test_a_number_between_two_steps_goes_to_the_safe_side(quantise, value, sent):
    entity = Numeric(id="u", precision=2, min=0, max=60, quantise=quantise)
    assert entity.check(value) == sent


@given(st.floats(0, 60))
def test_what_is_sent_is_never_above_the_wish_and_less_than_a_step_below(wish):
    sent = VOLTS.check(wish)
    assert wish - 0.01 <= sent <= wish + 1e-7
    assert VOLTS.check(sent) == sent


@pytest.mark.parametrize(
    ("raw", "value", "quality"),
    [
        (4.2, 4.2, Quality.GOOD),
        (4, 4.0, Quality.GOOD),
        (-191.0, None, Quality.BAD),
        (math.nan, None, Quality.BAD),
        (math.inf, None, Quality.BAD),
        (10**400, None, Quality.BAD),
        (True, None, Quality.BAD),
        ("4.2", None, Quality.BAD),
        (None, None, Quality.BAD),
        (Missing("no probe"), None, Quality.BAD),
    ],
)
def test_a_missing_probe_is_bad_quality_and_not_cold(raw, value, quality):
    entity = Numeric(id="t", unit="°C", plausible=(-40.0, 125.0))
    got, judged, reason = entity.decode(raw)
    assert (got, judged) == (value, quality)
    assert bool(reason) == (quality is not Quality.GOOD)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()))
def test_decoding_never_raises_and_never_lets_nan_through(raw):
    kinds = (VOLTS, MODE, Toggle(id="t"), Text(id="x"), Bitmask(id="b", bits={0: "a"}))
    for entity in (*kinds, Action(id="a", safe=Safe("none"))):
        value, quality, reason = entity.decode(raw)
        assert (value is None) == (quality is Quality.BAD) == bool(reason)
        assert not (isinstance(value, float) and not math.isfinite(value))


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_checking_answers_with_a_value_or_one_of_our_errors(wish):
    for entity in (VOLTS, MODE, Toggle(id="t"), Text(id="x"), Bitmask(id="b", bits={0: "a"})):
        try:
            sent, refusal = entity.check(wish), ""
        except IonpyError as error:
            sent, refusal = None, error.message
        assert refusal or sent == wish or entity is VOLTS


def test_words_bits_and_buttons():
    assert MODE.check("cc") == "cc"
    assert MODE.decode(1) == ("cc", Quality.GOOD, "")
    assert MODE.code_of("cv") == 0
    with pytest.raises(Rejected, match="not one of cc, cv"):
        MODE.check("cp")
    with pytest.raises(BadInput):
        Toggle(id="t").check(1)
    with pytest.raises(Rejected):
        Bitmask(id="b", bits={0: "a"}).check(2)
    assert Action(id="a").check(True) is True
    with pytest.raises(BadInput):
        Action(id="a").check(False)


def test_a_writable_entity_without_safe_state_stops_the_class():
    with pytest.raises(TypeError, match="must declare safe"):
        type("Careless", (Driver,), {"NAME": "x", "out": Toggle(id="out", access=RW)})


def test_an_output_switch_that_would_be_restored_stops_the_class():
    switch = Toggle(id="out", access=RW, persist=True, safe=Safe("write", value=False))
    with pytest.raises(TypeError, match="must not be restored"):
        type("Careless", (Driver,), {"NAME": "x", "out": switch})


@pytest.mark.parametrize(
    ("value", "previous", "state"),
    [
        (3.5, "NORMAL", "NORMAL"),
        (4.2, "NORMAL", "HI"),
        (4.15, "HI", "HI"),
        (4.05, "HI", "NORMAL"),
        (4.3, "NORMAL", "HIHI"),
        (4.25, "HIHI", "HIHI"),
        (4.15, "HIHI", "HI"),
        (3.0, "NORMAL", "LO"),
        (2.5, "HIHI", "LOLO"),
        (2.55, "LOLO", "LOLO"),
        (3.05, "LOLO", "LO"),
    ],
)
def test_limit_table(value, previous, state):
    limits = Limits(lolo=2.5, lo=3.0, hi=4.2, hihi=4.3, deadband=0.1)
    assert classify(limits, value, AlarmState(previous)) is AlarmState(state)


def test_limits_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="rise"):
        Limits(lo=4.0, hi=3.0)


def test_a_limit_with_delay_waits_and_a_short_peak_is_forgotten():
    tracker = LimitTracker(Limits(hi=4.2, on_delay_s=2.0))
    states = [tracker.update(v, t) for t, v in enumerate([4.3, 4.3, 4.0, 4.3, 4.3, 4.3, 4.0])]
    names = [s.value for s in states]
    assert names == ["NORMAL", "NORMAL", "NORMAL", "NORMAL", "NORMAL", "HI", "NORMAL"]
