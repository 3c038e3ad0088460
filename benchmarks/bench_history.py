"""A long recording to 2,000 points, against plain SQL buckets over the samples.

The extra memory of a question is measured in a process of its own: the peak of this one would
hide it behind what filling the tables took.


``python -m benchmarks.bench_history [--quick] [--rows 10000000]``
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_ingest import ENTITIES, RATE_HZ, T0
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTables
from ionpy_auto.storage.history import History, Query
from ionpy_auto.storage.rebuild import rebuild
from ionpy_auto.storage.recorder import Recorder

POINTS = 2000


def fill(connection, table, rows):
    names = ", ".join(c.column for c in table.columns)
    values = ", ".join(f"(n * {7919 + k}) % 10007 * 0.01" for k in range(len(ENTITIES)))
    connection.execute(
        f"WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {rows - 1})"
        f" INSERT INTO {table.table} (timestamp, session_id, {names})"
        f" SELECT {T0} + n / {RATE_HZ}, 1, {values} FROM c"
    )


def plain_buckets(connection, start, end):
    width = (end - start) / POINTS
    return connection.execute(
        "SELECT CAST((timestamp - ?) / ? AS INTEGER), min(e3), max(e3), avg(e3)"
        " FROM device_PSU_01 WHERE session_id = 1 AND timestamp BETWEEN ? AND ? GROUP BY 1",
        (start, width, start, end),
    ).fetchall()


def extra_memory(path, start, end):
    """MiB one question takes beyond what an open database takes, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.bench_history", "--ask", path, start, end]
    said = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    return float(said.stdout)


def memory(word):
    """MiB of this process as Linux counts them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(word)) / 1024


def forget_peak():
    """Let the peak count anew; returns the memory taken now [MiB]."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


async def ask(path, start, end):
    db = Database(Path(path), SystemClock(), synchronous="NORMAL")
    await db.start()
    tables = DeviceTables(db)
    await tables.start()
    history = History(db, tables)
    await history.history(Query("PSU_01", ["e3"], end - 1.0, end, points=5))
    before = forget_peak()
    await history.history(Query("PSU_01", ["e3"], start, end, points=POINTS))
    print(memory("VmHWM") - before)
    await db.stop()


async def run(rows, repetitions, folder):
    clock = SystemClock()
    db = Database(folder / "data.db", clock, synchronous="NORMAL")
    await db.start()
    recorder = Recorder(db, Bus(), clock)
    await recorder.start()
    table = await recorder.declare("PSU_01", ENTITIES)
    await db.write_driver(lambda c: fill(c, table, rows))
    began = time.perf_counter()
    await rebuild(db, table)
    print(f"\n{rows:,} rows; rollups built in {time.perf_counter() - began:.1f} s")
    history = History(db, recorder.tables)
    end = T0 + rows / RATE_HZ
    for name, part in (("whole", 1.0), ("last 50 %", 0.5), ("last 10 %", 0.1), ("last 1 %", 0.01)):
        start = end - (end - T0) * part
        ours, plain = [], []
        plain_rounds = repetitions if rows <= 1_000_000 or part < 0.05 else 2
        for n in range(repetitions):
            began = time.perf_counter()
            curve = await history.history(Query("PSU_01", ["e3"], start, end, points=POINTS))
            ours.append(time.perf_counter() - began)
            if n < plain_rounds:
                began = time.perf_counter()
                found = await db.read_driver(lambda c, start=start: plain_buckets(c, start, end))
                plain.append(time.perf_counter() - began)
        extra = await asyncio.to_thread(extra_memory, db.path, start, end)
        column = curve.columns["e3"]
        lows, highs = (column.get(word, column.get("value")) for word in ("min", "max"))
        assert min(v for v in lows if v is not None) == min(r[1] for r in found)
        assert max(v for v in highs if v is not None) == max(r[2] for r in found)
        mine, theirs = statistics.median(ours), statistics.median(plain)
        print(
            f"  {name:10} {mine * 1000:8.1f} ms  level {curve.level:3}"
            f"  plain SQL {theirs * 1000:9.1f} ms  {theirs / mine:7.1f} x"
            f"  extra peak {extra:.1f} MiB  {len(curve.t)} points"
        )
    await recorder.stop()
    await db.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--ask", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        path, start, end = options.ask
        asyncio.run(ask(path, float(start), float(end)))
        return
    rows = 200_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(rows, 5 if options.quick else 9, Path(folder)))


if __name__ == "__main__":
    main()
