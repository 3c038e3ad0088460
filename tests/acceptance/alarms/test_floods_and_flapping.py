"""A contact that flaps for ten minutes, and a thousand alarms at once."""

import asyncio
from itertools import pairwise

import pytest
from sqlmodel import Session, col, select

from ionpy_auto.alarms.models import AlarmRow
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.database import Database
from tests.unit.alarms.desk import Desk

KEY = "PSU_01/u_out"
EDGES = 6_000


@pytest.fixture
async def desk(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    desk = Desk(database)
    await desk.manager.start()
    yield desk
    await desk.manager.stop()
    await database.stop()


async def rows(desk):
    """All rows of the alarm, oldest first."""
    await desk.manager.flush()

    def work(session: Session):
        query = select(AlarmRow).where(AlarmRow.alarm_key == KEY).order_by(col(AlarmRow.id))
        return [row.model_dump() for row in session.exec(query).all()]

    return await desk.manager.ledger.database.read(work)


def risings(found):
    """How often the alarm came, by its rows."""
    most = {}
    for row in found:
        most[row["raised_id"]] = max(most.get(row["raised_id"], 0), row["count"])
    return sum(most.values())


async def flap(desk, edges):
    for number in range(edges):
        rises = number % 2 == 0
        desk.sample(4.3 if rises else 4.1, "HI" if rises else "NORMAL")
        await desk.clock.sleep(0.1)


@pytest.mark.parametrize("acknowledged", [False, True], ids=["unseen", "acknowledged"])
async def test_each_edge_of_ten_minutes_is_counted_and_few_are_told(desk, acknowledged):
    await flap(desk, 60)
    if acknowledged:
        await desk.manager.acknowledge(desk.alarm(KEY)["id"], "anna", "loose contact")
    await flap(desk, EDGES - 60)
    shown = desk.alarm(KEY)
    assert (shown["chattering"], shown["count"]) == (True, EDGES // 2)
    assert shown["state"] == ("active_acked" if acknowledged else "active_unacked")
    told = len(desk.words(KEY))
    assert told <= 30
    await desk.clock.sleep(31)
    assert desk.words(KEY)[-1] == "cleared"
    found = await rows(desk)
    assert len(found) == len(desk.words(KEY)) <= 30
    assert risings(found) == EDGES // 2
    assert desk.manager.counts()["active"] == 0
    quality = desk.words(KEY).count("raised")
    assert quality <= 6  # before it was known to chatter


async def test_what_gets_worse_while_it_chatters_is_told_at_once(desk):
    await flap(desk, 60)
    await desk.manager.acknowledge(desk.alarm(KEY)["id"], "anna")
    desk.sample(4.5, "HIHI")
    alarm = desk.alarm(KEY)
    assert (alarm["severity"], alarm["state"]) == ("critical", "active_unacked")
    assert desk.words(KEY)[-1] == "worse"


async def test_two_limits_that_flap_are_told_as_seldom(desk):
    for number in range(600):
        desk.sample(4.5 if number % 2 else 4.3, "HIHI" if number % 2 else "HI")
        await desk.clock.sleep(0.1)
    assert desk.alarm(KEY)["severity"] == "critical"
    assert len(desk.words(KEY)) <= 20


def flood(desk, count):
    now, mono = desk.clock.now(), desk.clock.monotonic()
    samples = tuple(
        Sample(f"BIG_01.e{n}", 9.0, "V", Quality.GOOD, AlarmState.HIHI, now, mono)
        for n in range(count)
    )
    desk.bus.publish(Snapshot("BIG_01", now, mono, 0.0, samples))


async def test_a_flood_is_told_in_order_in_slices_and_stored_whole(desk):
    turns = []
    loop = asyncio.get_running_loop()

    def turn():
        turns.append(len(desk.events))
        if turns[-1] < 1000:
            loop.call_soon(turn)

    loop.call_soon(turn)
    flood(desk, 1000)
    await desk.clock.sleep(0.1)  # of the virtual clock: passes when nothing is to be done
    steps = [after - before for before, after in pairwise(turns)]
    assert turns[0] <= 50
    assert max(steps) <= 50
    assert len(desk.manager.active()) == 1000
    numbers = [event.payload["id"] for event in desk.events]
    assert numbers == sorted(numbers)
    assert [e.payload["key"] for e in desk.events if e.payload["first"]] == ["BIG_01/e0"]
    await desk.clock.sleep(5)
    assert desk.manager.status()["waiting"] == 0
    assert (await desk.manager.history(1000))[-1]["key"] == "BIG_01/e0"
    assert desk.markers[0] == ("ALARM: HIHI e0 BIG_01 (9 V)", "BIG_01")
