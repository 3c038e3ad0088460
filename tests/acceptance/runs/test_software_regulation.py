"""Constant voltage at the cell through leads that lose some of it."""

from dataclasses import replace
from itertools import pairwise

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.sequences.check import check_flow
from tests.acceptance.runs.bench import CHANNEL, config, table

SOFTWARE = CHANNEL.replace("path_resistance: 40 mΩ", "path_resistance: 100 mΩ").replace(
    "isolation: none", "isolation: none\nregulation: software"
)
FLOW = """
version: 1
id: soft
cell: cells/inr18650-25r
channel: CH1
sequence:
  - id: up
    charge: {current: 0.5 C, voltage: 4.2 V}
    until:
      - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
      - {name: time, when: step.time > 4 h, verdict: fail}
"""


def long_leads(poll_ms=500, **more):
    """Supply and load behind 100 mΩ, half of it in the cell's holder."""
    wiring = {"supply_ohm": 0.05, "cell_ohm": 0.05}
    return [
        config("PSU_01", "virtual_psu", poll_ms, **wiring, **more),
        config("LOAD_01", "virtual_load", poll_ms),
        config("DMM_01", "virtual_meter", poll_ms),
    ]


async def test_software_holds_the_cell_at_its_voltage_without_overshoot():
    async with table(
        channel=SOFTWARE, instruments=long_leads(soc=0.85), keep_snapshots=True
    ) as lab:
        run = await lab.start(FLOW)
        highest = []
        step = type(lab.bench.cell).step

        def watched(cell, current, dt_s):
            step(cell, current, dt_s)
            highest.append(cell.voltage(current))

        type(lab.bench.cell).step = watched
        try:
            await run.done.wait()
        finally:
            type(lab.bench.cell).step = step
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        assert row["ended_by"] == "taper"
        assert row["v_end"] == pytest.approx(4.200, abs=0.005)
        assert max(highest) <= 4.205
        held = [
            s.value
            for snap in lab.snapshots
            if snap.source == "CH1"
            and {s.point: s for s in snap.samples}["CH1.phase"].value == "cv"
            for s in snap.samples
            if s.point == "CH1.voltage"
        ]
        assert len(held) > 100
        assert min(held[20:]) >= 4.195
        sets = [(at, v) for at, p, v, _ in lab.wires.log if p == "PSU_01.v_set"]
        trims = sets[2:]
        assert len(trims) > 10
        steps = [abs(b[1] - a[1]) for a, b in pairwise(trims)]
        assert max(steps) <= 0.0050001
        assert max(v for _, v in trims) <= 4.3


async def test_a_sense_that_is_pulled_takes_the_trim_back_and_then_the_output():
    async with table(channel=SOFTWARE, instruments=long_leads(soc=0.85)) as lab:
        run = await lab.start(FLOW)
        while lab.bench.supply.v_set < 4.24:
            await lab.clock.sleep(1.0)
        await lab.devices.stack("DMM_01").poll_once()
        pulled = lab.clock.monotonic()
        lab.bench.set_fault(pulled, "hung_poll", "meter")
        off, switch = [], type(lab.bench).set_supply

        def watched(bench, mono, **changes):
            if changes.get("output") is False:
                off.append(mono)
            switch(bench, mono, **changes)

        type(lab.bench).set_supply = watched
        try:
            await run.done.wait()
        finally:
            type(lab.bench).set_supply = switch
        sets = [(at, v) for at, p, v, _ in lab.wires.log if p == "PSU_01.v_set" and at > pulled]
        assert sets[0][1] == 4.2
        assert sets[0][0] - pulled <= 1.0
        assert run.ended_by in {"input-lost", "voltage-unknown"}
        patience = run.channel.voltage.patience_s
        stale = [e.mono for e in lab.events if e.kind == "device_stale"]
        assert off[0] - min(stale[0], pulled + patience) <= 0.5
        assert not lab.bench.supply.output


async def test_a_rule_may_set_another_voltage_while_software_trims():
    async with table(channel=SOFTWARE, instruments=long_leads(soc=0.8)) as lab:
        run = await lab.start(FLOW)
        await lab.clock.sleep(60.0)
        await run.write("PSU_01.v_set", 4.15)
        while run.channel.phase != "cv":
            await lab.clock.sleep(10.0)
        await lab.clock.sleep(120.0)
        assert run.state == "running", run.message
        assert lab.bench.cell.voltage(run.channel.current) == pytest.approx(4.15, abs=0.005)
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_pause_ends_the_trimming_and_going_on_begins_it_anew():
    async with table(channel=SOFTWARE, instruments=long_leads(soc=0.85)) as lab:
        run = await lab.start(FLOW)
        while lab.bench.supply.v_set < 4.24:
            await lab.clock.sleep(1.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(10.0)
        writes = len(lab.wires.log)
        await lab.clock.sleep(60.0)
        assert len(lab.wires.log) == writes
        await lab.runs.resume(run.id)
        await lab.clock.sleep(120.0)
        assert lab.bench.supply.output
        assert lab.bench.supply.v_set > 4.2
        await lab.runs.abort(run.id)
        await run.done.wait()
        writes = len(lab.wires.log)
        await lab.clock.sleep(30.0)
        assert len(lab.wires.log) == writes


COARSE = "PSU_01 sets its voltage in steps of more than 5 mV"


async def test_what_software_cannot_do_on_this_bench_is_found_before_the_start():
    async with table(channel=SOFTWARE, instruments=long_leads(2000, soc=0.5)) as lab:
        supply = lab.devices.stack("PSU_01").driver
        supply.entities["v_set"] = replace(supply.entities["v_set"], resolution=0.01)
        supply.entities["v_set"].id = "v_set"
        flow, _ = read_flow(FLOW, "f.yaml", lab.site)
        found = {f.code: f.message for f in check_flow(flow, lab.site, lab.devices)}
        assert "slow-sense" in found
        assert found["coarse-set-voltage"] == COARSE
