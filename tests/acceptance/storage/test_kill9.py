"""Whatever is acknowledged is there afterwards: kills, full disks, torn logs, busy readers."""

import asyncio
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.storage import rollups
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTables
from ionpy_auto.storage.history import History, Query
from tests.unit.storage.bench import PSU, lab, psu

CHILD = [sys.executable, "-m", "tests.acceptance.storage.child"]
ROOT = Path(__file__).parents[3]
KILLS = 20
MANY_KILLS = 200


def record_and_kill(folder: Path, session: int, wait: float) -> int:
    """Record in a child, kill it ``wait`` seconds after its first acknowledgement."""
    with subprocess.Popen(
        [*CHILD, "kill", str(folder), str(session)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        lines = []
        for line in child.stdout:
            lines.append(line)
            if line.startswith("acked"):
                break
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines(keepends=True)
    assert lines[0] == "ready None\n", lines
    return max(int(m[1]) for m in map(re.compile(r"acked (\d+)\n").fullmatch, lines) if m)


@pytest.mark.parametrize(
    "kills", [KILLS, pytest.param(MANY_KILLS, marks=pytest.mark.proof, id="many")]
)
async def test_no_acknowledged_sample_is_lost_by_killing_the_process(tmp_path, kills):
    source = random.Random(kills)
    acked = {
        session: record_and_kill(tmp_path, session, source.uniform(0.0, 0.5))
        for session in range(1, kills + 1)
    }
    db = Database(tmp_path / "data.db", SystemClock())
    report = await db.start()
    tables = DeviceTables(db)
    await tables.start()
    table = tables.get("PSU_01")
    assert report.corrupt is None
    for session, last in acked.items():
        stored = await db.read_driver(
            lambda c, session=session: [
                row[0]
                for row in c.execute(
                    "SELECT CAST(e0 AS INTEGER) FROM device_PSU_01"
                    " WHERE session_id = ? ORDER BY id",
                    (session,),
                )
            ]
        )
        assert stored == list(range(1, len(stored) + 1))
        assert len(stored) >= last
        (stats,) = await History(db, tables).statistics(Query("PSU_01", ["e0"], session_id=session))
        assert stats["entities"]["e0"]["n"] == len(stored)
        await db.write_driver(lambda c, session=session: rollups.catch_up(c, table, session))
        rolled = await db.read_driver(
            lambda c, session=session: c.execute(
                "SELECT total(c0_n) FROM rollup_1_0 WHERE level = 60 AND session_id = ?", (session,)
            ).fetchone()
        )
        assert rolled == (len(stored),)
    check = await db.read_driver(lambda c: c.execute("PRAGMA integrity_check").fetchall())
    await db.stop()
    assert check == [("ok",)]


def _may_unshare() -> bool:
    tool = shutil.which("unshare")
    return bool(tool) and subprocess.run([tool, "-Urm", "true"], check=False).returncode == 0


@pytest.mark.skipif(not _may_unshare(), reason="needs a mount namespace for a small disk")
def test_a_full_disk_keeps_the_batch_alarms_and_goes_on_when_there_is_space(tmp_path):
    child = " ".join([*CHILD, "full", str(tmp_path), "1"])
    script = f"mount -t tmpfs -o size=3m none {tmp_path} && exec {child}"
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "full" in lines
    assert "alarm record_failed" in lines
    assert "alarm record_recovered" in lines
    assert "dropped 0" in lines
    words = lines[-1].split()
    published, stored, distinct, last, check = words[1], words[3], words[4], words[5], words[6]
    assert published == stored == distinct == str(int(float(last)))
    assert check == "ok"


def _may_trace() -> bool:
    tool = shutil.which("strace")
    return bool(tool) and subprocess.run([tool, "-qq", "true"], check=False).returncode == 0


@pytest.mark.skipif(not _may_trace(), reason="needs strace to make system calls fail")
@pytest.mark.parametrize(
    ("call", "when"),
    [
        pytest.param("pwrite64", "30+50", id="one write in fifty"),
        pytest.param("pwrite64", "30..400", id="no write for a while"),
        pytest.param("fdatasync", "5+7", id="one sync in seven"),
    ],
)
async def test_no_row_is_lost_or_doubled_by_a_disk_that_fails_now_and_then(tmp_path, call, when):
    db = Database(tmp_path / "data.db", SystemClock())
    await db.start()  # the faults are for recording, not for making the file
    await db.stop()
    faults = ["-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={when}"]
    tracer = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", str(tmp_path / "trace"), *faults]
    done = await asyncio.to_thread(
        subprocess.run,
        [*tracer, *CHILD, "failing", str(tmp_path), "1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failures, dropped = re.search(r"failures (\d+) dropped (\d+)\n", done.stdout).groups()
    assert int(failures) > 0
    assert dropped == "0"
    async with lab(tmp_path / "data.db") as it:  # stores what waits in the overflow file
        sql = "SELECT count(*), count(DISTINCT e0), max(e0) FROM device_PSU_01"
        assert await it.rows(sql) == [(4000, 4000, 4000.0)]
        assert await it.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("seed", range(4))
async def test_a_torn_log_gives_whole_batches_and_a_sound_file(tmp_path, seed):
    source = random.Random(seed)
    frozen = tmp_path / "frozen"
    frozen.mkdir()
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        for batch in range(30):
            for n in range(10):
                it.bus.publish(psu(float(batch * 10 + n)))
            await it.recorder.flush()
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"data.db{suffix}", frozen / f"data.db{suffix}")
    log = (frozen / "data.db-wal").read_bytes()
    assert len(log) > 100_000
    for case in range(12):
        folder = tmp_path / f"case{case}"
        shutil.copytree(frozen, folder)
        torn = bytearray(log[: source.randrange(33, len(log))])
        if case % 3 == 2:  # a page that never arrived
            hole = source.randrange(0, max(1, len(torn) - 4096))
            torn[hole : hole + 4096] = bytes(len(torn[hole : hole + 4096]))
        (folder / "data.db-wal").write_bytes(torn)
        async with lab(folder / "data.db") as it:
            assert it.db.report.corrupt is None
            assert await it.rows("PRAGMA integrity_check") == [("ok",)]
            known = await it.rows("SELECT 1 FROM sqlite_master WHERE name = 'device_PSU_01'")
            if known:
                times = [
                    t for (t,) in await it.rows("SELECT timestamp FROM device_PSU_01 ORDER BY id")
                ]
                assert times == [float(n) for n in range(len(times))]
                assert len(times) % 10 == 0


async def test_readers_beside_the_writer_see_whole_batches_and_harm_nothing(tmp_path):
    clock = SystemClock()
    async with lab(tmp_path / "data.db", clock=clock, synchronous="NORMAL") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        history = History(it.db, it.recorder.tables)
        done = asyncio.Event()
        looks = [0]

        async def reader():
            while not done.is_set():
                curve = await history.history(Query("PSU_01", points=50))
                ((count,),) = await it.rows("SELECT count(*) FROM device_PSU_01")
                assert count % 100 == 0
                assert curve.t == sorted(curve.t)
                looks[0] += 1

        readers = [asyncio.create_task(reader()) for _ in range(4)]
        for batch in range(150):
            for n in range(100):
                it.bus.publish(psu(batch + n / 100.0))
            await it.recorder.flush()
        done.set()
        await asyncio.gather(*readers)
        assert looks[0] >= 4
        assert await it.rows("SELECT count(*) FROM device_PSU_01") == [(15_000,)]
    with closing(sqlite3.connect(tmp_path / "data.db")) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
