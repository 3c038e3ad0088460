"""What people lay over alarms, and what comes out when it is lifted."""

import pytest

from ionpy_auto.alarms.history import Wanted
from ionpy_auto.core.errors import BadInput, NotFound
from tests.unit.alarms.desk import Desk

KEY = "PSU_01/u_out"


@pytest.fixture
async def high(desk):
    """A desk with one alarm that is active."""
    desk.sample(4.26, "HI")
    desk.id = desk.alarm(KEY)["id"]
    return desk


async def test_a_shelved_alarm_is_covered_and_comes_back_to_be_looked_at(high):
    await high.manager.acknowledge(high.id, "anna")
    shown = await high.manager.shelve(high.id, "anna", "sensor is changed", 30)
    assert (shown["overlay"], shown["overlay_reason"]) == ("shelved", "sensor is changed")
    assert shown["shelved_until"] == pytest.approx(high.clock.now() + 1800)
    assert high.manager.counts() == {"active": 0, "unacked": 0, "shelved": 1}
    await high.clock.sleep(1799)
    assert high.alarm(KEY)["overlay"] == "shelved"
    await high.clock.sleep(2)
    alarm = high.alarm(KEY)
    assert (alarm["overlay"], alarm["state"], alarm["ack_by"]) == ("", "active_unacked", None)
    assert high.events[-1].payload["actor"] == "time"


async def test_who_takes_an_alarm_from_the_shelf_has_seen_it(high):
    await high.manager.shelve(high.id, "anna", "sensor is changed", 30)
    alarm = await high.manager.unshelve(high.id, "bert", "done")
    assert (alarm["overlay"], alarm["state"], alarm["ack_by"]) == ("", "active_acked", "bert")
    assert high.words(KEY) == ["raised", "shelved", "unshelved"]


async def test_a_shelf_stays_while_the_alarm_comes_and_goes(high):
    await high.manager.shelve(high.id, "anna", "loose contact", 60)
    await high.manager.acknowledge(high.id, "anna")
    high.sample(4.1)
    assert high.alarm(KEY)["state"] == "normal"
    high.sample(4.26, "HI")
    alarm = high.alarm(KEY)
    assert (alarm["state"], alarm["overlay"]) == ("active_unacked", "shelved")
    assert len(high.markers) <= 1
    high.sample(4.1)
    await high.clock.sleep(3601)
    assert high.alarm(KEY)["state"] == "cleared_unacked"


async def test_what_gets_worse_comes_out_of_the_shelf(high):
    await high.manager.shelve(high.id, "anna", "known", 60)
    high.sample(4.4, "HIHI")
    alarm = high.alarm(KEY)
    assert (alarm["overlay"], alarm["state"], alarm["severity"]) == (
        "",
        "active_unacked",
        "critical",
    )
    assert high.words(KEY)[-2:] == ["unshelved", "worse"]


@pytest.mark.parametrize(("priority", "minutes"), [(1, 61), (2, 481), (3, 1441), (4, 4321)])
async def test_the_priority_says_how_long_a_shelf_lasts(desk, priority, minutes):
    shown = await desk.manager.raise_alarm("rule:f/a", text="a", priority=priority)
    with pytest.raises(BadInput, match="at most"):
        await desk.manager.shelve(shown["id"], "anna", "reason", minutes)
    shown = await desk.manager.shelve(shown["id"], "anna", "reason", minutes - 1)
    assert shown["overlay"] == "shelved"


async def test_a_shelf_needs_a_reason(high):
    with pytest.raises(BadInput, match="why"):
        await high.manager.shelve(high.id, "anna", "   ", 10)
    with pytest.raises(NotFound):
        await high.manager.shelve(99, "anna", "reason", 10)
    assert high.alarm(KEY)["overlay"] == ""


async def test_out_of_service_lasts_until_somebody_returns_it(high):
    await high.manager.acknowledge(high.id, "anna")
    await high.manager.out_of_service(high.id, "anna", "calibration")
    high.sample(4.4, "HIHI")
    await high.clock.sleep(10 * 86_400)
    assert high.alarm(KEY)["overlay"] == "out_of_service"
    shown = await high.manager.unshelve(high.id, "anna")
    assert shown["overlay"] == "out_of_service"
    shown = await high.manager.return_to_service(high.id, "anna", "calibrated")
    assert (shown["overlay"], shown["state"]) == ("", "active_unacked")


async def test_what_is_suppressed_by_design_is_told_once_it_applies(desk):
    desk.manager.book.suppress(KEY, "not charging")
    desk.sample(4.26, "HI")
    assert (desk.alarm(KEY)["overlay"], desk.words(KEY)) == ("suppressed", ["suppressed"])
    await desk.clock.sleep(1)
    assert desk.markers == []
    assert desk.manager.counts()["active"] == 0
    desk.manager.book.suppress(KEY, "")
    assert (desk.alarm(KEY)["overlay"], desk.words(KEY)) == ("", ["suppressed", "raised"])
    await desk.clock.sleep(1)
    assert len(desk.markers) == 1


async def test_an_acknowledged_alarm_that_applies_again_must_be_looked_at(high):
    await high.manager.acknowledge(high.id, "anna")
    high.manager.book.suppress(KEY, "not charging")
    assert high.alarm(KEY)["overlay"] == "suppressed"
    high.manager.book.suppress(KEY, "")
    assert high.alarm(KEY)["state"] == "active_unacked"


async def test_an_acknowledgement_can_be_taken_back(high):
    await high.manager.acknowledge(high.id, "anna", "oops")
    shown = await high.manager.unacknowledge(high.id, "anna", "wrong one")
    assert (shown["state"], shown["ack_by"]) == ("active_unacked", None)
    assert high.words(KEY) == ["raised", "acknowledged", "unacknowledged"]


async def test_covers_survive_a_restart_and_end_by_the_wall_clock(database):
    desk = Desk(database)
    await desk.manager.start()
    ids = {}
    for name in ("shelved", "maintained", "quiet"):
        ids[name] = (await desk.manager.raise_alarm(f"rule:f/{name}", text=name))["id"]
    await desk.manager.shelve(ids["shelved"], "anna", "known", 30)
    await desk.manager.out_of_service(ids["maintained"], "bert", "calibration")
    await desk.manager.shelve(ids["quiet"], "anna", "known", 30)
    await desk.manager.acknowledge(ids["quiet"], "anna")
    await desk.manager.clear("rule:f/quiet")
    before = desk.manager.active()
    await desk.manager.stop()

    again = Desk(database)
    await again.manager.start()
    assert again.manager.active() == before
    assert again.alarm("rule:f/quiet")["state"] == "normal"
    await again.clock.sleep(1801)
    assert again.alarm("rule:f/shelved")["state"] == "active_unacked"
    assert again.alarm("rule:f/shelved")["overlay"] == ""
    assert again.alarm("rule:f/quiet") is None
    assert again.alarm("rule:f/maintained")["overlay"] == "out_of_service"
    await again.manager.stop()


async def test_a_shelf_that_ended_while_the_server_was_down_is_over_at_once(database):
    desk = Desk(database)
    await desk.manager.start()
    shown = await desk.manager.raise_alarm("rule:f/a", text="a")
    await desk.manager.shelve(shown["id"], "anna", "known", 30)
    await desk.manager.stop()
    database.clock.step_utc(3600)
    again = Desk(database)
    await again.manager.start()
    await again.clock.sleep(0.1)
    assert (again.alarm("rule:f/a")["overlay"], again.alarm("rule:f/a")["state"]) == (
        "",
        "active_unacked",
    )
    await again.manager.stop()


async def test_a_covered_parent_hides_nothing(desk):
    desk.sample(4.26, "HI")
    desk.device("offline")
    assert desk.alarm(KEY)["hidden"]
    await desk.manager.shelve(desk.alarm("PSU_01/offline")["id"], "anna", "cable", 10)
    assert not desk.alarm(KEY)["hidden"]
    assert desk.words(KEY) == ["raised", "hidden", "shown"]


async def test_several_are_acknowledged_at_once_but_none_unseen(desk):
    for name in "abc":
        await desk.manager.raise_alarm(f"rule:f/{name}", text=name)
    shelved = desk.alarm("rule:f/c")["id"]
    await desk.manager.shelve(shelved, "anna", "known", 10)
    ids = [desk.alarm("rule:f/a")["id"], 77]
    assert await desk.manager.acknowledge_ids(ids, "anna") == 1
    assert await desk.manager.acknowledge_shown(Wanted(source="rule"), "anna", "all") == 1
    assert desk.alarm("rule:f/c")["state"] == "active_unacked"


async def test_what_is_hidden_stays_hidden_over_a_restart_without_a_word(database):
    desk = Desk(database)
    await desk.manager.start()
    desk.sample(4.26, "HI")
    desk.device("offline")
    await desk.manager.stop()
    again = Desk(database)
    await again.manager.start()
    assert again.alarm(KEY)["hidden"]
    assert again.words() == []
    again.device("online")
    assert again.words(KEY) == ["shown"]
    await again.manager.stop()
