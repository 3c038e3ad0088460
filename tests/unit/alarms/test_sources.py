"""What the sources notice by themselves, without a definition."""

import pytest

from ionpy_auto.alarms.sources import SOURCES
from ionpy_auto.core.safety import Safe
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from ionpy_auto.devices import RW, Enum, Numeric, Role
from tests.unit.alarms.defined import DefinedDesk

SET, OTHER, PROTECTION = "PSU_01.v_set", "PSU_01.v_out", "PSU_01.protection"


class Bench(DefinedDesk):
    """A supply with a set-point and a protection."""

    def __init__(self, folder, database=None):
        super().__init__(folder, None, database)
        self.entities |= {
            SET: Numeric(
                id="v_set", unit="V", min=0, max=60, precision=2, access=RW,
                role=Role.SET_VOLTAGE, safe=Safe("none"),
            ),
            PROTECTION: Enum(
                id="protection", options={"none": "None", "ovp": "OVP"}, role=Role.PROTECTION
            ),
        }  # fmt: skip

    def written(self, value):
        """The read-back of a write of ours."""
        self.put(SET, value)

    def poll(self, value, protection="none"):
        now, mono = self.clock.now(), self.clock.monotonic()
        values = {SET: value, OTHER: 1.0, PROTECTION: protection}
        samples = tuple(
            Sample(point, one, "", Quality.GOOD, AlarmState.NORMAL, now, mono)
            for point, one in values.items()
        )
        self.bus.publish(Snapshot("PSU_01", now, mono, 0.0, samples))


@pytest.fixture
async def bench(tmp_path):
    bench = await Bench(tmp_path).begin()
    yield bench
    await bench.manager.stop()


def test_every_source_is_found():
    wanted = {"limits", "offline", "found_on", "degraded", "protection", "foreign_change", "server"}
    assert wanted <= set(SOURCES)


async def test_a_setting_changed_at_the_front_panel_must_be_seen(bench):
    bench.written(4.0)
    await bench.clock.sleep(6)
    bench.poll(4.0)
    assert bench.manager.active() == []
    bench.poll(5.0)
    (alarm,) = bench.manager.active()
    assert (alarm["key"], alarm["state"]) == ("PSU_01/v_set/foreign", "cleared_unacked")
    assert alarm["text"] == "PSU_01.v_set was changed at the device: 4 → 5"
    bench.poll(5.0)
    assert bench.words() == ["raised", "cleared"]


async def test_what_changes_with_a_write_of_ours_or_was_never_ours_is_no_foreign_change(bench):
    bench.poll(1.0)
    bench.poll(2.0)
    bench.written(4.0)
    bench.poll(3.9)
    await bench.clock.sleep(6)
    bench.poll(3.9)
    bench.written(5.0)
    bench.poll(5.0)
    assert bench.manager.active() == []


async def test_a_tripped_protection_is_critical_until_it_is_gone(bench):
    bench.poll(4.0, "ovp")
    alarm = bench.alarm("PSU_01/protection")
    assert (alarm["severity"], alarm["priority"]) == ("critical", 1)
    assert "OVP" in alarm["text"]
    assert alarm["guidance"]
    bench.poll(4.0, None)
    assert bench.alarm("PSU_01/protection")["state"] == "active_unacked"
    bench.poll(4.0)
    assert bench.alarm("PSU_01/protection")["state"] == "cleared_unacked"


async def test_a_device_that_does_not_answer_is_stale_and_offline_hides_that(bench):
    bench.device("degraded")
    assert bench.alarm("PSU_01/stale")["state"] == "active_unacked"
    bench.device("offline")
    assert bench.alarm("PSU_01/stale")["hidden"]
    bench.device("online")
    assert {a["state"] for a in bench.manager.active()} == {"cleared_unacked"}


@pytest.mark.parametrize(
    ("figure", "values", "key"),
    [
        ("writer_lag_s", [3.0] * 3, "server/writer_lag"),
        ("loop_lag_s", [0.08] * 10, "server/loop_lag"),
        ("loop_lag_s", [9.0], "server/loop_blocked"),
        ("dropped", [7, 9], "server/dropped"),
        ("lost", [0, 1], "server/samples_lost"),
    ],
)
async def test_the_server_tells_of_itself_once_and_calms_down(bench, figure, values, key):
    source = bench.manager.sources["server"]
    for value in values:
        assert bench.alarm(key) is None
        bench.figures[figure] = value
        source.look()
    assert bench.alarm(key)["state"] == "active_unacked"
    if figure.endswith("_s"):
        bench.figures[figure] = 0.0
    for _ in range(60):
        source.look()
    assert bench.alarm(key)["state"] == "cleared_unacked"
    assert bench.words(key) == ["raised", "cleared"]


async def test_one_slow_turn_is_no_alarm(bench):
    for value in (0.3, 0.3, 0.0, 0.3, 0.3, 0.3, 0.3):
        bench.figures["loop_lag_s"] = value
        bench.manager.sources["server"].look()
    assert bench.manager.active() == []


async def test_a_protection_that_had_tripped_before_a_restart_clears_after_it(tmp_path, database):
    bench = await Bench(tmp_path, database).begin()
    bench.poll(4.0, "ovp")
    await bench.manager.stop()
    again = await Bench(tmp_path, database).begin()
    again.poll(4.0, "ovp")
    assert again.words() == []
    again.poll(4.0)
    assert again.words() == ["cleared"]
    await again.manager.stop()
