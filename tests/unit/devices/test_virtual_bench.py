"""The virtual bench as a person in the lab uses it: relay, chamber, faults and watchdog."""

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.safety import drive_safe
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import Lab, device


@pytest.fixture
async def bench():
    lab = Lab(VirtualClock(), simulate=True)
    await lab.manager.start(
        [
            device("PSU", "virtual_psu", params={"soc": 0.3}),
            device("LOAD", "virtual_load"),
            device("DMM", "virtual_meter"),
            device("RELAY", "virtual_relay"),
            device("BOX", "virtual_chamber"),
            device("TABLE", "virtual_bench"),
        ]
    )
    await lab.clock.sleep(1.0)
    yield lab
    await lab.manager.stop()


def value(lab, device_id, entity):
    return lab.manager.stack(device_id).slots[entity].known


def state(lab, device_id):
    return lab.manager.stack(device_id).state


async def charge(lab):
    await lab.write("RELAY", "closed", True)
    for entity, wish in (("v_set", 4.2), ("i_set", 1.0), ("output", True)):
        await lab.write("PSU", entity, wish)
    await lab.clock.sleep(1.0)


async def test_an_open_relay_keeps_the_cell_out_and_a_closed_one_lets_it_charge(bench):
    assert value(bench, "RELAY", "closed") is False
    for entity, wish in (("v_set", 4.2), ("i_set", 1.0), ("output", True)):
        await bench.write("PSU", entity, wish)
    await bench.clock.sleep(60.0)
    assert value(bench, "TABLE", "charged") == 0.0
    await bench.write("RELAY", "closed", True)
    await bench.clock.sleep(60.0)
    assert value(bench, "TABLE", "charged") == pytest.approx(1.0 / 60.0, rel=0.05)


async def test_going_safe_opens_the_relay_after_the_sources_and_stops_the_chamber_last(bench):
    await charge(bench)
    await bench.write("BOX", "run", True)
    results = await drive_safe(bench.manager.safe_writers(), bench.clock)
    assert [r.device for r in results if not r.ok] == []
    order = sorted(bench.manager.safe_writers(), key=lambda w: w.safe_orders[0][0])
    assert [w.device_id for w in order] == ["PSU", "LOAD", "RELAY", "BOX"]
    circuit = bench.manager.benches.get("A").bench
    assert (circuit.supply.output, circuit.relay_closed) == (False, False)
    assert circuit.chamber is not None
    assert not circuit.chamber.running


async def test_a_relay_on_a_bench_with_a_diode_says_what_is_in_the_way():
    lab = Lab(VirtualClock(), simulate=True)
    await lab.manager.start(
        [
            device("PSU", "virtual_psu", params={"isolation": "diode"}),
            device("RELAY", "virtual_relay"),
        ]
    )
    await lab.clock.sleep(1.0)
    assert state(lab, "RELAY") is DeviceState.OFFLINE
    assert "isolated by: diode" in lab.manager.stack("RELAY").hint
    await lab.manager.stop()


async def test_the_chamber_warms_the_cell_at_its_rate_and_holds(bench):
    await bench.write("BOX", "set_temperature", 45.0)
    await bench.clock.sleep(600.0)
    assert value(bench, "BOX", "temperature") == 25.0
    await bench.write("BOX", "run", True)
    await bench.clock.sleep(60.0)
    assert value(bench, "BOX", "activity") == "heating"
    assert value(bench, "BOX", "temperature") == pytest.approx(28.0, abs=0.2)
    await bench.clock.sleep(3600.0)
    assert value(bench, "BOX", "activity") == "holding"
    assert value(bench, "DMM", "cell_temp") == pytest.approx(45.0, abs=0.2)
    assert value(bench, "TABLE", "ambient") == 25.0


@pytest.mark.parametrize(
    ("fault", "point", "reason"),
    [
        ("meter", "DMM.cell_v", "not a finite number"),
        ("supply", "PSU.i_out", "not a finite number"),
    ],
)
async def test_a_reading_that_is_no_number_is_bad_and_not_zero(bench, fault, point, reason):
    await charge(bench)
    await bench.write("TABLE", "nan_reading", fault)
    await bench.clock.sleep(1.0)
    device_id, entity = point.split(".")
    sample = bench.manager.stack(device_id).slots[entity].last
    assert (sample.value, sample.quality, sample.reason) == (None, Quality.BAD, reason)


async def test_a_lost_link_takes_one_instrument_offline_and_it_comes_back(bench):
    await bench.write("TABLE", "link_lost", "load")
    await bench.clock.sleep(5.0)
    assert state(bench, "LOAD") is DeviceState.OFFLINE
    assert "link_lost" in bench.manager.stack("LOAD").hint
    assert [state(bench, d) for d in ("PSU", "DMM", "TABLE")] == [DeviceState.ONLINE] * 3
    await bench.write("TABLE", "link_lost", "none")
    await bench.clock.sleep(60.0)
    assert state(bench, "LOAD") is DeviceState.ONLINE


async def test_a_hung_poll_makes_values_stale_and_the_device_is_given_up_and_found_again(bench):
    await bench.write("TABLE", "hung_poll", "meter")
    await bench.clock.sleep(3.0)
    assert bench.manager.stack("DMM").slots["cell_v"].last.quality is Quality.STALE
    await bench.clock.sleep(20.0)
    assert state(bench, "DMM") is not DeviceState.ONLINE
    await bench.write("TABLE", "hung_poll", "none")
    await bench.clock.sleep(120.0)
    assert state(bench, "DMM") is DeviceState.ONLINE


async def test_a_falsified_meter_is_seen_beside_the_truth(bench):
    before = value(bench, "DMM", "cell_v")
    await bench.write("TABLE", "cell_voltage_offset", 0.05)
    await bench.clock.sleep(1.0)
    assert value(bench, "DMM", "cell_v") == pytest.approx(before + 0.05, abs=2e-4)
    assert value(bench, "TABLE", "true_voltage") == pytest.approx(before, abs=2e-4)


async def test_a_fed_watchdog_lets_the_output_on(bench):
    await bench.write("PSU", "watchdog", 2.0)
    await charge(bench)
    await bench.clock.sleep(600.0)
    assert value(bench, "PSU", "output") is True
    assert value(bench, "PSU", "protection") == "none"


async def test_an_unfed_watchdog_switches_off_on_the_clock_when_nobody_looks(bench):
    await bench.write("PSU", "watchdog", 2.0)
    await charge(bench)
    supply = bench.manager.benches.get("A").bench.supply
    await bench.write("TABLE", "link_lost", "supply")
    for device_id in ("LOAD", "DMM", "RELAY", "BOX", "TABLE"):
        await bench.manager.stack(device_id).stop()
    await bench.clock.sleep(1.0)
    assert supply.output
    await bench.clock.sleep(1.5)
    assert (supply.output, supply.trip) == (False, "watchdog")


async def test_the_smallest_watchdog_is_never_rounded_to_off(bench):
    assert await bench.write("PSU", "watchdog", 0.01) == 0.1


async def test_the_bench_works_on_real_time_too(real_lab):
    names = ("virtual_psu", "virtual_load", "virtual_meter", "virtual_relay")
    names = (*names, "virtual_chamber", "virtual_bench")
    devices = [device(name, name, polling_interval_ms=20) for name in names]
    await real_lab.manager.start(devices)
    await real_lab.until(lambda: all(state(real_lab, n) is DeviceState.ONLINE for n in names))
    await real_lab.write("virtual_psu", "watchdog", 60.0)
    await real_lab.write("virtual_relay", "closed", True)
    await real_lab.write("virtual_chamber", "run", True)
    await real_lab.write("virtual_bench", "extra_ohm", 0.1)
    await real_lab.write("virtual_psu", "output", True)
    polls = real_lab.manager.stack("virtual_psu").counters["polls"]
    await real_lab.until(
        lambda: real_lab.manager.stack("virtual_psu").counters["polls"] > polls + 2
    )
    assert [real_lab.manager.stack(n).counters["failed_polls"] for n in names] == [0] * 6


async def test_a_supply_that_trips_says_why(bench):
    await charge(bench)
    await bench.write("TABLE", "supply_trips", True)
    await bench.clock.sleep(1.0)
    assert value(bench, "PSU", "output") is False
    assert value(bench, "PSU", "protection") == "otp"
