"""Recording: only in a session, at once for the publisher, stored for good, nothing lost."""

import asyncio
import math
import sqlite3

import pytest

from ionpy_auto.core.errors import BadInput, StorageError
from ionpy_auto.core.samples import AlarmState, Quality, Snapshot
from ionpy_auto.storage import writer
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.disk import Room
from ionpy_auto.storage.spill import SpilledBatch, SpillFile
from tests.unit.storage.bench import PSU, Lab, lab, psu, sample, snapshot


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_S", 0.001)


ALL = 'SELECT timestamp, session_id, u, i, "on", mode, alarm_state FROM device_PSU_01 ORDER BY id'


async def test_nothing_is_recorded_without_a_session(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.bus.publish(psu(1.0))
        it.recorder.set_session(7)
        it.bus.publish(psu(2.0))
        it.recorder.set_session(None)
        it.bus.publish(psu(3.0))
        await it.recorder.flush()
        assert await it.rows(ALL) == [(2.0, 7, 12.0, 1.0, 1, "cc", "NORMAL")]
        assert it.recorded == [{"device": "PSU_01", "session_id": 7, "up_to": 2.0, "rows": 1}]


async def test_a_snapshot_is_stored_within_a_quarter_second(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        it.bus.publish(psu(1.0))
        assert it.recorded == []
        await it.clock.sleep(0.3 * it.clock.pace)
        assert it.recorded[0]["up_to"] == 1.0
        assert it.recorder.status()["waiting"] == 0


async def test_each_snapshot_goes_to_the_session_it_came_in(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        it.bus.publish(psu(1.0))
        it.recorder.set_session(2)
        it.bus.publish(psu(2.0))
        await it.recorder.flush()
        assert [r[:2] for r in await it.rows(ALL)] == [(1.0, 1), (2.0, 2)]


async def test_a_value_not_to_believe_is_stored_as_nothing_with_its_reason(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        for t, quality in [(1.0, "good"), (2.0, "stale"), (3.0, "stale"), (4.0, "unsure")]:
            u = sample("PSU_01.u", 5.0, t, Quality(quality), reason="link down" * (t in {2.0, 3.0}))
            it.bus.publish(Snapshot("PSU_01", t, t, 0.0, (u, sample("PSU_01.i", 1.0, t))))
        await it.recorder.flush()
        assert [r[2] for r in await it.rows(ALL)] == [5.0, None, None, 5.0]
        assert await it.rows('SELECT device, entity, "from", "to", reason FROM gaps') == [
            ("PSU_01", "u", 2.0, 3.0, "link down")
        ]


async def test_the_row_carries_the_worst_alarm_state(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        u = sample("PSU_01.u", 5.0, alarm=AlarmState.LO)
        i = sample("PSU_01.i", 5.0, alarm=AlarmState.HIHI)
        it.bus.publish(Snapshot("PSU_01", 1.0, 1.0, 0.0, (u, i)))
        await it.recorder.flush()
        assert (await it.rows(ALL))[0][-1] == "HIHI"


@pytest.mark.parametrize(
    "bad", ["a text", math.nan, math.inf, 2**70, True], ids=["text", "nan", "inf", "huge", "bool"]
)
async def test_one_impossible_value_costs_only_itself(tmp_path, bad):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        it.bus.publish(psu(1.0))
        it.bus.publish(psu(2.0, u=bad))
        it.bus.publish(psu(3.0))
        await it.recorder.flush()
        rows = await it.rows(ALL)
        assert [r[0] for r in rows] == [1.0, 2.0, 3.0]
        assert rows[1][3:6] == (1.0, 1, "cc")
        assert it.recorder.status()["rejected"] == 0


async def test_a_refused_write_is_kept_alarmed_once_and_stored_later(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        blocker = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        for t in range(50):
            it.bus.publish(psu(float(t)))
            await it.clock.sleep(0.1)
        await it.clock.sleep(0.3 * it.clock.pace)
        with pytest.raises(StorageError):
            await it.recorder.flush()
        assert [kind for kind, _ in it.alarms] == ["record_failed"]
        assert it.recorded == []
        blocker.execute("ROLLBACK")
        blocker.close()
        await it.clock.sleep(6.0 * it.clock.pace)
        assert [kind for kind, _ in it.alarms] == ["record_failed", "record_recovered"]
        assert [r[0] for r in await it.rows(ALL)] == [float(t) for t in range(50)]
        assert sum(r["rows"] for r in it.recorded) == 50


async def test_a_long_outage_spills_to_a_file_and_everything_is_stored_in_order(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.max_waiting = 20
        it.recorder.set_session(1)
        blocker = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        for t in range(200):
            it.bus.publish(psu(float(t)))
            await it.clock.sleep(0.2)
        status = it.recorder.status()
        assert status["waiting"] <= 60
        assert status["spill_bytes"] > 0
        assert status["dropped"] == 0
        blocker.execute("ROLLBACK")
        blocker.close()
        await it.clock.sleep(6.0 * it.clock.pace)
        assert [r[0] for r in await it.rows(ALL)] == [float(t) for t in range(200)]
        assert it.recorder.status()["spill_bytes"] == 0


async def test_what_could_not_be_stored_at_the_stop_is_stored_at_the_next_start(tmp_path):
    it = Lab(tmp_path / "data.db")
    await it.db.start()
    await it.recorder.start()
    await it.recorder.declare("PSU_01", PSU)
    it.recorder.set_session(1)
    blocker = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for t in range(30):
        it.bus.publish(psu(float(t)))
    await it.recorder.stop()
    blocker.execute("ROLLBACK")
    blocker.close()
    await it.db.stop()
    assert [kind for kind, _ in it.alarms] == ["record_failed", "record_spilled"]

    async with lab(tmp_path / "data.db") as again:
        assert [r[0] for r in await again.rows(ALL)] == [float(t) for t in range(30)]
        assert not (tmp_path / "data.db.spill").exists()


async def test_a_batch_that_arrived_although_its_commit_failed_is_not_stored_twice(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        it.bus.publish(psu(1.0))
        write = it.db.write_driver

        async def arrives_but_fails(work):
            await write(work)
            raise StorageError("the answer got lost")

        it.db.write_driver = arrives_but_fails
        with pytest.raises(StorageError):
            await it.recorder.flush()
        it.db.write_driver = write
        it.bus.publish(psu(2.0))
        await it.recorder.flush()
        assert [r[0] for r in await it.rows(ALL)] == [1.0, 2.0]


@pytest.mark.parametrize("cut", [1, 7, 9, 40])
def test_a_torn_end_of_the_overflow_file_is_cut_off(tmp_path, cut):
    file = SpillFile(tmp_path / "x.spill")
    batches = [SpilledBatch("r", n, []) for n in range(5)]
    file.append(batches[:3])
    whole = file.size
    file.append(batches[3:4])
    with file.path.open("r+b") as raw:
        raw.truncate(max(whole + 1, file.size - cut))
    assert [b.number for b in file.read()] == [0, 1, 2]
    file.append(batches[4:])
    assert [b.number for b in file.read()] == [0, 1, 2, 4]


async def test_thinning_keeps_one_row_a_second_and_every_jump(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        undo = it.recorder.thin("PSU_01", 1.0, {"u": 0.5})
        for n in range(40):
            it.bus.publish(psu(n * 0.1, u=20.0 if n == 15 else 12.0))
        undo()
        it.bus.publish(psu(4.05))
        await it.recorder.flush()
        times = [round(r[0], 2) for r in await it.rows(ALL)]
        assert times == [0.0, 1.0, 1.5, 1.6, 2.6, 3.6, 4.05]


async def test_a_session_never_starts_before_the_last_stored_sample(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        assert await it.recorder.session_start() == it.clock.now()
        it.recorder.set_session(1)
        later = it.clock.now() + 3600.0
        it.bus.publish(psu(later))
        await it.recorder.flush()
        assert await it.recorder.session_start() == later


async def test_a_new_entity_gets_a_column_and_old_rows_stay(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        it.bus.publish(psu(1.0))
        await it.recorder.flush()
        await it.recorder.declare("PSU_01", [*PSU, EntityColumn("t", "numeric", "°C")])
        it.bus.publish(snapshot("PSU_01", 2.0, t=30.0, u=1.0))
        await it.recorder.flush()
        assert await it.rows("SELECT u, t FROM device_PSU_01") == [(12.0, None), (1.0, 30.0)]


async def test_an_entity_declared_twice_is_refused(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        with pytest.raises(BadInput, match="'u' twice"):
            await it.recorder.declare("PSU_01", [*PSU, EntityColumn("u", "text")])


async def test_a_cancelled_flush_neither_loses_nor_doubles_rows(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        for turns in range(6):
            for n in range(10):
                it.bus.publish(psu(float(turns * 10 + n)))
            flush = asyncio.create_task(it.recorder.flush())
            for _ in range(turns):
                await asyncio.sleep(0)
            flush.cancel()
            await asyncio.gather(flush, return_exceptions=True)
        await it.recorder.flush()
        assert [r[0] for r in await it.rows(ALL)] == [float(n) for n in range(60)]


async def test_many_rows_are_stored_in_short_pieces(tmp_path):
    async with lab(tmp_path / "data.db", synchronous="NORMAL") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        said = []
        await it.db.write_driver(lambda c: c.set_trace_callback(said.append))
        for n in range(3000):
            it.bus.publish(psu(n * 0.01))
        await it.recorder.flush()
        await it.db.write_driver(lambda c: c.set_trace_callback(None))
        assert said.count("SAVEPOINT device") == 6
        inserts = [s for s in said if s.startswith("INSERT INTO") and "device_PSU_01" in s]
        assert len(inserts) >= 30
        assert len(await it.rows(ALL)) == 3000


async def test_a_text_no_file_can_hold_costs_only_itself(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        it.bus.publish(psu(1.0, mode="\ud800"))
        it.bus.publish(psu(2.0, mode=7.0))
        it.bus.publish(psu(3.0))
        await it.recorder.flush()
        assert [(r[0], r[5]) for r in await it.rows(ALL)] == [(1.0, None), (2.0, None), (3.0, "cc")]


async def test_each_row_carries_its_own_worst_alarm_state(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        for t, alarm in enumerate([AlarmState.NORMAL, AlarmState.HI, AlarmState.LOLO]):
            whole = psu(float(t))
            first = whole.samples[0]._replace(alarm=alarm)
            second = whole.samples[1]._replace(alarm=AlarmState.LO if t else AlarmState.NORMAL)
            it.bus.publish(whole._replace(samples=(first, second, *whole.samples[2:])))
        await it.recorder.flush()
        assert [r[-1] for r in await it.rows(ALL)] == ["NORMAL", "HI", "LOLO"]


async def test_a_disk_running_full_is_told_once_and_measured_every_ten_seconds(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        asked = []
        free = 3

        def room_of(folder):
            asked.append(folder)
            return Room(100 * 2**30, free * 2**30)

        it.recorder.room_of = room_of
        await it.clock.sleep(20.0 * it.clock.pace)
        for _ in range(5):
            await it.recorder.flush()
        assert asked == [tmp_path]
        assert [kind for kind, _ in it.alarms] == ["disk_low"]
        assert it.recorder.status()["disk_low"]
        for free in (3, 50, 4):  # noqa: B007 - read by room_of
            await it.clock.sleep(11.0 * it.clock.pace)
            await it.recorder.flush()
        assert len(asked) == 4
        assert [kind for kind, _ in it.alarms] == ["disk_low", "disk_ok", "disk_low"]


@pytest.mark.parametrize(
    ("total", "free", "low", "scarce"),
    [
        pytest.param(1000, 51, False, False, id="enough"),
        pytest.param(1000, 49, True, False, id="less than 5 %"),
        pytest.param(1000, 19, True, True, id="less than 2 %"),
        pytest.param(30, 1.9, True, False, id="less than 2 GB"),
    ],
)
def test_room_is_judged_by_share_and_size(total, free, low, scarce):
    room = Room(total * 2**30, int(free * 2**30))
    assert (room.is_low, room.is_scarce) == (low, scarce)
