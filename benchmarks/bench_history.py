"""A long recording to 2,000 points, against plain SQL buckets over the samples.

``python -m benchmarks.bench_history [--quick] [--rows 10000000]``
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.bench_ingest import ENTITIES, RATE_HZ, T0
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.storage import rollups
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.history import History, Query
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


async def run(rows, repetitions, folder):
    clock = SystemClock()
    db = Database(folder / "data.db", clock, synchronous="NORMAL")
    await db.start()
    recorder = Recorder(db, Bus(), clock)
    await recorder.start()
    table = await recorder.declare("PSU_01", ENTITIES)
    await db.write_driver(lambda c: fill(c, table, rows))
    began = time.perf_counter()
    await db.write_driver(lambda c: rollups.rebuild(c, table))
    print(f"\n{rows:,} rows; rollups built in {time.perf_counter() - began:.1f} s")
    history = History(db, recorder.tables)
    end = T0 + rows / RATE_HZ
    for name, part in (("whole", 1.0), ("last 50 %", 0.5), ("last 10 %", 0.1), ("last 1 %", 0.01)):
        start = end - (end - T0) * part
        ours, plain = [], []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(repetitions):
            began = time.perf_counter()
            curve = await history.history(Query("PSU_01", ["e3"], start, end, points=POINTS))
            ours.append(time.perf_counter() - began)
        extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        for _ in range(repetitions if rows <= 1_000_000 else 2):
            began = time.perf_counter()
            found = await db.read_driver(lambda c, start=start: plain_buckets(c, start, end))
            plain.append(time.perf_counter() - began)
        column = curve.columns["e3"]
        assert min(v for v in column["min"] if v is not None) == min(r[1] for r in found)
        assert max(v for v in column["max"] if v is not None) == max(r[2] for r in found)
        mine, theirs = statistics.median(ours), statistics.median(plain)
        print(
            f"  {name:10} {mine * 1000:8.1f} ms  level {curve.level:3}"
            f"  plain SQL {theirs * 1000:9.1f} ms  {theirs / mine:7.1f} x"
            f"  extra peak {extra:.0f} MiB  {len(curve.t)} points"
        )
    await recorder.stop()
    await db.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    rows = 200_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(rows, 5 if options.quick else 9, Path(folder)))


if __name__ == "__main__":
    main()
