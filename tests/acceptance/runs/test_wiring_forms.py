"""Forms a channel's wiring can take, and what each of them protects."""

import pytest

from ionpy_auto.core.commands import Mode
from ionpy_auto.core.errors import Rejected
from ionpy_auto.devices import Protection, ProtectionKind
from tests.acceptance.runs.bench import CELL, CHANNEL, config, table

HEAD = """
version: 1
id: forms
cell: cells/inr18650-25r
channel: CH1
sequence:
"""
DOWN = "{id: down, discharge: {current: 1 A}, until: step.time > 1 min}"
UP = "{id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 min}"


def flow(*steps, limits=""):
    return HEAD.replace("sequence:", f"{limits}sequence:") + "".join(f"  - {s}\n" for s in steps)


async def run_to_end(lab, text):
    run = await lab.start(text)
    await run.done.wait()
    return run


def meters(*more):
    return [
        config("PSU_01", "virtual_psu", 500, soc=0.5),
        config("LOAD_01", "virtual_load", 500),
        config("DMM_01", "virtual_meter", 500),
        config("DMM_02", "virtual_meter", 500),
        *more,
    ]


CELLS = CHANNEL + "cell_voltages: [DMM_01.cell_v, DMM_02.cell_v]\n"
PROBES = CHANNEL + "temps: [{from: DMM_02.cell_temp, place: tab}]\n"


async def test_a_channel_with_cell_voltages_publishes_their_extremes_and_limits_each():
    async with table(channel=CELLS, instruments=meters(), keep_snapshots=True) as lab:
        limits = "limits:\n  - {id: apart, trip: CH1.cell_spread > 0.5 V}\n"
        run = await run_to_end(lab, flow(DOWN, limits=limits))
        assert run.verdict == "pass", run.message
        last = {s.point: s.value for snap in lab.snapshots for s in snap.samples}
        low, high = last["CH1.cell_min"], last["CH1.cell_max"]
        assert 3.5 < low <= high < 3.9
        assert last["CH1.cell_spread"] == pytest.approx(high - low)
        assert {"cell_voltage_min", "cell_voltage_max"} <= set(run.limits.hard)


async def test_a_lost_cell_voltage_trips():
    async with table(channel=CELLS, instruments=meters()) as lab:
        run = await lab.start(flow(DOWN.replace("1 min", "10 min")))
        await lab.clock.sleep(60.0)
        await lab.devices.disconnect("DMM_02")
        await run.done.wait()
        assert run.ended_by == "cell-voltage-unknown"
        assert not lab.bench.load.enabled


async def test_the_hottest_of_several_thermometers_counts():
    async with table(channel=PROBES, instruments=meters(), keep_snapshots=True) as lab:
        run = await lab.start(flow(DOWN.replace("1 min", "10 min")))
        await lab.clock.sleep(60.0)
        last = {s.point: s.value for snap in lab.snapshots for s in snap.samples}
        assert last["CH1.temp_max"] >= last["CH1.temp_min"]
        await lab.devices.disconnect("DMM_02")
        await run.done.wait()
        assert run.ended_by == "temp-unknown"


async def test_a_pack_needs_its_cell_voltages_or_a_person():
    pack = CELL.replace("series: 1\n", "") + "\nseries: 2\n"
    async with table(cell=pack) as lab:
        with pytest.raises(Rejected) as refused:
            await lab.start(flow(DOWN))
        assert "NO_CELL_VOLTAGES" in refused.value.arguments["codes"]


def unlatched(lab):
    sink = lab.devices.stack("LOAD_01").driver
    sink.PROTECTION = Protection(ProtectionKind.SHUTDOWN, latched=False)


ACCEPT = CHANNEL + "accept: [no_hardware_cutoff]\n"


async def test_in_a_simulation_the_text_of_the_channel_file_accepts():
    async with table(channel=ACCEPT, kit=lambda *_: {"accepted": lambda _: {}}) as lab:
        unlatched(lab)
        run = await run_to_end(lab, flow(DOWN))
        assert run.verdict == "pass", run.message
        assert list(run.columns()["trace"]["accepted"]) == ["no_hardware_cutoff"]


async def test_with_real_instruments_only_a_person_accepts():
    known = {}
    async with table(channel=ACCEPT, kit=lambda *_: {"accepted": lambda _: known}) as lab:
        unlatched(lab)
        lab.gate.mode.mode = Mode.ARMED
        with pytest.raises(Rejected) as refused:
            await lab.start(flow(DOWN))
        assert "NO_CUTOFF" in refused.value.arguments["codes"]
        known["no_hardware_cutoff"] = {"by": "Eve", "at": 1.0, "hash": "x"}
        run = await run_to_end(lab, flow(DOWN))
        assert run.verdict == "pass", run.message
        assert run.columns()["trace"]["accepted"]["no_hardware_cutoff"]["by"] == "Eve"
        text = next(c["text"] for c in run.checks if c["name"] == "hardware cutoff")
        assert "accepted by Eve" in text


CASES = {
    "crowbar": Protection(ProtectionKind.CROWBAR, 0.05, 0.05, latched=True),
    "trips-on-cc": Protection(ProtectionKind.TRIPS_ON_CC, 0.05, 0.05, latched=True),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_protection_that_cannot_be_used_keeps_the_output_off(name):
    async with table() as lab:
        lab.devices.stack("PSU_01").driver.PROTECTION = CASES[name]
        with pytest.raises(Rejected) as refused:
            await lab.start(flow(UP))
        assert refused.value.findings[0].code == name
        assert not lab.wires.log


async def test_a_write_that_is_ignored_keeps_the_output_off():
    async with table() as lab:
        lab.bench.faults.ignored_write = True
        run = await run_to_end(lab, flow(UP))
        assert run.ended_by == "readback_mismatch"
        assert not any(p == "PSU_01.output" and v is True for _, p, v, _ in lab.wires.log)


async def test_protections_read_back_what_the_formulas_say_before_the_output_is_on():
    async with table() as lab:
        run = await run_to_end(lab, flow(UP, DOWN))
        assert run.verdict == "pass", run.message
        found = {row["name"]: row for row in run.protections()}
        assert found["ovp"]["achieved"] == pytest.approx(4.25 + 1.0 * 0.04, abs=0.001)
        assert found["ocp"]["achieved"] == pytest.approx(1.1 * 4.0, abs=0.001)
        assert found["cutoff"]["achieved"] == pytest.approx(2.4 - 0.05 - 0.04, abs=0.001)
        points = [(p, v) for _, p, v, _ in lab.wires.log]
        on = points.index(("PSU_01.output", True))
        assert {"PSU_01.ovp", "PSU_01.ocp"} <= {p for p, _ in points[:on]}
        load = points.index(("LOAD_01.load_on", True))
        assert "LOAD_01.cutoff" in {p for p, _ in points[on:load]}


async def test_an_ovp_of_the_device_ends_the_run_by_its_name():
    async with table() as lab:
        run = await lab.start(flow(UP))
        await lab.clock.sleep(25.0)
        lab.bench.set_supply(lab.clock.monotonic(), ovp_v=3.0)
        await run.done.wait()
        assert run.ended_by == "protection-ovp"


async def test_a_diode_needs_a_sense_behind_it():
    diode = CHANNEL.replace("isolation: none", "isolation: diode")
    async with table(channel=diode, isolation="diode") as lab:
        with pytest.raises(Rejected) as refused:
            await lab.start(flow(UP))
        assert refused.value.findings[0].code == "diode-needs-sense"


async def test_with_burn_in_wiring_both_may_be_on():
    burn_in = CHANNEL + "wiring: burn_in\n"
    async with table(channel=burn_in) as lab:
        text = flow("{id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 5 min}")
        run = await lab.start(text)
        await lab.clock.sleep(30.0)
        await run.write("LOAD_01.load_level", 0.5)
        await run.write("LOAD_01.load_on", True)
        await lab.clock.sleep(10.0)
        assert lab.bench.supply.output
        assert lab.bench.load.enabled
        await lab.runs.abort(run.id)
        await run.done.wait()
        assert not lab.bench.supply.output
        assert not lab.bench.load.enabled
