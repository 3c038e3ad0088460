"""Deleting a session takes all of it and nothing else."""

from ionpy_auto.storage import sessions
from ionpy_auto.storage.history import History, Query
from tests.unit.storage.bench import PSU, lab, psu


async def record(it, session, start, rows=400):
    await it.recorder.declare("PSU_01", PSU)
    it.recorder.set_session(session)
    for n in range(rows):
        it.bus.publish(psu(start + n * 0.1, u=float(session)))
    await it.recorder.flush()


async def test_the_last_sample_of_a_session_is_known(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await record(it, 1, 1000.0)
        await record(it, 2, 2000.0)
        assert await sessions.last_sample(it.db, it.recorder.tables, 1) == 1000.0 + 399 * 0.1
        assert await sessions.last_sample(it.db, it.recorder.tables, 3) is None


async def test_a_forgotten_session_is_gone_and_ids_used_again_count_once(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await record(it, 1, 1000.0)
        await record(it, 2, 2000.0)
        it.recorder.set_session(None)
        assert await sessions.forget(it.db, it.recorder.tables, 2) == 400
        await record(it, 3, 3000.0)
        history = History(it.db, it.recorder.tables)
        figures = await history.statistics(Query("PSU_01", ["u"]))
        assert [(f["session_id"], f["entities"]["u"]["n"]) for f in figures] == [(1, 400), (3, 400)]
        curve = await history.history(Query("PSU_01", ["u"], points=10, session_id=3))
        assert set(curve.columns["u"]["max"]) == {3.0}
        assert await it.rows("SELECT DISTINCT session_id FROM rollup_1_0 ORDER BY 1") == [
            (1,),
            (3,),
        ]
