"""The capacity check of a cell from start to end on the virtual bench."""

import pytest

from tests.acceptance.runs.bench import CAPACITY_CHECK, table


async def test_capacity_check_runs_to_its_end_and_agrees_with_the_cells_own_counters():
    async with table(poll_ms=1000, capacity_ah=2.5, soc=0.5, adaptive=True) as lab:
        cell = lab.bench.cell
        charged, discharged = cell.charged_ah, cell.discharged_ah
        run = await lab.start(CAPACITY_CHECK, parameters={"cycles": 2})
        await run.done.wait()
        assert (run.state, run.verdict, run.ended_by) == ("finished", "pass", "done")
        rows = lab.rows(run)
        assert [(r["step_id"], r["cycle"], r["ended_by"]) for r in rows] == [
            ("empty", 0, "voltage <= 2.5 V"),
            ("relax", 0, "time"),
            *(
                (step, cycle, end)
                for cycle in (1, 2)
                for step, end in (
                    ("charge", "taper"),
                    ("pause", "time"),
                    ("discharge", "cutoff"),
                    ("relax-2", "time"),
                )
            ),
        ]
        cell = lab.bench.cell
        total_in, total_out = cell.charged_ah - charged, cell.discharged_ah - discharged
        assert sum(r["charge_ah"] for r in rows) == pytest.approx(total_in, rel=1e-3)
        assert sum(r["discharge_ah"] for r in rows) == pytest.approx(total_out, rel=1e-3)
        assert not any(r["partial"] for r in rows)
        charge = next(r for r in rows if r["step_id"] == "charge")
        assert [p["name"] for p in charge["phases"]] == ["precharge", "ramp", "cc", "cv"]
        assert 0.05 < charge["cv_share"] < 0.2
        assert charge["i_end"] < 0.125
        first, second = run.cycles
        assert [first["ce_state"], second["ce_state"]] == ["partial", "valid"]
        assert second["ce"] == pytest.approx(
            second["discharge_ah"] / second["charge_ah"], rel=1e-12
        )
        assert 0.99 < second["ce"] < 1.001
        assert 0.9 < second["ee"] < 1.0
        assert lab.bus.tap_errors == 0


async def test_every_change_of_direction_goes_through_zero_with_a_dead_time():
    flow = """
version: 1
id: back-and-forth
cell: cells/inr18650-25r
channel: CH1
sequence:
  - repeat: 2
    do:
      - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 2 min}
      - {id: down, discharge: {current: 2 A}, until: step.time > 2 min}
"""
    async with table() as lab:
        volts: list[tuple[float, float]] = []
        bench = lab.bench
        original = type(bench).set_supply

        def watched(self, mono, **changes):
            original(self, mono, **changes)
            volts.append((self.supply.output, self.supply.v_set - self.cell.voltage(0.0)))

        type(bench).set_supply = watched
        try:
            run = await lab.start(flow)
            await run.done.wait()
        finally:
            type(bench).set_supply = original
        assert run.verdict == "pass", run.message
        switches = [
            (at, point.split(".")[0], value)
            for at, point, value, outcome in lab.wires.log
            if point in {"PSU_01.output", "LOAD_01.load_on"} and outcome == "done"
        ]
        on, last_off = set(), {"PSU_01": -10.0, "LOAD_01": -10.0}
        directions = 0
        for at, device, value in switches:
            if value is True:
                other = "LOAD_01" if device == "PSU_01" else "PSU_01"
                assert on <= {device}, "both on"
                assert at - last_off[other] >= 1.0
                directions += 1
                on.add(device)
            else:
                on.discard(device)
                last_off[device] = at
        assert directions == 4
        # With the output on the supply never stands below the cell.
        assert all(above > 0 for is_on, above in volts if is_on)


async def test_charge_is_switched_on_low_and_ramped_within_two_seconds():
    flow = """
version: 1
id: one-charge
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 min}
"""
    async with table() as lab:
        run = await lab.start(flow)
        await run.done.wait()
        psu = [
            (at, point.split(".")[1], value)
            for at, point, value, _ in lab.wires.log
            if point.startswith("PSU_01")
        ]
        names = [name for _, name, _ in psu]
        on = names.index("output", names.index("ovp"))
        assert names[on - 4 : on] == ["ovp", "ocp", "v_set", "i_set"]
        assert psu[on - 1][2] <= 0.125
        ramp = [(at, value) for at, name, value in psu[on:] if name == "i_set"]
        assert [v for _, v in ramp[:4]] == sorted(v for _, v in ramp[:4])
        assert ramp[3][1] == 1.0
        assert ramp[3][0] - psu[on][0] <= 2.0
        # The output goes off before any setpoint is touched.
        off = max(i for i, (_, n, v) in enumerate(psu) if n == "output" and v is False)
        assert psu[off + 1][1:] == ("i_set", 0.0)
