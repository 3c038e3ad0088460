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
POINTS = {
    source: [f"{source}.{e.entity_id}" for e in ENTITIES]
    for source in (f"PSU_0{k}" for k in range(10))
}
T0 = 1_700_000_000.0
RATE_HZ = 20.0
RAW = "raw executemany"

NAIVE = (
    "CREATE TABLE device_PSU_01 (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL NOT NULL,"
    " session_id TEXT, "
    + ", ".join(f"{e.entity_id} REAL" for e in ENTITIES)
    + ", alarm_state TEXT DEFAULT 'NORMAL')"
)


def make(start, rows, source="PSU_01", rate_hz=RATE_HZ):
    """Snapshots as a driver makes them."""
    points = POINTS[source]
    good, normal = Quality.GOOD, AlarmState.NORMAL
    return [
        Snapshot(
            source,
            t := T0 + n / rate_hz,
            n / rate_hz,
            0.0,
            tuple(Sample(p, n * 0.001 + k, "V", good, normal, t, t) for k, p in enumerate(points)),
        )
        for n in range(start, start + rows)
    ]


def batches_of(rows, batch):
    """Snapshots in batches, made just before they are needed, as in life."""
    for start in range(0, rows, batch):
        some = make(start, min(batch, rows - start))
        gc.freeze()  # they are the benchmark's: the collector would look at them again and again
        yield some


def now():
    """Seconds on the wall and of processor time."""
    return time.perf_counter(), time.process_time()


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
    took = [0.0, 0.0]
    for some in batches_of(rows, batch):
        ready = [(s.timestamp, "session-1", *(x.value for x in s.samples), "NORMAL") for s in some]
        began = now()
        connection.execute("BEGIN")
        connection.executemany(sql, ready)
        connection.execute("COMMIT")
        took = [t + n - b for t, n, b in zip(took, now(), began, strict=True)]
    connection.close()
    return took


async def ours(path, rows, batch, synchronous, rolled):
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
    took = [0.0, 0.0]
    try:
        for some in batches_of(rows, batch):
            began = now()
            for snapshot in some:
                bus.publish(snapshot)
            await recorder.flush()
            took = [t + n - b for t, n, b in zip(took, now(), began, strict=True)]
    finally:
        rollups.Ladder.add = keep
    await recorder.stop()
    assert recorder.counters.recorded == rows
    await db.stop()
    return took


def measure(count, batch, repetitions, synchronous):
    ways = {
        RAW: lambda p: raw(p, count, batch, synchronous),
        "recorder, no rollups": lambda p: asyncio.run(ours(p, count, batch, synchronous, False)),
        "recorder": lambda p: asyncio.run(ours(p, count, batch, synchronous, True)),
    }
    times = {name: [] for name in ways}
    sizes = {}
    for _ in range(repetitions):
        for name, way in ways.items():
            gc.unfreeze()
            gc.collect()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "data.db"
                times[name].append(way(path))
                sizes[name] = path.stat().st_size / count / len(ENTITIES)
    print(f"\nbatch {batch}, {count} rows x {len(ENTITIES)}, {synchronous}, {repetitions} rounds")
    wall, cpu = (
        {name: statistics.median(v[k] for v in values) for name, values in times.items()}
        for k in (0, 1)
    )
    for name, values in times.items():
        ratios = [r[0] / v[0] for r, v in zip(times[RAW], values, strict=True)]
        print(
            f"  {name:22} {count / wall[name]:10,.0f} rows/s  {wall[RAW] / wall[name]:5.2f} x raw"
            f"  (rounds {min(ratios):.2f} to {max(ratios):.2f})"
            f"  CPU {cpu[name] / count * 1e6:5.2f} us/row  {cpu[RAW] / cpu[name]:5.2f} x raw"
            f"  {sizes[name]:5.1f} B/sample"
        )
    for what, times_of in (("throughput", wall), ("CPU", cpu)):
        share = 1 - times_of["recorder, no rollups"] / times_of["recorder"]
        print(f"  rollups cost {share:.0%} of {what}")


async def loop_delays(path, seconds, recording):
    """How late the loop comes back to a timer of 1 ms [ms], at 10,000 rows/s of ten devices."""
    clock, bus = SystemClock(), Bus()
    db = Database(path, clock)
    await db.start()
    recorder = Recorder(db, bus, clock)
    await recorder.start()
    for k in range(10):
        await recorder.declare(f"PSU_0{k}", ENTITIES)
    recorder.set_session(1 if recording else None)
    late, made, began = [], 0, time.perf_counter()
    while (now_s := time.perf_counter()) < began + seconds:
        while made < (now_s - began) * 1000:
            for k in range(10):
                bus.publish(make(made, 1, f"PSU_0{k}", 1000.0)[0])
            made += 1
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - due) * 1000)
    await recorder.stop()
    assert recorder.counters.recorded == (10 * made if recording else 0)
    await db.stop()
    late.sort()
    return statistics.median(late), late[int(len(late) * 0.99)], late[-1]


def measure_loop(seconds, repetitions):
    print("\nloop at 10,000 rows/s, 10 devices x 10, FULL: a timer of 1 ms comes late by [ms]")
    found = {False: [], True: []}
    for _ in range(repetitions):
        for recording, values in found.items():
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "data.db"
                values.append(asyncio.run(loop_delays(path, seconds, recording)))
    for recording, values in found.items():
        middle, p99, worst = (statistics.median(v) for v in zip(*values, strict=True))
        name = "recording" if recording else "not recording"
        print(
            f"  {name:14} p50 {middle:5.2f}  p99 {p99:5.2f}  max {worst:5.2f}"
            f"  (medians of {repetitions} rounds; worst of all {max(v[2] for v in values):.2f})"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--synchronous", default="NORMAL", choices=["NORMAL", "FULL"])
    options = parser.parse_args()
    rows = 20_000 if options.quick else options.rows
    for batch in (100, 5000):
        measure(rows, batch, 5 if options.quick else 9, options.synchronous)
    measure_loop(2.0 if options.quick else 10.0, 3 if options.quick else 5)


if __name__ == "__main__":
    main()
