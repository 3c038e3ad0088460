"""Conditions as time lines: at this second this value arrives, then it is met or not."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.errors import Finding
from ionpy_auto.language import (
    UNKNOWN,
    Bound,
    Condition,
    ConditionState,
    Edge,
    EdgeState,
    Fields,
    MapNode,
    UnknownPolicy,
    read,
)
from tests.unit.language.bench import BENCH, Values


def condition(text: str, unknown: UnknownPolicy = UnknownPolicy.HOLD) -> Condition:
    findings: list[Finding] = []
    root = read(f"it: {text}\n")
    assert isinstance(root, MapNode)
    node = root.get("it")
    assert node is not None
    found = Condition.read(node, BENCH, findings, unknown)
    assert found is not None, findings
    return found


def timeline(state: ConditionState, values: Sequence[tuple[float, float | None]]) -> str:
    """One letter a sample: M met, ``.`` not."""
    out = ""
    for mono, volts in values:
        out += "M" if state.update(Values({"voltage": volts}), mono) else "."
    return out


def seconds(*volts: float | None) -> list[tuple[float, float | None]]:
    return [(float(second), value) for second, value in enumerate(volts)]


LINES = {
    "at once": ("voltage > 4 V", (3, 5, 5, 3), ".MM."),
    "two samples": ("{when: voltage > 4 V, samples: 2}", (5, 3, 5, 5, 5, 3), "...MM."),
    "unknown breaks a row of samples": (
        "{when: voltage > 4 V, samples: 2}",
        (5, None, 5, 5),
        "...M",
    ),
    "held for": ("{when: voltage > 4 V, for: 2 s}", (5, 5, 5, 5, 3), "..MM."),
    "held for, interrupted": ("{when: voltage > 4 V, for: 2 s}", (5, 5, 3, 5, 5, 5), ".....M"),
    "held for, unknown restarts": (
        "{when: voltage > 4 V, for: 2 s}",
        (5, 5, None, 5, 5, 5),
        ".....M",
    ),
    "hysteresis": (
        "{trip: voltage > 4 V, hysteresis: 0.5 V}",
        (5, 3.8, 3.5, 3.4, 3.8, 5),
        "MMM..M",
    ),
    "hysteresis below": (
        "{trip: voltage < 3 V, hysteresis: 500 mV}",
        (2, 3.4, 3.5, 3.6, 2),
        "MMM.M",
    ),
    "reset": ("{when: voltage > 4 V, reset: voltage < 2 V}", (5, 3, 2, 1, 3, 5), "MMM..M"),
    "unknown never fires": ("voltage > 4 V", (None, None), ".."),
    "unknown is not met but not over": ("voltage > 4 V", (5, None, 5), "M.M"),
    "a single sample is never a span": ("{when: voltage > 4 V, for: 1 ms}", (5, 5), ".M"),
}


@pytest.mark.parametrize(("text", "volts", "wanted"), LINES.values(), ids=LINES)
def test_condition_over_time(text: str, volts: tuple[float | None, ...], wanted: str) -> None:
    assert timeline(ConditionState(condition(text)), seconds(*volts)) == wanted


TRIPS = {
    "unknown trips": ("voltage > 4 V", (3, None, 3), ".M."),
    "after two unknown samples": ("{trip: voltage > 4 V, samples: 2}", (None, None, 3), ".M."),
    "unknown and true count together": ("{trip: voltage > 4 V, samples: 2}", (5, None, 3), ".M."),
    "unknown never lets go": (
        "{trip: voltage > 4 V, hysteresis: 1 V}",
        (5, None, 3.5, 2),
        "MMM.",
    ),
    "a file may say so": ("{when: voltage > 4 V, unknown: hold}", (5, None), "M."),
}


@pytest.mark.parametrize(("text", "volts", "wanted"), TRIPS.values(), ids=TRIPS)
def test_limit_trips_on_unknown(text: str, volts: tuple[float | None, ...], wanted: str) -> None:
    state = ConditionState(condition(text, UnknownPolicy.TRIP))
    assert timeline(state, seconds(*volts)) == wanted


def test_alarm_does_not_clear_by_going_stale() -> None:
    state = ConditionState(condition("voltage > 4 V"))
    timeline(state, seconds(5, None, None))
    assert state.met


def test_deadline_lets_a_timer_end_the_span_between_two_samples() -> None:
    state = ConditionState(condition("{when: voltage > 4 V, for: 10 s}"))
    env = Values({"voltage": 5.0})
    assert not state.update(env, 0)
    assert state.next_deadline(0) is None  # one sample is no span: only a second one helps
    assert not state.update(env, 8)
    assert state.next_deadline(8) == 10
    assert state.update(env, 10, sample=False)
    assert state.next_deadline(10) is None


def test_timer_that_finds_the_value_stale_does_not_fire() -> None:
    state = ConditionState(condition("{when: voltage > 4 V, for: 10 s}"))
    timeline(state, [(0, 5), (8, 5)])
    assert not state.update(Values(), 10, sample=False)
    assert state.next_deadline(10) is None


def test_state_survives_a_restart_with_the_seconds_held_so_far() -> None:
    spec = condition("{when: voltage > 4 V, for: 10 s}")
    state = ConditionState(spec)
    timeline(state, [(100, 5), (104, 5)])
    back = ConditionState.restore(spec, state.as_dict(104), 0)
    assert timeline(back, [(5, 5), (6, 5)]) == ".M"
    unknown = ConditionState(spec, result=UNKNOWN)
    assert ConditionState.restore(spec, unknown.as_dict(0), 0).result is UNKNOWN


EDGES = {
    "rising": (Edge.RISING, "voltage > 4 V", (3, 5, 5, 3, 5), ".F..F"),
    "true at the start is no edge": (Edge.RISING, "voltage > 4 V", (5, 5, 3, 5), "...F"),
    "true, unknown, true is no edge": (Edge.RISING, "voltage > 4 V", (3, 5, None, 5), ".F.."),
    "false, unknown, true is one": (Edge.RISING, "voltage > 4 V", (3, None, 5), "..F"),
    "unknown at the start is no state": (Edge.RISING, "voltage > 4 V", (None, 5, 3, 5), "...F"),
    "falling": (Edge.FALLING, "voltage > 4 V", (3, 5, 3, 3), "..F."),
    "true, unknown, false falls": (Edge.FALLING, "voltage > 4 V", (5, None, 3), "..F"),
    "both": (Edge.BOTH, "voltage > 4 V", (3, 5, 3), ".FF"),
    "level": (Edge.LEVEL, "voltage > 4 V", (5, None, 5, 3), "F.F."),
    "with for": (Edge.RISING, "{when: voltage > 4 V, for: 2 s}", (3, 5, 5, 5, 5), "...F."),
    "with for, true at the start": (
        Edge.RISING,
        "{when: voltage > 4 V, for: 2 s}",
        (5, 5, 5, 5),
        "....",
    ),
    "hysteresis swallows the flutter": (
        Edge.RISING,
        "{when: voltage > 4 V, hysteresis: 1 V}",
        (3.5, 5, 3.5, 5, 2, 5),
        ".F...F",
    ),
}


@pytest.mark.parametrize(("edge", "text", "volts", "wanted"), EDGES.values(), ids=EDGES)
def test_edge_over_time(
    edge: Edge, text: str, volts: tuple[float | None, ...], wanted: str
) -> None:
    state, edges, out = ConditionState(condition(text)), EdgeState(edge), ""
    for mono, value in seconds(*volts):
        state.update(Values({"voltage": value}), mono)
        out += "F" if edges.update(state) else "."
    assert out == wanted


def test_true_at_the_start_fires_when_asked_to() -> None:
    state, edges = ConditionState(condition("voltage > 4 V")), EdgeState(at_start=True)
    state.update(Values({"voltage": 5.0}), 0)
    assert edges.update(state)


def test_edges_survive_a_restart() -> None:
    state, edges = ConditionState(condition("voltage > 4 V")), EdgeState()
    for mono, value in seconds(3, 5):
        state.update(Values({"voltage": value}), mono)
        edges.update(state)
    back = EdgeState()
    back.restore(edges.as_dict())
    state.update(Values({"voltage": 5.0}), 3)
    assert not back.update(state)


def test_named_short_form_keeps_its_name() -> None:
    taper = condition("{taper: current < 0.05 C}")
    assert taper.name == "taper"
    assert taper.bounds() == (Bound("current", "<", 0.125, "A"),)


def test_condition_is_taken_out_of_a_larger_map() -> None:
    findings: list[Finding] = []
    fields = Fields(
        read("{id: hot, trip: temp > 45 °C, samples: 2, hysteresis: 2 K, colour: red}"),
        "f.yaml",
        findings,
    )
    found = Condition.take(fields, BENCH, UnknownPolicy.TRIP)
    fields.text("id")
    fields.unknown()
    assert found is not None
    assert (found.samples, found.hysteresis, found.unknown) == (2, 2.0, UnknownPolicy.TRIP)
    assert [finding.code for finding in findings] == ["unknown-key"]


REFUSED = {
    "a number is no condition": ("voltage", "not-a-condition"),
    "two verbs": ("{when: voltage > 4 V, trip: voltage > 5 V}", "missing-key"),
    "no verb": ("{for: 3 s, samples: 2}", "missing-key"),
    "zero samples": ("{when: voltage > 4 V, samples: 0}", "wrong-value"),
    "for without a unit": ("{when: voltage > 4 V, for: 10}", "wrong-value"),
    "hysteresis of two limits": (
        "{when: voltage > 4 V or voltage < 2 V, hysteresis: 1 V}",
        "no-hysteresis",
    ),
    "hysteresis of a temperature in °C": ("{when: temp > 45 °C, hysteresis: 2 °C}", "wrong-value"),
    "hysteresis in the wrong unit": ("{when: voltage > 4 V, hysteresis: 1 A}", "wrong-value"),
    "reset and hysteresis": (
        "{when: voltage > 4 V, hysteresis: 1 V, reset: voltage < 1 V}",
        "reset-twice",
    ),
    "unknown policy": ("{when: voltage > 4 V, unknown: maybe}", "wrong-value"),
    "misspelt key": ("{when: voltage > 4 V, sampels: 2}", "unknown-key"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_wrong_condition_is_refused(text: str, code: str) -> None:
    findings: list[Finding] = []
    root = read(f"it: {text}\n")
    assert isinstance(root, MapNode)
    node = root.get("it")
    assert node is not None
    Condition.read(node, BENCH, findings)
    assert [finding.code for finding in findings] == [code]


@given(
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from([3.0, 5.0, None]), st.booleans())),
    st.sampled_from(
        ["voltage > 4 V", "{when: voltage > 4 V, for: 3 s}", "{when: voltage > 4 V, samples: 3}"]
    ),
)
def test_hold_never_becomes_met_on_an_unknown_or_false_value(
    steps: list[tuple[float, float | None, bool]], text: str
) -> None:
    state, mono = ConditionState(condition(text)), 0.0
    for wait, value, sample in steps:
        mono += wait
        met = state.update(Values({"voltage": value}), mono, sample=sample)
        assert not met or value == 5.0
        deadline = state.next_deadline(mono)
        assert deadline is None or deadline >= mono
