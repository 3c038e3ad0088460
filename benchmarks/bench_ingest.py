"""Samples on the bus to durable rows, against raw sqlite3 ``executemany`` (naive schema).

Each repetition runs every way once, in turn; the medians and their ratio to raw are printed.
``python -m benchmarks.bench_ingest [--quick]``
"""

import argparse
import asyncio
import gc
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage import rollups
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.recorder import Recorder

ENTITIES = [EntityColumn(f"e{n}", "numeric", "V") for n in range(10)]
T0 = 1_700_000_000.0
RATE_HZ = 20.0

NAIVE = (
    "CREATE TABLE device_PSU_01 (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL NOT NULL,"
    " session_id TEXT, "
    + ", ".join(f"{e.entity_id} REAL" for e in ENTITIES)
    + ", alarm_state TEXT DEFAULT 'NORMAL')"
)


def make(rows):
    points = [f"PSU_01.{e.entity_id}" for e in ENTITIES]
    good, normal = Quality.GOOD, AlarmState.NORMAL
    return [
        Snapshot(
            "PSU_01",
            t := T0 + n / RATE_HZ,
            n / RATE_HZ,
            0.0,
            tuple(Sample(p, n * 0.001 + k, "V", good, normal, t, t) for k, p in enumerate(points)),
        )
        for n in range(rows)
    ]


def raw(path, rows, batch, synchronous):
    """The limit: rows are ready as tuples, nothing is checked."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute(NAIVE)
    connection.execute("CREATE INDEX idx_PSU_01 ON device_PSU_01 (session_id, timestamp)")
    names = ", ".join(e.entity_id for e in ENTITIES)
    marks = ", ".join("?" * 13)
    sql = (
        f"INSERT INTO device_PSU_01 (timestamp, session_id, {names}, alarm_state) VALUES ({marks})"
    )
    began = time.perf_counter()
    for start in range(0, len(rows), batch):
        connection.execute("BEGIN")
        connection.executemany(sql, rows[start : start + batch])
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return took


async def ours(path, snapshots, batch, synchronous, rolled):
    clock, bus = SystemClock(), Bus()
    db = Database(path, clock, synchronous=synchronous)
    await db.start()
    recorder = Recorder(db, bus, clock)
    await recorder.start()
    await recorder.declare("PSU_01", ENTITIES)
    recorder.set_session(1)
    keep = rollups.Ladder.add
    if not rolled:
        rollups.Ladder.add = lambda *_: None
    try:
        began = time.perf_counter()
        for start in range(0, len(snapshots), batch):
            for snapshot in snapshots[start : start + batch]:
                bus.publish(snapshot)
            await recorder.flush()
        took = time.perf_counter() - began
    finally:
        rollups.Ladder.add = keep
    await recorder.stop()
    assert recorder.counters.recorded == len(snapshots)
    await db.stop()
    return took


def measure(count, batch, repetitions, synchronous):
    snapshots = make(count)
    rows = [(s.timestamp, "session-1", *(x.value for x in s.samples), "NORMAL") for s in snapshots]
    ways = {
        "raw executemany": lambda p: raw(p, rows, batch, synchronous),
        "recorder, no rollups": lambda p: asyncio.run(
            ours(p, snapshots, batch, synchronous, False)
        ),
        "recorder": lambda p: asyncio.run(ours(p, snapshots, batch, synchronous, True)),
    }
    # The prepared snapshots are the benchmark's, not the recorder's: keep the collector off them.
    gc.collect()
    gc.freeze()
    times = {name: [] for name in ways}
    sizes = {}
    for _ in range(repetitions):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "data.db"
                times[name].append(way(path))
                sizes[name] = path.stat().st_size / count / len(ENTITIES)
    limit = statistics.median(times["raw executemany"])
    print(f"\nbatch {batch}, {count} rows x {len(ENTITIES)}, {synchronous}, {repetitions} rounds")
    for name, values in times.items():
        middle = statistics.median(values)
        spread = (max(values) - min(values)) / middle
        print(
            f"  {name:22} {count / middle:10,.0f} rows/s  {limit / middle:5.2f} x raw"
            f"  spread {spread:4.0%}  {sizes[name]:5.1f} B/sample"
        )
    plain = statistics.median(times["recorder, no rollups"])
    print(f"  rollups cost {1 - plain / statistics.median(times['recorder']):.0%} of throughput")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--synchronous", default="NORMAL", choices=["NORMAL", "FULL"])
    options = parser.parse_args()
    rows = 20_000 if options.quick else options.rows
    for batch in (100, 5000):
        measure(rows, batch, 5 if options.quick else 9, options.synchronous)


if __name__ == "__main__":
    main()
