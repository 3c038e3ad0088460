"""C1 to C4: the same rules in ionpy_auto, Node-RED and Home Assistant, under the same load.

A broker, each server and this load generator are processes of their own; the servers of a case
run at the same time and get the load in turn. Every rule listens to a topic, looks whether the
message names it, and answers with a message (C1, C3) or an event to a WebSocket (C2). As
ionpy_auto suspends a rule that acts more than 10 times a second, a rule acts at most 5 times a
second in the load of everyone; all other messages are looked at by the rules and nobody acts.

"at a rate": so many messages a second, evenly; the processor time is that above idle. "at full
speed": blocks of messages of which the last acts, the next as soon as it was answered. C4
compares ionpy_auto with itself: samples through rules alone, and with recording, alarms and kept
traces.

The peers are looked for in $IONPY_PEERS (~/peers by default); how a missing one is installed is
printed. Nothing is measured for it then, and its goals are neither reached nor missed.
"""

import argparse
import asyncio
import math
import statistics
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.peers.load import Load
from benchmarks.peers.servers import HomeAssistant, Mosquitto, NodeRed, Ours
from benchmarks.peers.whole import report as report_whole

ACTS_PER_S = 5
IDLE_S = 1.0


@dataclass(frozen=True)
class Case:
    """How many rules, whether each has its own topic, and the load.

    Attributes:
        rate: Messages a second.
        block: Messages at full speed before one acts.
        web: Answers go to a WebSocket.
    """

    name: str
    rules: int
    own: bool
    rate: int
    block: int
    peers: tuple
    web: bool = False

    def acts_every(self, rate: float) -> int:
        """Of so many messages one acts, so that no rule acts too often."""
        return max(1, math.ceil(rate / (ACTS_PER_S * self.rules)))


ALL = (NodeRed, HomeAssistant)
CASES = (
    Case("mqtt-1", 1, False, 800, 20_000, ALL),
    Case("mqtt-100-own", 100, True, 500, 4_000, ALL),
    Case("mqtt-100-shared", 100, False, 200, 400, ALL),
    Case("mqtt-1000-own", 1_000, True, 500, 4_000, ALL),
    Case("mqtt-1000-shared", 1_000, False, 100, 100, (NodeRed,)),
    Case("ws-1", 1, False, 1_000, 20_000, (NodeRed,), web=True),
    Case("ws-100-shared", 100, False, 1_000, 1_000, (NodeRed,), web=True),
    Case("ws-1000-shared", 1_000, False, 1_000, 100, (), web=True),
)


@dataclass
class Figures:
    """What was measured of one server in one case, a value per repetition."""

    idle: list[float] = field(default_factory=list)  # share of a core
    cpu: list[float] = field(default_factory=list)  # us per message at the rate, above idle
    p50: list[float] = field(default_factory=list)  # ms
    p99: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)  # messages/s at full speed
    full: list[float] = field(default_factory=list)  # us per message at full speed
    behind: int = 0  # repetitions that did not keep up with the rate


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def once(server, load, figures, seconds):
    """One repetition of one server."""
    loop, case = asyncio.get_running_loop(), load.case
    before, began = server.cpu_s(), loop.time()
    await asyncio.sleep(IDLE_S)
    idle = (server.cpu_s() - before) / (loop.time() - began)
    before, began = server.cpu_s(), loop.time()
    count, kept = await load.steady(case.rate, seconds)
    used = server.cpu_s() - before - idle * (loop.time() - began)
    figures.idle.append(idle)
    figures.cpu.append(used / count * 1e6)
    figures.behind += not kept
    if load.took:
        figures.p50.append(quantile(load.took, 0.5) * 1e3)
        figures.p99.append(quantile(load.took, 0.99) * 1e3)
    before = server.cpu_s()
    count, passed = await load.full_speed(case.block, seconds)
    figures.speed.append(count / passed)
    if count:
        figures.full.append((server.cpu_s() - before) / count * 1e6)


async def compare(case, repetitions, seconds):
    """Figures of every server in one case."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Mosquitto(case, 0, folder / "broker")
        broker.start()
        servers, pairs = [broker], []
        try:
            for kind in (Ours, *case.peers):
                if kind.missing:
                    continue
                # Its own broker: the messages of the others would reach its rules as well.
                own = Mosquitto(case, 0, folder / f"broker of {kind.name}")
                own.start()
                servers.append(own)
                server = kind(case, own.port, folder / kind.name.replace(" ", ""))
                servers.append(server)
                server.start()
                load = Load(case)
                if server.web is not None:
                    await _until_open(server.port)
                await load.start(own.port, server.web)
                if not await load.until_ready():
                    print(f"{case.name}: {kind.name} did not answer", flush=True)
                    continue
                pairs.append((server, load))
                found[kind.name] = Figures()
            for _ in range(repetitions):
                for server, load in pairs:
                    await once(server, load, found[server.name], seconds)
            for _, load in pairs:
                load.stop()
        finally:
            for server in reversed(servers):
                server.stop()
    return found


async def _until_open(port):
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            await asyncio.sleep(2.0)
            return


def middle(values):
    return statistics.median(values) if values else math.nan


def shown(values, digits=1):
    """Median and spread."""
    if not values:
        return "-"
    return f"{middle(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def report(case, found):
    """Print one case and its ratios."""
    print(
        f"\n{case.name}: {case.rules} rules, {'own topics' if case.own else 'one topic'}, "
        f"{case.rate} messages/s, one of {case.acts_every(case.rate)} acts; "
        "median (least-most)"
    )
    for name, f in found.items():
        late = f", BEHIND in {f.behind} of {len(f.cpu)}" if f.behind else ""
        print(
            f"  {name:>14}: CPU {shown(f.cpu)} us/message, p50 {shown(f.p50, 2)} ms, "
            f"p99 {shown(f.p99, 2)} ms, idle {middle(f.idle):.1%}{late}\n"
            f"  {'':>14}  full speed {shown(f.speed, 0)} messages/s, {shown(f.full)} us/message"
        )
    ours = found.get(Ours.name)
    for name, f in found.items():
        if name == Ours.name or ours is None:
            continue
        ratio = {
            key: middle(getattr(ours, key)) / middle(getattr(f, key))
            for key in ("cpu", "full", "p50", "p99", "speed")
        }
        print(
            "  ours/{}: CPU {cpu:.3f}, at full speed {full:.3f}; p50 {p50:.2f}, p99 {p99:.2f}; "
            "speed {speed:.2f} x".format(name, **ratio),
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="2 short repetitions")
    parser.add_argument("--cases", help=f"of {', '.join(c.name for c in CASES)}, whole")
    parser.add_argument("--repetitions", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="ionpy_auto without the peers")
    options = parser.parse_args()
    repetitions = options.repetitions or (2 if options.quick else 5)
    for kind in (Mosquitto, NodeRed, HomeAssistant):
        if kind.missing:
            print(f"{kind.name} is not installed: {kind.missing}")
        elif kind is not Mosquitto:
            print(f"{kind.name} {kind.version()}")
    known = [*(case.name for case in CASES), "whole"]
    names = options.cases.split(",") if options.cases else known
    if unknown := set(names) - set(known):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for case in CASES:
        if case.name in names and not Mosquitto.missing:
            chosen = replace(case, peers=()) if options.alone else case
            found = asyncio.run(compare(chosen, repetitions, 1.5 if options.quick else 2.5))
            report(chosen, found)
    if "whole" in names:
        report_whole(repetitions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
