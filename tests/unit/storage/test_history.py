"""Curves without a lost peak, exact against the plain samples, at every level and edge."""

import asyncio
import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.storage.history import History, Query, choose_level
from ionpy_auto.storage.rebuild import rebuild
from tests.unit.storage.bench import PSU, lab, psu

T0 = 1_700_000_003.7


async def fill(it, rows, period=0.05, session=1, start=T0, batch=997):
    source = random.Random(5)
    await it.recorder.declare("PSU_01", PSU)
    it.recorder.set_session(session)
    for n in range(rows):
        u = None if n % 17 == 3 else source.gauss(12.0, 1.0)
        it.bus.publish(psu(start + n * period, u=u, i=1.0, mode="cv" if n % 2 else "cc"))
        if n % batch == batch - 1:
            await it.recorder.flush()
    await it.recorder.flush()
    return History(it.db, it.recorder.tables)


async def plain(it, start=-math.inf, end=math.inf, session=None):
    rows = await it.rows(
        "SELECT timestamp, u FROM device_PSU_01 WHERE timestamp BETWEEN ?1 AND ?2"
        " AND (?3 IS NULL OR session_id = ?3)",
        start,
        end,
        session,
    )
    return [(t, u) for t, u in rows if u is not None]


async def assert_same_figures(it, history, query):
    curve = await history.history(query)
    values = [
        u
        for _, u in await plain(
            it, query.start or -math.inf, query.end or math.inf, query.session_id
        )
    ]
    column = curve.columns["u"]
    assert min(v for v in column["min"] if v is not None) == min(values)
    assert max(v for v in column["max"] if v is not None) == max(values)
    (stats,) = await history.statistics(query)
    assert stats["entities"]["u"]["n"] == len(values)
    assert stats["entities"]["u"]["avg"] == pytest.approx(sum(values) / len(values))
    assert curve.t == sorted(curve.t)
    assert len(curve.t) <= query.points
    return curve


async def test_every_level_gives_what_the_samples_give(tmp_path):
    async with lab(tmp_path / "data.db", synchronous="NORMAL") as it:
        history = await fill(it, 30_000)
        levels = set()
        for points in (5, 40, 300, 2900):
            for start, end in [(None, None), (T0 + 3.3, None), (T0 + 100.01, T0 + 1400.7)]:
                query = Query("PSU_01", ["u"], start, end, points=points)
                levels.add((await assert_same_figures(it, history, query)).level)
        assert {0, 1, 10, 60} <= levels


async def test_figures_stay_exact_after_a_restart_in_the_middle_of_a_bucket(tmp_path):
    path = tmp_path / "data.db"
    for part in range(3):
        async with lab(path) as it:
            history = await fill(it, 3333, start=T0 + part * 3333 * 0.05)
            query = Query("PSU_01", ["u"], points=20)
            assert (await assert_same_figures(it, history, query)).level >= 1


async def test_figures_stay_exact_when_the_wall_clock_steps_back(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await fill(it, 3000)
        history = await fill(it, 3000, start=T0 + 70.0)
        query = Query("PSU_01", ["u"], points=20)
        assert (await assert_same_figures(it, history, query)).level >= 1


async def test_a_slow_session_keeps_no_one_second_level(tmp_path):
    async with lab(tmp_path / "data.db", synchronous="NORMAL") as it:
        history = await fill(it, 4000, period=1.0, batch=7)
        assert await it.rows("SELECT finest FROM rollup_state") == [(10,)]
        assert await it.rows("SELECT count(*) FROM rollup_1_0 WHERE level = 1") == [(0,)]
        for points in (5, 30, 100):
            await assert_same_figures(it, history, Query("PSU_01", ["u"], points=points))


async def test_rebuilding_gives_the_same_rollups(tmp_path):
    async with lab(tmp_path / "data.db", synchronous="NORMAL") as it:
        history = await fill(it, 8000)
        query = Query("PSU_01", ["u", "i", "on", "mode"], points=30)
        before = await history.history(query)
        table = it.recorder.tables.get("PSU_01")
        await rebuild(it.db, table)
        after = await history.history(query)
        assert after.t == before.t
        assert after.columns["u"]["max"] == before.columns["u"]["max"]
        assert after.columns["mode"] == before.columns["mode"]
        assert after.columns["u"]["avg"] == pytest.approx(before.columns["u"]["avg"])


async def test_other_writes_get_their_turn_while_rollups_are_rebuilt(tmp_path, monkeypatch):
    monkeypatch.setattr("ionpy_auto.storage.rebuild.VALUES_PER_STEP", 800)
    async with lab(tmp_path / "data.db", synchronous="NORMAL") as it:
        history = await fill(it, 3000)
        table = it.recorder.tables.get("PSU_01")
        it.recorder.set_session(2)
        rebuilding = asyncio.create_task(rebuild(it.db, table, recording=2))
        turns = 0
        while not rebuilding.done():
            turns += 1
            it.bus.publish(psu(T0 + 1000.0 + turns, u=float(turns)))
            await it.recorder.flush()
        await rebuilding
        assert turns >= 3000 // 200
        await assert_same_figures(it, history, Query("PSU_01", ["u"], session_id=1, points=20))
        (second,) = await history.statistics(Query("PSU_01", ["u"], session_id=2))
        assert second["entities"]["u"]["n"] == turns


class Dying:
    """A database whose program ends after some writes."""

    def __init__(self, db, writes):
        self.read_driver = db.read_driver
        self._db = db
        self._left = writes

    async def write_driver(self, work):
        if not self._left:
            raise InterruptedError
        self._left -= 1
        return await self._db.write_driver(work)


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 10])
async def test_an_interrupted_rebuild_never_counts_twice(tmp_path, monkeypatch, steps):
    monkeypatch.setattr("ionpy_auto.storage.rebuild.VALUES_PER_STEP", 800)
    monkeypatch.setattr("ionpy_auto.storage.rebuild.DELETED_PER_STEP", 20)
    path = tmp_path / "data.db"
    async with lab(path) as it:
        await fill(it, 2000)
        with pytest.raises(InterruptedError):
            await rebuild(Dying(it.db, steps), it.recorder.tables.get("PSU_01"))
    async with lab(path) as it:
        history = await fill(it, 500, start=T0 + 100.0)
        await assert_same_figures(it, history, Query("PSU_01", ["u"], points=10))


async def test_recording_goes_on_after_a_rebuild_without_counting_twice(tmp_path):
    path = tmp_path / "data.db"
    async with lab(path) as it:
        await fill(it, 2000)
        table = it.recorder.tables.get("PSU_01")
        await rebuild(it.db, table)
    async with lab(path) as it:
        history = await fill(it, 2000, start=T0 + 100.0)
        await assert_same_figures(it, history, Query("PSU_01", ["u"], points=10))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    times=st.lists(st.floats(0.0, 5000.0), min_size=1, max_size=300),
    batch=st.integers(1, 60),
    points=st.integers(1, 30),
)
async def test_any_order_of_times_keeps_count_sum_and_extremes(
    tmp_path_factory, times, batch, points
):
    async with lab(tmp_path_factory.mktemp("h") / "data.db", synchronous="NORMAL") as it:
        await it.recorder.declare("PSU_01", PSU)
        it.recorder.set_session(1)
        for n, t in enumerate(times):
            it.bus.publish(psu(t, u=float(n)))
            if n % batch == 0:
                await it.recorder.flush()
        await it.recorder.flush()
        for level in (1, 10, 60, 600):
            stored = (
                await it.rows(
                    "SELECT total(c0_n), total(c0_sum) FROM rollup_1_0 WHERE level = ?", level
                )
                if await it.rows("SELECT 1 FROM sqlite_master WHERE name = 'rollup_1_0'")
                else [(0, 0)]
            )
            ((up_to,),) = await it.rows(f"SELECT up_to_{level} FROM rollup_state")
            ((finest,),) = await it.rows("SELECT finest FROM rollup_state")
            if level >= finest:
                assert stored == await it.rows(
                    "SELECT count(u), total(u) FROM device_PSU_01 WHERE id <= ?", up_to
                )
        history = History(it.db, it.recorder.tables)
        (stats,) = await history.statistics(Query("PSU_01", ["u"]))
        assert stats["entities"]["u"]["n"] == len(times)
        curve = await history.history(Query("PSU_01", ["u"], points=points))
        assert len(curve.t) <= max(points, 1)


async def test_few_rows_come_as_they_are(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        history = await fill(it, 50)
        curve = await history.history(Query("PSU_01", ["on", "mode"], points=50))
        assert curve.width == 0.0
        assert len(curve.t) == 50
        assert curve.columns["mode"]["value"][:2] == ["cc", "cv"]
        cut = await history.history(Query("PSU_01", limit=7))
        assert (len(cut.t), cut.truncated) == (7, True)
        none = await history.history(Query("PSU_01", limit=0))
        assert (none.t, none.truncated) == ([], True)
        before = await history.history(Query("PSU_01", start=0, end=0, points=10))
        assert before.t == []


async def test_charge_is_integrated_and_gaps_are_not_bridged(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        history = await fill(it, 3601, period=1.0)
        await fill(it, 3601, period=1.0, start=T0 + 10_000.0)
        (stats,) = await history.statistics(Query("PSU_01", ["i"]))
        assert stats["entities"]["i"]["ah"] == pytest.approx(2.0)
        assert stats["entities"]["i"]["gap_s"] == pytest.approx(6400.0)


async def test_sessions_are_apart(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        await fill(it, 500, session=1)
        history = await fill(it, 700, session=2, start=T0 + 30.0)
        both = await history.statistics(Query("PSU_01", ["i"]))
        assert [(s["session_id"], s["rows"]) for s in both] == [(1, 500), (2, 700)]
        one = await history.history(Query("PSU_01", session_id=2, limit=1000))
        assert len(one.t) == 700


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (Query("NOBODY"), NotFound),
        (Query("PSU_01", ["nothing"]), NotFound),
        (Query("PSU_01", points=0), BadInput),
        (Query("PSU_01", limit=-1), BadInput),
    ],
    ids=["device", "entity", "points", "limit"],
)
async def test_a_question_that_cannot_be_answered_says_so(tmp_path, query, error):
    async with lab(tmp_path / "data.db") as it:
        history = await fill(it, 5)
        with pytest.raises(error):
            await history.history(query)


@pytest.mark.parametrize(
    ("rows", "length", "points", "finest", "level"),
    [
        pytest.param(1_000_000, 5_000_000.0, 20, 1, 0, id="a level that was never written"),
        pytest.param(20_000, 1000.0, 2000, 1, 0, id="few rows are read raw"),
        pytest.param(1_000_000, 50_000.0, 2000, 1, 10, id="ten times the points at most"),
        pytest.param(10_000_000, 500_000.0, 2000, 1, 60, id="a longer range, a coarser level"),
        pytest.param(10_000_000, 1000.0, 2000, 1, 1, id="fast sampling"),
        pytest.param(30_000, 15_000.0, 2000, 10, 0, id="too coarse a level for few rows"),
    ],
)
def test_the_level_fits_the_question(rows, length, points, finest, level):
    reached = {1: 9, 10: 9, 60: 9, 600: 0}
    assert choose_level(rows, length, points, finest, reached) == level
