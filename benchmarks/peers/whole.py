"""C4: samples through a thousand rules alone, and with all that the product does beside."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.bench_ingest import ENTITIES
from benchmarks.bench_rules import Lab, Volts
from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.devices.limits import Limits, classify
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.recent import Recent
from ionpy_auto.storage.recorder import Recorder

DEVICES = [f"D{n}" for n in range(100)]
BATCH = 100  # polls between two turns of the loop
GOAL = 0.5
RULE = "  - {{id: r{n}, when: {point} > 100 V and {point} < 200 V, then: [{{log: x}}]}}\n"


async def rules_on(lab, store):
    """An engine with one rule for each of the 1,000 points."""
    env = LiveEnvironment(lab.values, Recent(lab.bus), lab.clock)
    engine = RuleEngine(lab, env, store)
    lab.bus.tap("sample/", lab.values.update)
    await engine.start()
    for device in DEVICES:
        points = [f"{device}.{entity.entity_id}" for entity in ENTITIES]
        rules = "".join(RULE.format(n=n, point=point) for n, point in enumerate(points))
        flow, findings = read_flow(
            f"version: 1\nid: {device.lower()}\nrules:\n{rules}", "", Volts()
        )
        assert flow is not None, findings[:3]
        engine.put(flow.id, flow)
    return engine


def poll(device, number, limits):
    """What a device tells; with limits each value is judged, as the device does."""
    now, value = time.time(), number * 1e-6
    judge = (lambda v: classify(limits, v)) if limits else (lambda _: AlarmState.NORMAL)
    return Snapshot(
        device,
        now,
        now,
        0.0,
        tuple(
            Sample(f"{device}.{e.entity_id}", value, "V", Quality.GOOD, judge(value), now, now)
            for e in ENTITIES
        ),
    )


async def once(polls, whole):
    """Seconds on the wall and of the processor for so many polls."""
    lab = Lab()
    lab.clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "data.db", lab.clock)
        await database.start()
        recorder = Recorder(database, lab.bus, lab.clock)
        alarms = AlarmManager(database, lab.bus, lab.clock)
        if whole:
            await alarms.start()
            await recorder.start()
            for device in DEVICES:
                await recorder.declare(device, ENTITIES)
            recorder.set_session(1)
        engine = await rules_on(lab, DatabaseRuleStore(database) if whole else None)
        limits = Limits(lolo=-2, lo=-1, hi=50, hihi=60) if whole else None
        began, used = time.perf_counter(), time.process_time()
        for first in range(0, polls, BATCH):
            for number in range(first, first + BATCH):
                lab.bus.publish(poll(DEVICES[number % len(DEVICES)], number, limits))
            await asyncio.sleep(0)
        if whole:
            await recorder.flush()
        took = time.perf_counter() - began, time.process_time() - used
        await engine.stop()
        if whole:
            assert recorder.counters.recorded == polls
            await recorder.stop()
            await alarms.stop()
        await database.stop()
    return took


def report(repetitions, polls=20_000):
    """Print the throughput both ways and its ratio; whether the goal is reached."""
    found = {False: [], True: []}
    for _ in range(repetitions):
        for whole, times in found.items():
            times.append(asyncio.run(once(polls, whole)))
    samples = polls * len(ENTITIES)
    print(f"\nC4: {samples:,} samples in polls of {len(ENTITIES)}, 1,000 rules, each on one point")
    middle = {}
    for whole, times in found.items():
        wall, cpu = (statistics.median(values) for values in zip(*times, strict=True))
        slow, fast = max(t[0] for t in times), min(t[0] for t in times)
        middle[whole] = wall
        name = "recorded, judged, kept" if whole else "rules alone"
        print(
            f"  {name:>22}: {samples / wall:,.0f} samples/s "
            f"({samples / slow:,.0f}-{samples / fast:,.0f}), CPU {cpu / samples * 1e6:.2f} us each"
        )
    ratio = middle[False] / middle[True]
    print(
        f"  {ratio:.2f} of the throughput (goal {GOAL}):", "reached" if ratio >= GOAL else "missed"
    )
    return ratio >= GOAL
