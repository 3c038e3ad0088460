"""D1: the bus, against direct callbacks (the limit) and against ``asyncio.Queue``.

Every way hands the same snapshots to 1, 10 and 100 listeners; each repetition runs every way once,
in turn. Exit code 1 when a goal is missed: at 10 and 100 listeners at least 0.4 of direct
callbacks, and at least three times an ``asyncio.Queue``.
``python -m benchmarks.bench_bus [--quick]``
"""

import argparse
import asyncio
import statistics
import sys
import time

from ionpy_auto.core.bus import Bus, Overflow
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot

LISTENERS = (1, 10, 100)
TURN = 50  # messages per turn of the loop
LIMIT_GOAL = 0.4
QUEUE_GOAL = 3.0
SNAPSHOT = Snapshot(
    "PSU_01",
    1.0,
    1.0,
    0.0,
    tuple(
        Sample(f"PSU_01.e{n}", 1.5, "V", Quality.GOOD, AlarmState.NORMAL, 1.0, 1.0)
        for n in range(10)
    ),
)


class Counter:
    def __init__(self):
        self.seen = 0

    def __call__(self, _message):
        self.seen += 1


async def direct(listeners, messages):
    counters = [Counter() for _ in range(listeners)]
    began = time.perf_counter()
    for number in range(messages):
        for counter in counters:
            counter(SNAPSHOT)
        if number % TURN == 0:
            await asyncio.sleep(0)
    return time.perf_counter() - began, counters


async def taps(listeners, messages):
    bus, counters = Bus(), [Counter() for _ in range(listeners)]
    for counter in counters:
        bus.tap("sample/", counter)
    began = time.perf_counter()
    for number in range(messages):
        bus.publish(SNAPSHOT)
        if number % TURN == 0:
            await asyncio.sleep(0)
    return time.perf_counter() - began, counters


async def subscriptions(listeners, messages):
    bus, counters = Bus(), [Counter() for _ in range(listeners)]
    queues = [
        bus.subscribe("sample/", name=str(n), policy=Overflow.DROP_OLDEST, bound=4 * TURN)
        for n in range(listeners)
    ]

    async def read(queue, counter):
        while counter.seen < messages:
            counter.seen += len(await queue.wait())

    readers = [asyncio.create_task(read(*pair)) for pair in zip(queues, counters, strict=True)]
    await asyncio.sleep(0)
    began = time.perf_counter()
    for number in range(messages):
        bus.publish(SNAPSHOT)
        if number % TURN == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*readers)
    return time.perf_counter() - began, counters


async def queues(listeners, messages):
    counters = [Counter() for _ in range(listeners)]
    waiting = [asyncio.Queue() for _ in range(listeners)]

    async def read(queue, counter):
        while counter.seen < messages:
            await queue.get()
            counter.seen += 1

    readers = [asyncio.create_task(read(*pair)) for pair in zip(waiting, counters, strict=True)]
    await asyncio.sleep(0)
    began = time.perf_counter()
    for number in range(messages):
        for queue in waiting:
            queue.put_nowait(SNAPSHOT)
        if number % TURN == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*readers)
    return time.perf_counter() - began, counters


WAYS = (direct, taps, subscriptions, queues)


def rates(listeners, messages, repetitions):
    """Messages per second of every way, the median of the repetitions."""
    found = {way.__name__: [] for way in WAYS}
    for _ in range(repetitions):
        for way in WAYS:
            seconds, counters = asyncio.run(way(listeners, messages))
            assert all(counter.seen == messages for counter in counters), way
            found[way.__name__].append(messages / seconds)
    return {name: statistics.median(values) for name, values in found.items()}


def main(quick: bool = False) -> int:
    missed = 0
    for listeners in LISTENERS:
        messages = (4_000 if quick else 40_000) // max(1, listeners // 10)
        found = rates(listeners, messages, 3 if quick else 7)
        to_limit = {name: rate / found["direct"] for name, rate in found.items()}
        to_queue = found["subscriptions"] / found["queues"]
        print(
            f"{listeners:>4} listeners: direct {found['direct']:>11,.0f}/s"
            f" | taps {to_limit['taps']:.2f}x | subscriptions {to_limit['subscriptions']:.2f}x"
            f" | asyncio.Queue {to_limit['queues']:.2f}x"
            f" | subscriptions : queue {to_queue:.1f}x"
        )
        if listeners > 1:
            worst = min(to_limit["taps"], to_limit["subscriptions"])
            missed += worst < LIMIT_GOAL or to_queue < QUEUE_GOAL
    print(f"goal at 10 and 100: {LIMIT_GOAL}x of direct, {QUEUE_GOAL}x of asyncio.Queue:", end=" ")
    print("missed" if missed else "reached")
    return 1 if missed else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    sys.exit(main(options.parse_args().quick))
