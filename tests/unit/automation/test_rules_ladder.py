"""Rules that compare a point with fixed limits act as if each looked at every sample."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import pytest

from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.language import Expression
from tests.unit.automation.rules_bench import Timeline

POINTS = ("PSU_01.u_out", "PSU_01.i_ma")
UNITS = {"PSU_01.u_out": "V", "PSU_01.i_ma": "mA"}


def comparison(dice, point):
    unit = UNITS[point]
    signs = "<", "<=", ">", ">="
    (op, first), (other, second) = ((dice.choice(signs), dice.randint(0, 4)) for _ in range(2))
    return dice.choice(
        [
            f"{point} {op} {first} {unit}",
            f"{point} {op} {first} {unit}",
            f"{first} {unit} {op} {point}",
            f"{point} {op} {first} {unit} and {point} {other} {second} {unit}",
            f"{point} {op} {first} {unit} or {point} {other} {second} {unit}",
            f"not {point} {op} {first} {unit}",
            f"{first} {unit} < {point} <= {second} {unit}",
            f"{point} == {first} {unit}",
        ]
    )


def rule(dice):
    point = dice.choice(POINTS)
    lines = [f"expr: '{comparison(dice, point)}'"]
    if dice.random() < 0.4:
        lines.append(f"for: {dice.choice(['500 ms', '1 s', '2500 ms'])}")
    if dice.random() < 0.3:
        lines.append(f"samples: {dice.randint(1, 3)}")
    if dice.random() < 0.2:
        lines.append(f"reset: '{comparison(dice, dice.choice([point, point, *POINTS]))}'")
    lines.append(f"unknown: {dice.choice(['hold', 'hold', 'trip'])}")
    lines.append(f"edge: {dice.choice(['rising'] * 3 + ['falling', 'both', 'level'])}")
    lines.append(f"at_start: {dice.choice(['ignore', 'fire'])}")
    return f"{{{', '.join(lines)}}}"


VALUES = [*(n / 2 for n in range(11)), *map(float, range(5)), *map(float, range(5)), None, 1e16]
KINDS = ["sample"] * 40 + ["both"] * 8 + ["range"] * 2 + ["silent", "forget", "leave", "back"]


def step(dice, rules):
    """How long nothing happens, and what then does."""
    delay = dice.choice([0.0, 0.1, 0.25, 0.5, 1.0, 3.0])
    kind = dice.choice(KINDS)
    if kind in {"sample", "silent"}:
        what = (kind, dice.choice(POINTS), dice.choice([*VALUES, True]))
    elif kind == "both":
        what = (kind, dice.choice(VALUES), dice.choice(VALUES))
    elif kind == "range":
        what = (kind, dice.choice([0.0, 1000.0, 2000.0, 2500.0]), None)
    else:
        what = (kind, dice.randrange(rules), None)
    return delay, what


def sampled(point: str, value: Any, mono: float, unit: str = "") -> Sample:
    quality = Quality.BAD if value is None else Quality.GOOD
    return Sample(point, value, unit or UNITS[point], quality, AlarmState.NORMAL, mono, mono)


@dataclass
class Story:
    """One lab, and all that can be seen of its rules after each step."""

    whens: list[str]

    async def told(self, steps) -> list[Any]:
        bench = Timeline()
        await bench.engine.start()
        for number, when in enumerate(self.whens):
            self._put(bench, number, when)
        seen: list[Any] = []
        for delay, step in steps:
            if delay:
                await bench.until(bench.lab.clock.monotonic() + delay)
            self._do(bench, step)
            seen.append((step, self._seen(bench)))
            await bench.settle()
        await bench.until(bench.lab.clock.monotonic() + 10)
        seen.append(("end", self._seen(bench)))
        await bench.engine.stop()
        return [*seen, list(bench.lab.done)]

    def _put(self, bench, number, when):
        text = f"version: 1\nid: f{number}\nrules:\n"
        text += f"  - {{id: r, when: {when}, mode: parallel, max: 1000,"
        text += f" then: [{{notify: r{number}}}]}}\n"
        bench.load(text)

    def _do(self, bench, step):
        kind, first, second = step
        lab, now = bench.lab, bench.lab.clock.monotonic()
        samples: tuple[Sample, ...] = ()
        if kind in {"sample", "silent"}:
            samples = (sampled(first, second, now),)
        elif kind == "both":
            samples = (sampled(POINTS[0], first, now), sampled(POINTS[1], second, now))
        elif kind == "range":
            samples = (sampled(POINTS[0], first, now, "mV"),)
        snapshot = Snapshot("PSU_01", now, now, 0.0, samples)
        if kind == "silent":
            lab.values.update(snapshot)
        elif samples:
            lab.bus.publish(snapshot)
        elif kind == "forget":
            lab.values.forget("PSU_01")
        elif kind == "leave" and first < len(self.whens):
            bench.engine.put(f"f{first}", None)
        elif kind == "back" and first < len(self.whens):
            self._put(bench, first, self.whens[first])

    @staticmethod
    def _seen(bench):
        return [
            (r["id"], r["evaluations"], r["fired"], r["skipped"], r["suspended"], r["state"])
            for r in bench.engine.list()
        ] + [(name, repr(record.kept)) for name, record in bench.engine._records.items()]


def compare(seed):
    """Play a story twice; how many firings there were."""
    dice = random.Random(seed)
    whens = [rule(dice) for _ in range(dice.randint(1, 10))]
    steps = [step(dice, len(whens)) for _ in range(60)]
    quick = asyncio.run(Story(whens).told(steps))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Expression, "crossings", lambda self, env: None)
        slow = asyncio.run(Story(whens).told(steps))
    for one, other in zip(quick, slow, strict=True):
        assert one == other, (seed, whens)
    return len(quick[-1])


def test_rules_act_as_if_each_looked_at_every_sample():
    assert sum(compare(seed) for seed in range(25)) > 400


@pytest.mark.proof
def test_thousands_of_rules_act_as_if_each_looked_at_every_sample():
    assert sum(compare(seed) for seed in range(1000, 3000)) > 20_000
