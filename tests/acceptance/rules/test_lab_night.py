"""A night in the lab: files on disk, rules, alarms, messages and a restart, read as a protocol."""

from pathlib import Path

import pytest

from ionpy_auto.alarms.channels import Kit
from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.alarms.outbox import Outbox
from ionpy_auto.alarms.outward import Outward
from ionpy_auto.alarms.receivers import Receivers
from ionpy_auto.automation.flows import FlowStore, layers_of
from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.storage.database import Database
from tests.unit.automation.rules_bench import PaperLab, PaperSite, Timeline

FLOW = """version: 1
id: night
title: Nobody is here
rules:
  - id: hot
    title: Supply runs hot
    when: {expr: PSU_01.temp > 60 °C, hysteresis: 5 K, for: 10 s}
    cooldown: 1 min
    then:
      - set: {PSU_01.i_set: 500 mA}
      - alarm:
          severity: critical
          device: PSU_01
          text: "{{ PSU_01.temp }} °C"
          value: PSU_01.temp
  - id: tell
    when: {alarm: raised, severity: critical}
    then:
      - notify: {to: log, message: "{{ trigger.text }}"}
"""


class NightLab(PaperLab):
    """The paper lab with real alarms and messages."""

    def attach(self, database):
        self.clock = database.clock
        self.alarms = AlarmManager(database, self.bus, self.clock)
        receivers = Receivers(Kit(self.clock, Outward(self.clock)), Secrets(Path("none"), {}))
        self.outbox = Outbox(database, self.bus, self.clock, receivers)

    async def alarm(self, call):
        self.note("alarm", call.text)
        if call.active:
            return await self.alarms.raise_alarm(
                call.key,
                severity=call.severity,
                text=call.text,
                device=call.device,
                value=call.value,
                cause=call.cause,
            )
        return await self.alarms.clear(call.key)

    async def notify(self, to, title, message):
        self.note("notify", (to, message))
        return await self.outbox.send(to, title, message)


class Night(Timeline):
    """One boot of the server."""

    def __init__(self, database, folder):
        super().__init__(DatabaseRuleStore(database))
        self.lab.__class__ = NightLab
        self.lab.attach(database)
        layers = layers_of(folder / "project", folder / "home", folder / "shipped")
        self.flows = FlowStore(layers, PaperSite(), self.lab.bus, self.lab.clock)

    async def boot(self):
        await self.lab.alarms.start()
        await self.flows.start(watch=False)
        await self.engine.start()
        self.engine.follow(self.flows)

    async def down(self):
        await self.engine.stop()
        await self.flows.stop()
        await self.lab.alarms.stop()
        await self.lab.outbox.stop()


@pytest.fixture
async def database(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    yield database
    await database.stop()


async def test_a_hot_supply_is_throttled_alarmed_and_told_and_stays_so_over_a_restart(
    database, tmp_path
):
    flows = tmp_path / "project" / "flows"
    flows.mkdir(parents=True)
    (flows / "night.yaml").write_text(FLOW, encoding="utf-8")
    night = Night(database, tmp_path)
    await night.boot()
    start = database.clock.monotonic()

    for second, temp in ((5, 58.0), (10, 61.0), (15, 62.0), (18, 61.5), (25, 62.5)):
        await night.at(start + second, "PSU_01.temp", temp)

    # True since second 10, on every sample: at second 20 it acts.
    assert [(round(t - start), what) for t, what, _ in night.lab.done] == [
        (20, "set"),
        (20, "alarm"),
        (20, "notify"),
    ]
    assert night.did("set") == [("PSU_01.i_set", 0.5, "rule:night/hot")]
    (alarm,) = night.lab.alarms.active()
    assert (alarm["key"], alarm["state"], alarm["value"]) == (
        "rule:night/hot",
        "active_unacked",
        61.5,
    )
    await night.lab.alarms.acknowledge(alarm["id"], "anna", "fan is on")
    (trace,) = await night.engine.traces("night/tell")
    assert trace["cause"] == ["rule:night/hot"]
    await night.down()

    again = Night(database, tmp_path)
    await again.boot()
    (kept,) = again.lab.alarms.active()
    assert (kept["id"], kept["state"], kept["ack_by"]) == (alarm["id"], "active_acked", "anna")
    assert again.rule("night/hot")["fired"] == 1
    # Still hot: met before the restart, so no new edge; cool and hot again is one.
    now = database.clock.monotonic()
    await again.at(now + 5, "PSU_01.temp", 62.0)
    await again.at(now + 30, "PSU_01.temp", 62.0)
    assert again.lab.done == []
    await again.at(now + 60, "PSU_01.temp", 54.0)
    for second in (70, 75, 85):
        await again.at(now + second, "PSU_01.temp", 65.0)
    assert [round(t - now) for t, what, _ in again.lab.done if what == "set"] == [80]
    await again.down()


async def test_limits_of_entities_reach_rules_as_alarms(database, tmp_path):
    flows = tmp_path / "project" / "flows"
    flows.mkdir(parents=True)
    (flows / "night.yaml").write_text(FLOW, encoding="utf-8")
    night = Night(database, tmp_path)
    await night.boot()
    now, mono = database.clock.now(), database.clock.monotonic()
    sample = Sample("PSU_01.u_out", 4.4, "V", Quality.GOOD, AlarmState.HIHI, now, mono)
    night.lab.bus.publish(Snapshot("PSU_01", now, mono, 0.0, (sample,)))
    await night.settle()
    assert night.did("notify") == [("log", "HIHI u_out PSU_01 (4.4 V)")]
    await night.down()
