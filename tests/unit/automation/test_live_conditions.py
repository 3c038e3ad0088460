"""Conditions over live points: cells follow the samples, whatever happens to a device."""

from collections.abc import Callable
from random import Random

import pytest

from ionpy_auto.automation.environment import LiveEnvironment, LocalEnvironment
from ionpy_auto.automation.rules.index import PointIndex
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Scalar, Snapshot
from ionpy_auto.language import UNKNOWN, Environment, Expression, Scope, Value
from ionpy_auto.storage.recent import Recent
from tests.unit.automation.rules_bench import Timeline, one_rule

UNITS = {
    "P.u": "V",
    "P.mv": "mV",
    "P.i": "A",
    "P.ma": "mA",
    "P.t": "°C",
    "Q.t": "°C",
    "P.time": "min",
    "P.mode": "",
    "P.on": "",
    "P.n": "",
    "P.fan": "rpm",
    "session.id": "",
}
KINDS = {"P.mode": "text", "P.on": "bool"}
SCOPE = Scope(
    units_of=UNITS.get,
    kind_of=lambda address: KINDS.get(address, ""),
    parameters={"vmax": "4200 mV"},
    capacity=2.5,
)


class Rig:
    """Samples by hand into live values, their history and an environment."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.bus = Bus()
        self.values = LiveValues()
        self.recent = Recent(self.bus)
        self.mono = 0.0
        self.bus.tap("sample/", self.values.update)
        self.recent.start()
        live = LiveEnvironment(self.values, self.recent, self.clock)
        self.session: int | None = None
        self.env = LocalEnvironment(live, {"session.id": lambda: self.session})

    def put(
        self,
        point: str,
        value: Scalar | None,
        quality: Quality = Quality.GOOD,
        unit: str | None = None,
    ) -> None:
        written = UNITS[point] if unit is None else unit
        self.mono += 1.0
        sample = Sample(point, value, written, quality, AlarmState.NORMAL, self.mono, self.mono, "")
        source = point.partition(".")[0]
        self.bus.publish(Snapshot(source, self.mono, self.mono, 0.0, (sample,)))

    def bound(self, text: str) -> Callable[[], Value]:
        return Expression.compile(text, SCOPE).bind(self.env)


class Asked:
    """The same values without cells: asked for at each reading."""

    def __init__(self, env: Environment) -> None:
        self.value, self.age, self.window = env.value, env.age, env.window


READINGS = {
    "a volt point meets a millivolt limit": ("P.u > 4200 mV", {"P.u": 4.25}, True),
    "a millivolt point meets a volt limit": ("P.mv > 1.004 V", {"P.mv": 1005}, True),
    "exactly the limit is not above it": ("P.mv > 1.005 V", {"P.mv": 1005.0}, False),
    "two points of two units": ("P.u - P.mv > 5 mV", {"P.u": 1.01, "P.mv": 1000.0}, True),
    "a parameter in another unit": ("P.u >= $vmax", {"P.u": 4.2}, True),
    "a temperature": ("P.t > 45 °C", {"P.t": 45.5}, True),
    "a difference of temperatures": ("P.t - Q.t > 5 K", {"P.t": 30.5, "Q.t": 25.0}, True),
    "a C-rate against milliamperes": ("P.ma < 0.05 C", {"P.ma": 124.0}, True),
    "C over twenty": ("P.i >= C/20", {"P.i": 0.125}, True),
    "minutes against seconds": ("P.time > 90 s", {"P.time": 1.6}, True),
    "a unit of its own": ("P.fan > 900", {"P.fan": 1000}, True),
    "a text": ('P.mode == "CV"', {"P.mode": "CV"}, True),
    "one of some texts": ('P.mode in ["CC", "CV"]', {"P.mode": "OFF"}, False),
    "a switch": ("P.on and P.u > 1 V", {"P.on": True, "P.u": 2.0}, True),
    "a switch against its word": ("P.on == false", {"P.on": True}, False),
    "a bitmask": ("P.n % 2 == 1", {"P.n": 7}, True),
    "a power": ("P.u * P.i > 8 W", {"P.u": 4.0, "P.i": 2.1}, True),
    "a resistance": ("P.u / P.i < 2 Ohm", {"P.u": 4.0, "P.i": 2.1}, True),
    "division by nothing": ("P.u / P.i < 2 Ohm", {"P.u": 4.0, "P.i": 0.0}, UNKNOWN),
    "a missing point": ("P.u > 4 V", {}, UNKNOWN),
    "false whatever is missing": ("P.u > 4 V and P.i > 1 A", {"P.u": 3.0}, False),
    "true whatever is missing": ("P.u > 4 V or P.i > 1 A", {"P.u": 5.0}, True),
    "a text where a number belongs": ("P.u > 4 V", {"P.u": "off"}, UNKNOWN),
    "not a number": ("P.u > 4 V", {"P.u": float("nan")}, UNKNOWN),
    "not a number is not unequal": ("P.u != 4 V", {"P.u": float("nan")}, UNKNOWN),
    "infinity": ("P.u > 4 V", {"P.u": float("inf")}, UNKNOWN),
}


@pytest.mark.parametrize("name", READINGS)
@pytest.mark.parametrize("bound_first", [True, False])
def test_reading(name: str, bound_first: bool) -> None:
    text, given, expected = READINGS[name]
    rig = Rig()
    look = rig.bound(text) if bound_first else None
    for point, value in given.items():
        rig.put(point, value)
    look = look or rig.bound(text)
    expression = Expression.compile(text, SCOPE)
    assert look() is expected
    assert expression.evaluate(rig.env) is expected
    assert expression.evaluate_reference(Asked(rig.env)) is expected


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE, Quality.UNCONFIRMED])
def test_doubtful_value_is_unknown_until_a_good_one_comes(quality: Quality) -> None:
    rig = Rig()
    look, stale = rig.bound("P.u > 4 V"), rig.bound("is_stale(P.u)")
    results = []
    for given in (Quality.GOOD, quality, Quality.UNSURE):
        rig.put("P.u", 5.0, given)
        results.append((look(), stale()))
    assert results == [(True, False), (UNKNOWN, True), (True, False)]


def test_removed_device_is_unknown_until_it_is_added_again() -> None:
    rig = Rig()
    look = rig.bound("P.u > 4 V or P.on")
    rig.put("P.u", 5.0)
    rig.put("P.on", False)
    assert look() is True
    rig.values.forget("P")
    assert look() is UNKNOWN
    rig.put("P.on", False)
    assert look() is UNKNOWN
    rig.put("P.u", 3.0)
    assert look() is False


def test_source_that_comes_back_in_another_range_is_read_right_at_once() -> None:
    rig = Rig()
    look, other = rig.bound("P.u > 4.2 V"), rig.bound("P.u > 4.2 V and P.i > 1 A")
    rig.put("P.i", 2.0)
    for value, unit, expected in (
        (4.3, "V", True),
        (4300.0, "mV", True),
        (4100.0, "mV", False),
        (4.3, "V", True),
        (4.3, "A", UNKNOWN),
        (4.3, "V", True),
    ):
        rig.put("P.u", value, unit=unit)
        expression = Expression.compile("P.u > 4.2 V", SCOPE)
        assert [look(), other(), expression.evaluate(rig.env)] == [expected] * 3


def test_closed_project_leaves_nothing_known_and_nobody_following() -> None:
    rig = Rig()
    look = rig.bound("P.u > 4 V")
    rig.put("P.u", 5.0)
    rig.values.clear()
    assert look() is UNKNOWN
    rig.put("P.u", 5.0)
    assert look() is UNKNOWN


def test_own_name_stands_before_a_point_and_is_asked_each_time() -> None:
    rig = Rig()
    look = rig.bound("session.id > 3 and P.u > 4 V")
    rig.put("P.u", 5.0)
    results = [look()]
    for session in (4, 2, None):
        rig.session = session
        results.append(look())
    assert results == [UNKNOWN, True, False, UNKNOWN]


async def test_ages_and_windows_are_asked_each_time() -> None:
    rig = Rig()
    age = rig.bound("age(P.u) > 5 s and P.u > 4 V")
    mean = rig.bound("avg(P.u, 2 s) > 4 V and P.on")
    for _ in range(4):
        rig.put("P.u", 5.0)
    assert mean() is UNKNOWN
    rig.put("P.on", True)
    assert (age(), mean()) == (False, True)
    await rig.clock.sleep(30)
    assert age() is True
    rig.put("P.u", None, Quality.BAD)
    assert (age(), mean()) == (UNKNOWN, UNKNOWN)


TEXTS = [
    *[text for text, _, _ in READINGS.values()],
    "min(P.u, P.mv) < max(P.u, 3 V)",
    "P.u ** 2 > 9",
    "(P.u if P.on else P.mv) > 2 V",
    "not (P.on or P.n > 2)",
    "P.u",
    "P.mode",
    "previous(P.u) < P.u",
    "session.id == 4 or P.t < 20 °C",
]
VALUES = (0.0, -0.0, 1.0, 4.2, 4.25, 45.5, 1005.0, 3, 7, True, False, "CV", "x", None)
STRANGE = (float("nan"), float("inf"), 1e15, 1e300, 10**400, 1e-300)


@pytest.mark.parametrize("seed", range(12))
def test_bound_conditions_give_the_reference_result_after_every_sample(seed: int) -> None:
    rng, rig = Random(seed), Rig()
    expressions = [Expression.compile(text, SCOPE) for text in TEXTS]
    looks = [expression.bind(rig.env) for expression in expressions]
    points = [point for point in UNITS if point != "session.id"]
    asked = Asked(rig.env)
    for _ in range(60):
        if rng.random() < 0.05:
            rig.values.forget(rng.choice("PQ"))
        rig.session = rng.choice((None, 3, 4))
        quality = rng.choice((Quality.GOOD, Quality.GOOD, Quality.GOOD, *Quality))
        value = rng.choice(VALUES if rng.random() < 0.9 else STRANGE)
        rig.put(rng.choice(points), value, quality)
        for expression, look in zip(expressions, looks, strict=True):
            expected = expression.evaluate_reference(asked)
            assert (look(), type(look())) == (expected, type(expected)), expression.source
            assert expression.evaluate(rig.env) == expected


# --- rules ----------------------------------------------------------------------------------


async def test_rule_fires_for_a_range_that_changed_between_two_samples() -> None:
    bench = Timeline()
    await bench.engine.start()
    bench.load(one_rule("when: PSU_01.i_ma > 500 mA\nthen: [{marker: m}]"))
    await bench.at(1, "PSU_01.i_ma", 100.0)
    lab = bench.lab
    sample = lab.values.latest["PSU_01.i_ma"]._replace(value=0.6, unit="A", mono=2.0)
    lab.bus.publish(Snapshot("PSU_01", lab.clock.now(), 2.0, 0.0, (sample,)))
    await bench.settle()
    assert bench.did("marker") == ["m"]
    await bench.engine.stop()


def test_rule_that_fails_to_look_keeps_no_other_from_looking() -> None:
    index, seen = PointIndex(), []

    def fail() -> None:
        raise ZeroDivisionError

    index.add(["P.u"], fail)
    index.add(["P.u", "P.i"], lambda: seen.append("looked"))
    samples = tuple(
        Sample(point, 1.0, "", Quality.GOOD, AlarmState.NORMAL, 0.0, 0.0)
        for point in ("P.i", "P.u")
    )
    index.take(Snapshot("P", 0.0, 0.0, 0.0, samples))
    assert seen == ["looked"]
