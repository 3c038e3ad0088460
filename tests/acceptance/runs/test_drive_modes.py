"""Every mode a cell can be driven in, by the instruments' own modes and by software."""

import pytest

from ionpy_auto.automation.context import Drive
from tests.acceptance.runs.bench import CHANNEL, config, table

HEAD = """
version: 1
id: modes
cell: cells/inr18650-25r
channel: CH1
sequence:
"""


def flow(*steps: str) -> str:
    return HEAD + "".join(f"  - {step}\n" for step in steps)


async def run_to_end(lab, text):
    run = await lab.start(text)
    await run.done.wait()
    return run


def followed(lab, point):
    """Every value a point of the channel had while the run ran."""
    return [s.value for snap in lab.snapshots for s in snap.samples if s.point == point]


async def test_discharge_at_constant_power_uses_the_loads_own_mode():
    async with table(keep_snapshots=True) as lab:
        run = await run_to_end(
            lab, flow("{id: down, discharge: {power: 10 W}, until: step.time > 2 min}")
        )
        assert run.verdict == "pass", run.message
        assert ("LOAD_01.load_mode", "cp") in {(p, v) for _, p, v, _ in lab.wires.log}
        row = lab.rows(run)[0]
        assert row["discharge_wh"] == pytest.approx(10.0 * 2 / 60, rel=0.03)
        assert [p["name"] for p in row["phases"]] == ["ramp", "cp"]


async def test_discharge_into_a_resistance_starts_at_no_current():
    async with table() as lab:
        run = await run_to_end(
            lab, flow("{id: down, discharge: {resistance: 2 Ω}, until: step.time > 1 min}")
        )
        assert run.verdict == "pass", run.message
        ohms = [v for _, p, v, _ in lab.wires.log if p == "LOAD_01.load_ohms"]
        assert ohms[0] == 10_000.0
        assert ohms[1:5] == sorted(ohms[1:5], reverse=True)
        assert ohms[4] == 2.0
        assert lab.rows(run)[0]["i_end"] == pytest.approx(-3.6 / 2.0, rel=0.06)


async def test_discharge_holds_a_voltage_until_the_current_has_gone():
    async with table(soc=0.2, keep_snapshots=True) as lab:
        run = await run_to_end(
            lab,
            flow(
                "{id: down, discharge: {current: 2 A, voltage: 3.2 V}, until: ["
                "{name: taper, phase: cv, when: abs(current) < 0.2 A}, step.time > 2 h]}"
            ),
        )
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        assert row["ended_by"] == "taper"
        assert [p["name"] for p in row["phases"]] == ["ramp", "cc", "cv"]
        assert row["v_end"] == pytest.approx(3.2, abs=0.005)
        assert min(v for v in followed(lab, "CH1.voltage") if v is not None) > 3.19


async def test_a_cell_below_the_voltage_is_not_discharged_to_it():
    async with table(soc=0.1) as lab:
        run = await run_to_end(
            lab,
            flow("{id: down, discharge: {voltage: 3.9 V}, until: step.time > 1 h}"),
        )
        assert lab.rows(run)[0]["ended_by"] == "already_below"
        assert not any(p == "LOAD_01.load_on" and v is True for _, p, v, _ in lab.wires.log)


async def test_charge_at_constant_power_follows_the_voltage_and_ends_in_cv():
    async with table(soc=0.8, keep_snapshots=True) as lab:
        run = await run_to_end(
            lab,
            flow(
                "{id: up, charge: {power: 8 W, voltage: 4.2 V}, until: ["
                "{name: cv, when: phase == 'cv'}, step.time > 2 h]}"
            ),
        )
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        assert [p["name"] for p in row["phases"]][:3] == ["ramp", "cp", "cv"]
        found = [
            (snap.mono, {sample.point: sample.value for sample in snap.samples})
            for snap in lab.snapshots
            if snap.source == "CH1"
        ]
        led = [(at, values) for at, values in found if values["CH1.phase"] == "cp"]
        first, last = led[0][0], led[-1][0]
        flat = [v["CH1.power"] for at, v in led if first + 10.0 < at < last - 30.0]
        assert len(flat) > 100
        assert max(flat) < 8.05
        assert min(flat) > 7.9


async def test_a_power_that_needs_more_current_than_may_flow_is_refused():
    async with table(soc=0.1) as lab:
        run = await run_to_end(
            lab, flow("{id: up, charge: {power: 20 W, voltage: 4.2 V}, until: step.time > 1 h}")
        )
        assert run.verdict == "error"
        assert run.ended_by == "not_reachable"
        assert not lab.bench.supply.output


RELAY = CHANNEL.replace("isolation: none", "isolation: relay\nrelay: {point: RLY_01.closed}")


async def test_the_relay_closes_before_on_and_opens_after_off():
    instruments = [
        config("PSU_01", "virtual_psu", 500, soc=0.5),
        config("LOAD_01", "virtual_load", 500),
        config("DMM_01", "virtual_meter", 500),
        config("RLY_01", "virtual_relay", 500),
    ]
    async with table(channel=RELAY, instruments=instruments) as lab:
        run = await run_to_end(
            lab,
            flow(
                "{id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 min}",
                "{id: down, discharge: {current: 2 A}, until: step.time > 1 min}",
            ),
        )
        assert run.verdict == "pass", run.message
        wanted = {"RLY_01.closed", "PSU_01.output", "LOAD_01.load_on"}
        steps = [(p.split(".")[0], v) for _, p, v, _ in lab.wires.log if p in wanted]
        assert steps[:8] == [
            ("PSU_01", False),
            ("LOAD_01", False),
            ("RLY_01", True),
            ("PSU_01", True),
            ("PSU_01", False),
            ("LOAD_01", False),
            ("RLY_01", False),
            ("RLY_01", True),
        ]
        assert not lab.bench.relay_closed
        assert lab.rows(run)[1]["discharge_ah"] == pytest.approx(2.0 / 60, rel=0.02)


async def test_levels_change_without_going_through_zero_and_the_charge_is_exact():
    async with table() as lab:
        run = await lab.start(flow("{id: down, discharge: 1 A, until: step.time > 3 min}"))
        await lab.clock.sleep(30.0)
        assert run.switching is not None
        before = len(lab.wires.log)
        await run.switching.relevel(Drive("discharge", current=3.0))
        await lab.clock.sleep(30.0)
        await run.switching.relevel(Drive("discharge", current=0.5))
        await run.done.wait()
        assert run.verdict == "pass", run.message
        changed = [(p, v) for _, p, v, _ in lab.wires.log[before:]]
        assert changed[:2] == [("LOAD_01.load_level", 3.0), ("LOAD_01.load_level", 0.5)]
        truth = lab.bench.cell.discharged_ah
        assert lab.rows(run)[0]["discharge_ah"] == pytest.approx(truth, rel=5e-4)


async def test_another_mode_is_no_level():
    async with table() as lab:
        run = await lab.start(flow("{id: down, discharge: 1 A, until: step.time > 3 min}"))
        await lab.clock.sleep(30.0)
        for drive, code in (
            (Drive("charge", current=1.0), "OTHER_DRIVE"),
            (Drive("discharge", power=1.0), "OTHER_DRIVE"),
            (Drive("discharge", current=25.0), "ABOVE_LIMIT"),
        ):
            with pytest.raises(Exception, match=r".") as refused:
                await run.switching.relevel(drive)
            assert refused.value.error_code == code
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_load_without_the_mode_is_led_by_software():
    async with table(keep_snapshots=True) as lab:
        lab.runs.channel("CH1")
        sink = lab.devices.stack("LOAD_01").driver
        sink.entities["load_mode"].options.pop("cp")
        try:
            text = flow("{id: down, discharge: {power: 10 W}, until: step.time > 2 min}")
            run = await run_to_end(lab, text)
        finally:
            sink.entities["load_mode"].options["cp"] = "Constant power"
        assert run.verdict == "pass", run.message
        assert ("LOAD_01.load_mode", "cc") in {(p, v) for _, p, v, _ in lab.wires.log}
        assert lab.rows(run)[0]["discharge_wh"] == pytest.approx(10.0 * 2 / 60, rel=0.03)
        watts = [-v for v in followed(lab, "CH1.power") if v is not None and v < -9.0]
        assert max(watts[10:-10]) < 10.1
