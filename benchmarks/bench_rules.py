"""Rules: cost of one condition (B1), of a sample among more and more rules (B2), and of a
thousand rules that read one point (B3).

    python -m benchmarks.bench_rules [--quick]

Every figure is the median of several interleaved rounds; only ratios of one run mean something.
"""

import argparse
import asyncio
import itertools
import logging
import statistics
import sys
import time
from collections.abc import Callable, Mapping

import structlog
from simpleeval import SimpleEval

from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Snapshot
from ionpy_auto.language import Expression, Scope
from ionpy_auto.storage.recent import Recent

COUNTS = (10, 100, 1_000, 10_000)
GOAL_GROWTH = 1.3
GOAL_LAMBDA = 0.4
GOAL_SIMPLEEVAL = 15.0
MANY, RATE_HZ = 1_000, 1_000


class Volts:
    """A site where every point is in volts."""

    def unit_of(self, address: str) -> str | None:
        return "V"

    def kind_of(self, address: str) -> str:
        return "number"

    def channel(self, channel_id: str) -> None:
        return None

    def cell(self, name: str) -> None:
        return None

    def is_writable(self, address: str) -> bool:
        return True

    def has_device(self, device_id: str) -> bool:
        return True


class Lab:
    """What the engine asks for while nothing acts."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.bus = Bus()
        self.values = LiveValues()


def sample(point: str, value: float | str) -> Sample:
    return Sample(point, value, "V", Quality.GOOD, AlarmState.NORMAL, 0.0, 0.0)


OWN_POINT = "{{id: r{n}, when: D.p{n} > 100 V and D.p{n} < 200 V, then: [{{log: x}}]}}"
ONE_POINT = "{{id: r{n}, when: D.p > {n} V, then: [{{log: x}}]}}"
HELD = "{{id: r{n}, when: {{expr: D.p > {n} V, for: 1 h}}, then: [{{log: x}}]}}"


async def engine_with(count: int, rule: str = OWN_POINT) -> Bus:
    """A bus with an engine of this many rules."""
    lab = Lab()
    env = LiveEnvironment(lab.values, Recent(lab.bus), lab.clock)
    engine = RuleEngine(lab, env)  # type: ignore[arg-type]  # nothing acts here
    lab.bus.tap("sample/", lab.values.update)
    await engine.start()
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        rules = "".join(f"  - {rule.format(n=n)}\n" for n in numbers)
        text = f"version: 1\nid: f{first}\nrules:\n{rules}"
        flow, findings = read_flow(text, "", Volts())
        assert flow is not None, findings[:3]
        engine.put(flow.id, flow)
    return lab.bus


def per_call(work: Callable[[], object], calls: int) -> float:
    """Microseconds of the processor for one call: other programs on the machine do not count."""
    begin = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - begin) / calls * 1e6


def medians(works: Mapping[str, Callable[[], object]], calls: int, rounds: int) -> dict[str, float]:
    """Microseconds per call of each, interleaved."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(per_call(work, calls))
    return {name: statistics.median(times) for name, times in found.items()}


async def growth(calls: int, rounds: int) -> bool:
    """B2: one affected rule among many."""
    works: dict[str, Callable[[], object]] = {}
    for count in COUNTS:
        bus = await engine_with(count)
        snapshot = Snapshot("D", 0.0, 0.0, 0.0, (sample(f"D.p{count // 2}", 4.0),))
        works[str(count)] = lambda bus=bus, snapshot=snapshot: bus.publish(snapshot)
    costs = medians(works, calls, rounds)
    for name, cost in costs.items():
        print(f"B2  {name:>6} rules, one affected: {cost:7.2f} us per sample")
    ratio = costs[str(COUNTS[-1])] / costs[str(COUNTS[0])]
    is_met = ratio <= GOAL_GROWTH
    print(f"B2  10,000 against 10 rules: {ratio:.2f} (goal <= {GOAL_GROWTH}) {verdict(is_met)}")
    return is_met


TEXTS = {
    "compare": "D.u > 4.2 and D.i < 0.05",
    "arithmetic": "D.u * D.i + 0.5 > D.u / 3 - D.i",
    "enum": "D.mode == 'CV'",
}
HOLDS = {"D.u": 4.3, "D.i": 0.01, "D.mode": "CV"}


def condition(calls: int, rounds: int) -> bool:
    """B1: conditions over live points, against plain functions and pre-parsed simpleeval."""
    values, bus = LiveValues(), Bus()
    env = LiveEnvironment(values, Recent(bus), VirtualClock())
    poll = Snapshot("D", 0.0, 0.0, 0.0, tuple(sample(p, v) for p, v in HOLDS.items()))
    taking = {"no condition": per_call(lambda: values.update(poll), calls)}
    u, i, mode = 0, 1, 2
    s = list(HOLDS.values())
    bare: Mapping[str, Callable[[], object]] = {
        "compare": lambda: s[u] > 4.2 and s[i] < 0.05,
        "arithmetic": lambda: s[u] * s[i] + 0.5 > s[u] / 3 - s[i],
        "enum": lambda: s[mode] == "CV",
    }
    looks = {
        name: Expression.compile(text, Scope(units_of=lambda _: "")).bind(env)
        for name, text in TEXTS.items()
    }
    values.update(poll)
    met = [_compare(name, (bare[name], looks[name]), values, (calls, rounds)) for name in TEXTS]
    taking["conditions"] = per_call(lambda: values.update(poll), calls)
    for name, cost in taking.items():
        print(f"B1  taking over a poll of 3 points, {name} reading them: {cost:.3f} us")
    return all(met)


def _compare(
    name: str,
    ways: tuple[Callable[[], object], Callable[[], object]],
    values: LiveValues,
    size: tuple[int, int],
) -> bool:
    """One condition in all ways; the plain lambda reads a list, which is the least there is."""
    latest = values.latest
    evaluator = SimpleEval(names=lambda node: latest[f"D.{node.id}"].value, functions={})
    text = TEXTS[name].replace("D.", "")
    parsed = evaluator.parse(text)
    costs = medians(
        {
            "plain lambda": ways[0],
            "ours": ways[1],
            "simpleeval": lambda: evaluator.eval(text, previously_parsed=parsed),
        },
        *size,
    )
    lean, ours, slow = costs.values()
    speed, lead = lean / ours, slow / ours
    print(f"B1  {name:>10}: lambda {lean:.3f}, ours {ours:.3f}, simpleeval {slow:.3f} us")
    fast, ahead = speed >= GOAL_LAMBDA, lead >= GOAL_SIMPLEEVAL
    print(
        f"B1  {name:>10}: {speed:.2f} of a plain lambda (goal >= {GOAL_LAMBDA}) {verdict(fast)}, "
        f"{lead:.1f} x simpleeval (goal >= {GOAL_SIMPLEEVAL}) {verdict(ahead)}"
    )
    return fast and ahead


async def crowd(calls: int, rounds: int) -> bool:
    """B3: a thousand rules on one point, which gets a thousand samples a second."""
    works: dict[str, Callable[[], object]] = {}
    for name, rule, low, high in (
        ("none true", ONE_POINT, -2.0, -1.0),
        ("all true", ONE_POINT, 2_000.0, 2_001.0),
        ("all pending", HELD, 2_000.0, 2_001.0),
        ("10 come and go", HELD, -0.5, 9.5),
    ):
        bus = await engine_with(MANY, rule)
        polls = itertools.cycle(
            Snapshot("D", 0.0, 0.0, 0.0, (sample("D.p", value),)) for value in (low, high)
        )
        bus.publish(Snapshot("D", 0.0, 0.0, 0.0, (sample("D.p", -1.0),)))
        works[name] = lambda bus=bus, polls=polls: bus.publish(next(polls))
    costs = medians(works, max(calls // 100, 20), rounds)
    met = True
    for name, cost in costs.items():
        share = cost * RATE_HZ / 1e6
        met = met and share < 1
        print(
            f"B3  {MANY} rules on one point, {name:>14}: {cost:7.0f} us per sample, "
            f"{share:.0%} of a core at {RATE_HZ} samples/s {verdict(share < 1)}"
        )
    return met


def verdict(is_met: bool) -> str:  # noqa: FBT001, RUF100
    return "met" if is_met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    calls, rounds = (2_000, 3) if quick else (20_000, 7)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    met = [
        condition(calls, rounds),
        asyncio.run(growth(calls, rounds)),
        asyncio.run(crowd(calls, rounds)),
    ]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
