"""What a firing that acts costs: processor time on the loop and in the thread of the database.

    python -m benchmarks.bench_acting [--quick] [--profile]

A hundred rules listen to messages, one action each; in every round some of them act at once, each
with its durable intent and its trace. Processor time alone is counted, so other programs on the
machine and the disk do not count.
"""

import argparse
import asyncio
import cProfile
import logging
import pstats
import statistics
import sys
import tempfile
import time
from pathlib import Path

import structlog

from benchmarks.bench_rules import Lab, Volts, verdict
from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.rules import rule as rule_module
from ionpy_auto.automation.rules.engine import RuleEngine
from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.automation.topics import Topics
from ionpy_auto.automation.variables import Variables
from ionpy_auto.connections import Message
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.recent import Recent

RULES = 100
GOAL_US = 300.0
ACTIONS = {
    "publish": 'publish: {topic: out, payload: "{{ trigger.payload }}"}',
    "event": "event: {name: answer, fields: {payload: trigger.payload}}",
    "log": 'log: "{{ trigger.payload }}"',
    "variables": "variables: {set: {last: 1}}",
}
AT_ONCE = (1, 5, 50)


class Broker:
    """Hears what is told to it and sends nothing on."""

    def __init__(self):
        self.heard = []

    def listen(self, wish, tell):
        self.heard.append(tell)
        return lambda: self.heard.remove(tell)

    async def publish(self, what):
        return {"topic": what.topic, "acknowledged": False}


class Acted:
    """Counts firings, and tells when there were so many."""

    def __init__(self):
        self.count = self.wanted = 0
        self.outcomes = set()
        self.reached = asyncio.Event()

    def take(self, event):
        self.count += 1
        self.outcomes.add(event.payload["outcome"])
        if self.count >= self.wanted:
            self.reached.set()

    async def wait(self):
        if self.count < self.wanted:
            await self.reached.wait()
        self.reached.clear()


async def once(action, at_once, firings, profile=None):
    """Microseconds per firing: on the loop, and of all threads."""
    lab = Lab()
    lab.clock, lab.project = SystemClock(), None
    broker = Broker()
    lab.topics = Topics(broker, lab.clock)
    lab.variables = Variables(None, lab.bus, lab.clock)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "data.db", lab.clock)
        await database.start()
        env = LiveEnvironment(lab.values, Recent(lab.bus), lab.clock)
        engine = RuleEngine(lab, env, DatabaseRuleStore(database))
        acted = Acted()
        lab.bus.tap("event/rule_fired", acted.take)
        await engine.start()
        rules = "".join(
            f"  - {{id: r{n}, when: {{mqtt: in}}, mode: queued, then: [{{{ACTIONS[action]}}}]}}\n"
            for n in range(RULES)
        )
        flow, findings = read_flow(f"version: 1\nid: f\nrules:\n{rules}", "", Volts())
        assert flow is not None, findings[:3]
        engine.put(flow.id, flow)
        await rounds(broker, acted, at_once, RULES)
        if profile:
            profile.enable()
        loop, whole = time.thread_time(), time.process_time()
        await rounds(broker, acted, at_once, firings)
        loop, whole = time.thread_time() - loop, time.process_time() - whole
        if profile:
            profile.disable()
        assert acted.outcomes == {"done"}
        await engine.stop()
        await database.stop()
    return loop / firings * 1e6, whole / firings * 1e6


async def rounds(broker, acted, at_once, firings):
    """Tell so many rules at once, and wait until all have acted."""
    for first in range(0, firings, at_once):
        acted.wanted = acted.count + at_once
        for number in range(first, first + at_once):
            payload = b'{"n": %d, "s": 0.25}' % number
            broker.heard[number % RULES](Message("lab", "in", payload, 0, False))
        await acted.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter repetitions")
    parser.add_argument("--profile", help="where the time goes of this action, 5 at once")
    options = parser.parse_args()
    # Nobody acts ten thousand times a second; the price of one action does not depend on it.
    rule_module.MAX_ACTIONS_PER_S = sys.maxsize
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if options.profile:
        profile = cProfile.Profile()
        asyncio.run(once(options.profile, 5, 2_000, profile))
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return 0
    firings, repetitions = (1_000, 2) if options.quick else (10_000, 3)
    met = True
    for action in ACTIONS:
        for at_once in AT_ONCE:
            count = firings if at_once > 1 else firings // 4
            found = [asyncio.run(once(action, at_once, count)) for _ in range(repetitions)]
            loop, whole = (statistics.median(values) for values in zip(*found, strict=True))
            is_met = whole <= GOAL_US
            met = met and (is_met or at_once == 1)
            print(
                f"{action:>9}, {at_once:>2} at once: {whole:5.0f} us per firing, {loop:5.0f} of it "
                f"on the loop (goal <= {GOAL_US:.0f}) {verdict(is_met)}",
                flush=True,
            )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
