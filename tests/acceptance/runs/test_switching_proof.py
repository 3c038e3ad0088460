"""What the wire sees of many changes of direction, cut-offs and starts."""

import pytest

from ionpy_auto.automation.flow_reader import Binding, read_flow
from ionpy_auto.automation.sequences.check import check_flow
from tests.acceptance.runs.bench import CHANNEL, config, table

FORTH_AND_BACK = """
version: 1
id: forth-and-back
cell: cells/inr18650-25r
channel: CH1
sequence:
  - repeat: {count}
    do:
      - {{id: up, charge: {{current: 1.25 A, voltage: 4.2 V}}, until: step.time > 4 s}}
      - {{id: down, discharge: {{current: 2.5 A}}, until: step.time > 4 s}}
"""
LOW_RATE_A = 0.05 * 2.5


class Witness:
    """Looks at the bench whenever a setting of supply or load changes."""

    def __init__(self, bench):
        self.kind = type(bench)
        self.on: dict[str, bool] = {"supply": False, "load": False}
        self.off_at: dict[str, float] = {"supply": -10.0, "load": -10.0}
        self.turns: list[str] = []
        self.faults: list[str] = []
        self.inrush: list[float] = []

    def __enter__(self):
        self.supply, self.load = self.kind.set_supply, self.kind.set_load
        witness = self

        def set_supply(bench, mono, **changes):
            was = bench.supply.output
            witness.supply(bench, mono, **changes)
            if bench.supply.output and not was:
                witness.inrush.append(bench.measure().psu_current)
            witness.look(bench, mono, "supply", bench.supply.output)
            cell = bench.measure().cell_voltage
            if bench.supply.output and bench.supply.v_set < cell - 0.0005:
                witness.faults.append(f"{mono}: {bench.supply.v_set} V below the cell, {cell} V")

        def set_load(bench, mono, **changes):
            witness.load(bench, mono, **changes)
            witness.look(bench, mono, "load", bench.load.enabled)

        self.kind.set_supply, self.kind.set_load = set_supply, set_load
        return self

    def __exit__(self, *_):
        self.kind.set_supply, self.kind.set_load = self.supply, self.load

    def look(self, bench, mono, which, is_on):
        other = "load" if which == "supply" else "supply"
        if is_on and not self.on[which]:
            self.turns.append(which)
            if mono - self.off_at[other] < 1.0:
                self.faults.append(f"{mono}: {which} on {mono - self.off_at[other]} s after off")
        if self.on[which] and not is_on:
            self.off_at[which] = mono
        self.on[which] = is_on
        if bench.supply.output and bench.load.enabled:
            self.faults.append(f"{mono}: both on")


async def change_directions(count):
    async with table() as lab:
        with Witness(lab.bench) as seen:
            run = await lab.start(FORTH_AND_BACK.format(count=count // 2))
            await run.done.wait()
        assert run.verdict == "pass", run.message
        assert seen.faults == []
        assert seen.turns == ["supply", "load"] * (count // 2)
        assert max(seen.inrush) <= LOW_RATE_A


async def test_forty_changes_of_direction_leave_no_fault_on_the_wire():
    await change_directions(40)


@pytest.mark.proof
async def test_two_hundred_changes_of_direction_leave_no_fault_on_the_wire():
    await change_directions(200)


CUTOFF = """
version: 1
id: cutoff
cell: cells/inr18650-25r
channel: CH1
sequence:
  - id: down
    discharge: {current: 2.5 A}
    until: [{name: cutoff, when: voltage <= 2.5 V}, {name: time, when: step.time > 2 h}]
"""


def leads(poll_ms):
    """50 mΩ between load and cell, 20 mΩ of it in the holder."""
    ohms = {"load_ohm": 0.03, "cell_ohm": 0.02, "soc": 0.2, "capacity_ah": 2.5}
    return [
        config("PSU_01", "virtual_psu", poll_ms, **ohms),
        config("LOAD_01", "virtual_load", poll_ms),
        config("DMM_01", "virtual_meter", poll_ms),
    ]


async def cell_at_the_end(channel):
    """True cell voltage in the moment the step ended."""
    async with table(channel=channel, instruments=leads(100)) as lab:
        run = await lab.start(CUTOFF)
        ends = []
        switch = type(lab.bench).set_load

        def watched(bench, mono, **changes):
            if changes.get("enabled") is False and bench.load.enabled:
                bench.advance(mono)
                ends.append(bench.cell.voltage(-2.5))
            switch(bench, mono, **changes)

        type(lab.bench).set_load = watched
        try:
            await run.done.wait()
        finally:
            type(lab.bench).set_load = switch
        assert lab.rows(run)[0]["ended_by"] == "cutoff", run.message
        return ends[0], lab.rows(run)[0]["v_end"]


FOUR_WIRES = CHANNEL.replace("40 mΩ", "50 mΩ")
TWO_WIRES = FOUR_WIRES.replace("DMM_01.cell_v, wires: 4", "LOAD_01.load_v, wires: 2")


async def test_a_cutoff_measured_at_the_cell_is_the_cells():
    cell, seen = await cell_at_the_end(FOUR_WIRES)
    assert seen == pytest.approx(2.5, abs=0.005)
    assert cell == pytest.approx(2.5, abs=0.005)


async def test_a_cutoff_measured_at_the_load_differs_by_what_the_leads_lose():
    cell, seen = await cell_at_the_end(TWO_WIRES)
    assert seen == pytest.approx(2.5, abs=0.005)
    assert cell - seen == pytest.approx(2.5 * 0.05, abs=0.001 * 2.5)


async def test_a_voltage_at_the_terminals_is_flagged_with_what_the_leads_lose():
    async with table(channel=TWO_WIRES) as lab:
        lab.runs.channel("CH1")
        flow, _ = read_flow(CUTOFF, "flows/cutoff.yaml", lab.site, Binding())
        found = {f.code: f.message for f in check_flow(flow, lab.site, lab.devices)}
        assert "0.125 V at 2.5 A" in found["two-wires"]


async def test_a_better_source_in_the_channel_and_one_that_is_blind_are_found():
    blind = CHANNEL.replace("from: DMM_01.cell_v, wires: 4", "from: PSU_01.v_out")
    async with table(channel=blind) as lab:
        flow, _ = read_flow(CUTOFF, "flows/cutoff.yaml", lab.site, Binding())
        found = {f.code: f.hint for f in check_flow(flow, lab.site, lab.devices)}
        assert "blind-start" in found
        assert "DMM_01.cell_v" in found["better-voltage"] or "v_battery" in found["better-voltage"]


CHARGE = """
version: 1
id: from-empty
cell: cells/inr18650-25r
channel: CH1
sequence:
  - id: up
    charge: {current: 0.5 C, voltage: 4.2 V}
    until:
      - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
      - {name: time, when: step.time > 4 h, verdict: fail}
"""


async def charge_from_empty(soc, begin_only=False):
    """One charge; it may end by its taper alone, or, cut short, by its time."""
    text = CHARGE.replace("4 h, verdict: fail", "2 min") if begin_only else CHARGE
    poll_ms = 500 if begin_only else 2000
    async with table(poll_ms=poll_ms, soc=soc, capacity_ah=2.5) as lab:
        run = await lab.start(text)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        on = [v for _, p, v, _ in lab.wires.log if p == "PSU_01.output" and v is True]
        assert len(on) == 1
        if begin_only:
            assert row["ended_by"] == "time"
            assert [p["name"] for p in row["phases"]] == ["ramp", "cc"]
            return
        assert row["ended_by"] == "taper"
        assert [p["name"] for p in row["phases"]] == ["ramp", "cc", "cv"]
        assert row["i_end"] < 0.125


async def charges(starts, whole):
    """Many beginnings just above 3.0 V, so without a precharge, a few of them to the end."""
    for number in range(starts):
        await charge_from_empty(0.037 + 0.03 * number / starts, begin_only=True)
    for number in range(whole):
        await charge_from_empty(0.037 + 0.03 * number / whole)


async def test_ten_charges_from_empty_do_not_end_while_the_current_rises():
    await charges(10, 1)


@pytest.mark.proof
async def test_a_hundred_charges_from_empty_end_by_their_taper_alone():
    await charges(100, 10)
