"""How many hours of a test of a cell one second of processor time carries.

Cycles of charge 0.5 C CC-CV, rest 30 min, discharge 1 C, rest 30 min on a virtual bench polled
once a second, in turn: every poll made; polls left out in which nothing can happen; the same with
journal and recording in a database. Told are simulated hours per second of processor time and of
wall time, and how far the counted charge is from the cell's own counters. Exit code 1 when a goal
is missed: 50 cycles with everything recorded in five minutes (0.75 h/s), five times as fast as
every poll, 0.1 % of charge. Five hundred cycles in five minutes (7.5 h/s) are the next goal.
``python -m benchmarks.bench_runs [--quick]``
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.runs.bench import table
from tests.acceptance.runs.recording import Recording
from tests.acceptance.runs.test_ageing import AGEING

GOAL_H_PER_S = 0.75
NEXT_GOAL_H_PER_S = 7.5
FASTER_GOAL = 5.0
BALANCE_GOAL = 1e-3


async def cycle(cycles, *, adaptive, folder=None):
    """Simulated hours, processor and wall seconds, and the worst error of charge."""
    recording = Recording(folder / "data.db") if folder else None
    kept = {"kit": recording.kit, "opened": recording.opened} if recording else {}
    async with table(poll_ms=1000, adaptive=adaptive, soc=0.0, **kept) as lab:
        if recording:
            await recording.start(lab)
        cell = lab.bench.cell
        before = cell.charged_ah, cell.discharged_ah
        wall, processor = time.perf_counter(), time.process_time()
        run = await lab.start(AGEING, parameters={"cycles": cycles})
        await run.done.wait()
        if recording:
            await recording.recorder.flush()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        cell = lab.bench.cell
        true = cell.charged_ah - before[0], cell.discharged_ah - before[1]
        rows = lab.rows(run)
        counted = [sum(row[word] for row in rows) for word in ("charge_ah", "discharge_ah")]
        error = max(abs(a / b - 1.0) for a, b in zip(counted, true, strict=True))
        if recording:
            await recording.recorder.stop()
        assert run.verdict == "pass", run.message
        return (run.ended - run.started) / 3600.0, processor, wall, error


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one cycle, once")
    options = parser.parse_args()
    cycles, times = (1, 1) if options.quick else (5, 3)
    found = {"every poll": [], "adaptive": [], "adaptive, recorded": []}
    for _ in range(times):
        found["every poll"].append(asyncio.run(cycle(1, adaptive=False)))
        found["adaptive"].append(asyncio.run(cycle(cycles, adaptive=True)))
        with tempfile.TemporaryDirectory() as folder:
            made = cycle(cycles, adaptive=True, folder=Path(folder))
            found["adaptive, recorded"].append(asyncio.run(made))
    speeds = {}
    print(f"{'':20} {'h/s cpu':>8} {'h/s wall':>9} {'charge off by':>14}")
    for name, results in found.items():
        hours, processor, wall, error = sorted(results, key=lambda r: r[0] / r[1])[
            len(results) // 2
        ]
        speeds[name] = hours / processor, error
        print(f"{name:20} {hours / processor:8.2f} {hours / wall:9.2f} {error:14.1e}")
    speed, _ = speeds["adaptive, recorded"]
    ratio = speeds["adaptive"][0] / speeds["every poll"][0]
    print(f"50 cycles recorded: {225 / speed:.0f} s of processor time, 500: {2250 / speed:.0f} s")
    print(f"adaptive is {ratio:.1f} times every poll (goal {FASTER_GOAL:g})")
    good = speed >= GOAL_H_PER_S and ratio >= FASTER_GOAL
    good = good and all(error <= BALANCE_GOAL for _, error in speeds.values())
    print("next goal reached" if speed >= NEXT_GOAL_H_PER_S else "next goal: 7.5 h/s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
