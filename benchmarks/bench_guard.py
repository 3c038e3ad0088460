"""How long an output stays on after the server died or froze: the real server, N kills each.

A Riden simulator in a process of its own, over TCP and over a pseudo terminal. Its output is asked
over a side door every few milliseconds, so what is measured is what the device did. Also said: what
the guard process costs in memory. Exit code 1 when a bound is missed: 1.5 s after kill -9, 3.5 s
after SIGSTOP (2 s of silence until the server counts as hanging), 64 MiB.
"""

import argparse
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.guard.lab import Bench, Supply

BOUNDS_S = {"kill -9": 1.5, "SIGSTOP": 3.5}
SIGNALS = {"kill -9": signal.SIGKILL, "SIGSTOP": signal.SIGSTOP}
MEMORY_GOAL_MIB = 64
GIVE_UP_S = 20


def resident_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def one(bench, supply, number):
    """Seconds from the signal until the device says off, and MiB of the guard."""
    bench.start()
    memory = resident_mib(bench.guard["pid"])
    bench.switch_on()
    began = time.monotonic()
    bench.signal(number)
    while supply.is_on and time.monotonic() - began < GIVE_UP_S:
        time.sleep(0.002)
    seconds = time.monotonic() - began
    bench.gone()
    return seconds, memory


def measure(wire, number, count):
    supply = Supply(wire)
    try:
        with tempfile.TemporaryDirectory() as home:
            bench = Bench(Path(home), {"PSU_01": supply})
            try:
                return [one(bench, supply, number) for _ in range(count)]
            finally:
                bench.close()
    finally:
        supply.close()


def main(quick: bool = False) -> int:
    missed = 0
    memory = []
    for way, number in SIGNALS.items():
        for wire in ("tcp", "pty"):
            found = measure(wire, number, 3 if quick else 15)
            seconds = [s for s, _ in found]
            memory += [mib for _, mib in found]
            print(
                f"{way:>8} over {wire}: off after min {min(seconds):.3f} s, "
                f"median {statistics.median(seconds):.3f} s, max {max(seconds):.3f} s "
                f"({len(seconds)} times; bound {BOUNDS_S[way]} s)",
                flush=True,
            )
            missed += max(seconds) > BOUNDS_S[way]
    print(f"guard process: {max(memory):.0f} MiB resident (goal {MEMORY_GOAL_MIB} MiB)")
    missed += max(memory) > MEMORY_GOAL_MIB
    print("bounds:", "missed" if missed else "kept")
    return 1 if missed else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    sys.exit(main(options.parse_args().quick))
