"""Rules: cost of a sample while the number of rules grows (B2), and of one condition (B1).

    python -m benchmarks.bench_rules [--quick]

Every figure is the median of several interleaved rounds; only ratios of one run mean something.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Mapping

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


def sample(point: str, value: float) -> Sample:
    return Sample(point, value, "V", Quality.GOOD, AlarmState.NORMAL, 0.0, 0.0)


async def engine_with(count: int) -> Bus:
    """A bus with an engine of this many rules, each on its own point."""
    lab = Lab()
    env = LiveEnvironment(lab.values, Recent(lab.bus), lab.clock)
    engine = RuleEngine(lab, env)  # type: ignore[arg-type]  # nothing acts here
    lab.bus.tap("sample/", lab.values.update)
    await engine.start()
    for first in range(0, count, 500):
        rules = "".join(
            f"  - {{id: r{n}, when: D.p{n} > 100 V and D.p{n} < 200 V, then: [{{log: x}}]}}\n"
            for n in range(first, min(first + 500, count))
        )
        text = f"version: 1\nid: f{first}\nrules:\n{rules}"
        flow, findings = read_flow(text, "", Volts())
        assert flow is not None, findings[:3]
        engine.put(flow.id, flow)
    return lab.bus


def per_call(work: Callable[[], object], calls: int) -> float:
    """Microseconds of one call."""
    begin = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - begin) / calls * 1e6


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


def condition(calls: int, rounds: int) -> bool:
    """B1: a condition with its look-up, against a plain function and pre-parsed simpleeval."""
    values = LiveValues()
    clock = VirtualClock()
    env = LiveEnvironment(values, Recent(Bus()), clock)
    for point in ("D.u", "D.i"):
        values.latest[point] = sample(point, 4.1)
    expression = Expression.compile("D.u > 4.2 and D.i < 0.05", Scope(units_of=lambda _: ""))
    latest = values.latest
    plain = lambda: latest["D.u"].value > 4.2 and latest["D.i"].value < 0.05  # noqa: E731
    evaluator = SimpleEval(names=lambda node: latest[f"D.{node.id}"].value, functions={})
    parsed = evaluator.parse("u > 4.2 and i < 0.05")
    costs = medians(
        {
            "plain lambda": plain,
            "ours": lambda: expression.evaluate(env),
            "simpleeval": lambda: evaluator.eval("", previously_parsed=parsed),
        },
        calls,
        rounds,
    )
    for name, cost in costs.items():
        print(f"B1  {name:>12}: {cost:7.3f} us per evaluation")
    speed, lead = costs["plain lambda"] / costs["ours"], costs["simpleeval"] / costs["ours"]
    fast, ahead = speed >= GOAL_LAMBDA, lead >= GOAL_SIMPLEEVAL
    print(f"B1  against a plain lambda: {speed:.2f} (goal >= {GOAL_LAMBDA}) {verdict(fast)}")
    print(f"B1  against simpleeval: {lead:.1f} (goal >= {GOAL_SIMPLEEVAL}) {verdict(ahead)}")
    return fast and ahead


def verdict(is_met: bool) -> str:  # noqa: FBT001, RUF100
    return "met" if is_met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    calls, rounds = (2_000, 3) if quick else (20_000, 7)
    asyncio.run(growth(calls, rounds))
    condition(calls, rounds)


if __name__ == "__main__":
    main()
