"""Alarms from their sources to the table, the bus and back after a restart."""

import pytest

from ionpy_auto.core.bus import Event
from ionpy_auto.core.errors import BadInput, NotFound, StorageError
from ionpy_auto.core.samples import Quality
from tests.unit.alarms.desk import Desk


async def test_a_value_over_its_limit_raises_marks_and_clears(desk):
    desk.sample(4.1, "NORMAL")
    assert desk.manager.active() == []
    desk.sample(4.26, "HI")
    (alarm,) = desk.manager.active()
    assert alarm["key"] == "PSU_01/u_out"
    assert alarm["state"] == "active_unacked"
    assert (alarm["old_state"], alarm["new_state"], alarm["value"]) == ("NORMAL", "HI", 4.26)
    assert alarm["session_id"] == 7
    await desk.clock.sleep(1)
    assert desk.markers == [("ALARM: HI u_out PSU_01 (4.26 V)", "PSU_01")]
    desk.sample(4.1, "NORMAL")
    assert desk.manager.active()[0]["state"] == "cleared_unacked"
    assert desk.told() == [("PSU_01/u_out", "raised"), ("PSU_01/u_out", "cleared")]


async def test_the_same_state_again_tells_nothing(desk):
    for _ in range(5):
        desk.sample(4.26, "HI")
    assert len(desk.events) == 1


async def test_a_worse_limit_needs_a_new_look_and_keeps_the_worst_severity(desk):
    desk.sample(4.26, "HI")
    number = desk.manager.active()[0]["id"]
    await desk.manager.acknowledge(number, "anna", "seen")
    desk.sample(4.4, "HIHI")
    (alarm,) = desk.manager.active()
    assert (alarm["id"], alarm["state"], alarm["severity"]) == (
        number,
        "active_unacked",
        "critical",
    )
    assert alarm["ack_by"] is None
    desk.sample(4.26, "HI")
    assert desk.manager.active()[0]["severity"] == "critical"


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE])
async def test_a_value_that_is_lost_keeps_its_alarm(desk, quality):
    desk.sample(4.26, "HI")
    desk.sample(None, "NORMAL", quality)
    assert desk.manager.active()[0]["state"] == "active_unacked"


async def test_acknowledged_and_over_is_gone(desk):
    desk.sample(4.26, "HI")
    (alarm,) = desk.manager.active()
    seen = await desk.manager.acknowledge(alarm["id"], "anna", "I know")
    assert (seen["state"], seen["acknowledged"], seen["ack_by"]) == ("active_acked", True, "anna")
    assert desk.manager.counts() == {"active": 1, "unacked": 0, "shelved": 0}
    desk.sample(4.1, "NORMAL")
    assert desk.manager.active() == []
    with pytest.raises(NotFound):
        await desk.manager.acknowledge(alarm["id"], "anna")


async def test_an_offline_device_is_an_alarm_that_hides_those_of_its_values(desk):
    desk.sample(4.26, "HI")
    desk.device("offline")
    hidden = {a["key"]: a["hidden"] for a in desk.manager.active()}
    assert hidden == {"PSU_01/u_out": True, "PSU_01/offline": False}
    assert desk.manager.counts() == {"active": 1, "unacked": 1, "shelved": 0}
    desk.device("online")
    assert desk.manager.counts() == {"active": 1, "unacked": 2, "shelved": 0}


async def test_a_removed_device_leaves_no_active_alarm(desk):
    desk.sample(4.26, "HI")
    desk.device("offline")
    desk.bus.publish(Event("device_removed", {"device_id": "PSU_01"}, 0.0, 0.0))
    assert {a["state"] for a in desk.manager.active()} == {"cleared_unacked"}


async def test_the_first_alarm_of_a_burst_is_marked(desk):
    await desk.manager.raise_alarm("rule:f/a", text="first")
    await desk.clock.sleep(2)
    await desk.manager.raise_alarm("rule:f/b", text="second")
    await desk.clock.sleep(60)
    await desk.manager.raise_alarm("rule:f/c", text="third")
    assert [e.payload["first"] for e in desk.events] == [True, False, True]


async def test_calls_of_rules_carry_text_cause_and_severity(desk):
    shown = await desk.manager.raise_alarm(
        "rule:f/hot",
        severity="critical",
        text="Supply is hot",
        device="PSU_01",
        value=61.0,
        cause=("rule:f/x",),
    )
    assert (shown["source"], shown["new_state"], shown["text"]) == ("rule", "HIHI", "Supply is hot")
    assert desk.events[0].cause == ("rule:f/x",)
    assert (await desk.manager.clear("rule:f/hot"))["state"] == "cleared_unacked"
    assert (await desk.manager.clear("rule:f/never"))["state"] == "normal"
    with pytest.raises(BadInput):
        await desk.manager.raise_alarm("rule:f/hot", severity="terrible")


async def test_a_latching_alarm_waits_for_a_reset(desk):
    shown = await desk.manager.raise_alarm("run:ovp", text="OVP", latching=True)
    await desk.manager.acknowledge(shown["id"], "anna")
    await desk.manager.clear("run:ovp")
    assert desk.manager.active()[0]["state"] == "latched"
    await desk.manager.reset(shown["id"], "anna", "cell was changed")
    assert desk.manager.active() == []


async def test_alarms_and_acknowledgements_survive_a_restart(database):
    desk = Desk(database)
    await desk.manager.start()
    desk.sample(4.4, "HIHI")
    await desk.manager.raise_alarm("rule:f/a", text="a")
    await desk.manager.raise_alarm("rule:f/b", text="b")
    await desk.manager.raise_alarm("rule:f/over", text="over")
    ids = {a["key"]: a["id"] for a in desk.manager.active()}
    await desk.manager.acknowledge(ids["rule:f/a"], "anna", "known")
    await desk.manager.clear("rule:f/b")
    await desk.manager.acknowledge(ids["rule:f/over"], "anna")
    await desk.manager.clear("rule:f/over")
    before = desk.manager.active()
    await desk.manager.stop()

    again = Desk(database)
    await again.manager.start()
    kept = {a["key"]: (a["id"], a["state"], a["severity"]) for a in again.manager.active()}
    assert kept == {a["key"]: (a["id"], a["state"], a["severity"]) for a in before}
    assert kept["rule:f/a"][1] == "active_acked"
    assert kept["rule:f/b"][1] == "cleared_unacked"
    again.sample(4.4, "HIHI")
    assert again.events == []
    again.sample(4.0, "NORMAL")
    assert again.told() == [("PSU_01/u_out", "cleared")]
    await again.manager.stop()


async def test_history_holds_every_transition_with_who_and_why(database):
    desk = Desk(database)
    await desk.manager.start()
    shown = await desk.manager.raise_alarm("rule:f/a", text="a")
    await desk.manager.acknowledge(shown["id"], "anna", "known")
    await desk.manager.clear("rule:f/a")
    rows = await desk.manager.history()
    assert [(r["transition"], r["actor"], r["comment"]) for r in rows] == [
        ("cleared", "", "known"),
        ("acknowledged", "anna", "known"),
        ("raised", "", ""),
    ]
    await desk.manager.stop()


class FullDisk:
    """A database that refuses for a while."""

    def __init__(self, database):
        self._database = database
        self.clock = database.clock
        self.is_full = True
        self.read = database.read

    async def write(self, work):
        if self.is_full:
            msg = "disk full"
            raise StorageError(msg)
        return await self._database.write(work)


async def test_an_alarm_whose_row_cannot_be_written_is_shown_and_written_later(database):
    full = FullDisk(database)
    desk = Desk(full)
    await desk.manager.start()
    shown = await desk.manager.raise_alarm("server/disk", text="disk full")
    with pytest.raises(StorageError):
        await desk.manager.acknowledge(shown["id"], "anna")
    await desk.clock.sleep(20)
    assert desk.manager.active()[0]["state"] == "active_acked"
    assert desk.manager.status()["waiting"] == 2
    full.is_full = False
    await desk.clock.sleep(60)
    assert desk.manager.status()["waiting"] == 0
    assert [r["transition"] for r in await desk.manager.history()] == ["acknowledged", "raised"]
    await desk.manager.stop()


async def test_alarms_of_a_device_that_is_gone_since_the_last_start_are_over(database):
    desk = Desk(database)
    await desk.manager.start()
    desk.sample(4.26, "HI")
    desk.device("offline")
    desk.sample(60.0, "HI", point="DMM_01.temp")
    await desk.manager.raise_alarm("rule:f/a", text="a", device="PSU_01")
    await desk.manager.stop()
    again = Desk(database)
    await again.manager.start()
    again.manager.devices_loaded(None)
    assert again.events == []
    again.manager.devices_loaded({"DMM_01"})
    assert sorted(again.told()) == [
        ("PSU_01/offline", "cleared"),
        ("PSU_01/u_out", "cleared"),
        ("PSU_01/u_out", "shown"),
    ]
    assert again.alarm("DMM_01/temp")["state"] == "active_unacked"
    assert again.alarm("rule:f/a")["state"] == "active_unacked"
    await again.manager.stop()
