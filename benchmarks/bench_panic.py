"""R22: how soon "off" is on the wire after all off is pressed, with eight devices on real sockets.

An open project with six supplies and two loads, all on; one supply hangs (it takes connections and
never answers), another has 500 writes waiting. Each panic is measured from the press to the
"output off" frame at each healthy device's end of its wire. Everything runs in one process, also
the simulated devices, so a product alone is faster. Exit code 1 when a goal is missed: 95 of 100
panics have all healthy outputs told within 250 ms, and nothing is written after it.
``python -m benchmarks.bench_panic [--quick] [--panics N]``
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.acceptance.safety.panic_lab import HEALTHY, LOADS, SUPPLIES, opened

GOAL_S = 0.25


def spread(seconds):
    """Median, 95th percentile and maximum in ms."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return tuple(1000 * s for s in (ordered[len(ordered) // 2], p95, ordered[-1]))


async def measure(panics):
    source = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as lab:
            return [await lab.panic(source) for _ in range(panics)]


def main(panics: int) -> int:
    found = asyncio.run(measure(panics))
    idle = [name for name in SUPPLIES if name in HEALTHY and name != "BUSY"]
    groups = {"supplies": idle, "with 500 writes waiting": ["BUSY"], "loads": LOADS}
    for title, names in groups.items():
        median, p95, worst = spread([panic.off_s[name] for panic in found for name in names])
        print(f"{title:24} median {median:6.1f}  p95 {p95:6.1f}  max {worst:6.1f} ms")
    median, p95, worst = spread([max(panic.off_s.values()) for panic in found])
    print(f"{'last of all healthy':24} median {median:6.1f}  p95 {p95:6.1f}  max {worst:6.1f} ms")
    late = sum(panic.late_writes for panic in found)
    is_good = p95 <= GOAL_S * 1000 and not late
    print(
        f"{panics} panics, {late} writes after off; p95 {p95:.0f} ms (goal {GOAL_S * 1000:.0f}):",
        "reached" if is_good else "missed",
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--panics", type=int, default=100)
    chosen = options.parse_args()
    sys.exit(main(10 if chosen.quick else chosen.panics))
