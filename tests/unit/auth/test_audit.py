"""The audit chain holds over every value an instrument can be set to, and breaks when touched."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionpy_auto.auth.audit import AuditLog, canonical
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.commands import Command, Origin, Priority
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.storage.database import Database

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


@pytest.fixture
async def database(tmp_path):
    found = Database(tmp_path / "server.sqlite3", SystemClock(), kind="server")
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def audit(database):
    tasks = Tasks("test", SystemClock())
    yield AuditLog(database, SystemClock(), tasks)
    await tasks.stop()


async def write(audit, value):
    wish = Command("PSU_01", "v_set", value, Origin(Priority.PERSON, "rest"))
    number = await audit.intent(wish, None, value)
    await audit.result(number, "done", value)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(SCALARS, min_size=1, max_size=20))
async def test_the_chain_holds_over_every_value(audit, values):
    for value in values:
        await write(audit, value)
    assert await audit.verify() is None


@pytest.mark.parametrize("value", [0.1 + 0.2, 1.0, 1e22, 5e-324, 1.7e308, 4.2000000000000002])
async def test_the_chain_holds_over_numbers_sqlite_likes_to_touch(audit, value):
    await write(audit, value)
    assert await audit.verify() is None


async def test_the_chain_goes_on_after_a_restart(audit, database):
    await write(audit, 1.0)
    tasks = Tasks("again", SystemClock())
    again = AuditLog(database, SystemClock(), tasks)
    await write(again, 2.0)
    assert await again.verify() is None
    assert [line["requested"] for line in await again.listing()] == [2, 1]


async def test_an_intent_without_a_result_is_unknown(audit):
    wish = Command("PSU_01", "v_set", 1.5, Origin(Priority.PERSON, "rest"))
    await audit.intent(wish, 0.5, 1.5)
    (line,) = await audit.listing()
    assert (line["result"], line["old"], line["read_back"]) == ("unknown", 0.5, None)


async def test_events_nobody_waits_for_are_stored_before_the_end(audit):
    for number in range(20):
        audit.event("test", "me", {"n": number})
    await audit.settle()
    assert len(await audit.rows()) == 20


async def test_the_latch_is_kept_and_forgotten(audit):
    assert await audit.load_latch() is None
    await audit.save_latch({"pressed": True})
    assert await audit.load_latch() == {"pressed": True}
    await audit.save_latch(None)
    assert await audit.load_latch() is None


def test_numbers_that_differ_for_an_instrument_differ_in_the_chain():
    assert canonical(4.2) != canonical(4.2001)
    assert canonical(True) != canonical(1)
    assert canonical("1") != canonical(True)
    assert canonical(math.pi) == canonical(math.pi * (1 + 1e-15))
